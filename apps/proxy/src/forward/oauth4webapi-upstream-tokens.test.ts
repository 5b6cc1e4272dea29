import { afterEach, describe, expect, it, vi } from 'vitest'
import { clientCredentialsTokens } from './oauth4webapi-upstream-tokens.js'

type Fetch = Parameters<typeof clientCredentialsTokens>[0]['fetch']

const tokensBy = (fetch: Fetch) =>
  clientCredentialsTokens({
    tokenEndpoint: 'https://login.example/t/oauth2/v2.0/token',
    clientId: 'c',
    clientSecret: 'a secret',
    scope: 'https://graph.example/.default',
    dangerouslyAllowPlainHttp: false,
    fetch,
  })

const aToken = (token: string, life: unknown = 3599) =>
  Response.json({ token_type: 'Bearer', access_token: token, expires_in: life })

const in5Seconds = () => ({ atInMs: performance.now() + 5_000 })

afterEach(() => vi.useRealTimers())

describe('a token for Graph', () => {
  it('is asked for once, however many calls wait for it, and kept', async () => {
    const fetch = vi.fn<Fetch>(() => Promise.resolve(aToken('t1')))
    const tokens = tokensBy(fetch)
    const taken = await Promise.all(Array.from({ length: 50 }, () => tokens.take(in5Seconds())()))

    expect(taken.every((token) => token._tag === 'Right' && token.right === 't1')).toBe(true)
    await tokens.take(in5Seconds())()
    expect(fetch).toHaveBeenCalledTimes(1)
    const [, options] = fetch.mock.calls[0] ?? []
    expect(String(options?.body)).toContain('scope=https%3A%2F%2Fgraph.example%2F.default')
  })

  it('is renewed before it expires, and when Graph has refused it', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    let n = 0
    const tokens = tokensBy(() => Promise.resolve(aToken(`t${String(++n)}`)))
    const take = async () => {
      const token = await tokens.take(in5Seconds())()
      return token._tag === 'Right' ? token.right : token.left
    }

    expect(await take()).toBe('t1')
    vi.advanceTimersByTime(3_200_000)
    expect(await take()).toBe('t1')
    vi.advanceTimersByTime(100_000)
    expect(await take()).toBe('t2')
    tokens.drop('t1')()
    expect(await take()).toBe('t2')
    tokens.drop('t2')()
    expect(await take()).toBe('t3')
  })

  it('that does not come before the deadline leaves the call unsent', async () => {
    const tokens = tokensBy(() => new Promise(() => undefined))

    expect(await tokens.take({ atInMs: performance.now() + 20 })()).toMatchObject({
      left: { _tag: 'UpstreamAuthUnavailable', cause: 'the time for the call ran out before a token came' },
    })
  })

  it.each<[string, () => Response]>([
    ['an OAuth error', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
    ['HTML', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['a server error', () => new Response('', { status: 500 })],
    ['a token that cannot stand in a header', () => aToken('two\nlines')],
    ['no token', () => Response.json({ token_type: 'Bearer' })],
  ])('that comes as %s is none, and the next call asks again', async (_, answer) => {
    let isWell = false
    const tokens = tokensBy(() => Promise.resolve(isWell ? aToken('t') : answer()))

    expect(await tokens.take(in5Seconds())()).toMatchObject({ left: { _tag: 'UpstreamAuthUnavailable' } })
    isWell = true
    expect(await tokens.take(in5Seconds())()).toEqual({ _tag: 'Right', right: 't' })
  })
})
