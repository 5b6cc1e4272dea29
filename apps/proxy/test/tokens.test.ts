import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aRunningProxy, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'
import { audience, tenantId } from './a-tenant.js'

let world: TestWorld
beforeAll(async () => {
  world = await aRunningProxy()
})
afterAll(() => world.stop())

const part = (value: unknown): string =>
  (typeof value === 'string' ? Buffer.from(value) : Buffer.from(JSON.stringify(value))).toString('base64url')

const signed = (input: string, key: KeyObject, algorithm = 'sha256'): string =>
  `${input}.${sign(algorithm, Buffer.from(input), key).toString('base64url')}`

const now = (): number => Math.floor(Date.now() / 1000)

const header = (change: object = {}) => ({ typ: 'JWT', alg: 'RS256', kid: world.provider.signingKey.kid, ...change })

const claims = (change: object = {}) => ({
  iss: world.provider.issuer,
  aud: audience,
  tid: tenantId,
  iat: now(),
  nbf: now(),
  exp: now() + 3600,
  sub: 's',
  oid: 'o',
  azp: 'c',
  uti: 'u',
  ver: '2.0',
  idtyp: 'app',
  roles: ['DeviceManagementApps.ReadWrite.All'],
  ...change,
})

/** Signed with the provider's own key: only what is changed is wrong. */
const minted = (headerChange: object = {}, claimsChange: object = {}): string =>
  signed(`${part(header(headerChange))}.${part(claims(claimsChange))}`, world.provider.signingKey.privateKey)

const hmac = (input: string, key: string | Buffer): string =>
  `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`

const publicPem = (): string => world.provider.signingKey.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const modulus = (): Buffer => Buffer.from(String(createPublicKey(publicPem()).export({ format: 'jwk' }).n), 'base64url')

const present = (authorization: string | undefined, more: ReadonlyArray<string> = []) =>
  rawExchange(world.port, requestText({ authorization, more }))

describe('a token that was minted for us', () => {
  it('is taken, from the provider or by its key, whatever the case of the scheme', async () => {
    expect(await present(`Bearer ${await world.token()}`)).toMatchObject({ status: 201 })
    expect(await present(`bearer ${minted()}`)).toMatchObject({ status: 201 })
    expect(await present(`Bearer ${minted({}, { exp: now() - 30 })}`)).toMatchObject({ status: 201 })
  })

  it('is taken again, for it is a bearer token; each call names it on record', async () => {
    const authorization = `Bearer ${minted({}, { uti: 'seen-twice' })}`
    const replies = [await present(authorization), await present(authorization)]

    expect(replies.map(({ status }) => status)).toEqual([201, 201])
    for (const { headers } of replies) {
      expect(world.recordsOf(String(headers['audit-id']))[0]).toMatchObject({ caller: { tokenId: 'seen-twice' } })
    }
  })
})

describe('without a token', () => {
  it.each([undefined, 'Basic dXNlcjpwYXNz', ''])('%j gets a bare challenge', async (authorization) => {
    const sent = world.graph.received.length
    const reply = await present(authorization)

    expect(reply).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      error: { code: 'tokenMissing', innerError: { outcome: 'notSent', source: 'gateway' } },
    })
    expect(world.recordsOf(String(reply.headers['audit-id']))).toMatchObject([
      { kind: 'refusal', code: 'tokenMissing', status: 401 },
    ])
    expect(world.graph.received).toHaveLength(sent)
  })
})

describe('a header that is no bearer token', () => {
  it.each(['Bearer  x.y.z', 'Bearer\tx.y.z', 'Bearer x.y.z,', 'Bearer'])('%j is malformed', async (authorization) => {
    expect(await present(authorization)).toMatchObject({
      status: 400,
      headers: { 'www-authenticate': 'Bearer error="invalid_request"' },
      error: { code: 'malformedRequest' },
    })
  })

  it('is refused when it comes twice', async () => {
    const authorization = `Bearer ${minted()}`

    expect(await present(authorization, [`Authorization: ${authorization}`])).toMatchObject({
      status: 400,
      error: { code: 'duplicateHeader' },
    })
  })
})

