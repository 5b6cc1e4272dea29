import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  AuthenticationRequiredError,
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  OnBehalfOfCredential,
  WorkloadIdentityCredential,
} from '@azure/identity'
import { ConfidentialClientApplication, InteractionRequiredAuthError } from '@azure/msal-node'
import { createRemoteJWKSet, decodeJwt, jwtVerify, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { accessToken, asUser, aTenant, type ATenant } from '../test/a-tenant.js'
import { type IdentityProvider, startIdentityProvider } from './start-identity-provider.js'
import { trustCertificate } from './trust-certificate.js'

const graphDefault = 'https://graph.microsoft.com/.default'

let tenant: ATenant
let idp: IdentityProvider
let distrust: () => void
beforeAll(async () => {
  tenant = await aTenant()
  idp = await startIdentityProvider({ ...tenant.options, tls: true })
  distrust = trustCertificate(idp.certificate ?? '')
})
afterAll(async () => {
  distrust()
  await idp.stop()
})

const azure = () => ({ authorityHost: idp.authorityHost, disableInstanceDiscovery: true })
const tenantId = () => tenant.options.tenantId
const clientId = () => tenant.middleTier.clientId

const msal = (
  auth: { clientSecret: string } | { clientCertificate: { thumbprintSha256: string; privateKey: string } },
) =>
  new ConfidentialClientApplication({
    auth: {
      clientId: clientId(),
      authority: `${idp.authorityHost}/${tenantId()}`,
      knownAuthorities: [new URL(idp.authorityHost).host],
      ...auth,
    },
  })

const serviceAccountToken = () =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer('https://cluster.example')
    .setSubject('system:serviceaccount:apps:middle')
    .setAudience('api://AzureADTokenExchange')
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(tenant.clusterKey)

const adasToken = () => accessToken(idp, asUser(tenant.secretOnly, tenant.ada, 'api://middle/Things.Create'))
const gracesToken = (more: Record<string, string> = {}) =>
  accessToken(idp, { ...asUser(tenant.secretOnly, tenant.grace, 'api://middle/Things.Create'), ...more })

const lastRequest = () => idp.tokenRequests().at(-1)

const rejectionOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('when @azure/identity asks for an application', () => {
  it('gets a token with a secret', async () => {
    const credential = new ClientSecretCredential(tenantId(), clientId(), tenant.middleTier.clientSecret, azure())

    const { token, expiresOnTimestamp } = await credential.getToken(graphDefault)

    const keys = createRemoteJWKSet(new URL(idp.jwksUri))
    const { payload } = await jwtVerify(token, keys, { issuer: idp.issuer, audience: 'https://graph.microsoft.com' })
    expect(payload).toMatchObject({ azp: clientId(), azpacr: '1', roles: ['Apps.ReadWrite.All'] })
    expect(Math.round((expiresOnTimestamp - Date.now()) / 100_000)).toBe(36)
    expect(lastRequest()).toStrictEqual({
      tenantId: tenantId(),
      grantType: 'client_credentials',
      clientId: clientId(),
      clientAuthentication: 'client_secret',
      scope: graphDefault,
      status: 200,
    })
  })

  it('gets a token with a certificate', async () => {
    const certificate = `${tenant.certificateKey}\n${tenant.middleTier.certificate}`
    const credential = new ClientCertificateCredential(tenantId(), clientId(), { certificate }, azure())

    const { token } = await credential.getToken(graphDefault)

    expect(decodeJwt(token)).toMatchObject({ azp: clientId(), azpacr: '2' })
    expect(lastRequest()).toMatchObject({ clientAuthentication: 'certificate', status: 200 })
  })

  it('gets a token with what a cluster says of it', async () => {
    const credential = new ClientAssertionCredential(tenantId(), clientId(), serviceAccountToken, azure())

    const { token } = await credential.getToken(graphDefault)

    expect(decodeJwt(token)).toMatchObject({ azp: clientId(), azpacr: '2' })
    expect(lastRequest()).toMatchObject({ clientAuthentication: 'federated', status: 200 })
  })

  it('gets a token with what a cluster left in a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'identity-provider-'))
    try {
      const tokenFilePath = join(folder, 'token')
      await writeFile(tokenFilePath, await serviceAccountToken())
      const credential = new WorkloadIdentityCredential({
        ...azure(),
        tenantId: tenantId(),
        clientId: clientId(),
        tokenFilePath,
      })

      const { token } = await credential.getToken(graphDefault)

      expect(decodeJwt(token)).toMatchObject({ azp: clientId(), azpacr: '2' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('gets a token of a guest tenant', async () => {
    const [guest = ''] = tenant.options.guestTenantIds
    const credential = new ClientSecretCredential(guest, clientId(), tenant.middleTier.clientSecret, azure())

    const { token } = await credential.getToken(graphDefault)

    expect(decodeJwt(token)).toMatchObject({ iss: idp.issuerOf(guest), tid: guest })
    expect(lastRequest()).toMatchObject({ tenantId: guest })
  })

  it('learns why it was refused', async () => {
    const credential = new ClientSecretCredential(tenantId(), clientId(), 'a wrong secret', azure())
    const before = idp.tokenRequests().length

    const error = await rejectionOf(credential.getToken(graphDefault))

    expect(error).toBeInstanceOf(AuthenticationRequiredError)
    expect(error).toMatchObject({ message: expect.stringContaining('AADSTS7000215') })
    expect(String(error)).not.toContain('a wrong secret')
    expect(idp.tokenRequests().slice(before)).toMatchObject([{ status: 401, error: 'invalid_client' }])
  })
})

describe('when @azure/identity acts on behalf of a user', () => {
  it.each<[string, () => object]>([
    ['a secret', () => ({ clientSecret: tenant.middleTier.clientSecret })],
    ['what a cluster says of it', () => ({ getAssertion: serviceAccountToken })],
  ])('gets a token with %s', async (_, credentials) => {
    const credential = new OnBehalfOfCredential({
      ...azure(),
      ...(credentials() as { clientSecret: string }),
      tenantId: tenantId(),
      clientId: clientId(),
      userAssertionToken: await adasToken(),
    })

    const { token } = await credential.getToken('https://graph.microsoft.com/Apps.ReadWrite')

    expect(decodeJwt(token)).toMatchObject({
      aud: 'https://graph.microsoft.com',
      azp: clientId(),
      oid: tenant.ada.objectId,
      tid: tenantId(),
      scp: 'Apps.Read Apps.ReadWrite',
    })
  })

  it('gets a token with a certificate', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'identity-provider-'))
    try {
      const certificatePath = join(folder, 'certificate.pem')
      await writeFile(certificatePath, `${tenant.certificateKey}\n${tenant.middleTier.certificate}`)
      const credential = new OnBehalfOfCredential({
        ...azure(),
        certificatePath,
        tenantId: tenantId(),
        clientId: clientId(),
        userAssertionToken: await adasToken(),
      })

      const { token } = await credential.getToken(graphDefault)

      expect(decodeJwt(token)).toMatchObject({ azpacr: '2', oid: tenant.ada.objectId })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('when MSAL asks for an application', () => {
  it('gets a token with a secret, and has it ready the next time', async () => {
    const client = msal({ clientSecret: tenant.middleTier.clientSecret })

    const first = await client.acquireTokenByClientCredential({ scopes: [graphDefault] })
    const before = idp.tokenRequests().length
    const second = await client.acquireTokenByClientCredential({ scopes: [graphDefault] })

    expect(second).toMatchObject({ accessToken: first?.accessToken, fromCache: true })
    expect(idp.tokenRequests()).toHaveLength(before)
  })

  it('gets a token with a certificate', async () => {
    const thumbprintSha256 = new X509Certificate(tenant.middleTier.certificate).fingerprint256.replaceAll(':', '')
    const client = msal({ clientCertificate: { thumbprintSha256, privateKey: tenant.certificateKey } })

    const answer = await client.acquireTokenByClientCredential({ scopes: [graphDefault] })

    expect(decodeJwt(answer?.accessToken ?? '')).toMatchObject({ azpacr: '2' })
  })
})

describe('when MSAL acts on behalf of a user', () => {
  const actFor = async (oboAssertion: string, scopes = [graphDefault]) =>
    msal({ clientSecret: tenant.middleTier.clientSecret }).acquireTokenOnBehalfOf({ oboAssertion, scopes })

  it('gets a token, and learns who the user is', async () => {
    const answer = await actFor(await adasToken())

    expect(decodeJwt(answer?.accessToken ?? '')).toMatchObject({ oid: tenant.ada.objectId, azp: clientId() })
    expect(answer).toMatchObject({
      tenantId: tenantId(),
      uniqueId: tenant.ada.objectId,
      scopes: expect.arrayContaining(['https://graph.microsoft.com/Apps.ReadWrite']),
      account: { homeAccountId: `${tenant.ada.objectId}.${tenantId()}`, username: 'ada@example.com' },
    })
  })

  it('has the token ready the next time, for the same user alone', async () => {
    const client = msal({ clientSecret: tenant.middleTier.clientSecret })
    const oboAssertion = await adasToken()

    const first = await client.acquireTokenOnBehalfOf({ oboAssertion, scopes: [graphDefault] })
    const second = await client.acquireTokenOnBehalfOf({ oboAssertion, scopes: [graphDefault] })
    const other = await client.acquireTokenOnBehalfOf({ oboAssertion: await adasToken(), scopes: [graphDefault] })

    expect(second).toMatchObject({ accessToken: first?.accessToken, fromCache: true })
    expect(other).toMatchObject({ fromCache: false })
  })

  it('learns which scope has no consent', async () => {
    const error = await rejectionOf(actFor(await adasToken(), ['https://graph.microsoft.com/Users.Read']))

    expect(error).toBeInstanceOf(InteractionRequiredAuthError)
    expect(error).toMatchObject({ errorCode: 'invalid_grant', subError: 'consent_required' })
  })

  it('learns what the user must do, and gets a token once it is done', async () => {
    const error = await rejectionOf(actFor(await gracesToken()))

    expect(error).toBeInstanceOf(InteractionRequiredAuthError)
    const { claims, errorMessage } = error as InteractionRequiredAuthError
    expect(errorMessage).toContain('AADSTS50076')
    expect(JSON.parse(claims)).toMatchObject({ access_token: { capolids: { essential: true } } })

    const answer = await actFor(await gracesToken({ claims }))
    expect(decodeJwt(answer?.accessToken ?? '')).toMatchObject({ oid: tenant.grace.objectId })
  })

  it('gets the token of a user by their password, with the scopes that it adds by itself', async () => {
    const answer = await msal({ clientSecret: tenant.middleTier.clientSecret }).acquireTokenByUsernamePassword({
      username: tenant.ada.username,
      password: tenant.ada.password,
      scopes: ['api://middle/Things.Read'],
    })

    expect(decodeJwt(answer?.accessToken ?? '')).toMatchObject({ scp: 'Things.Read' })
    expect(answer?.account?.username).toBe('ada@example.com')
  })
})
