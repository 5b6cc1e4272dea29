import { randomUUID } from 'node:crypto'

import { decodeJwt, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { accessToken, ask, asUser, aTenant, type ATenant, onBehalfOf, withSecret } from '../test/a-tenant.js'
import { type IdentityProvider, startIdentityProvider } from './start-identity-provider.js'

let tenant: ATenant
let idp: IdentityProvider
beforeAll(async () => {
  tenant = await aTenant()
  idp = await startIdentityProvider(tenant.options)
})
afterAll(() => idp.stop())

const readApps = 'https://graph.microsoft.com/Apps.Read'
const graphDefault = 'https://graph.microsoft.com/.default'
const create = 'api://middle/Things.Create'

const tokenOf = (user: ATenant['ada'], scope = create): Promise<string> =>
  accessToken(idp, asUser(tenant.secretOnly, user, scope))

const redeem = (assertion: string, scope = graphDefault, client: ATenant['secretOnly'] = tenant.middleTier) =>
  ask(idp, onBehalfOf(client, assertion, scope))

/** What only this provider can sign, with claims that it would not. */
const forged = (claims: JWTPayload, { kid, privateKey } = idp.currentSigningKey()): Promise<string> =>
  new SignJWT({
    iss: idp.issuer,
    aud: tenant.middle.audience,
    oid: tenant.ada.objectId,
    scp: 'Things.Create',
    exp: Math.floor(Date.now() / 1000) + 60,
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(privateKey)

describe('when an API acts on behalf of the user who called it', () => {
  it('issues a token for the same user, with all that there is consent for', async () => {
    const { status, body } = await redeem(await tokenOf(tenant.ada), readApps)

    expect(status).toBe(200)
    expect(body).toStrictEqual({
      token_type: 'Bearer',
      scope: `${readApps} ${readApps}Write`,
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: expect.any(String),
    })
    expect(decodeJwt(String(body['access_token']))).toMatchObject({
      iss: idp.issuer,
      aud: 'https://graph.microsoft.com',
      azp: tenant.middleTier.clientId,
      azpacr: '1',
      idtyp: 'user',
      oid: tenant.ada.objectId,
      scp: 'Apps.Read Apps.ReadWrite',
      tid: tenant.options.tenantId,
      ver: '2.0',
    })
  })

  it('takes a v1.0 token by the app ID URI of the API', async () => {
    const assertion = await tokenOf(tenant.ada, 'api://middle-v1/Things.Create')

    expect(await redeem(assertion)).toMatchObject({ status: 200 })
  })

  it('takes a token that an earlier key signed, while that is published', async () => {
    const assertion = await tokenOf(tenant.ada)
    const { kid } = idp.currentSigningKey()
    await idp.rotateSigningKey()

    expect(await redeem(assertion)).toMatchObject({ status: 200 })

    idp.removeSigningKey(kid)
    expect(await redeem(assertion)).toMatchObject({ status: 400, body: { error_codes: [50013] } })
  })

  it('tells who the user is when it is asked', async () => {
    const assertion = await tokenOf(tenant.ada)

    const { body } = await ask(idp, {
      ...onBehalfOf(tenant.middleTier, assertion, `${graphDefault} openid profile offline_access`),
      client_info: '1',
    })

    expect(body).toMatchObject({
      scope: expect.stringMatching(/^https:\S+default openid profile offline_access https:/),
    })
    expect(decodeJwt(String(body['id_token']))).toMatchObject({
      iss: idp.issuer,
      aud: tenant.middleTier.clientId,
      oid: tenant.ada.objectId,
      preferred_username: 'ada@example.com',
      tid: tenant.options.tenantId,
    })
    expect(JSON.parse(Buffer.from(String(body['client_info']), 'base64url').toString())).toStrictEqual({
      uid: tenant.ada.objectId,
      utid: tenant.options.tenantId,
    })
  })
})

describe('when an assertion cannot be redeemed', () => {
  it.each<[string, number, () => Promise<string>]>([
    ['no token', 50013, async () => 'no token'],
    ['a signature of someone else', 50013, async () => `${(await tokenOf(tenant.ada)).slice(0, -8)}AAAAAAAA`],
    ['a key that is not published', 50013, () => forged({}, { ...idp.currentSigningKey(), kid: 'unknown' })],
    ['another tenant', 50013, () => forged({ iss: idp.issuerOf(tenant.options.guestTenantIds[0] ?? '') })],
    ['a user who is not here', 50013, () => forged({ oid: randomUUID() })],
    ['a token that has expired', 500133, () => forged({ exp: 1 })],
    ['a token for later', 500133, () => forged({ nbf: Date.now() / 1000 + 600 })],
    ['a token for another API', 500131, () => tokenOf(tenant.ada, readApps)],
    [
      'the token of an application',
      7000114,
      () =>
        accessToken(idp, {
          ...withSecret(tenant.secretOnly),
          grant_type: 'client_credentials',
          scope: 'api://middle/.default',
        }),
    ],
  ])('refuses %s as AADSTS%i', async (_, code, assertion) => {
    const jwt = await assertion()

    const { status, body } = await redeem(jwt)

    expect(status).toBe(400)
    expect(body).toMatchObject({ error: 'invalid_grant', error_codes: [code] })
    expect(JSON.stringify(body)).not.toContain(jwt)
  })

  it('refuses a client that is not the API', async () => {
    expect(await redeem(await tokenOf(tenant.ada), graphDefault, tenant.secretOnly)).toMatchObject({
      body: { error: 'invalid_grant', error_codes: [500131] },
    })
  })
})

describe('when the client may not do what it asks for', () => {
  it.each([
    ['a scope without consent', 'https://graph.microsoft.com/Users.Read'],
    ['an API without consent', 'api://middle/.default'],
  ])('refuses %s', async (_, scope) => {
    expect(await redeem(await tokenOf(tenant.ada), scope)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', suberror: 'consent_required', error_codes: [65001] },
    })
  })

  it.each(['api://unknown/.default', 'https://graph.microsoft.com/Unknown', 'openid', `${graphDefault} ${readApps}`])(
    'does not know the scope %s',
    async (scope) => {
      expect(await redeem(await tokenOf(tenant.ada), scope)).toMatchObject({
        status: 400,
        body: { error: 'invalid_scope', error_codes: [70011] },
      })
    },
  )

  it.each(['assertion', 'scope', 'requested_token_use'])('misses %s', async (name) => {
    const form = Object.entries(onBehalfOf(tenant.middleTier, await tokenOf(tenant.ada), graphDefault))

    const { body } = await ask(idp, Object.fromEntries(form.filter(([key]) => key !== name)))

    expect(body).toMatchObject({ error: 'invalid_request', error_codes: [900144] })
    expect(body['error_description']).toContain(`'${name}'`)
  })

  it('knows no other use of a token', async () => {
    const form = onBehalfOf(tenant.middleTier, await tokenOf(tenant.ada), graphDefault)

    expect(await ask(idp, { ...form, requested_token_use: 'other' })).toMatchObject({
      body: { error: 'invalid_request' },
    })
  })
})

describe('when the user must do something first', () => {
  it('says what, and issues a token once theirs was asked for with it', async () => {
    const { status, body } = await redeem(await tokenOf(tenant.grace))

    expect(status).toBe(400)
    expect(body).toMatchObject({ error: 'interaction_required', error_codes: [50076], suberror: 'basic_action' })
    const claims = String(body['claims'])
    expect(JSON.parse(claims)).toStrictEqual({
      access_token: { capolids: { essential: true, values: [expect.any(String)] } },
    })

    const assertion = await accessToken(idp, { ...asUser(tenant.secretOnly, tenant.grace, create), claims })
    expect(await redeem(assertion)).toMatchObject({ status: 200 })
  })

  it('does not take other claims for it', async () => {
    const claims = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } })
    const assertion = await accessToken(idp, { ...asUser(tenant.secretOnly, tenant.grace, create), claims })

    expect(await redeem(assertion)).toMatchObject({ body: { error: 'interaction_required' } })
  })
})
