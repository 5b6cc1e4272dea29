import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  X509Certificate,
} from 'node:crypto'

import { decodeJwt, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ask, aTenant, type ATenant } from '../test/a-tenant.js'
import { type IdentityProvider, startIdentityProvider } from './start-identity-provider.js'

let tenant: ATenant
let idp: IdentityProvider
beforeAll(async () => {
  tenant = await aTenant()
  idp = await startIdentityProvider(tenant.options)
})
afterAll(() => idp.stop())

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

interface Assertion {
  readonly header?: Record<string, unknown>
  readonly claims?: Record<string, unknown>
  readonly expiresIn?: string
  readonly key?: KeyObject
}

const sign = ({ header = {}, claims = {}, expiresIn = '10m', key = stranger }: Assertion): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', ...header })
    .setIssuedAt()
    .setExpirationTime(expiresIn)
    .sign(key)

const thumbprint = (algorithm: string): string =>
  createHash(algorithm).update(new X509Certificate(tenant.middleTier.certificate).raw).digest('base64url')

/** As MSAL makes them, but for what a test wants otherwise. */
const selfIssued = ({ header, claims, ...others }: Assertion = {}): Promise<string> => {
  const { clientId } = tenant.middleTier
  return sign({
    header: { x5t: thumbprint('sha1'), ...header },
    claims: { iss: clientId, sub: clientId, aud: idp.tokenEndpoint, jti: randomUUID(), ...claims },
    key: createPrivateKey(tenant.certificateKey),
    ...others,
  })
}

const federated = ({ claims, ...others }: Assertion = {}): Promise<string> => {
  const { issuer, subject, audience } = tenant.middleTier.federatedCredential
  return sign({ claims: { iss: issuer, sub: subject, aud: audience, ...claims }, key: tenant.clusterKey, ...others })
}

const present = (assertion: string, more: Record<string, string> = {}): ReturnType<typeof ask> =>
  ask(idp, {
    grant_type: 'client_credentials',
    client_id: tenant.middleTier.clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    scope: 'https://graph.microsoft.com/.default',
    ...more,
  })

describe('when a client signs with the key of its certificate', () => {
  it.each<[string, () => Promise<string>]>([
    ['RS256 and x5t', () => selfIssued()],
    [
      'PS256 and x5t#S256',
      () => selfIssued({ header: { alg: 'PS256', x5t: undefined, 'x5t#S256': thumbprint('sha256') } }),
    ],
    ['the issuer as the audience', () => selfIssued({ claims: { aud: idp.issuer } })],
    [
      'the other name of this machine',
      () => selfIssued({ claims: { aud: idp.tokenEndpoint.replace('127.0.0.1', 'localhost') } }),
    ],
  ])('takes %s', async (_, assertion) => {
    const { status, body } = await present(await assertion())

    expect(status).toBe(200)
    expect(decodeJwt(String(body['access_token']))).toMatchObject({ azp: tenant.middleTier.clientId, azpacr: '2' })
  })

  it('needs no client_id, for the assertion has it', async () => {
    const { status } = await ask(idp, {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await selfIssued(),
      scope: 'https://graph.microsoft.com/.default',
    })

    expect(status).toBe(200)
    expect(idp.tokenRequests().at(-1)).toMatchObject({
      clientId: tenant.middleTier.clientId,
      clientAuthentication: 'certificate',
    })
  })

  it('lets in a client that has no secret, and takes no secret of it', async () => {
    const { clientId } = tenant.certificateOnly
    const assertion = await selfIssued({ claims: { iss: clientId, sub: clientId } })

    expect(await present(assertion, { client_id: clientId })).toMatchObject({ status: 200 })

    const guess = { grant_type: 'client_credentials', client_id: clientId, client_secret: 'undefined', scope: 'x' }
    expect(await ask(idp, guess)).toMatchObject({ status: 401, body: { error_codes: [7000215] } })
  })

  it.each<[string, number, () => Promise<string>]>([
    ['another key', 700027, () => selfIssued({ key: stranger })],
    ['the thumbprint of another certificate', 700027, () => selfIssued({ header: { x5t: 'AAAA' } })],
    ['one right and one wrong thumbprint', 700027, () => selfIssued({ header: { 'x5t#S256': 'AAAA' } })],
    ['no thumbprint', 700027, () => selfIssued({ header: { x5t: undefined } })],
    ['another algorithm', 700027, () => selfIssued({ header: { alg: 'RS512' } })],
    ['the audience of another tenant', 700023, () => selfIssued({ claims: { aud: idp.issuerOf(randomUUID()) } })],
    ['another subject', 700021, () => selfIssued({ claims: { sub: 'someone else' } })],
    ['an assertion that has expired', 700024, () => selfIssued({ expiresIn: '-1m' })],
    ['an assertion that never expires', 700024, () => selfIssued({ claims: { exp: undefined }, expiresIn: '-1m' })],
    ['an assertion for later', 700024, () => selfIssued({ claims: { nbf: Date.now() / 1000 + 600 } })],
  ])('refuses %s as AADSTS%i', async (_, code, assertion) => {
    const { status, body } = await present(await assertion())

    expect(status).toBe(401)
    expect(body).toMatchObject({ error: 'invalid_client', error_codes: [code] })
    expect(idp.tokenRequests().at(-1)).toMatchObject({ clientAuthentication: 'certificate', error: 'invalid_client' })
  })

  it('refuses the assertion of a client that has no certificate', async () => {
    const { clientId } = tenant.secretOnly
    const assertion = await selfIssued({ claims: { iss: clientId, sub: clientId } })

    expect(await present(assertion, { client_id: clientId })).toMatchObject({
      status: 401,
      body: { error_codes: [700027] },
    })
  })
})

