import { generateKeyPairSync, sign } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isSignedBy } from '../src/authenticate/node-jws.js'
import { aRunningProxy, present, type TestWorld } from './a-running-proxy.js'

vi.mock(import('../src/authenticate/node-jws.js'), { spy: true })

let world: TestWorld | undefined
afterEach(async () => {
  vi.useRealTimers()
  await world?.stop()
  world = undefined
})

const readiness = async ({ adminUrl }: TestWorld): Promise<number> => (await fetch(`${adminUrl}/readyz`)).status

type Fault = (response: ServerResponse) => unknown

const html: Fault = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>')
const json =
  (text: string): Fault =>
  (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(text)

const asksFor = (request: IncomingMessage, what: string): boolean => request.url?.includes(what) === true

/** Puts a fault in the place of one document of the provider, and counts how often it is asked for. */
const faulty = (what: string, fault: Fault) => {
  const asked = { times: 0 }
  const intercept = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (!asksFor(request, what)) return false
    asked.times++
    fault(response)
    return true
  }
  return { asked, intercept }
}

// The clock starts at 0 when it is taken over, in a process that has run for some seconds.
const longAfter = 600_000

const discovery = '/.well-known/openid-configuration'
const keys = '/discovery/v2.0/keys'

describe('when the keys cannot be had, since', () => {
  it.each<[string, string, Fault]>([
    ['the discovery document is an error', discovery, (response) => response.writeHead(500).end()],
    ['the discovery document is HTML', discovery, html],
    ['the discovery document is empty', discovery, json('{}')],
    ['the discovery document is of another issuer', discovery, json('{"issuer":"https://other.example"}')],
    [
      'the discovery document is 10 MB',
      discovery,
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(`"${'x'.repeat(1e7)}"`),
    ],
    ['the discovery document redirects', discovery, (response) => response.writeHead(302, { location: '/' }).end()],
    ['the connection breaks', discovery, (response) => response.destroy()],
    ['the keys are an error', keys, (response) => response.writeHead(503).end()],
    ['the keys are HTML', keys, html],
    ['the keys are {}', keys, json('{}')],
    ['the keys are none', keys, json('{"keys":[]}')],
    ['the keys are no objects', keys, json('{"keys":[1,null]}')],
    [
      'the keys are 10 MB',
      keys,
      (response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(`{"keys":["${'x'.repeat(1e7)}"]}`),
    ],
    ['the keys redirect', keys, (response) => response.writeHead(307, { location: 'https://evil.example/' }).end()],
  ])('%s: 503, not ready, and no token is called invalid', async (_, what, fault) => {
    const { asked, intercept } = faulty(what, fault)
    world = await aRunningProxy({}, { untilReady: false, intercept })
    const { logged, provider, recordsOf } = world
    await vi.waitFor(() => expect(JSON.stringify(logged)).toContain(`the keys of ${provider.issuer} cannot be had`))
    const reply = await present(world, await world.token())

    expect(asked.times).toBeGreaterThan(0)
    expect(await readiness(world)).toBe(503)
    expect(reply).toMatchObject({
      status: 503,
      headers: { 'retry-after': '10' },
      error: { code: 'authKeysUnavailable', innerError: { outcome: 'notSent', retry: 'safe' } },
    })
    expect(reply.headers).not.toHaveProperty('www-authenticate')
    expect(recordsOf(String(reply.headers['audit-id']))).toMatchObject([{ code: 'authKeysUnavailable' }])
    expect(JSON.stringify(logged)).not.toMatch(/Sign in|xxxx/)
  })

  it('the issuer does not answer: calls are answered at once all the same', async () => {
    world = await aRunningProxy({}, { untilReady: false, intercept: (request) => asksFor(request, discovery) })
    const reply = await present(world, await world.token())

    expect(reply).toMatchObject({ status: 503, error: { code: 'authKeysUnavailable' } })
    expect(await readiness(world)).toBe(503)
  })

  it.each([
    ['another host', () => 'https://127.0.0.1:1/keys'],
    ['plain http', (issuer: string) => `${issuer.replace('https:', 'http:')}/keys`],
  ])('the discovery document sends for them to %s: they are not asked for there', async (_, elsewhere) => {
    let issuer = ''
    const { intercept } = faulty(discovery, (response) =>
      json(JSON.stringify({ issuer, jwks_uri: elsewhere(issuer) }))(response),
    )
    world = await aRunningProxy(
      {},
      {
        untilReady: false,
        intercept: (request, response) => {
          issuer = `https://${request.headers.host ?? ''}${(request.url ?? '').replace(discovery, '')}`
          return intercept(request, response)
        },
      },
    )

    await vi.waitFor(() => expect(JSON.stringify(world?.logged)).toContain("no jwks_uri on the issuer's own host"))
    expect(await readiness(world)).toBe(503)
  })
})

describe('a key that cannot prove anything', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  it.each<[string, object]>([
    ['(RSA of 1,024 bits)', weak.publicKey.export({ format: 'jwk' })],
    ['(of another kind)', elliptic.publicKey.export({ format: 'jwk' })],
    ['(a shared secret)', { kty: 'oct', k: 'c2VjcmV0' }],
    ['(for encryption)', { ...weak.publicKey.export({ format: 'jwk' }), use: 'enc' }],
    ['(without its numbers)', { kty: 'RSA' }],
    ['(of no kind)', {}],
  ])('%s in the issuer’s set refuses tokens, and nothing worse', async (_, jwk) => {
    let kid = ''
    world = await aRunningProxy(
      {},
      {
        untilReady: false,
        onProvider: ({ signingKey }) => {
          kid = signingKey.kid
        },
        intercept: (request, response) => {
          if (!asksFor(request, keys)) return false
          json(JSON.stringify({ keys: [{ kid, ...jwk }] }))(response)
          return true
        },
      },
    )
    const input = (await world.token()).split('.').slice(0, 2).join('.')
    const signature = sign('sha256', Buffer.from(input), weak.privateKey).toString('base64url')
    const reply = await present(world, `${input}.${signature}`)

    expect([401, 503]).toContain(reply.status)
    expect(['tokenInvalid', 'authKeysUnavailable']).toContain(reply.error['code'])
  })
})

