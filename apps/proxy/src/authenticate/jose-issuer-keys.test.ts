import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nodeSignatureChecks, type SignatureChecks } from './node-signature-check.js'
import type { TrustedIssuer } from './trusted-issuer.js'

const issuer = 'https://issuer.example/t/v2.0'
const jwksUri = 'https://issuer.example/t/keys'
const trusted: TrustedIssuer = { kind: 'openid', issuer, discovery: issuer }

const aKey = async (kid: string) => {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig' }
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
  return { jwk, token: { token, algorithm: 'RS256', keyId: kid, issuer, payload: {} } }
}

const [first, second] = await Promise.all([aKey('k1'), aKey('k2')])

const elliptic = await exportJWK((await generateKeyPair('ES256')).publicKey)

/** An issuer that can be away, and whose keys can change. */
const anIssuer = (issuers: ReadonlyArray<TrustedIssuer> = [trusted], algorithms: ReadonlyArray<string> = ['RS256']) => {
  const keys: ReadonlyArray<object> = [first.jwk]
  const state = { isAway: false, keys, jwksUri, keyFetches: 0, date: new Date().toUTCString() }
  const told: Array<string | undefined> = []
  const clocks: Array<number> = []
  const checks = nodeSignatureChecks({
    issuers,
    algorithms,
    dangerouslyAllowPlainHttp: false,
    fetch: (url) => {
      if (url === state.jwksUri) state.keyFetches++
      if (state.isAway || !url.startsWith(issuer.slice(0, 22)))
        return Promise.reject(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }))
      return Promise.resolve(
        Response.json(url === state.jwksUri ? { keys: state.keys } : { issuer, jwks_uri: state.jwksUri }, {
          headers: { date: state.date },
        }),
      )
    },
    onChange: (_, problem) => told.push(problem),
    onClock: (aheadInSeconds) => clocks.push(aheadInSeconds),
  })
  return { state, told, clocks, checks }
}

let checks: SignatureChecks | undefined
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(() => {
  checks?.stop()
  vi.useRealTimers()
})

const begun = async (world: ReturnType<typeof anIssuer>) => {
  checks = world.checks
  world.checks.begin()
  await vi.advanceTimersByTimeAsync(0)
  await vi.waitFor(() => expect(world.state.isAway || world.checks.problem() === undefined).toBe(true))
  return world
}

const genuine = { _tag: 'Genuine', isKeyTrusted: expect.any(Function) }

