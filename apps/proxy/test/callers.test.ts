import { sign } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { aRunningProxy, present, type RawReply, recordsFor, type TestWorld } from './a-running-proxy.js'
import {
  ada,
  appIdUri,
  applicationToken,
  audience,
  guestTenantId,
  importer,
  permission,
  tenantId,
  userToken,
} from './a-tenant.js'
import { clientId, startOpenIdProvider } from './an-openid-provider.js'

let world: TestWorld | undefined
afterEach(async () => {
  vi.useRealTimers()
  await world?.stop()
  world = undefined
})

const recordOf = (running: TestWorld, reply: RawReply) => recordsFor(running, reply)[0]

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token as it came, but for what is changed, signed again with the provider's own key. */
const changed = (
  { provider }: TestWorld,
  token: string,
  { claims = {}, hash = 'sha256', header = {} }: { claims?: object; hash?: string; header?: object },
): string => {
  const input = [part({ ...decodeProtectedHeader(token), ...header }), part({ ...decodeJwt(token), ...claims })].join(
    '.',
  )
  return `${input}.${sign(hash, Buffer.from(input), provider.signingKey.privateKey).toString('base64url')}`
}

const v1 = { CALLER_TOKEN_VERSIONS: '1.0', CALLER_AUDIENCE: appIdUri }

describe('tokens of v1.0', () => {
  it('are taken where they are asked for, from applications and users', async () => {
    world = await aRunningProxy(v1, { accessTokenVersion: 1 })
    const token = await world.token()
    const replies = [await present(world, token), await present(world, await userToken(world.provider, ada))]

    expect(decodeJwt(token)).toMatchObject({ ver: '1.0', iss: `https://sts.windows.net/${tenantId}/`, aud: appIdUri })
    expect(decodeProtectedHeader(token)).toHaveProperty('x5t')
    const running = world
    expect(replies.map((reply) => recordOf(running, reply))).toMatchObject([
      { caller: { kind: 'application', appId: importer.clientId, tenantId } },
      { caller: { kind: 'user', appId: importer.clientId, objectId: ada.objectId } },
    ])
  })

  it('are refused where v2.0 is asked for, and the reverse', async () => {
    world = await aRunningProxy({ CALLER_AUDIENCE: `${audience},${appIdUri}` }, { accessTokenVersion: 1 })
    const refused = await present(world, await world.token())
    expect(refused).toMatchObject({ status: 401, error: { code: 'tokenInvalid' } })
    expect(recordOf(world, refused)).toMatchObject({ reason: 'issuer' })
    await world.stop()

    world = await aRunningProxy({ ...v1, CALLER_AUDIENCE: `${audience},${appIdUri}` })
    expect(recordOf(world, await present(world, await world.token()))).toMatchObject({ reason: 'issuer' })
  })

  it('that say the other version are refused', async () => {
    world = await aRunningProxy()
    const token = changed(world, await world.token(), { claims: { ver: '1.0', appid: importer.clientId } })

    expect(recordOf(world, await present(world, token))).toMatchObject({ reason: 'version' })
  })
})

describe('several tenants', () => {
  it('are known by their own issuers, and are kept apart on record', async () => {
    world = await aRunningProxy(
      { CALLER_TENANT_IDS: `${tenantId},${guestTenantId}` },
      { guestTenantIds: [guestTenantId] },
    )
    const running = world
    const replies = await Promise.all(
      [tenantId, guestTenantId].map(async (tenant) =>
        present(running, await applicationToken(running.provider, tenant)),
      ),
    )

    expect(replies.map(({ status }) => status)).toEqual([201, 201])
    expect(replies.map((reply) => recordOf(running, reply))).toMatchObject([
      { caller: { tenantId } },
      { caller: { tenantId: guestTenantId } },
    ])
  })

  it('are not taken unasked', async () => {
    world = await aRunningProxy({}, { guestTenantIds: [guestTenantId] })
    const reply = await present(world, await applicationToken(world.provider, guestTenantId))

    expect(reply.status).toBe(401)
    expect(recordOf(world, reply)).toMatchObject({ reason: 'issuer' })
  })

  it('may not be mixed in one token', async () => {
    world = await aRunningProxy(
      { CALLER_TENANT_IDS: `${tenantId},${guestTenantId}` },
      { guestTenantIds: [guestTenantId] },
    )
    const { issuer, issuerOf } = world.provider
    const token = await world.token()
    const mixed = [
      { tid: guestTenantId },
      { iss: issuerOf(guestTenantId) },
      { iss: issuer.replace(tenantId, '{tenantid}') },
    ]
    const running = world
    const replies = await Promise.all(mixed.map((claims) => present(running, changed(running, token, { claims }))))

    expect(replies.map((reply) => recordOf(running, reply))).toMatchObject([
      { reason: 'tenant' },
      { reason: 'tenant' },
      { reason: 'issuer' },
    ])
  })
})

