import * as fc from 'fast-check'
import { Dispatcher, EnvHttpProxyAgent } from 'undici'
import { describe, expect, it } from 'vitest'
import { directHosts } from './direct-hosts.js'

const isDirect = (noProxy: string, url: string): boolean => {
  const { hostname, port } = new URL(url)
  return directHosts(noProxy)({ hostname: hostname.replace(/^\[(.+)\]$/, '$1'), port: Number(port) || 443 })
}

/** What undici would do. */
const isDirectForUndici = (noProxy: string, url: string): boolean => {
  let asked = ''
  class Pretended extends Dispatcher {
    readonly #way: string

    constructor(way: string) {
      super()
      this.#way = way
    }

    override dispatch(): boolean {
      asked = this.#way
      return true
    }
  }
  const agent = new EnvHttpProxyAgent({
    httpProxy: '',
    httpsProxy: 'http://proxy.test:3128',
    noProxy,
    // Its two agents differ in what they connect with alone, so that is looked at.
    factory: (_origin, { connect }: { connect?: { name?: string } }) =>
      new Pretended(connect?.name === undefined ? 'direct' : 'proxied'),
  })
  agent.dispatch({ origin: url, path: '/', method: 'GET' }, {})
  return asked === 'direct'
}

describe('a host is reached without the proxy', () => {
  it.each([
    ['localhost', 'https://localhost'],
    ['localhost', 'https://LOCALHOST.:8443'],
    ['a name below localhost', 'https://graph.localhost'],
    ['any address of this machine', 'https://127.13.0.1:9'],
    ['one that is written otherwise', 'https://0x7f.1'],
    ['IPv6', 'https://[::1]'],
    ['IPv4 in IPv6', 'https://[::ffff:127.0.0.1]'],
  ])('if it is this machine: %s', (_, url) => {
    expect(isDirect('', url)).toBe(true)
  })

  it.each(['https://graph.microsoft.com', 'https://localhost.example.com', 'https://128.0.0.1', 'https://[::2]'])(
    'and not if it is %s',
    (url) => {
      expect(isDirect('', url)).toBe(false)
    },
  )

  const cases: ReadonlyArray<[string, string, boolean]> = [
    ['*', 'https://graph.microsoft.com', true],
    ['a.test, *', 'https://graph.microsoft.com', true],
    ['*:80', 'https://graph.microsoft.com', false],
    ['*:443', 'https://graph.microsoft.com', true],
    ['microsoft.com', 'https://graph.microsoft.com', true],
    ['.microsoft.com', 'https://graph.microsoft.com', true],
    ['.microsoft.com', 'https://microsoft.com', true],
    ['*.microsoft.com', 'https://graph.microsoft.com', true],
    ['*.microsoft.com', 'https://microsoft.com', false],
    ['soft.com', 'https://microsoft.com', false],
    ['GRAPH.microsoft.com.', 'https://graph.Microsoft.com', true],
    ['graph.microsoft.com:443', 'https://graph.microsoft.com', true],
    ['graph.microsoft.com:8443', 'https://graph.microsoft.com', false],
    ['graph.microsoft.com:8443', 'https://graph.microsoft.com:8443', true],
    ['10.0.0.1', 'https://10.0.0.1', true],
    ['10.0.0.0/8', 'https://10.0.0.1', false],
    ['2001:db8::1', 'https://[2001:db8::1]', true],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]', true],
    ['[2001:db8::1]:80', 'https://[2001:db8::1]', false],
    [',, ,', 'https://graph.microsoft.com', false],
  ]

  it.each(cases)('by NO_PROXY=%s or not: %s', (noProxy, url, expected) => {
    expect(isDirect(noProxy, url)).toBe(expected)
  })

  it.each(cases)('as undici has it: NO_PROXY=%s, %s', (noProxy, url, expected) => {
    expect(isDirectForUndici(noProxy, url)).toBe(expected)
  })

  it('whatever is in NO_PROXY, just as for undici', () => {
    const name = fc.stringMatching(/^[a-c]{1,2}(?:\.[a-c]{1,2}){0,2}\.?$/)
    const port = fc.constantFrom('', ':443', ':8443', ':0', ':')
    const entry = fc
      .tuple(fc.constantFrom('', '.', '*', '*.', '[', '..'), name, fc.constantFrom('', ']'), port)
      .map((parts) => parts.join(''))
    const list = fc
      .tuple(fc.array(entry, { maxLength: 3 }), fc.constantFrom(',', ' ', ', '))
      .map(([all, by]) => all.join(by))
    const url = fc.tuple(name, fc.constantFrom('', ':8443')).map((parts) => `https://${parts.join('')}`)
    fc.assert(
      fc.property(list, url, (noProxy, asked) => {
        expect(isDirect(noProxy, asked)).toBe(isDirectForUndici(noProxy, asked))
      }),
      { numRuns: 300 },
    )
  })
})
