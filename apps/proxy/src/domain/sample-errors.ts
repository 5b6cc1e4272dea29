import type { Caller } from './caller.js'
import type { GraphRefusal, ProxyError } from './proxy-error.js'

const caller: Caller = { kind: 'user', issuer: 'https://issuer.example', objectId: 'o', keyId: 'k' }
const quota = { calls: 100, seconds: 60, remaining: 0, fullInSeconds: 60, nextInSeconds: 7 }
const cause = Object.assign(new Error('connect ECONNREFUSED', { cause: new Error('the wire is cut') }), {
  code: 'ECONNREFUSED',
})
const refusal: GraphRefusal = {
  status: 400,
  code: 'BadRequest',
  message: 'Graph’s own words, cleaned of values.',
  messageOnRecord: 'Graph’s own words, cleaned of values. Operation ID: 1',
  retryAfterInSeconds: undefined,
}
const silent: GraphRefusal = { ...refusal, code: '', message: undefined, messageOnRecord: undefined }
const claims = '{"access_token":{}}'
const earlierAuditId = '01900000-0000-7000-8000-000000000002'

const refusedWith = (status: number, change: Partial<GraphRefusal> = {}) =>
  ({ _tag: 'GraphRefused', refusal: { ...refusal, status, ...change } }) as const

/**
 * One of each error, and more where it is told in more than one way: what callers can be told is read from these, by tests and by
 * the OpenAPI document.
 */