describe('a key that says to be another tenant’s', () => {
  let signingKey: TestWorld['provider']['signingKey'] | undefined

  it.each([
    ['one tenant’s', (host: string) => `${host}/${guestTenantId}/v2.0`],
    ['the consumers’', () => 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'],
    ['any tenant’s of another host', () => 'https://login.evil.example/{tenantid}/v2.0'],
  ])('(%s) proves nothing', async (_, issuerOfKey) => {
    world = await aRunningProxy(
      {},
      {
        intercept: (request, response) => {
          if (request.url?.includes('/discovery/v2.0/keys') !== true) return false
          const host = `https://${request.headers.host ?? ''}`
          response.setHeader('content-type', 'application/json')
          response.end(
            JSON.stringify({
              keys: [
                {
                  ...signingKey?.publicKey.export({ format: 'jwk' }),
                  kid: signingKey?.kid,
                  use: 'sig',
                  issuer: issuerOfKey(host),
                },
              ],
            }),
          )
          return true
        },
        onProvider: (provider) => {
          signingKey = provider.signingKey
        },
      },
    )
    const reply = await present(world, await world.token())

    expect(reply).toMatchObject({ status: 401, error: { code: 'tokenInvalid' } })
    expect(recordOf(world, reply)).toMatchObject({ reason: 'keyIssuer' })
  })
})

describe('by configuration', () => {
  it('other algorithms are taken, and none but those', async () => {
    world = await aRunningProxy({ CALLER_ALGORITHMS: 'RS512' })
    const token = await world.token()

    expect(await present(world, changed(world, token, { header: { alg: 'RS512' }, hash: 'sha512' }))).toMatchObject({
      status: 201,
    })
    expect(recordOf(world, await present(world, token))).toMatchObject({ reason: 'header' })
    // The name of the one and the signature of the other.
    const mixed = changed(world, token, { header: { alg: 'RS512' }, hash: 'sha256' })
    expect(recordOf(world, await present(world, mixed))).toMatchObject({ reason: 'signature' })
  })

  it('other types are taken, and none but those', async () => {
    world = await aRunningProxy({ CALLER_TOKEN_TYPES: 'at+jwt' })
    const running = world
    const token = await world.token()
    const replies = await Promise.all(
      ['at+jwt', 'application/at+jwt', 'JWT', 'dpop+jwt'].map((typ) =>
        present(running, changed(running, token, { header: { typ } })),
      ),
    )

    expect(replies.map(({ status }) => status)).toEqual([201, 201, 401, 401])
  })

  it('tokens live no longer than is granted', async () => {
    world = await aRunningProxy({ CALLER_TOKEN_LIFETIME_MINUTES: '30' })

    expect(recordOf(world, await present(world, await world.token()))).toMatchObject({ reason: 'livesTooLong' })
  })

  it('only listed applications may call, whoever their users are', async () => {
    const other = '00000000-0000-4000-8000-00000000000e'
    world = await aRunningProxy({ CALLER_APP_IDS: other.toUpperCase() })
    const token = await world.token()
    const refused = await present(world, token)

    expect(refused).toMatchObject({
      status: 403,
      error: { code: 'callerNotAllowed', innerError: { outcome: 'notSent' } },
    })
    expect(refused.headers).not.toHaveProperty('www-authenticate')
    expect(recordOf(world, refused)).toMatchObject({
      reason: 'applicationNotListed',
      caller: { appId: importer.clientId },
    })
    expect(await present(world, changed(world, token, { claims: { azp: other } }))).toMatchObject({ status: 201 })
    expect(await present(world, changed(world, token, { claims: { azp: undefined, appid: other } }))).toMatchObject({
      status: 403,
    })
  })

  it('an id token of the same client is no access token, whatever roles its user has', async () => {
    world = await aRunningProxy()
    const token = changed(world, await userToken(world.provider, ada), {
      claims: { idtyp: undefined, scp: undefined, roles: [permission], nonce: 'n' },
    })

    expect(recordOf(world, await present(world, token))).toMatchObject({ reason: 'kind' })
  })
})

describe('tokens of another OpenID provider', () => {
  it('are taken by its issuer and RFC 9068', async () => {
    const provider = await startOpenIdProvider('https://gateway.example/api')
    try {
      world = await aRunningProxy({
        CALLER_ISSUER: provider.issuer,
        CALLER_AUDIENCE: 'https://gateway.example/api',
        CALLER_TOKEN_TYPES: 'at+jwt',
        CALLER_SCOPE: 'DeviceStates.Create',
      })
      const token = await provider.token('DeviceStates.Create')
      const reply = await present(world, token)

      expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt' })
      expect(reply).toMatchObject({ status: 201 })
      expect(recordOf(world, reply)).toMatchObject({
        caller: { kind: 'application', issuer: provider.issuer, objectId: clientId, appId: clientId },
      })
      expect(await present(world, await provider.token('DeviceStates.Read'))).toMatchObject({
        status: 403,
        error: { code: 'scopeMissing' },
      })
      expect(await present(world, await world.token())).toMatchObject({ status: 401 })
    } finally {
      await provider.stop()
    }
  })
})