describe('the keys of the issuer', () => {
  it('are fetched before the first token comes, and prove it', async () => {
    const { checks: begunChecks, told } = await begun(anIssuer())

    expect(await begunChecks.check(trusted, first.token)()).toEqual(genuine)
    expect(told).toEqual([])
  })

  it('are not there at first: tokens are not called invalid, and it recovers by itself', async () => {
    const world = anIssuer()
    world.state.isAway = true
    await begun(world)

    expect(await world.checks.check(trusted, first.token)()).toMatchObject({ _tag: 'KeysUnavailable' })
    await vi.waitFor(() => expect(world.told).toHaveLength(1))
    expect(world.told[0]).toContain('cannot be had: fetch failed (ECONNREFUSED)')

    world.state.isAway = false
    await vi.advanceTimersByTimeAsync(2_000)
    await vi.waitFor(() => expect(world.checks.problem()).toBeUndefined())
    expect(world.told.at(-1)).toBeUndefined()
    expect(await world.checks.check(trusted, first.token)()).toEqual(genuine)
  })

  it('serve on while the issuer is away; whether an unknown one is good cannot be told then', async () => {
    const { checks: begunChecks, state, told } = await begun(anIssuer())
    state.isAway = true
    await vi.advanceTimersByTimeAsync(3_600_000)

    expect(await begunChecks.check(trusted, second.token)()).toMatchObject({ _tag: 'KeysUnavailable' })
    expect(await begunChecks.check(trusted, first.token)()).toEqual(genuine)
    expect(begunChecks.problem()).toBeUndefined()
    expect(told.at(-1)).toContain('cannot be had')
  })

  it('are given up when they could not be renewed for a day', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    state.isAway = true
    await vi.advanceTimersByTimeAsync(25 * 3_600_000)

    expect(await begunChecks.check(trusted, first.token)()).toMatchObject({ _tag: 'KeysUnavailable' })
  })

  it('are fetched anew for an unknown key id, once for all who ask, and not again for 30 seconds', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    await vi.advanceTimersByTimeAsync(30_000)
    state.keys = [first.jwk, second.jwk]
    const before = state.keyFetches
    const results = await Promise.all(Array.from({ length: 100 }, () => begunChecks.check(trusted, second.token)()))

    expect(results.every(({ _tag }) => _tag === 'Genuine')).toBe(true)
    expect(state.keyFetches).toBe(before + 1)
    const unknown = { ...second.token, keyId: 'k3' }
    await Promise.all(Array.from({ length: 1_000 }, () => begunChecks.check(trusted, unknown)()))
    expect(state.keyFetches).toBe(before + 1)
  })

  it('prove nothing by another algorithm than the one that they are published for', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    const jwk = await exportJWK(publicKey)
    const signed = async (kid: string) => ({
      token: await new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey),
      algorithm: 'RS256',
      keyId: kid,
      issuer,
      payload: {},
    })
    const world = anIssuer([trusted], ['RS256', 'PS256'])
    world.state.keys = [
      { ...jwk, kid: 'for-any' },
      { ...jwk, kid: 'for-pss', alg: 'PS256' },
    ]
    const { checks: begunChecks } = await begun(world)

    expect(await begunChecks.check(trusted, await signed('for-any'))()).toEqual(genuine)
    expect(await begunChecks.check(trusted, await signed('for-pss'))()).toEqual({
      _tag: 'NotGenuine',
      reason: 'keyUnknown',
    })
  })

  it('stop proving when they have left the set', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    state.keys = [second.jwk]
    await vi.advanceTimersByTimeAsync(600_000)
    await vi.waitFor(async () => expect(await begunChecks.check(trusted, second.token)()).toEqual(genuine))

    expect(await begunChecks.check(trusted, first.token)()).toEqual({ _tag: 'NotGenuine', reason: 'keyUnknown' })
  })

  it('are found where the issuer has moved them to', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    state.jwksUri = 'https://issuer.example/elsewhere/keys'
    state.keys = [second.jwk]
    await vi.advanceTimersByTimeAsync(600_000)

    await vi.waitFor(async () => expect(await begunChecks.check(trusted, second.token)()).toEqual(genuine))
  })

  it('are not taken from another host', async () => {
    const world = anIssuer()
    world.state.jwksUri = 'https://attacker.example/keys'
    checks = world.checks
    world.checks.begin()
    await vi.waitFor(() => expect(world.told).toHaveLength(1))

    expect(world.told[0]).toContain("names no jwks_uri on the issuer's own host")
    expect(world.state.keyFetches).toBe(0)
  })

  it('are none when the set is empty', async () => {
    const world = anIssuer()
    world.state.keys = []
    checks = world.checks
    world.checks.begin()
    await vi.waitFor(() => expect(world.told).toHaveLength(1))

    expect(world.told[0]).toContain('none in its set')
    expect(await world.checks.check(trusted, first.token)()).toMatchObject({ _tag: 'KeysUnavailable' })
  })

  it.each<[string, () => ReadonlyArray<object>]>([
    ['two have one name', () => [first.jwk, { ...second.jwk, kid: 'k1' }]],
    ['the same stands there twice', () => [first.jwk, first.jwk]],
    ['they are for encryption', () => [{ ...first.jwk, use: 'enc' }]],
    ['they are short', () => [{ ...first.jwk, n: first.jwk.n?.slice(0, 300) }]],
    ...['AQ', 'AAE', 'AQ==', 'AR', ' AQ', 'AAAAAQ', 'Ag', 'AA'].map((e): [string, () => ReadonlyArray<object>] => [
      `their exponent is ${JSON.stringify(e)}`,
      () => [{ ...first.jwk, e }],
    ]),
    [
      'they are padded to look long',
      () => [{ ...first.jwk, n: `${'A'.repeat(200)}${first.jwk.n?.slice(0, 142) ?? ''}` }],
    ],
    ['they are for another algorithm', () => [{ ...first.jwk, alg: 'RS512' }]],
    ['they are not for verifying', () => [{ ...first.jwk, key_ops: ['encrypt'] }]],
    ['they are private', () => [{ ...first.jwk, d: 'AQAB' }]],
    ['they are of another kind', () => [{ ...elliptic, kid: 'k1' }]],
    ['they have no name', () => [{ ...first.jwk, kid: undefined }]],
    ['they are shared secrets', () => [{ kty: 'oct', kid: 'k1', k: 'c2VjcmV0' }]],
    ['they are nothing', () => [{}]],
  ])('are as if they were not there where %s', async (_, keys) => {
    const world = anIssuer()
    world.state.keys = keys()
    checks = world.checks
    world.checks.begin()
    await vi.waitFor(() => expect(world.told).toHaveLength(1))

    expect(world.told[0]).toContain('none in its set that could prove a signature')
    world.state.keys = [...keys(), second.jwk]
    await vi.advanceTimersByTimeAsync(30_000)
    await vi.waitFor(async () => expect(await world.checks.check(trusted, second.token)()).toEqual(genuine))
    expect(await world.checks.check(trusted, first.token)()).toEqual({ _tag: 'NotGenuine', reason: 'keyUnknown' })
  })

  it.each<[string, object]>([
    ['for encryption', { ...second.jwk, kid: 'k1', use: 'enc' }],
    ['of another kind', { ...elliptic, kid: 'k1' }],
    ['of another issuer’s, but none that could prove anything', { ...first.jwk, e: 'AQ', issuer: 'another' }],
  ])('may share their name with one %s', async (_, namesake) => {
    for (const keys of [
      [first.jwk, namesake],
      [namesake, first.jwk],
    ]) {
      const world = anIssuer()
      world.state.keys = keys
      await begun(world)

      expect(await world.checks.check(trusted, first.token)()).toEqual(genuine)
      world.checks.stop()
    }
  })

  it('are trusted for as long as they are published, and no longer', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    const proved = await begunChecks.check(trusted, first.token)()
    const isTrusted = () => (proved._tag === 'Genuine' ? proved.isKeyTrusted() : undefined)

    await vi.advanceTimersByTimeAsync(600_000)
    expect(isTrusted()).toBe(true)
    state.keys = [second.jwk]
    await vi.advanceTimersByTimeAsync(600_000)
    await vi.waitFor(() => expect(isTrusted()).toBe(false))
    // Who removes a key has a reason: what it proved before is not proved by its return.
    state.keys = [first.jwk, second.jwk]
    await vi.advanceTimersByTimeAsync(600_000)
    await vi.waitFor(async () => expect(await begunChecks.check(trusted, first.token)()).toEqual(genuine))
    expect(isTrusted()).toBe(false)
  })

  it.each<[string, () => ReadonlyArray<object>]>([
    ['the last of them has left the set', () => []],
    ['the last of them is for encryption now', () => [{ ...first.jwk, use: 'enc' }]],
  ])('prove nothing any more when %s, which is no outage', async (_, keys) => {
    const { checks: begunChecks, state, told } = await begun(anIssuer())
    const proved = await begunChecks.check(trusted, first.token)()
    state.keys = keys()
    await vi.advanceTimersByTimeAsync(600_000)

    await vi.waitFor(() => expect(proved._tag === 'Genuine' && proved.isKeyTrusted()).toBe(false))
    expect(await begunChecks.check(trusted, first.token)()).toMatchObject({ _tag: 'KeysUnavailable' })
    expect(begunChecks.problem()).toContain('none in its set')
    expect(told.at(-1)).toContain('none in its set')
    state.keys = [first.jwk]
    await vi.advanceTimersByTimeAsync(30_000)
    await vi.waitFor(() => expect(begunChecks.problem()).toBeUndefined())
  })

  it('are not trusted once another has taken the name of one', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    const proved = await begunChecks.check(trusted, first.token)()
    state.keys = [{ ...second.jwk, kid: 'k1' }]
    await vi.advanceTimersByTimeAsync(600_000)

    await vi.waitFor(() => expect(proved._tag === 'Genuine' && proved.isKeyTrusted()).toBe(false))
    expect(await begunChecks.check(trusted, first.token)()).toEqual({ _tag: 'NotGenuine', reason: 'signature' })
  })

  it('are not trusted when they could not be renewed for a day', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    const proved = await begunChecks.check(trusted, first.token)()
    state.isAway = true
    await vi.advanceTimersByTimeAsync(25 * 3_600_000)

    expect(proved._tag === 'Genuine' && proved.isKeyTrusted()).toBe(false)
  })

  it('are not taken when they say that they are another issuer’s', async () => {
    const entra: TrustedIssuer = {
      ...trusted,
      kind: 'entra',
      tenantId: 't',
      version: '2.0',
      keyIssuer: issuer,
    }
    const world = anIssuer([entra])
    world.state.keys = [{ ...first.jwk, issuer: 'https://issuer.example/t2/v2.0' }]
    await begun(world)

    expect(await world.checks.check(entra, first.token)()).toEqual({ _tag: 'NotGenuine', reason: 'keyIssuer' })
  })

  it('are kept apart by issuer; one issuer that is away leaves the others be', async () => {
    const away: TrustedIssuer = { kind: 'openid', issuer: 'https://away.example', discovery: 'https://away.example' }
    const world = anIssuer([trusted, away])
    await begun(world)
    await vi.waitFor(() => expect(world.told).toHaveLength(1))

    expect(world.told[0]).toContain('https://away.example')
    expect(world.checks.problem()).toBeUndefined()
    expect(await world.checks.check(trusted, first.token)()).toEqual(genuine)
    expect(await world.checks.check(away, first.token)()).toMatchObject({ _tag: 'KeysUnavailable' })
  })

  it('come with the time that it is at the issuer', async () => {
    const world = anIssuer()
    world.state.date = new Date(Date.now() + 3_600_000).toUTCString()
    await begun(world)

    expect(Math.round((world.clocks[0] ?? 0) / 10) * 10).toBe(3_600)
  })

  it.each(['5', 'yesterday', '2026-11-24T00:00:00Z', ''])('say nothing of the time by %j', async (date) => {
    const world = anIssuer()
    world.state.date = date
    await begun(world)

    expect(world.clocks).toEqual([])
  })

  it('tell no more than some words of what an issuer says', async () => {
    const world = anIssuer()
    world.state.jwksUri = `https://u:${'p'.repeat(10_000)}@issuer.example/keys`
    checks = world.checks
    world.checks.begin()
    await vi.waitFor(() => expect(world.told).toHaveLength(1))

    expect(world.told[0]).not.toContain('ppp')
    expect(world.told[0]?.length).toBeLessThan(500)
  })
})