export const sampleErrors: {
  readonly [Tag in ProxyError['_tag']]: ReadonlyArray<Extract<ProxyError, { readonly _tag: Tag }>>
} = {
  TlsHandshakeFailed: [{ _tag: 'TlsHandshakeFailed' }],
  TooManyConnections: [{ _tag: 'TooManyConnections' }],
  RequestMalformed: [
    { _tag: 'RequestMalformed', what: 'These routes have no query parameters; send none, and no "?".' },
  ],
  HeaderDuplicated: [{ _tag: 'HeaderDuplicated', name: 'host' }],
  HeadersTooLarge: [{ _tag: 'HeadersTooLarge' }],
  TargetTooLong: [{ _tag: 'TargetTooLong' }],
  RouteNotFound: [{ _tag: 'RouteNotFound' }],
  PathIdMalformed: [{ _tag: 'PathIdMalformed', names: ['managedEBookId', 'userInstallStateSummaryId'] }],
  MethodNotAllowed: [{ _tag: 'MethodNotAllowed' }],
  MediaTypeUnsupported: [{ _tag: 'MediaTypeUnsupported' }],
  ExpectationFailed: [{ _tag: 'ExpectationFailed' }],
  BodyTooLarge: [{ _tag: 'BodyTooLarge', bytesRead: 40_000 }],
  BodyNotReceived: [
    { _tag: 'BodyNotReceived', why: 'timeout' },
    { _tag: 'BodyNotReceived', why: 'clientClosed' },
  ],
  IdempotencyKeyMalformed: [{ _tag: 'IdempotencyKeyMalformed' }],
  Draining: [{ _tag: 'Draining' }],
  TokenMissing: [{ _tag: 'TokenMissing' }],
  CredentialsMalformed: [{ _tag: 'CredentialsMalformed' }],
  TokenInvalid: [
    { _tag: 'TokenInvalid', reason: 'expired', audience: 'api://gateway' },
    { _tag: 'TokenInvalid', reason: 'graphTokenPresented', audience: 'api://gateway/' },
  ],
  ScopeMissing: [{ _tag: 'ScopeMissing', permission: 'DeviceInstallStates.Create', caller }],
  CallerNotAllowed: [
    { _tag: 'CallerNotAllowed', why: 'applicationNotListed', caller },
    { _tag: 'CallerNotAllowed', why: 'userNeeded', caller },
    { _tag: 'CallerNotAllowed', why: 'otherTenant', caller },
  ],
  CallerRateLimited: [
    { _tag: 'CallerRateLimited', quota, caller },
    { _tag: 'CallerRateLimited', quota: { ...quota, nextInSeconds: 0 }, caller },
  ],
  AuthKeysUnavailable: [{ _tag: 'AuthKeysUnavailable', cause }],
  JsonMalformed: [
    { _tag: 'JsonMalformed', offset: 12, what: 'duplicate property' },
    { _tag: 'JsonMalformed', offset: undefined, what: 'x'.repeat(301) },
  ],
  BodyInvalid: [
    {
      _tag: 'BodyInvalid',
      problems: [
        { pointer: '/deviceName', code: 'missing', expected: 'a string or null', received: 'nothing' },
        {
          pointer: '/installState',
          code: 'enum',
          expected: 'one of: notApplicable, installed, failed, notInstalled, uninstallFailed, unknown',
          received: 'string',
          didYouMean: 'installed',
        },
      ],
    },
    {
      _tag: 'BodyInvalid',
      problems: [{ pointer: '', code: 'type', expected: 'a JSON object', received: 'array' }],
    },
  ],
  IntentNotRecorded: [{ _tag: 'IntentNotRecorded', cause }],
  Overloaded: [{ _tag: 'Overloaded' }],
  IdempotencyKeyReused: [{ _tag: 'IdempotencyKeyReused', earlierAuditId }],
  DuplicateInProgress: [{ _tag: 'DuplicateInProgress', earlierAuditId }],
  DuplicateOfIndeterminate: [{ _tag: 'DuplicateOfIndeterminate', earlierAuditId }],
  TurnTooLate: (['pace', 'throttled', 'concurrency'] as const).map((why) => ({
    _tag: 'TurnTooLate',
    why,
    retryAfterInSeconds: 9,
  })),
  GraphLeftAlone: [{ _tag: 'GraphLeftAlone', retryAfterInSeconds: 30 }],
  UpstreamAuthUnavailable: [
    { _tag: 'UpstreamAuthUnavailable', cause: Object.assign(new Error('x'), { error: 'invalid_client' }) },
    { _tag: 'UpstreamAuthUnavailable', cause: Object.assign(new Error('x'), { code: 5, error: 'Not an OAuth code' }) },
    { _tag: 'UpstreamAuthUnavailable', cause: new SyntaxError('Unexpected token in "eyJhbGciOi"') },
    { _tag: 'UpstreamAuthUnavailable', cause: undefined },
  ],
  UserMustInteract: [
    { _tag: 'UserMustInteract', claims, cause: 'AADSTS50076' },
    { _tag: 'UserMustInteract', claims: undefined, cause: 'AADSTS50058' },
    { _tag: 'UserMustInteract', claims: undefined, cause: 'AADSTS50058', hasGraphRefused: true },
  ],
  AssertionRefused: [
    { _tag: 'AssertionRefused', consentMissing: true, cause: 'AADSTS65001' },
    { _tag: 'AssertionRefused', consentMissing: true, cause: 'AADSTS65001', hasGraphRefused: true },
    { _tag: 'AssertionRefused', consentMissing: false, cause: 'AADSTS50013' },
    { _tag: 'AssertionRefused', consentMissing: false, cause: 'AADSTS50013', hasGraphRefused: true },
  ],
  GraphUnreachable: [{ _tag: 'GraphUnreachable', cause }],
  GraphTlsFailed: [{ _tag: 'GraphTlsFailed', cause }],
  GraphConnectionLost: [{ _tag: 'GraphConnectionLost', cause }],
  GraphTimedOut: [
    { _tag: 'GraphTimedOut', sent: true, status: undefined },
    { _tag: 'GraphTimedOut', sent: false, status: undefined, why: 'the process ends' },
  ],
  GraphAnswerUnreadable: [
    { _tag: 'GraphAnswerUnreadable', status: 201, what: 'no JSON', createdId: undefined },
    { _tag: 'GraphAnswerUnreadable', status: 201, what: 'another shape', createdId: 'k1' },
  ],
  GraphRedirected: [{ _tag: 'GraphRedirected', status: 302 }],
  GraphRouteUnsupported: [{ _tag: 'GraphRouteUnsupported', refusal }],
  GraphRejectedOurToken: [{ _tag: 'GraphRejectedOurToken', refusal: { ...refusal, status: 401 } }],
  GraphDemandsClaims: [{ _tag: 'GraphDemandsClaims', claims, refusal: { ...refusal, status: 401 } }],
  GraphRefused: [
    refusedWith(400),
    ...[402, 422].map((status) => refusedWith(status)),
    { _tag: 'GraphRefused', refusal: silent },
    refusedWith(401),
    refusedWith(403),
    refusedWith(403, { message: undefined }),
    refusedWith(404),
    refusedWith(405),
    ...[409, 410, 412, 423].map((status) => refusedWith(status)),
    refusedWith(429, { retryAfterInSeconds: 20 }),
    refusedWith(429),
    refusedWith(503, { retryAfterInSeconds: 0 }),
    refusedWith(509),
  ],
  GraphFailed: [
    { _tag: 'GraphFailed', status: 500, code: 'InternalServerError', messageOnRecord: 'Some words.' },
    ...[502, 503, 504].map((status) => ({ _tag: 'GraphFailed', status, code: undefined }) as const),
  ],
  Unforeseen: [{ _tag: 'Unforeseen', cause: new TypeError('x is not a function') }],
}
