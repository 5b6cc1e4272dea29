import * as fc from 'fast-check'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { authenticate, type AuthenticatePorts } from '../src/authenticate/index.js'
import { nodeSignatureChecks } from '../src/authenticate/node-signature-check.js'
import { lruProvedTokens } from '../src/authenticate/lru-proved-tokens.js'
import { matchRoute } from '@device-install-state/model/operations'
import { aCreateRequest, bookPath, withHeader } from './a-request.js'
import { anEntraIssuer, someTokenRules } from './a-trusted-issuer.js'

// All of them, some 170,000: EXHAUSTIVE=1 pnpm exec vitest run test/every-byte.test.ts
const isExhaustive = process.env['EXHAUSTIVE'] === '1'

const { issuer } = anEntraIssuer
const { privateKey, publicKey } = await generateKeyPair('RS256')
const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig' }
const nowInSeconds = Math.floor(Date.now() / 1000)
const token = await new SignJWT({ ver: '2.0', tid: 't1', oid: 'o1', azp: 'c1', uti: 'u1', idtyp: 'app', roles: ['P'] })
  .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: 'k1' })
  .setIssuer(issuer)
  .setAudience('a1')
  .setSubject('o1')
  .setIssuedAt(nowInSeconds)
  .setExpirationTime(nowInSeconds + 3600)
  .sign(privateKey)

const checks = nodeSignatureChecks({
  issuers: [anEntraIssuer],
  algorithms: ['RS256'],
  dangerouslyAllowPlainHttp: false,
  fetch: (url) =>
    Promise.resolve(Response.json(url.endsWith('/keys') ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` })),
  onChange: () => undefined,
  onClock: () => undefined,
})
beforeAll(async () => {
  checks.begin()
  await vi.waitUntil(() => checks.problem() === undefined)
})
afterAll(() => checks.stop())

const ports: AuthenticatePorts = {
  trustedIssuers: [anEntraIssuer],
  tokenRules: someTokenRules,
  checkSignature: checks.check,
  // As in production: the good one is known, and none that only looks like it may be taken for it.
  provedTokens: lruProvedTokens((text) => text),
  callerRates: undefined,
  upstreamPolicy: { mode: 'app', own: { kind: 'application' } },
}

const route = matchRoute(['beta'], bookPath)
if (route._tag !== 'Matched') throw new Error('the path of these tests is none')

const isAccepted = async (presented: string): Promise<boolean> => {
  const request = withHeader(aCreateRequest({ receivedAt: new Date() }), 'authorization', `Bearer ${presented}`)
  return (await authenticate(ports)({ request, route: route.route })())._tag === 'Right'
}

const expectRefused = async (at: number, offset: number): Promise<void> => {
  const byte = String.fromCharCode((token.charCodeAt(at) + offset) % 256)
  expect([at, offset, await isAccepted(token.slice(0, at) + byte + token.slice(at + 1))]).toEqual([at, offset, false])
}

describe('a good token', () => {
  it('is accepted', async () => {
    expect(await isAccepted(token)).toBe(true)
  })

  it(`is refused with any one byte changed (${isExhaustive ? 'all' : 'a sample'})`, { timeout: 600_000 }, async () => {
    if (isExhaustive) {
      for (const [at] of Array.from(token).entries())
        for (let offset = 1; offset < 256; offset++) await expectRefused(at, offset)
      return
    }
    const change = fc.tuple(fc.nat(token.length - 1), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(change, ([at, offset]) => expectRefused(at, offset)),
      { numRuns: 1_500 },
    )
  })

  it('is refused with any byte less, one more, or two swapped', async () => {
    const changes = Array.from(token).flatMap((character, at) => [
      token.slice(0, at) + token.slice(at + 1),
      token.slice(0, at) + character + token.slice(at),
      ...(at > 0 && token[at - 1] !== character
        ? [token.slice(0, at - 1) + character + (token[at - 1] ?? '') + token.slice(at + 1)]
        : []),
    ])
    const accepted = await Promise.all(changes.map(isAccepted))

    expect(accepted.filter(Boolean)).toEqual([])
  })
})