describe('a token in the query', () => {
  it.each([undefined, 'header too'])('is never read (%s)', async (also) => {
    const token = minted()
    const authorization = also === undefined ? undefined : `Bearer ${token}`
    const target = `/beta/deviceAppManagement/managedEBooks/B1/deviceStates?access_token=${token}`
    const reply = await rawExchange(world.port, requestText({ authorization, target }))

    expect(reply).toMatchObject({ status: 400, error: { code: 'malformedRequest' } })
    expect(JSON.stringify([reply, world.recordsOf(String(reply.headers['audit-id'])), world.logged])).not.toContain(
      token,
    )
  })
})

/** Signed with the provider's own key, the payload as text with one thing in place of another. */
const withPayload = (thing: string, of: string): string =>
  signed(`${part(header())}.${part(JSON.stringify(claims()).replace(of, thing))}`, world.provider.signingKey.privateKey)

const withHeaderText = (text: string): string =>
  signed(`${part(text)}.${part(claims())}`, world.provider.signingKey.privateKey)

/** The last character of a signature of 256 bytes has bits to spare: four of them decode to the same bytes. */
const respelled = (token: string): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + (alphabet[alphabet.indexOf(token.at(-1) ?? '') + 1] ?? '')
}

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
const weak = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

const forged: ReadonlyArray<readonly [string, string, () => string]> = [
  ['alg none, no signature', 'notAJws', () => `${part(header({ alg: 'none' }))}.${part(claims())}.`],
  ...['none', 'noNE', 'None', 'NONE ', 'HS256', 'RS512', 'PS256', 'ES256', 'EdDSA', ['RS256'], 256, null].map(
    (alg): readonly [string, string, () => string] => [`alg ${JSON.stringify(alg)}`, 'header', () => minted({ alg })],
  ),
  [
    'HS256 under the public key',
    'header',
    () => hmac(`${part(header({ alg: 'HS256' }))}.${part(claims())}`, publicPem()),
  ],
  ['HS256 under the modulus', 'header', () => hmac(`${part(header({ alg: 'HS256' }))}.${part(claims())}`, modulus())],
  ['HS256 under an empty key', 'header', () => hmac(`${part(header({ alg: 'HS256' }))}.${part(claims())}`, '')],
  ['RS256 in name, HMAC in fact', 'signature', () => hmac(`${part(header())}.${part(claims())}`, publicPem())],
  [
    'RS512 with the right key',
    'header',
    () => signed(`${part(header({ alg: 'RS512' }))}.${part(claims())}`, world.provider.signingKey.privateKey, 'sha512'),
  ],
  [
    'RS512 in fact, RS256 in name',
    'signature',
    () => signed(`${part(header())}.${part(claims())}`, world.provider.signingKey.privateKey, 'sha512'),
  ],
  ['another key under the right name', 'signature', () => signed(`${part(header())}.${part(claims())}`, weak)],
  [
    'a key of its own in the header',
    'header',
    () => signed(`${part(header({ jwk: createPublicKey(weak).export({ format: 'jwk' }) }))}.${part(claims())}`, weak),
  ],
  ['an unknown key', 'keyUnknown', () => minted({ kid: 'another' })],
  ['a path for a key', 'keyUnknown', () => minted({ kid: '../../dev/null' })],
  ['__proto__ for a key', 'keyUnknown', () => minted({ kid: '__proto__' })],
  ['a key name of 5,000 characters', 'header', () => minted({ kid: 'k'.repeat(5_000) })],
  ['an object for a key', 'header', () => minted({ kid: {} })],
  ['no key name', 'header', () => minted({ kid: undefined })],
  ['crit', 'header', () => minted({ crit: ['exp2'] })],
  ['b64', 'header', () => minted({ b64: false })],
  ...[undefined, 'at+jwt', 'dpop+jwt', 'logout+jwt', 'jwt'].map((typ): readonly [string, string, () => string] => [
    `typ ${String(typ)}`,
    'header',
    () => minted({ typ }),
  ]),
  ['an expiry 61 seconds ago', 'expired', () => minted({}, { exp: now() - 61 })],
  ['no expiry', 'claims', () => minted({}, { exp: undefined })],
  ['ten years to live', 'livesTooLong', () => minted({}, { exp: now() + 315_360_000 })],
  ['another audience', 'audience', () => minted({}, { aud: 'another' })],
  ['another issuer', 'issuer', () => minted({}, { iss: `${world.provider.issuer}/` })],
  ['another tenant', 'tenant', () => minted({}, { tid: '00000000-0000-4000-8000-00000000000f' })],
  [
    'an audience twice, the last one right',
    'payload',
    () =>
      signed(
        `${part(header())}.${part(JSON.stringify(claims()).replace('{', '{"aud":"bad",'))}`,
        world.provider.signingKey.privateKey,
      ),
  ],
  [
    'a payload that is an array',
    'payload',
    () => signed(`${part(header())}.${part([claims()])}`, world.provider.signingKey.privateKey),
  ],
  [
    'a payload nested 2,000 deep',
    'payload',
    () => signed(`${part(header())}.${part(`{"a":${nested(2_000)}}`)}`, world.provider.signingKey.privateKey),
  ],
  [
    'a payload that is no UTF-8',
    'payload',
    () =>
      signed(
        `${part(header())}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}`,
        world.provider.signingKey.privateKey,
      ),
  ],
  ['a start 61 seconds ahead', 'notYetValid', () => minted({}, { nbf: now() + 61 })],
  ['an issue far ahead', 'issuedInFuture', () => minted({}, { iat: now() + 86_400, exp: now() + 90_000 })],
  ...[String(now() + 3600), null, -1, now() + 0.5, 1e308, true, [now() + 3600]].map(
    (exp): readonly [string, string, () => string] => [
      `the expiry ${JSON.stringify(exp)}`,
      'claims',
      () => minted({}, { exp }),
    ],
  ),
  ['an expiry in milliseconds', 'livesTooLong', () => minted({}, { exp: (now() + 3600) * 1000 })],
  ...[undefined, [], {}, [audience], [audience, 'https://graph.microsoft.com'], null].map(
    (aud): readonly [string, string, () => string] => [
      `the audience ${JSON.stringify(aud)}`,
      'claims',
      () => minted({}, { aud }),
    ],
  ),
  ['an audience in another case', 'audience', () => minted({}, { aud: `API://${audience}` })],
  ['the issuer of v1.0', 'issuer', () => minted({}, { iss: `https://sts.windows.net/${tenantId}/` })],
  [
    'the template of an issuer',
    'issuer',
    () => minted({}, { iss: world.provider.issuer.replace(tenantId, '{tenantid}') }),
  ],
  ['no issuer', 'issuer', () => minted({}, { iss: undefined })],
  ['SQL for a key', 'keyUnknown', () => minted({ kid: "' OR 1=1 --" })],
  ['an audience twice, once with an escape', 'payload', () => withPayload('"aud":"bad","\\u0061ud":', '"aud":')],
  ['a header member twice', 'header', () => withHeaderText(JSON.stringify(header()).replace('{', '{"alg":"none",'))],
  [
    'a payload that is text',
    'payload',
    () => signed(`${part(header())}.${part('"claims"')}`, world.provider.signingKey.privateKey),
  ],
  ['a payload with a byte order mark', 'payload', () => withPayload('\uFEFF{', '{')],
  [
    'a signature of zero bytes',
    'signature',
    () => `${minted().split('.').slice(0, 2).join('.')}.${Buffer.alloc(256).toString('base64url')}`,
  ],
  ['another spelling of the same signature', 'notAJws', () => respelled(minted())],
  ['a JWE', 'notAJws', () => [part({ alg: 'RSA-OAEP', enc: 'A256GCM' }), 'a', 'b', 'c', 'd'].join('.')],
  ['two parts', 'notAJws', () => minted().split('.').slice(0, 2).join('.')],
  ['four parts', 'notAJws', () => `${minted()}.x`],
  ['five parts', 'notAJws', () => `${minted()}.x.y`],
  ['an empty signature', 'notAJws', () => `${minted().split('.').slice(0, 2).join('.')}.`],
  ['a signature cut short', 'signature', () => minted().slice(0, -2)],
  ['base64 in place of base64url', 'notAJws', () => `${minted()}=`],
  ['JSON serialisation', 'notAJws', () => '{"payload":"x"}'],
  ['9,000 characters', 'tooLong', () => minted({}, { x: 'x'.repeat(7_000) })],
]

