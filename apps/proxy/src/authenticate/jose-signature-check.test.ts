import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { joseSignatureChecks, type SignatureChecks } from './jose-signature-check.js'

const issuer = 'https://issuer.example/t/v2.0'
const jwksUri = 'https://issuer.example/t/keys'

const aKey = async (kid: string) => {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig' }
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
  return { jwk, token: { token, keyId: kid, payload: {} } }
}

const [first, second] = await Promise.all([aKey('k1'), aKey('k2')])

/** An issuer that can be away, and whose keys can change. */
const anIssuer = () => {
  const state = { isAway: false, keys: [first.jwk], jwksUri, keyFetches: 0 }
  const told: Array<string | undefined> = []
  const checks = joseSignatureChecks({
    issuer,
    dangerouslyAllowPlainHttp: false,
    fetch: (url) => {
      if (url === state.jwksUri) state.keyFetches++
      if (state.isAway) return Promise.reject(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }))
      return Promise.resolve(
        Response.json(url === state.jwksUri ? { keys: state.keys } : { issuer, jwks_uri: state.jwksUri }),
      )
    },
    onChange: (problem) => told.push(problem),
  })
  return { state, told, checks }
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

const genuine = { _tag: 'Genuine' }

describe('the keys of the issuer', () => {
  it('are fetched before the first token comes, and prove it', async () => {
    const { checks: begunChecks, told } = await begun(anIssuer())

    expect(await begunChecks.check(first.token)()).toEqual(genuine)
    expect(told).toEqual([])
  })

  it('are not there at first: tokens are not called invalid, and it recovers by itself', async () => {
    const world = anIssuer()
    world.state.isAway = true
    await begun(world)

    expect(await world.checks.check(first.token)()).toMatchObject({ _tag: 'KeysUnavailable' })
    await vi.waitFor(() => expect(world.told).toHaveLength(1))
    expect(world.told[0]).toContain('cannot be had: fetch failed (ECONNREFUSED)')

    world.state.isAway = false
    await vi.advanceTimersByTimeAsync(2_000)
    await vi.waitFor(() => expect(world.checks.problem()).toBeUndefined())
    expect(world.told.at(-1)).toBeUndefined()
    expect(await world.checks.check(first.token)()).toEqual(genuine)
  })

  it('serve on while the issuer is away; whether an unknown one is good cannot be told then', async () => {
    const { checks: begunChecks, state, told } = await begun(anIssuer())
    state.isAway = true
    await vi.advanceTimersByTimeAsync(3_600_000)

    expect(await begunChecks.check(second.token)()).toMatchObject({ _tag: 'KeysUnavailable' })
    expect(await begunChecks.check(first.token)()).toEqual(genuine)
    expect(begunChecks.problem()).toBeUndefined()
    expect(told.at(-1)).toContain('cannot be had')
  })

  it('are given up when they could not be renewed for a day', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    state.isAway = true
    await vi.advanceTimersByTimeAsync(25 * 3_600_000)

    expect(await begunChecks.check(first.token)()).toMatchObject({ _tag: 'KeysUnavailable' })
  })

  it('are fetched anew for an unknown key id, once for all who ask, and not again for 30 seconds', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    await vi.advanceTimersByTimeAsync(30_000)
    state.keys = [first.jwk, second.jwk]
    const before = state.keyFetches
    const results = await Promise.all(Array.from({ length: 100 }, () => begunChecks.check(second.token)()))

    expect(results.every(({ _tag }) => _tag === 'Genuine')).toBe(true)
    expect(state.keyFetches).toBe(before + 1)
    const unknown = { ...second.token, keyId: 'k3' }
    await Promise.all(Array.from({ length: 1_000 }, () => begunChecks.check(unknown)()))
    expect(state.keyFetches).toBe(before + 1)
  })

  it('stop proving when they have left the set', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    state.keys = [second.jwk]
    await vi.advanceTimersByTimeAsync(600_000)
    await vi.waitFor(async () => expect(await begunChecks.check(second.token)()).toEqual(genuine))

    expect(await begunChecks.check(first.token)()).toEqual({ _tag: 'NotGenuine', reason: 'keyUnknown' })
  })

  it('are found where the issuer has moved them to', async () => {
    const { checks: begunChecks, state } = await begun(anIssuer())
    state.jwksUri = 'https://issuer.example/elsewhere/keys'
    state.keys = [second.jwk]
    await vi.advanceTimersByTimeAsync(600_000)

    await vi.waitFor(async () => expect(await begunChecks.check(second.token)()).toEqual(genuine))
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
})