describe('when someone else signs for a client', () => {
  it('takes what its federated credential speaks of', async () => {
    const { status, body } = await present(await federated())

    expect(status).toBe(200)
    expect(decodeJwt(String(body['access_token']))).toMatchObject({ azpacr: '2', oid: tenant.middleTier.objectId })
    expect(idp.tokenRequests().at(-1)).toMatchObject({ clientAuthentication: 'federated' })
  })

  it.each<[string, number, () => Promise<string>]>([
    ['another issuer', 70021, () => federated({ claims: { iss: 'https://other.example' } })],
    ['another subject', 70021, () => federated({ claims: { sub: 'system:serviceaccount:apps:other' } })],
    ['another audience', 70021, () => federated({ claims: { aud: 'api://other' } })],
    ['another key', 700027, () => federated({ key: stranger })],
    ['an assertion that has expired', 700024, () => federated({ expiresIn: '-1m' })],
  ])('refuses %s', async (_, code, assertion) => {
    expect(await present(await assertion())).toMatchObject({
      status: 401,
      body: { error: 'invalid_client', error_codes: [code] },
    })
  })

  it('refuses it for a client without such a credential', async () => {
    expect(await present(await federated(), { client_id: tenant.secretOnly.clientId })).toMatchObject({
      body: { error_codes: [70021] },
    })
  })
})

describe('when an assertion is presented in a way that cannot be right', () => {
  it.each<[string, number, Record<string, string>]>([
    ['no JWT', 9002313, { client_assertion: 'no JWT' }],
    ['another type', 900144, { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }],
    ['a secret as well', 9002313, { client_secret: 'a secret of the middle tier' }],
    ['an unknown client', 700016, { client_id: randomUUID() }],
    ['no client', 900144, { client_id: '' }],
  ])('refuses %s, and repeats nothing of it', async (_, code, more) => {
    const assertion = await federated()

    const { body } = await present(assertion, more)

    expect(body).toMatchObject({ error_codes: [code] })
    for (const secret of [assertion, ...Object.values(more).filter((value) => value !== '')]) {
      expect(JSON.stringify(body)).not.toContain(secret)
    }
  })

  it('does not start with a certificate that is none', async () => {
    const clients = [{ ...tenant.certificateOnly, certificate: 'no certificate' }]

    await expect(startIdentityProvider({ ...tenant.options, clients })).rejects.toThrow('PEM')
  })
})