describe('a token that is forged or not for us', () => {
  it.each(forged)('with %s is invalid; only the record says why (%s)', async (_, reason, token) => {
    const sent = world.graph.received.length
    const presented = token()
    const reply = await present(`Bearer ${presented}`)

    expect(reply).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      error: {
        code: 'tokenInvalid',
        message: 'The access token is not valid here. The audit record tells the operator why.',
      },
    })
    const records = world.recordsOf(String(reply.headers['audit-id']))
    expect(records).toMatchObject([{ kind: 'refusal', code: 'tokenInvalid', reason }])
    for (const secret of presented.split('.').filter(({ length }) => length > 20)) {
      expect(JSON.stringify([reply, records, world.logged])).not.toContain(secret)
    }
    expect(world.graph.received).toHaveLength(sent)
  })

  it.each(['00000003-0000-0000-c000-000000000000', 'https://graph.microsoft.com'])(
    'but for Graph (%s) is told which audience to ask for',
    async (aud) => {
      const reply = await present(`Bearer ${minted({ kid: 'graphs own' }, { aud })}`)

      expect(reply).toMatchObject({ status: 401, error: { code: 'tokenInvalid' } })
      expect(reply.error['message']).toContain(audience)
      expect(world.recordsOf(String(reply.headers['audit-id']))).toMatchObject([{ reason: 'graphTokenPresented' }])
    },
  )

  it('leaves every prototype as it was', async () => {
    const extra = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},'
    const payload = part(JSON.stringify(claims()).replace('{', extra))

    expect(
      await present(`Bearer ${signed(`${part(header())}.${payload}`, world.provider.signingKey.privateKey)}`),
    ).toMatchObject({ status: 201 })
    expect({}).not.toHaveProperty('polluted')
  })
})

