import { messageOfProblem, type Problem } from '@device-install-state/model'
import type { CallerNotAllowedWhy, ProxyError } from './proxy-error.js'
import { tellRefusal } from './tell-refusal.js'
import { challenge, claimsChallenge, retryAfter, type Told } from './told.js'

const detailOf = (problem: Problem) => ({
  code: problem.code,
  message: messageOfProblem(problem),
  target: problem.pointer,
})

const toldOfNotAllowed: Readonly<Record<CallerNotAllowedWhy, string>> = {
  applicationNotListed: 'This application is not among those that may call the gateway; ask its operator to add it.',
  userNeeded:
    'The gateway calls Graph on behalf of users alone, and this is an application’s own token: send one that a user signed in for.',
  otherTenant:
    'The gateway calls Graph on behalf of users of its own tenant alone, and this token is a user’s of another.',
}

const toldOfTooLate = {
  pace: 'Graph takes so many calls from the gateway in a while, and others wait before this one.',
  throttled: 'Graph has asked the gateway to wait.',
  concurrency: 'As many calls as may be are with Graph just now.',
} as const

/** One case for each error; `docs/status-codes.md` says the same at length. */
export const tell = (error: ProxyError): Told => {
  switch (error._tag) {
    case 'TlsHandshakeFailed':
      return {
        status: 400,
        code: 'tlsHandshakeFailed',
        message: 'HTTPS is spoken on this port; use https://.',
        retry: 'never',
      }
    case 'TooManyConnections':
      return {
        status: 503,
        code: 'tooManyConnections',
        message: 'More connections are open than can be served.',
        retry: 'safe',
        headers: retryAfter(1),
      }
    case 'RequestMalformed':
      return { status: 400, code: 'malformedRequest', message: error.what, retry: 'never' }
    case 'HeaderDuplicated':
      return {
        status: 400,
        code: 'duplicateHeader',
        message: `The header ${error.name} was sent more than once; send it once.`,
        retry: 'never',
      }
    case 'HeadersTooLarge':
      return {
        status: 431,
        code: 'headersTooLarge',
        message: 'Too many headers, or too large: at most 64 headers and 16 KiB in all.',
        retry: 'never',
      }
    case 'TargetTooLong':
      return {
        status: 414,
        code: 'targetTooLong',
        message: 'The request target is longer than 8,192 characters.',
        retry: 'never',
      }
    case 'RouteNotFound':
      return {
        status: 404,
        code: 'routeNotFound',
        message:
          'No such route. The gateway serves POST /{beta|v1.0}/deviceAppManagement/managedEBooks/{id}/deviceStates and POST /{beta|v1.0}/deviceAppManagement/managedEBooks/{id}/userStateSummary/{id}/deviceStates, spelled just so.',
        retry: 'never',
      }
    case 'PathIdMalformed':
      return {
        status: 400,
        code: 'malformedPathId',
        message: `An id in the path is malformed: 1 to 128 letters, digits, '_', '.' or '-', the first a letter or digit, no '..', nothing percent-encoded.`,
        retry: 'never',
        details: error.names.map((name) => ({ code: 'format', message: 'Malformed id.', target: name })),
      }
    case 'MethodNotAllowed':
      return {
        status: 405,
        code: 'methodNotAllowed',
        message: 'This route takes POST alone.',
        retry: 'never',
        headers: { Allow: 'POST' },
      }
    case 'MediaTypeUnsupported':
      return {
        status: 415,
        code: 'unsupportedMediaType',
        message: 'Send Content-Type: application/json (charset utf-8 or none) and no Content-Encoding.',
        retry: 'never',
        headers: { 'Accept-Post': 'application/json' },
      }
    case 'ExpectationFailed':
      return {
        status: 417,
        code: 'expectationFailed',
        message: 'No other Expect than 100-continue is understood.',
        retry: 'never',
      }
    case 'BodyTooLarge':
      return { status: 413, code: 'bodyTooLarge', message: 'The body is larger than 32 KiB.', retry: 'never' }
    case 'BodyNotReceived':
      return {
        status: 408,
        code: 'requestTimeout',
        message: 'The request did not arrive in time, or not whole.',
        retry: 'safe',
      }
    case 'Draining':
      return {
        status: 503,
        code: 'draining',
        message: 'This instance is stopping; send the request again.',
        retry: 'safe',
        headers: retryAfter(1),
      }
    case 'TokenMissing':
      return {
        status: 401,
        code: 'tokenMissing',
        message: 'Send an access token: Authorization: Bearer <token>.',
        retry: 'never',
        headers: challenge(),
      }
    case 'CredentialsMalformed':
      return {
        status: 400,
        code: 'malformedRequest',
        message: 'The Authorization header is malformed: one scheme, one blank, one token.',
        retry: 'never',
        headers: challenge('error="invalid_request"'),
      }
    case 'TokenInvalid':
      return {
        status: 401,
        code: 'tokenInvalid',
        message:
          error.reason === 'graphTokenPresented'
            ? `This token is meant for Microsoft Graph, and the gateway may not accept it: ask for one whose audience is ${error.audience}, with the scope ${error.audience.replace(/\/$/, '')}/.default.`
            : 'The access token is not valid here. The audit record tells the operator why.',
        retry: 'never',
        headers: challenge('error="invalid_token"'),
      }
    case 'ScopeMissing':
      return {
        status: 403,
        code: 'scopeMissing',
        message: `The token lacks the permission ${error.permission}, as a scope (users) or a role (applications).`,
        retry: 'never',
        headers: challenge(`error="insufficient_scope", scope="${error.permission}"`),
      }
    case 'CallerNotAllowed':
      return { status: 403, code: 'callerNotAllowed', message: toldOfNotAllowed[error.why], retry: 'never' }
    case 'CallerRateLimited':
      return {
        status: 429,
        code: 'callerRateLimited',
        message: `More calls than the gateway grants one caller: ${String(error.quota.calls)} in ${String(error.quota.seconds)} seconds. Nothing was sent; send it again after the time in Retry-After.`,
        retry: 'after',
        headers: retryAfter(Math.max(1, error.quota.nextInSeconds)),
      }
    case 'AuthKeysUnavailable':
      return {
        status: 503,
        code: 'authKeysUnavailable',
        message: 'The identity provider’s keys cannot be had, so no token can be checked just now.',
        retry: 'safe',
        headers: retryAfter(10),
      }
    case 'JsonMalformed':
      return {
        status: 400,
        code: 'malformedJson',
        message: `The body is not the JSON that is expected: ${error.what}${error.offset === undefined ? '' : ` at byte ${String(error.offset)}`}.`,
        retry: 'never',
      }
    case 'BodyInvalid':
      return {
        status: 400,
        code: 'bodyInvalid',
        message: `The body is no deviceInstallState: ${error.problems.map((problem) => `${problem.pointer === '' ? 'the whole' : problem.pointer} (${problem.code})`).join(', ')}.`,
        retry: 'never',
        details: error.problems.map(detailOf),
      }
    case 'Overloaded':
      return {
        status: 503,
        code: 'overloaded',
        message: 'More calls have come at once than can be written down, so nothing was sent to Graph.',
        retry: 'safe',
        headers: retryAfter(1),
      }
    case 'IdempotencyKeyMalformed':
      return {
        status: 400,
        code: 'invalidIdempotencyKey',
        message: 'The Idempotency-Key is malformed: 1 to 255 visible ASCII characters, for instance a UUID.',
        retry: 'never',
      }
    case 'IdempotencyKeyReused':
      return {
        status: 400,
        code: 'invalidIdempotencyKey',
        message: 'This Idempotency-Key belongs to another call of yours; take a new key for each call.',
        retry: 'never',
        earlierAuditId: error.earlierAuditId,
      }
    case 'DuplicateInProgress':
      return {
        status: 409,
        code: 'duplicateInProgress',
        message: 'The call with this Idempotency-Key is still under way; ask again for its answer.',
        retry: 'after',
        headers: retryAfter(1),
        earlierAuditId: error.earlierAuditId,
      }
    case 'DuplicateOfIndeterminate':
      return {
        status: 409,
        code: 'duplicateOfIndeterminate',
        message:
          'The call with this Idempotency-Key was sent, and it is not known what came of it: it may have been done. Look before you repeat it, and repeat it with a new key.',
        retry: 'check-first',
        earlierAuditId: error.earlierAuditId,
      }
    case 'IntentNotRecorded':
      return {
        status: 503,
        code: 'auditUnavailable',
        message: 'The call could not be written to the audit record, so nothing was sent to Graph.',
        retry: 'safe',
        headers: retryAfter(5),
      }
    case 'TurnTooLate':
      return {
        status: 503,
        code: 'overloaded',
        message: `${toldOfTooLate[error.why]} This call’s turn would come too late, so nothing was sent; send it again after the time in Retry-After.`,
        retry: 'after',
        headers: retryAfter(error.retryAfterInSeconds),
      }
    case 'GraphLeftAlone':
      return {
        status: 503,
        code: 'upstreamUnavailable',
        message:
          'Graph has failed so often in a row that it is left alone for a while, so nothing was sent; send it again after the time in Retry-After.',
        retry: 'after',
        headers: retryAfter(error.retryAfterInSeconds),
      }
    case 'UpstreamAuthUnavailable':
      return {
        status: 503,
        code: 'upstreamAuthUnavailable',
        message: 'The gateway got no token for Graph, so nothing was sent.',
        retry: 'safe',
        headers: retryAfter(10),
      }
    case 'UserMustInteract':
      return {
        status: 401,
        code: 'interactionRequired',
        message:
          'The identity provider wants the user to sign in again before the gateway may call Graph for them, so nothing was done.',
        retry: 'never',
        headers: error.claims === undefined ? challenge('error="interaction_required"') : claimsChallenge(error.claims),
      }
    case 'AssertionRefused':
      return error.consentMissing
        ? {
            status: 403,
            code: 'consentMissing',
            message:
              'Nobody has consented to the gateway’s application calling Graph for users: an administrator of the tenant must. Nothing was done.',
            retry: 'never',
          }
        : {
            status: 401,
            code: 'assertionRefused',
            message:
              'The identity provider no longer takes this access token, so the gateway cannot call Graph for its user. Nothing was done; get a new token.',
            retry: 'never',
            headers: challenge('error="invalid_token"'),
          }
    case 'GraphUnreachable':
      return {
        status: 502,
        code: 'upstreamUnreachable',
        message: 'Graph could not be reached; nothing was sent.',
        retry: 'safe',
      }
    case 'GraphTlsFailed':
      return {
        status: 502,
        code: 'upstreamTls',
        message: 'The connection to Graph could not be secured; nothing was sent.',
        retry: 'never',
      }
    case 'GraphConnectionLost':
      return {
        status: 502,
        code: 'upstreamError',
        message:
          'The connection to Graph broke after the call was sent: it may have been done. Look before you repeat it.',
        retry: 'check-first',
      }
    case 'GraphTimedOut':
      return error.sent
        ? {
            status: 504,
            code: 'upstreamTimeout',
            message: 'Graph did not answer in time: the call may have been done. Look before you repeat it.',
            retry: 'check-first',
          }
        : { status: 504, code: 'upstreamTimeout', message: 'There was no time left to send the call.', retry: 'safe' }
    case 'GraphAnswerUnreadable':
      return {
        status: 502,
        code: 'upstreamInvalidResponse',
        message:
          error.createdId === undefined
            ? `Graph’s answer could not be read (${error.what}): the call may have been done. Look before you repeat it.`
            : `Graph created the entity ${error.createdId}, but its answer is not what is documented (${error.what}).`,
        retry: error.createdId === undefined ? 'check-first' : 'never',
        ...(error.createdId === undefined ? {} : { createdId: error.createdId }),
      }
    case 'GraphRedirected':
      return {
        status: 502,
        code: 'upstreamRedirect',
        message: `Graph answered with a redirect (${String(error.status)}), which is never followed.`,
        retry: 'check-first',
      }
    case 'GraphRouteUnsupported':
      return {
        status: 502,
        code: 'upstreamRouteUnsupported',
        message: `Graph documents this route, but its service does not offer it.${error.refusal.message === undefined ? '' : ` Graph says: ${error.refusal.message}`}`,
        retry: 'never',
        graph: error.refusal,
      }
    case 'GraphRejectedOurToken':
      return {
        status: 502,
        code: 'upstreamAuthRejected',
        message: 'Graph rejected the gateway’s own token; its operator should look at this.',
        retry: 'never',
      }
    case 'GraphDemandsClaims':
      return {
        status: 401,
        code: 'interactionRequired',
        message:
          'Graph wants the user to satisfy more before it is called in their name, so it did nothing: get a new token with the claims of the challenge.',
        retry: 'never',
        headers: claimsChallenge(error.claims),
      }
    case 'GraphRefused':
      return tellRefusal(error.refusal)
    case 'GraphFailed':
      return {
        // Never a 503, which Graph's SDKs repeat by themselves: with us it says that nothing was done.
        status: error.status === 504 ? 504 : 502,
        code: error.status === 504 ? 'upstreamTimeout' : 'upstreamError',
        message: `Graph failed (status ${String(error.status)}): the call may have been done. Look before you repeat it.`,
        retry: 'check-first',
      }
    case 'Unforeseen':
      return {
        status: 500,
        code: 'internalError',
        message: 'Something went wrong in the gateway; its log tells its operator what.',
        retry: 'check-first',
      }
  }
}
