import { randomUUID, X509Certificate } from 'node:crypto'
import { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'

import type { Provider } from 'oidc-provider'

import {
  type ClientAssertion,
  isSelfIssued,
  readClientAssertion,
  verifyFederated,
  verifySelfIssued,
} from './client-assertion.js'
import {
  type EntraFailure,
  entraErrorBody,
  failureOf,
  malformedRequest,
  missingParameter,
  unknownClient,
} from './entra-error.js'
import { entraPaths } from './entra-paths.js'
import type { Client } from './identity-provider-options.js'
import type { ClientAuthentication, TokenRequest } from './token-request.js'

/** What the library does not know of a request to the token endpoint while it answers it. */
export interface TokenEndpoint {
  readonly clientAuthenticationOf: (request: IncomingMessage) => ClientAuthentication
}

/**
 * Stands in front of the library's token endpoint. The library authenticates each client in one way, and knows no
 * assertion that someone else signed. So assertions are verified here, and the library is handed the same request with
 * a secret in place of the assertion. Whatever it answers gets Entra's shape, and goes into the journal.
 *
 * `secretOf` gives the secret that the library expects of a client.
 */
export const guardTokenEndpoint = (
  provider: Provider,
  authorityHost: string,
  tenantId: string,
  clients: ReadonlyArray<Client>,
  secretOf: (client: Client) => string,
  record: (request: TokenRequest) => void,
): TokenEndpoint => {
  const path = entraPaths(tenantId).token
  const audience = [authorityHost, authorityHost.replace('127.0.0.1', 'localhost')].flatMap((host) => [
    `${host}${path}`,
    `${host}${entraPaths(tenantId).issuer}`,
  ])
  const authentications = new WeakMap<IncomingMessage, ClientAuthentication>()
  const failures = new WeakMap<IncomingMessage, unknown>()
  provider.on('grant.error', (ctx, error) => failures.set(ctx.req, error))
  provider.on('server_error', (ctx, error) => failures.set(ctx.req, error))
  // Read now, so that a certificate that cannot be right is found at the start.
  const certificates = new Map(
    clients.flatMap(({ clientId, certificate }) =>
      certificate === undefined ? [] : [[clientId, new X509Certificate(certificate)] as const],
    ),
  )

  /** The form with a secret in place of the assertion. */
  const withSecret = async ({
    form,
    authentication,
    assertion,
    clientId,
    hasSecret,
  }: Attempt): Promise<URLSearchParams> => {
    if (assertion === undefined) {
      return form
    }
    if (hasSecret) {
      throw malformedRequest('Only one client credential may be presented.')
    }
    if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') {
      throw missingParameter('client_assertion_type')
    }
    if (clientId === '') {
      throw missingParameter('client_id')
    }
    const client = clients.find((known) => known.clientId === clientId)
    if (client === undefined) {
      throw unknownClient()
    }
    await (authentication === 'certificate'
      ? verifySelfIssued(assertion, clientId, certificates.get(clientId), audience)
      : verifyFederated(assertion, client.federatedCredential))
    const proven = new URLSearchParams(form)
    proven.delete('client_assertion')
    proven.delete('client_assertion_type')
    proven.set('client_id', clientId)
    proven.set('client_secret', secretOf(client))
    return proven
  }

  provider.use(async (ctx, next) => {
    if (ctx.path !== path || ctx.method !== 'POST') {
      await next()
      return
    }
    const body = await buffer(ctx.req)
    const isForm = ctx.is('application/x-www-form-urlencoded') !== false
    const attempt = attemptIn(new URLSearchParams(isForm ? body.toString() : ''), ctx.get('authorization'))
    let failure: EntraFailure | undefined
    try {
      const form = await withSecret(attempt)
      const request = withBody(ctx.req, form === attempt.form ? body : Buffer.from(form.toString()))
      ctx.req = request
      ctx.request.req = request
      authentications.set(request, attempt.authentication)
      await next()
      failure = failures.has(request) ? failureOf(failures.get(request)) : undefined
    } catch (error) {
      failure = failureOf(error)
    }
    if (failure !== undefined) {
      ctx.status = failure.status
      ctx.set('cache-control', 'no-store')
      ctx.body = entraErrorBody(
        failure,
        correlationIdIn(ctx.get('client-request-id') || ctx.URL.searchParams.get('client-request-id')),
        new Date(),
      )
    }
    record({
      tenantId,
      grantType: attempt.form.get('grant_type') ?? '',
      clientId: attempt.clientId,
      clientAuthentication: attempt.authentication,
      scope: attempt.form.get('scope') ?? '',
      status: ctx.status,
      ...(failure !== undefined && { error: failure.error }),
    })
  })

  return { clientAuthenticationOf: (request) => authentications.get(request) ?? 'none' }
}

/** How a client tries to prove who it is. */
interface Attempt {
  readonly form: URLSearchParams
  /** Empty when the request does not say. */
  readonly clientId: string
  readonly authentication: ClientAuthentication
  readonly assertion: ClientAssertion | undefined
  readonly hasSecret: boolean
}

const attemptIn = (form: URLSearchParams, authorization: string): Attempt => {
  const hasSecret = form.has('client_secret') || authorization !== ''
  const jwt = form.get('client_assertion')
  if (jwt === null) {
    const clientId = form.get('client_id') ?? userOfBasic(authorization)
    return { form, clientId, authentication: hasSecret ? 'client_secret' : 'none', assertion: undefined, hasSecret }
  }
  const assertion = readClientAssertion(jwt)
  // Who speaks for itself need not repeat its name, RFC 7521 §4.2.
  const clientId = form.get('client_id') ?? (assertion.issuer === assertion.subject ? (assertion.subject ?? '') : '')
  const authentication = isSelfIssued(assertion, clientId) ? 'certificate' : 'federated'
  return { form, clientId, authentication, assertion, hasSecret }
}

const userOfBasic = (authorization: string): string => {
  const [, credentials = ''] = /^Basic (\S+)$/i.exec(authorization) ?? []
  const [user = ''] = Buffer.from(credentials, 'base64').toString().split(':')
  return new URLSearchParams(`user=${user}`).get('user') ?? ''
}

/** The library reads from a stream alone, so what was read becomes one again. */
const withBody = (original: IncomingMessage, body: Buffer): IncomingMessage => {
  const request = new IncomingMessage(original.socket)
  request.httpVersion = original.httpVersion
  request.method = original.method
  request.url = original.url
  request.headers = { ...original.headers, 'content-length': String(body.length) }
  // Otherwise it would end the connection with itself.
  request.complete = true
  request.push(body)
  request.push(null)
  return request
}

/** In a header as Entra documents it, or in the query as MSAL sends it. */
const correlationIdIn = (sent: string | null): string =>
  sent !== null && /^[\da-f-]{36}$/i.test(sent) ? sent : randomUUID()