describe('a genuine token that is refused', () => {
  it.each([{ exp: 1_000_000_000, iat: 999_999_000, nbf: 999_999_000 }, { aud: 'another' }])(
    '(%j) names its bearer on record',
    async (change) => {
      const reply = await present(`Bearer ${minted({}, change)}`)

      expect(world.recordsOf(String(reply.headers['audit-id']))).toMatchObject([
        { code: 'tokenInvalid', caller: { objectId: 'o' } },
      ])
    },
  )

  it('does not when its signature is another’s', async () => {
    const reply = await present(`Bearer ${signed(`${part(header())}.${part(claims())}`, weak)}`)

    expect(world.recordsOf(String(reply.headers['audit-id']))[0]).not.toHaveProperty('caller')
  })
})

describe('a token without the permission', () => {
  it.each([
    { roles: undefined },
    { roles: ['DeviceManagementApps.ReadWrite.All2'] },
    { idtyp: 'user', scp: 'X.DeviceManagementApps.ReadWrite.All' },
  ])('%j is forbidden, and the challenge names it', async (change) => {
    const reply = await present(`Bearer ${minted({}, change)}`)

    expect(reply).toMatchObject({
      status: 403,
      headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="DeviceManagementApps.ReadWrite.All"' },
      error: { code: 'scopeMissing' },
    })
    expect(world.recordsOf(String(reply.headers['audit-id']))).toMatchObject([
      {
        kind: 'refusal',
        code: 'scopeMissing',
        method: 'POST',
        version: 'beta',
        ids: { managedEBookId: 'B1' },
        caller: { objectId: 'o', appId: 'c', tokenId: 'u' },
      },
    ])
  })
})
