import { randomUUID } from 'node:crypto'

import { errors } from 'oidc-provider'

/** Why a token endpoint says no. https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
export interface EntraFailure {
  readonly status: 400 | 401 | 500
  /** As OAuth knows it. */
  readonly error: string
  /** The number after `AADSTS`. */
  readonly code: number
  /** Nothing that a client sent is in it: a secret may stand where nobody looks for one. */
  readonly description: string
  readonly suberror?: string
  /** A claims challenge: JSON in a text. */
  readonly claims?: string
}

/** How a failure leaves a grant: the library turns what is thrown into its answer. */
export class EntraError extends errors.OIDCProviderError {
  readonly failure: EntraFailure

  constructor(failure: EntraFailure) {
    super(failure.status, failure.error)
    this.error_description = failure.description
    this.failure = failure
  }
}

export const missingParameter = (name: string): EntraError =>
  new EntraError({
    status: 400,
    error: 'invalid_request',
    code: 900144,
    description: `The request body must contain the following parameter: '${name}'.`,
  })

export const malformedRequest = (description: string): EntraError =>
  new EntraError({ status: 400, error: 'invalid_request', code: 9002313, description })

export const unknownClient = (): EntraError =>
  invalidClient(700016, 'The application was not found in the directory of this tenant.')

export const invalidClient = (code: number, description: string): EntraError =>
  new EntraError({ status: 401, error: 'invalid_client', code, description })

export const invalidScope = (description: string): EntraError =>
  new EntraError({ status: 400, error: 'invalid_scope', code: 70011, description })

export const invalidGrant = (code: number, description: string): EntraError =>
  new EntraError({ status: 400, error: 'invalid_grant', code, description })

export const consentRequired = (): EntraError =>
  new EntraError({
    status: 400,
    error: 'invalid_grant',
    code: 65001,
    description: 'The user or administrator has not consented to use the application for these scopes.',
    suberror: 'consent_required',
  })

export const interactionRequired = (claims: string): EntraError =>
  new EntraError({
    status: 400,
    error: 'interaction_required',
    code: 50076,
    description: 'The user must use multi-factor authentication to access the resource.',
    suberror: 'basic_action',
    claims,
  })

/** What Entra would say to an error of ours, or of the library. */
export const failureOf = (error: unknown): EntraFailure => {
  if (error instanceof EntraError) {
    return error.failure
  }
  return (error instanceof errors.OIDCProviderError ? failureOfLibrary(error) : undefined) ?? unexpected
}

const failureOfLibrary = ({
  error,
  error_description: description = '',
  error_detail: detail = '',
}: errors.OIDCProviderError): EntraFailure | undefined => {
  switch (error) {
    case 'invalid_client':
      return clientFailures[detail]?.().failure
    case 'unsupported_grant_type':
      return { status: 400, error, code: 70003, description: 'The app requested an unsupported grant type.' }
    case 'invalid_scope':
      return invalidScope(`${description}.`).failure
    case 'invalid_request':
      return (requestFailures[description]?.() ?? malformedRequest(`${description}.`)).failure
    default:
      return undefined
  }
}

// The library tells these apart in words alone. A word that changes gives the answer `unexpected`, and fails a test.
const clientFailures: Readonly<Record<string, () => EntraError>> = {
  'client not found': unknownClient,
  'invalid secret provided': () => invalidClient(7000215, 'Invalid client secret provided.'),
  'the provided authentication mechanism does not match the registered client authentication method': () =>
    invalidClient(
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
}

const requestFailures: Readonly<Record<string, () => EntraError>> = {
  'no client authentication mechanism provided': () => missingParameter('client_id'),
  "missing required parameter 'grant_type'": () => missingParameter('grant_type'),
}

const unexpected: EntraFailure = {
  status: 500,
  error: 'server_error',
  code: 90033,
  description: 'A transient error has occurred. Please try again.',
}

/** A failure as Entra writes it down. */
export const entraErrorBody = (
  { error, code, description, suberror, claims }: EntraFailure,
  correlationId: string,
  now: Date,
): Readonly<Record<string, unknown>> => {
  const traceId = randomUUID()
  const timestamp = `${now.toISOString().slice(0, 19).replace('T', ' ')}Z`
  return {
    error,
    error_description: `AADSTS${code}: ${description} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    ...(suberror !== undefined && { suberror }),
    ...(claims !== undefined && { claims }),
  }
}