describe('when the issuer goes away after the start', () => {
  it('tokens that it issued before are taken, and the gateway stays ready', async () => {
    world = await aRunningProxy()
    const { provider, token } = world
    const fresh = await token()
    provider.intercept((request) => asksFor(request, '/discovery/'))

    expect(await present(world, fresh)).toMatchObject({ status: 201 })
    expect(await readiness(world)).toBe(200)
  })
})

describe('when the keys change', () => {
  it('a new one is fetched when the first token names it, once, however many come at once', async () => {
    world = await aRunningProxy()
    const { provider } = world
    const { asked, intercept } = faulty(keys, () => undefined)
    await provider.rotateSigningKey()
    const token = await world.token()
    vi.useFakeTimers({ toFake: ['performance'] })
    vi.advanceTimersByTime(longAfter)
    provider.intercept((request, response) => {
      if (asksFor(request, keys)) asked.times++
      return asksFor(request, 'nothing') && intercept(request, response)
    })
    const running = world
    const replies = await Promise.all(Array.from({ length: 100 }, () => present(running, token)))

    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 201))
    expect(asked.times).toBe(1)
  })

  it('tokens of keys that nobody has cost one fetch in 30 seconds', async () => {
    world = await aRunningProxy()
    const { provider, token } = world
    let fetches = 0
    provider.intercept((request) => {
      if (asksFor(request, keys)) fetches++
      return false
    })
    const [, payload, signature] = (await token()).split('.')
    const forged = (kid: string): string =>
      [Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid })).toString('base64url'), payload, signature].join(
        '.',
      )
    vi.useFakeTimers({ toFake: ['performance'] })
    for (const after of [longAfter, 29_000]) {
      vi.advanceTimersByTime(after)
      for (let n = 0; n < 30; n++) expect(await present(world, forged(`k${String(n)}`))).toMatchObject({ status: 401 })
    }

    expect(fetches).toBe(1)
  })
})

describe('a second call with the same token', () => {
  const countingSignatures = async () => {
    const signatures = vi.mocked(isSignedBy).mockClear()
    world = await aRunningProxy()
    return { running: world, verified: () => signatures.mock.calls.length }
  }

  it('costs no signature', async () => {
    const { running, verified } = await countingSignatures()
    const token = await running.token()
    expect(await present(running, token)).toMatchObject({ status: 201 })
    const atFirst = verified()
    for (let n = 0; n < 5; n++) expect(await present(running, token)).toMatchObject({ status: 201 })

    expect(atFirst).toBeGreaterThan(0)
    expect(verified()).toBe(atFirst)
    expect(await present(running, await running.token())).toMatchObject({ status: 201 })
    expect(verified()).toBe(atFirst + 1)
  })

  it('is refused when the token has expired meanwhile', async () => {
    const { running } = await countingSignatures()
    const token = await running.token()
    expect(await present(running, token)).toMatchObject({ status: 201 })
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 3_599_000 + 61_000)
    const reply = await present(running, token)

    expect(reply).toMatchObject({ status: 401, error: { code: 'tokenInvalid' } })
    expect(running.recordsOf(String(reply.headers['audit-id']))).toMatchObject([{ reason: 'expired' }])
  })

  it('is refused when its key has left the issuer’s set, as soon as that is known', async () => {
    const { running } = await countingSignatures()
    const { provider } = running
    const token = await running.token()
    expect(await present(running, token)).toMatchObject({ status: 201 })
    await provider.rotateSigningKey()
    provider.removeSigningKey(provider.signingKey.kid)
    const fresh = await running.token()
    vi.useFakeTimers({ toFake: ['performance'] })
    vi.advanceTimersByTime(longAfter)
    // The new key is fetched for this one, and with it is seen that the other is gone.
    expect(await present(running, fresh)).toMatchObject({ status: 201 })
    const reply = await present(running, token)

    expect(reply).toMatchObject({ status: 401 })
    expect(running.recordsOf(String(reply.headers['audit-id']))).toMatchObject([{ reason: 'keyUnknown' }])
  })
})

describe('when the clock of this host is wrong', () => {
  it('the log says by how much, and the figures in which direction', async () => {
    const realNow = Date.now()
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(realNow)
    world = await aRunningProxy(
      {},
      {
        intercept: (request, response) => {
          if (asksFor(request, discovery)) response.setHeader('date', new Date(realNow + 3_600_000).toUTCString())
          return false
        },
      },
    )

    expect(JSON.stringify(world.logged)).toMatch(/the clock of this host differs.*"aheadInSeconds":3[56]\d\d/)
    // It is the host that is behind.
    const figures = await (await fetch(`${world.adminUrl}/metrics`)).text()
    expect(figures).toMatch(/^device_install_state_issuer_clock_skew_seconds -3[56]\d\d$/m)
  })
})
