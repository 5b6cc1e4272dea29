import type { GraphError } from '@device-install-state/model'
import { createManagedEBookDeviceState } from '@device-install-state/model/operations'

/** An error as Graph answers it; ready for `answerNext`. */
export interface GraphErrorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: GraphError
}

interface Details {
  readonly headers?: Readonly<Record<string, string>>
  readonly innerError?: Readonly<Record<string, string>>
}

// Invented. As in the recorded answers of callers that sent no client-request-id, both ids are the same; the date of
// an innerError has no offset, against what the metadata says.
const requestId = '6f4d1c52-0b7e-4a19-9c3d-2e8a5b7f1d06'
const date = '2026-01-15T09:30:00'

const errorAnswer = (status: number, code: string, message: string, details: Details = {}): GraphErrorAnswer => ({
  status,
  headers: { 'Content-Type': 'application/json', 'request-id': requestId, ...details.headers },
  body: {
    error: {
      code,
      message,
      innerError: { ...details.innerError, date, 'request-id': requestId, 'client-request-id': requestId },
    },
  },
})

const intuneService = '/DeviceFE/StatelessDeviceFEService'
const intuneUrl = `https://fef.example.manage.microsoft.com${intuneService}/deviceAppManagement/managedEBooks`
const intuneIds = `Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: ${requestId}`

// A JSON text in a string, line ends and all; it names hosts that are nobody's business.
const intuneMessage = JSON.stringify(
  {
    _version: 3,
    Message: `An error has occurred - ${intuneIds} - Url: ${intuneUrl}('B1')/deviceStates?api-version=2018-05-24`,
    CustomApiErrorPhrase: '',
    RetryAfter: null,
    ErrorSourceService: '',
    HttpHeaders: '{}',
  },
  null,
  2,
).replaceAll('\n', '\r\n')

/** In Intune's words `~/singleton/navigation/key/navigation`, for a template of ours. */
const odataTemplateOf = (template: string): string => {
  const [, ...others] = template.slice(1).split('/')
  return ['~/singleton', ...others.map((segment) => (segment.startsWith('{') ? 'key' : 'navigation'))].join('/')
}

/** Intune has no such route for this verb. That is what several documented creates of Intune really answer. */
export const missingRoute = (method: string, template: string, pathBelowVersion: string): GraphErrorAnswer =>
  errorAnswer(
    400,
    'No method match route template',
    `No OData route exists that match template ${odataTemplateOf(template)} with http verb ${method} for request ${intuneService}${pathBelowVersion}.`,
  )

/** A path that Graph does not know is a 400 there, not a 404. */
export const unknownSegment = (segment: string): GraphErrorAnswer =>
  errorAnswer(400, 'BadRequest', `Resource not found for the segment '${segment}'.`)

/** The first segment is neither version of Graph. */
export const invalidVersion = (segment: string): GraphErrorAnswer =>
  errorAnswer(404, 'ResourceNotFound', `Invalid version: ${segment}`)

/** A body that the OData reader understands and the model does not. The message stands in the innerError, too. */
export const modelValidationFailure = (message: string): GraphErrorAnswer =>
  errorAnswer(400, 'ModelValidationFailure', message, { innerError: { message } })

const challenge =
  'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"'

const invalidToken = (message: string, moreChallenge = ''): GraphErrorAnswer =>
  errorAnswer(401, 'InvalidAuthenticationToken', message, {
    headers: { 'WWW-Authenticate': `${challenge}${moreChallenge}` },
  })

// {"access_token":{"nbf":{"essential":true, "value":"1768469400"}}}
const claims = 'eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTc2ODQ2OTQwMCJ9fX0='

/**
 * The errors that Graph and Intune are known to answer, by the state of affairs. Codes, forms and headers are those of
 * public reports, recordings and Graph's pages; ids, dates and hosts are invented. Where no body is on record the
 * docstring says so.
 */
export const graphErrors = {
  /** Intune does not implement the create. */
  missingRoute: missingRoute(
    'POST',
    createManagedEBookDeviceState.template,
    createManagedEBookDeviceState.template.replace('{managedEBookId}', 'B1'),
  ),
  unknownSegment: unknownSegment('deviceStatuses'),
  invalidVersion: invalidVersion('v2.0'),
  /** No Content-Type, another one than JSON, or no JSON: all the same to the gateway, which never answers 415. */
  unreadablePayload: errorAnswer(
    400,
    'BadRequest',
    'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
  ),
  emptyPayload: errorAnswer(400, 'BadRequest', 'Empty Payload. JSON content expected.'),
  modelValidationFailure: modelValidationFailure("Requested value 'pendingInstall' was not found."),
  /** Intune is displeased and does not say why. */
  intuneBadRequest: errorAnswer(400, 'BadRequest', intuneMessage),
  /** No bearer token at all. */
  emptyToken: invalidToken('Access token is empty.'),
  /** Something that has not the form of a token. */
  malformedToken: invalidToken('CompactToken parsing failed with error code: 80049217'),
  invalidToken: invalidToken('Access token validation failure.'),
  /** Continuous access evaluation: a new token must answer the `claims` of WWW-Authenticate. */
  claimsChallenge: invalidToken(
    'Continuous access evaluation resulted in claims challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp',
    `, error="insufficient_claims", claims="${claims}"`,
  ),
  /** The application lacks the permission. */
  forbidden: errorAnswer(
    403,
    'Forbidden',
    `Application is not authorized to perform this operation - ${intuneIds} - Url: ${intuneUrl}?api-version=2017-03-06 - CustomApiErrorPhrase: `,
  ),
  /** A code may be the empty string. */
  forbiddenWithoutCode: errorAnswer(403, '', 'You do not have the required permissions to access this item.'),
  /** A missing entity, in Intune's words. */
  notFound: errorAnswer(404, 'ResourceNotFound', intuneMessage),
  tooManyRequests: errorAnswer(429, 'TooManyRequests', 'Please retry again later.', {
    headers: { 'Retry-After': '10' },
    innerError: { code: '429', message: 'Please retry after', status: '429' },
  }),
  /** Intune has been seen to throttle without saying for how long, or why. */
  tooManyRequestsWithoutRetryAfter: errorAnswer(429, 'UnknownError', ''),
  internalServerError: errorAnswer(500, 'InternalError', 'Internal Server Error'),
  /** Documented; no body of Intune's is on record. */
  serviceUnavailable: errorAnswer(503, 'serviceNotAvailable', 'The service is temporarily unavailable.', {
    headers: { 'Retry-After': '10' },
  }),
  /** Documented; no body of Intune's is on record. */
  gatewayTimeout: errorAnswer(504, 'UnknownError', ''),
} as const satisfies Readonly<Record<string, GraphErrorAnswer>>
