import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { once } from 'node:events'

import { createRemoteJWKSet, decodeProtectedHeader, type JWK, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { accessToken, ask, asUser, aTenant, type ATenant, claimsOf, withSecret } from '../test/a-tenant.js'
import { type IdentityProvider, startIdentityProvider } from './start-identity-provider.js'

let tenant: ATenant
let idp: IdentityProvider
beforeAll(async () => {
  tenant = await aTenant()
  idp = await startIdentityProvider(tenant.options)
})
afterEach(() => idp.intercept(undefined))
afterAll(() => idp.stop())

const at = (tenantId: string, path: string): string => `${idp.authorityHost}/${tenantId}${path}`
const guest = (): string => tenant.options.guestTenantIds[0] ?? ''
const json = async (url: string): Promise<Record<string, unknown>> =>
  (await (await fetch(url)).json()) as Record<string, unknown>
const keysAt = async (tenantId: string, path = '/discovery/v2.0/keys'): Promise<ReadonlyArray<JWK>> =>
  (await json(at(tenantId, path)))['keys'] as ReadonlyArray<JWK>
const kidsAt = async (tenantId: string, path?: string): Promise<ReadonlyArray<string | undefined>> =>
  (await keysAt(tenantId, path)).map(({ kid }) => kid)

const asApp = (scope: string): Record<string, string> => ({
  ...withSecret(tenant.middleTier),
  grant_type: 'client_credentials',
  scope,
})

describe('when keys roll over', () => {
  it('signs with the new key, and goes on to publish the earlier one, everywhere', async () => {
    const before = idp.currentSigningKey()

    const after = await idp.rotateSigningKey()

    expect(idp.currentSigningKey()).toBe(after)
    const token = await accessToken(idp, asApp('api://middle/.default'))
    expect(decodeProtectedHeader(token).kid).toBe(after.kid)
    const keys = createRemoteJWKSet(new URL(idp.jwksUri))
    await expect(jwtVerify(token, keys, { issuer: idp.issuer })).resolves.toBeDefined()
    for (const tenantId of [tenant.options.tenantId, guest()]) {
      expect(await kidsAt(tenantId)).toStrictEqual([before.kid, after.kid])
      expect(await kidsAt(tenantId, '/discovery/keys')).toStrictEqual([before.kid, after.kid])
    }
  })

  it('withdraws a key everywhere', async () => {
    const withdrawn = idp.signingKey

    idp.removeSigningKey(withdrawn.kid)

    for (const tenantId of [tenant.options.tenantId, guest()]) {
      expect(await kidsAt(tenantId)).not.toContain(withdrawn.kid)
      expect(await kidsAt(tenantId, '/discovery/keys')).not.toContain(withdrawn.kid)
    }
  })
})

describe('when an API wants v1.0 tokens', () => {
  it('finds a discovery document, with the issuer of Entra and keys of its own version', async () => {
    const document = await json(at(tenant.options.tenantId, '/.well-known/openid-configuration'))

    expect(document).toMatchObject({
      issuer: `https://sts.windows.net/${tenant.options.tenantId}/`,
      jwks_uri: at(tenant.options.tenantId, '/discovery/keys'),
      token_endpoint: idp.tokenEndpoint,
    })
    expect(idp.issuerOf(tenant.options.tenantId, 1)).toBe(document['issuer'])
  })

  it('finds keys that name no issuer, with the certificate of each', async () => {
    const keys = await keysAt(tenant.options.tenantId, '/discovery/keys')

    expect(keys).not.toHaveLength(0)
    for (const key of keys) {
      expect(Object.keys(key).sort()).toStrictEqual(['e', 'kid', 'kty', 'n', 'use', 'x5c', 'x5t'])
      const certificate = new X509Certificate(Buffer.from(key.x5c?.[0] ?? '', 'base64'))
      expect(certificate.publicKey.export({ format: 'jwk' })).toStrictEqual({ kty: key.kty, n: key.n, e: key.e })
    }
  })

  it('gets an application as v1.0 describes it', async () => {
    const token = await accessToken(idp, asApp('api://middle-v1/.default'))

    const keys = createRemoteJWKSet(new URL(at(tenant.options.tenantId, '/discovery/keys')))
    const { payload, protectedHeader } = await jwtVerify(token, keys)
    const { kid } = idp.currentSigningKey()
    expect(protectedHeader).toStrictEqual({ typ: 'JWT', alg: 'RS256', x5t: kid, kid })
    expect(payload).toStrictEqual({
      aud: 'api://middle-v1',
      iss: `https://sts.windows.net/${tenant.options.tenantId}/`,
      iat: expect.any(Number),
      nbf: payload.iat,
      exp: Number(payload.iat) + 3599,
      appid: tenant.middleTier.clientId,
      appidacr: '1',
      idtyp: 'app',
      oid: tenant.middleTier.objectId,
      sub: tenant.middleTier.objectId,
      tid: tenant.options.tenantId,
      uti: expect.any(String),
      ver: '1.0',
    })
  })

  it('gets a user as v1.0 describes them', async () => {
    const claims = await claimsOf(idp, asUser(tenant.secretOnly, tenant.ada, 'api://middle-v1/Things.Create'))

    expect(claims).toMatchObject({ scp: 'Things.Create', unique_name: 'ada@example.com', upn: 'ada@example.com' })
    expect(claims).not.toHaveProperty('preferred_username')
  })
})

describe('when there is a further tenant', () => {
  it('finds its addresses and keys below its own id', async () => {
    expect(await json(at(guest(), '/v2.0/.well-known/openid-configuration'))).toMatchObject({
      issuer: idp.issuerOf(guest()),
      token_endpoint: at(guest(), '/oauth2/v2.0/token'),
      jwks_uri: at(guest(), '/discovery/v2.0/keys'),
    })
    expect(await keysAt(guest())).toStrictEqual(await keysAt(tenant.options.tenantId))
    expect((await keysAt(guest()))[0]).toMatchObject({ issuer: `${idp.authorityHost}/{tenantid}/v2.0` })
  })

  it('issues tokens in its own name', async () => {
    const endpoint = at(guest(), '/oauth2/v2.0/token')

    const user = await claimsOf(idp, asUser(tenant.secretOnly, tenant.ada, 'api://middle/Things.Read'), endpoint)
    const app = await claimsOf(idp, asApp('api://middle-v1/.default'), endpoint)

    expect(user).toMatchObject({ iss: idp.issuerOf(guest()), tid: guest(), oid: tenant.ada.objectId })
    expect(app).toMatchObject({ iss: idp.issuerOf(guest(), 1), tid: guest() })
  })
})

describe('when a test wants faults', () => {
  it('lets it answer in place of the provider, until it is taken away', async () => {
    idp.intercept((request, response) => {
      if (request.url?.endsWith('/token') !== true) {
        return false
      }
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>')
      return true
    })
    const before = idp.tokenRequests().length

    const intercepted = await fetch(idp.tokenEndpoint, { method: 'POST' })
    expect(intercepted.status).toBe(502)
    expect(await kidsAt(tenant.options.tenantId)).not.toHaveLength(0)

    idp.intercept(undefined)
    expect(await ask(idp, asApp('api://middle/.default'))).toMatchObject({ status: 200 })
    expect(idp.tokenRequests()).toHaveLength(before + 1)
  })

  it('lets it answer never, and still stops', async () => {
    const silent = await startIdentityProvider(tenant.options)
    const arrived = new Promise<void>((resolve) => {
      silent.intercept(() => {
        resolve()
        return true
      })
    })
    const outcome = fetch(silent.jwksUri).then(
      () => 'answered',
      () => 'broken off',
    )

    await arrived
    await silent.stop()

    expect(await outcome).toBe('broken off')
  })
})

describe('when it speaks TLS', () => {
  it('shows its certificate, for both names of this machine', async () => {
    const secure = await startIdentityProvider({ ...tenant.options, tls: true })
    try {
      const { certificate: ca = '', authorityHost } = secure
      for (const servername of ['127.0.0.1', 'localhost']) {
        const { protocol, port } = new URL(authorityHost)
        const names = servername === 'localhost' ? { servername } : {}
        const socket = connect({ port: Number(port), host: '127.0.0.1', ca, ...names })
        await once(socket, 'secureConnect')
        expect(protocol).toBe('https:')
        expect(socket.authorized).toBe(true)
        socket.destroy()
      }
    } finally {
      await secure.stop()
    }
  })

  it('has no certificate without', () => {
    expect(idp.certificate).toBeUndefined()
    expect(new URL(idp.authorityHost).protocol).toBe('http:')
  })
})
