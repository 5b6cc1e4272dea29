import { createHmac, sign } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { bookPath } from './a-create.js'
import { errorIn, exchange, exchangeToTheLetter } from './support/exchange.js'
import { expectRefused } from './support/expect-refused.js'
import { startSystem, type System } from './support/start-system.js'
import { lookalikePermission, proxyApi } from './support/tenant.js'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterEach(() => system.graph.reset())
afterAll(() => system.stop())

describe('without a bearer token', () => {
  it.each([
    ['no Authorization', {}],
    ['another scheme', { Authorization: 'Basic YTpi' }],
    ['a scheme that only begins so', { Authorization: 'BearerX abc' }],
  ])('(%s) a call is answered 401 with a bare challenge', async (_, headers) => {
    const refused = await exchange(system, { token: null, headers })

    expectRefused(refused, 401, 'tokenMissing')
    expect(refused.answer.headers['www-authenticate']).toBe('Bearer')
  })
})

describe('the scheme', () => {
  it.each(['bearer', 'BEARER'])('may be spelled %s', async (scheme) => {
    const headers = { Authorization: `${scheme} ${system.token}` }

    const { answer } = await exchange(system, { token: null, headers })

    expect(answer.status).toBe(201)
  })
})

describe('credentials that can be read in two ways', () => {
  it.each([
    ['two blanks', (token: string) => `Bearer  ${token}`],
    ['a tab', (token: string) => `Bearer\t${token}`],
    ['a comma at the end', (token: string) => `Bearer ${token},`],
    ['two tokens', (token: string) => `Bearer ${token} ${token}`],
    ['no token', () => 'Bearer'],
  ])('(%s) are answered 400', async (_, authorization) => {
    const refused = await exchangeToTheLetter(system, bookPath, { Authorization: authorization(system.token) })

    expectRefused(refused, 400, 'malformedRequest')
    expect(refused.answer.headers['www-authenticate']).toBe('Bearer error="invalid_request"')
  })

  it('(two headers, both right) are answered 400', async () => {
    const authorization = `Bearer ${system.token}`

    const refused = await exchangeToTheLetter(system, bookPath, { Authorization: [authorization, authorization] })

    expectRefused(refused, 400, 'duplicateHeader')
  })
})

describe('a token in the query', () => {
  it.each([
    ['alone', {}],
    ['beside one in the header', { withHeader: true }],
  ])(
    '(%s) is answered 400, and is written down nowhere',
    async (_, { withHeader = false }: { withHeader?: boolean }) => {
      const { token } = system

      const refused = await exchange(system, {
        path: `${bookPath}?access_token=${token}`,
        token: withHeader ? token : null,
      })

      expectRefused(refused, 400, 'malformedRequest')
      expect(refused.answer.text).not.toContain(token)
      expect(system.ledger.bytes().includes(token)).toBe(false)
    },
  )
})

/** Signs what Entra never would, with the key of the identity provider or around it. */
type Forge = (system: System, header: Readonly<Record<string, unknown>>, claims: object) => string

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const signed = (header: object, claims: object, signature: (input: string) => Buffer): string => {
  const input = `${base64url(header)}.${base64url(claims)}`
  return `${input}.${signature(input).toString('base64url')}`
}

const withRsa =
  (hash: string, change: object = {}): Forge =>
  ({ identityProvider: { signingKey } }, header, claims) =>
    signed({ ...header, ...change }, claims, (input) => sign(hash, Buffer.from(input), signingKey.privateKey))

const unsigned =
  (alg: string): Forge =>
  (_, header, claims) =>
    signed({ ...header, alg }, claims, () => Buffer.alloc(0))

const withHmac =
  (secretOf: (system: System) => string): Forge =>
  (world, header, claims) =>
    signed({ ...header, alg: 'HS256' }, claims, (input) => createHmac('sha256', secretOf(world)).update(input).digest())

