import { createSecretKey, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'

import { createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify, type JWTVerifyResult, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import type { Api, Client, IdentityProviderOptions, User } from './identity-provider-options.js'
import { type IdentityProvider, startIdentityProvider } from './start-identity-provider.js'

const proxy: Api = {
  appIdUri: 'api://device-install-state',
  audience: randomUUID(),
  scopes: ['DeviceInstallState.Create', 'DeviceInstallState.Read'],
}
const graph: Api = {
  appIdUri: 'https://graph.microsoft.com',
  audience: 'https://graph.microsoft.com',
  scopes: ['DeviceManagementApps.ReadWrite.All'],
}
const importer: Client = {
  clientId: randomUUID(),
  // Each of these characters has to survive a form or a Basic header.
  clientSecret: 'a~secret%with+odd:characters',
  objectId: randomUUID(),
  appRoles: {
    [proxy.appIdUri]: ['DeviceInstallState.Create.All'],
    [graph.appIdUri]: ['DeviceManagementApps.ReadWrite.All'],
  },
}
const newcomer: Client = { clientId: randomUUID(), clientSecret: 'new', objectId: randomUUID(), appRoles: {} }
const ada: User = { username: 'ada@example.com', password: 'correct horse', objectId: randomUUID(), displayName: 'Ada' }

const options: IdentityProviderOptions = {
  tenantId: randomUUID(),
  apis: [proxy, graph],
  clients: [importer, newcomer],
  users: [ada],
}

let idp: IdentityProvider
beforeAll(async () => {
  idp = await startIdentityProvider(options)
})
afterAll(() => idp.stop())

const post = (form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(idp.tokenEndpoint, { method: 'POST', body: new URLSearchParams(form), headers })

const asClient = ({ clientId, clientSecret }: Client): Record<string, string> => ({
  client_id: clientId,
  client_secret: clientSecret ?? '',
})

const asApp = (client: Client, scope: string): Record<string, string> => ({
  ...asClient(client),
  grant_type: 'client_credentials',
  scope,
})

const asAda = (scope: string): Record<string, string> => ({
  ...asClient(importer),
  grant_type: 'password',
  username: ada.username,
  password: ada.password,
  scope,
})

const without = (form: Record<string, string>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(form).filter(([key]) => key !== name))

const tokenIn = async (response: Response): Promise<string> =>
  ((await response.json()) as { access_token: string }).access_token

const verified = (token: string, audience: string): Promise<JWTVerifyResult> =>
  jwtVerify(token, createRemoteJWKSet(new URL(idp.jwksUri)), { issuer: idp.issuer, audience, algorithms: ['RS256'] })

const claimsOf = async (form: Record<string, string>): Promise<JWTPayload> => decodeJwt(await tokenIn(await post(form)))

describe('when a client looks for the tenant', () => {
  it('finds a discovery document where the issuer says, with the addresses of Entra', async () => {
    const response = await fetch(`${idp.issuer}/.well-known/openid-configuration`)

    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      issuer: `${idp.authorityHost}/${options.tenantId}/v2.0`,
      token_endpoint: `${idp.authorityHost}/${options.tenantId}/oauth2/v2.0/token`,
      jwks_uri: `${idp.authorityHost}/${options.tenantId}/discovery/v2.0/keys`,
      grant_types_supported: ['client_credentials', 'password', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
      id_token_signing_alg_values_supported: ['RS256'],
    })
    expect(new URL(idp.authorityHost).hostname).toBe('127.0.0.1')
  })

  it('finds the one public key, and nothing of the private one', async () => {
    const response = await fetch(idp.jwksUri)

    const { kid, publicKey, certificate } = idp.signingKey
    const { e, kty, n } = publicKey.export({ format: 'jwk' })
    const x5c = [certificate.toString('base64')]
    const issuer = `${idp.authorityHost}/{tenantid}/v2.0`
    expect(await response.json()).toStrictEqual({ keys: [{ e, issuer, kid, kty, n, use: 'sig', x5c, x5t: kid }] })
    expect(idp.signingKey.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048)
  })
})

describe('when an application asks for a token of its own', () => {
  it('answers with a Bearer token as long-lived as those of Entra', async () => {
    const response = await post(asApp(importer, `${proxy.appIdUri}/.default`))

    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toStrictEqual({
      token_type: 'Bearer',
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: expect.any(String),
    })
  })

  it('issues the claims of an app token, and no others', async () => {
    const token = await tokenIn(await post(asApp(importer, `${proxy.appIdUri}/.default`)))

    const { payload, protectedHeader } = await verified(token, proxy.audience)
    expect(protectedHeader).toStrictEqual({ typ: 'JWT', alg: 'RS256', kid: idp.signingKey.kid })
    expect(payload).toStrictEqual({
      aud: proxy.audience,
      iss: idp.issuer,
      iat: expect.any(Number),
      nbf: payload.iat,
      exp: Number(payload.iat) + 3599,
      azp: importer.clientId,
      azpacr: '1',
      idtyp: 'app',
      oid: importer.objectId,
      roles: ['DeviceInstallState.Create.All'],
      sub: importer.objectId,
      tid: options.tenantId,
      uti: expect.stringMatching(/^[\w-]{22}$/),
      ver: '2.0',
    })
  })

  it('issues a token for Graph with the roles granted there', async () => {
    const token = await tokenIn(await post(asApp(importer, 'https://graph.microsoft.com/.default')))

    const { payload } = await verified(token, 'https://graph.microsoft.com')
    expect(payload['roles']).toStrictEqual(['DeviceManagementApps.ReadWrite.All'])
  })

  it('leaves out the roles of a client that was granted none', async () => {
    expect(await claimsOf(asApp(newcomer, `${proxy.appIdUri}/.default`))).not.toHaveProperty('roles')
  })

  it('knows the API by its client id, too', async () => {
    expect(await claimsOf(asApp(importer, `${proxy.audience}/.default`))).toMatchObject({ aud: proxy.audience })
    expect(await claimsOf(asAda(`${proxy.audience}/DeviceInstallState.Create`))).toMatchObject({
      aud: proxy.audience,
      scp: 'DeviceInstallState.Create',
    })
  })

  it('gives each token an id of its own', async () => {
    const first = await claimsOf(asApp(importer, `${proxy.appIdUri}/.default`))
    const second = await claimsOf(asApp(importer, `${proxy.appIdUri}/.default`))

    expect(first['uti']).not.toBe(second['uti'])
  })

  it('takes the client secret from a Basic header too', async () => {
    const secret = [importer.clientId, importer.clientSecret ?? ''].map(encodeURIComponent).join(':')
    const response = await post(
      { grant_type: 'client_credentials', scope: `${proxy.appIdUri}/.default` },
      { authorization: `Basic ${Buffer.from(secret).toString('base64')}` },
    )

    expect(response.status).toBe(200)
  })
})

describe('when a client asks in the name of a user', () => {
  it('issues the claims of a user token, and no others', async () => {
    const token = await tokenIn(
      await post(asAda(`${proxy.appIdUri}/DeviceInstallState.Read ${proxy.appIdUri}/DeviceInstallState.Create`)),
    )

    const { payload, protectedHeader } = await verified(token, proxy.audience)
    expect(protectedHeader).toStrictEqual({ typ: 'JWT', alg: 'RS256', kid: idp.signingKey.kid })
    expect(payload).toStrictEqual({
      aud: proxy.audience,
      iss: idp.issuer,
      iat: expect.any(Number),
      nbf: payload.iat,
      exp: Number(payload.iat) + 3599,
      azp: importer.clientId,
      azpacr: '1',
      idtyp: 'user',
      name: 'Ada',
      oid: ada.objectId,
      preferred_username: 'ada@example.com',
      scp: 'DeviceInstallState.Create DeviceInstallState.Read',
      sub: expect.stringMatching(/^[\w-]{43}$/),
      tid: options.tenantId,
      uti: expect.stringMatching(/^[\w-]{22}$/),
      ver: '2.0',
    })
  })

  it('knows the user by one subject in an API, and by another in the next', async () => {
    const [create, read, inGraph] = await Promise.all([
      claimsOf(asAda(`${proxy.appIdUri}/DeviceInstallState.Create`)),
      claimsOf(asAda(`${proxy.appIdUri}/DeviceInstallState.Read`)),
      claimsOf(asAda(`${graph.appIdUri}/DeviceManagementApps.ReadWrite.All`)),
    ])

    expect(create.sub).toBe(read.sub)
    expect(create.sub).not.toBe(inGraph.sub)
  })
})

describe('when a request is not right', () => {
  const app = asApp(importer, `${proxy.appIdUri}/.default`)
  const user = asAda(`${proxy.appIdUri}/DeviceInstallState.Create`)

  it.each<[string, Record<string, string>, number, string]>([
    ['a wrong secret', { ...app, client_secret: 'wrong' }, 401, 'invalid_client'],
    ['no secret', without(app, 'client_secret'), 401, 'invalid_client'],
    ['an unknown client', { ...app, client_id: randomUUID() }, 401, 'invalid_client'],
    ['no grant', without(app, 'grant_type'), 400, 'invalid_request'],
    ['a grant that needs a browser', { ...app, grant_type: 'authorization_code' }, 400, 'unsupported_grant_type'],
    ['no scope', without(app, 'scope'), 400, 'invalid_request'],
    ['an unknown API', { ...app, scope: 'api://unknown/.default' }, 400, 'invalid_scope'],
    ['an application that wants a delegated scope', { ...app, scope: user['scope'] ?? '' }, 400, 'invalid_scope'],
    ['a wrong password', { ...user, password: 'wrong' }, 400, 'invalid_grant'],
    ['an unknown user', { ...user, username: 'eve@example.com' }, 400, 'invalid_grant'],
    ['no password', without(user, 'password'), 400, 'invalid_request'],
    ['a user and no scope', without(user, 'scope'), 400, 'invalid_request'],
    ['a scope that the API does not offer', { ...user, scope: `${proxy.appIdUri}/Other` }, 400, 'invalid_scope'],
    [
      'scopes of two APIs',
      asAda(`${proxy.appIdUri}/DeviceInstallState.Read ${graph.appIdUri}/DeviceManagementApps.ReadWrite.All`),
      400,
      'invalid_scope',
    ],
  ])('answers %s with an OAuth error', async (_, form, status, error) => {
    const response = await post(form)

    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error, error_description: expect.any(String) })
  })

  it('answers a browser in JSON as well', async () => {
    const response = await post({ ...user, password: 'wrong' }, { accept: 'text/html' })

    expect(response.headers.get('content-type')).toContain('application/json')
  })
})

