import { randomUUID } from 'node:crypto'

import { errors } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ask, asUser, aTenant, type ATenant } from '../test/a-tenant.js'
import { failureOf } from './entra-error.js'
import { type IdentityProvider, startIdentityProvider } from './start-identity-provider.js'

let tenant: ATenant
let idp: IdentityProvider
beforeAll(async () => {
  tenant = await aTenant()
  idp = await startIdentityProvider(tenant.options)
})
afterAll(() => idp.stop())

const create = 'api://middle/Things.Create'
const asAda = (more: Record<string, string> = {}): Record<string, string> => ({
  ...asUser(tenant.secretOnly, tenant.ada, create),
  ...more,
})
const without = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(asAda()).filter(([key]) => key !== name))

describe('when a token endpoint refuses', () => {
  it.each<[string, number, string, number, () => Record<string, string>]>([
    ['a wrong secret', 401, 'invalid_client', 7000215, () => asAda({ client_secret: 'a wrong one' })],
    ['no secret', 401, 'invalid_client', 7000218, () => without('client_secret')],
    ['an unknown client', 401, 'invalid_client', 700016, () => asAda({ client_id: randomUUID() })],
    ['no client', 400, 'invalid_request', 900144, () => ({ grant_type: 'password' })],
    ['no grant', 400, 'invalid_request', 900144, () => without('grant_type')],
    ['no password', 400, 'invalid_request', 900144, () => without('password')],
    ['an unknown grant', 400, 'unsupported_grant_type', 70003, () => asAda({ grant_type: 'device_code' })],
    ['an unknown scope', 400, 'invalid_scope', 70011, () => asAda({ scope: 'api://middle/Other' })],
    ['a scope that is none', 400, 'invalid_scope', 70011, () => asAda({ scope: 'a"b' })],
    ['a wrong password', 400, 'invalid_grant', 50126, () => asAda({ password: 'a wrong one' })],
  ])('has for %s the status %i, %s and AADSTS%i', async (_, status, error, code, form) => {
    const sent = form()

    const answer = await ask(idp, sent)

    expect(answer.status).toBe(status)
    const { trace_id: trace, correlation_id: correlation, timestamp } = answer.body
    expect(answer.body).toStrictEqual({
      error,
      error_description: expect.stringMatching(new RegExp(`^AADSTS${code}: .+\\. Trace ID: `)),
      error_codes: [code],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
      trace_id: expect.stringMatching(/^[\da-f-]{36}$/),
      correlation_id: expect.stringMatching(/^[\da-f-]{36}$/),
    })
    expect(answer.body['error_description']).toContain(
      `Trace ID: ${String(trace)} Correlation ID: ${String(correlation)} Timestamp: ${String(timestamp)}`,
    )
    for (const secret of [sent['client_secret'], sent['password']].filter((known) => known !== undefined)) {
      expect(answer.body['error_description']).not.toContain(secret)
    }
    expect(idp.tokenRequests().at(-1)).toStrictEqual({
      tenantId: tenant.options.tenantId,
      grantType: sent['grant_type'] ?? '',
      clientId: sent['client_id'] ?? '',
      clientAuthentication: sent['client_secret'] === undefined ? 'none' : 'client_secret',
      scope: sent['scope'] ?? '',
      status,
      error,
    })
  })

  it('names the request as the client does', async () => {
    const id = randomUUID()
    const form = asAda({ password: 'a wrong one' })
    const inQuery = await ask(idp, form, `${idp.tokenEndpoint}?client-request-id=${id}`)
    const inHeader = await fetch(idp.tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { 'client-request-id': id },
    })

    expect(inQuery.body).toMatchObject({ correlation_id: id })
    expect(await inHeader.json()).toMatchObject({ correlation_id: id })
  })

  it('reads forms alone', async () => {
    const response = await fetch(idp.tokenEndpoint, {
      method: 'POST',
      body: JSON.stringify(asAda()),
      headers: { 'content-type': 'application/json' },
    })

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'invalid_request', error_codes: [9002313] })
  })

  it('knows from a Basic header who asked', async () => {
    const credentials = Buffer.from(`${encodeURIComponent('a client')}:wrong`).toString('base64')
    const response = await fetch(idp.tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
      headers: { authorization: `Basic ${credentials}` },
    })

    expect(response.status).toBe(401)
    expect(idp.tokenRequests().at(-1)).toMatchObject({ clientId: 'a client', clientAuthentication: 'client_secret' })
  })

  it.each([new TypeError('a mistake of ours'), new errors.InvalidTarget(), new errors.InvalidClientAuth('new words')])(
    'has a server error for what it did not expect: %s',
    (error) => {
      expect(failureOf(error)).toMatchObject({ status: 500, error: 'server_error', code: 90033 })
    },
  )
})