const withClaims =
  (change: object): Forge =>
  (world, header, claims) =>
    withRsa('sha256')(world, header, { ...claims, ...change })

const publicPem = ({ identityProvider: { signingKey } }: System): string =>
  signingKey.publicKey.export({ format: 'pem', type: 'spki' }).toString()

const publicModulus = ({ identityProvider: { signingKey } }: System): string =>
  signingKey.publicKey.export({ format: 'jwk' }).n ?? ''

const forge = (make: Forge): string => make(system, { ...decodeProtectedHeader(system.token) }, decodeJwt(system.token))

describe('a token that is made here', () => {
  it('is taken when nothing is wrong with it', async () => {
    const { answer } = await exchange(system, { token: forge(withRsa('sha256')) })

    expect(answer.status).toBe(201)
  })

  it.each<[string, Forge, string]>([
    ['says alg none', unsigned('none'), 'notAJws'],
    ['says alg noNE', unsigned('noNE'), 'notAJws'],
    ['says alg none and has a signature', withRsa('sha256', { alg: 'none' }), 'header'],
    ['says alg None and has a signature', withRsa('sha256', { alg: 'None' }), 'header'],
    ['says alg "NONE " and has a signature', withRsa('sha256', { alg: 'NONE ' }), 'header'],
    ['is HS256 under the public key as PEM', withHmac(publicPem), 'header'],
    ['is HS256 under the modulus of the public key', withHmac(publicModulus), 'header'],
    ['is HS256 under the empty key', withHmac(() => ''), 'header'],
    ['is RS512, well signed', withRsa('sha512', { alg: 'RS512' }), 'header'],
    ['says RS256 and is signed with SHA-512', withRsa('sha512'), 'signature'],
    [
      'says RS256 and is signed with HMAC',
      (world, header, claims) => {
        const secret = publicPem(world)
        return signed(header, claims, (input) => createHmac('sha256', secret).update(input).digest())
      },
      'signature',
    ],
    ['names a key that is not there', withRsa('sha256', { kid: 'another' }), 'keyUnknown'],
    ['is for another audience', withClaims({ aud: 'https://example.com' }), 'audience'],
    ['is of another issuer', withClaims({ iss: 'https://example.com' }), 'issuer'],
    ['is of another tenant', withClaims({ tid: '00000000-0000-4000-8000-000000000009' }), 'tenant'],
    ['has expired', withClaims({ iat: 1_700_000_000, nbf: 1_700_000_000, exp: 1_700_003_600 }), 'expired'],
    ['never expires', withClaims({ exp: undefined }), 'claims'],
  ])('and %s is answered 401; why is in the ledger alone', async (_, make, reason) => {
    const token = forge(make)

    const refused = await exchange(system, { token })

    expectRefused(refused, 401, 'tokenInvalid')
    expect(refused.answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
    expect(errorIn(refused.answer).message).toBe(
      'The access token is not valid here. The audit record tells the operator why.',
    )
    expect(refused.records).toMatchObject([{ reason }])
  })
})

describe('a genuine token', () => {
  it('for Graph is answered 401, and its caller is told which one to ask for', async () => {
    const refused = await exchange(system, { token: await system.tokenForGraph() })

    expectRefused(refused, 401, 'tokenInvalid')
    expect(errorIn(refused.answer).message).toContain(proxyApi.audience)
    expect(refused.records).toMatchObject([{ reason: 'graphTokenPresented' }])
  })

  it.each([
    ['an application without the role', () => system.tokenForNewcomer()],
    ['a user with a scope that only begins like ours', () => system.tokenForUser(lookalikePermission)],
  ])('of %s is answered 403', async (_, ask) => {
    const refused = await exchange(system, { token: await ask() })

    expectRefused(refused, 403, 'scopeMissing')
    expect(refused.answer.headers['www-authenticate']).toContain('error="insufficient_scope"')
  })
})