describe('when a test forges a token', () => {
  it('can sign wrong claims with the right key', async () => {
    const forged = await new SignJWT({ aud: 'someone else', iss: idp.issuer })
      .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: idp.signingKey.kid })
      .sign(idp.signingKey.privateKey)

    await expect(verified(forged, 'someone else')).resolves.toBeDefined()
  })

  it('can take the public key for a shared secret', async () => {
    const secret = createSecretKey(Buffer.from(idp.signingKey.publicKey.export({ format: 'pem', type: 'spki' })))
    const forged = await new SignJWT({ aud: proxy.audience, iss: idp.issuer })
      .setProtectedHeader({ typ: 'JWT', alg: 'HS256', kid: idp.signingKey.kid })
      .sign(secret)

    await expect(verified(forged, proxy.audience)).rejects.toThrow(
      '"alg" (Algorithm) Header Parameter value not allowed',
    )
  })
})

describe('when it is started and stopped', () => {
  it('closes the connections left open, refuses new ones, and minds no second stop', async () => {
    const short = await startIdentityProvider(options)
    const port = Number(new URL(short.authorityHost).port)
    const lingering = connect(port, '127.0.0.1')
    await once(lingering, 'connect')

    const closed = once(lingering, 'close')
    await short.stop()
    await closed
    await short.stop()

    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('listens where it is told, for as long as it is told', async () => {
    const first = await startIdentityProvider(options)
    const port = Number(new URL(first.authorityHost).port)
    await first.stop()

    const second = await startIdentityProvider({ ...options, port, accessTokenLifetimeInSeconds: 60 })

    try {
      expect(second.authorityHost).toBe(first.authorityHost)
      const response = await fetch(second.tokenEndpoint, {
        method: 'POST',
        body: new URLSearchParams(asApp(importer, `${proxy.appIdUri}/.default`)),
      })
      expect(await response.json()).toMatchObject({ expires_in: 60 })
    } finally {
      await second.stop()
    }
  })

  it('rejects two clients with one id, and leaves the port free', async () => {
    const probe = await startIdentityProvider(options)
    const port = Number(new URL(probe.authorityHost).port)
    await probe.stop()

    await expect(startIdentityProvider({ ...options, port, clients: [importer, importer] })).rejects.toMatchObject({
      error_description: 'client_id must be unique amongst statically configured clients',
    })

    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('when a request comes to something that the library wants configured', () => {
  afterEach(() => vi.restoreAllMocks())

  it('prints no notice of it', async () => {
    const info = vi.spyOn(console, 'info')
    const warn = vi.spyOn(console, 'warn')

    const quiet = await startIdentityProvider(options)
    const authorize = `${quiet.authorityHost}/${options.tenantId}/oauth2/v2.0/authorize`
    await fetch(authorize, { headers: { accept: 'text/html' } })
    await fetch(quiet.tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams(asApp(importer, `${proxy.appIdUri}/.default`)),
      headers: { origin: 'https://example.com' },
    })
    await quiet.stop()

    expect(info).not.toHaveBeenCalled()
    expect(warn).not.toHaveBeenCalled()
  })
})
