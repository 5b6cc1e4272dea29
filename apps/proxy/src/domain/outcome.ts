import type { ProxyError } from './proxy-error.js'

/**
 * What became of an intent: `applied` if Graph sent a readable 201 or 200, `notSent` if Graph saw no byte of it,
 * `refused` if Graph sent a status that says it was not done, `indeterminate` in every other case.
 */
export type OutcomeKind = 'applied' | 'refused' | 'notSent' | 'indeterminate'

/** Whether the same call may be made again: proved harmless, later, only after a look at Graph, or in vain. */
export type Retry = 'safe' | 'after' | 'check-first' | 'never'

/** What an error says of the call. Before anything was sent, that is always `notSent`. */
export const outcomeOfError = (error: ProxyError): OutcomeKind => {
  switch (error._tag) {
    case 'RequestMalformed':
    case 'HeaderDuplicated':
    case 'TlsHandshakeFailed':
    case 'TooManyConnections':
    case 'HeadersTooLarge':
    case 'TargetTooLong':
    case 'RouteNotFound':
    case 'PathIdMalformed':
    case 'MethodNotAllowed':
    case 'MediaTypeUnsupported':
    case 'ExpectationFailed':
    case 'BodyTooLarge':
    case 'BodyNotReceived':
    case 'Draining':
    case 'TokenMissing':
    case 'CredentialsMalformed':
    case 'TokenInvalid':
    case 'ScopeMissing':
    case 'CallerNotAllowed':
    case 'CallerRateLimited':
    case 'AuthKeysUnavailable':
    case 'JsonMalformed':
    case 'BodyInvalid':
    case 'IntentNotRecorded':
    case 'Overloaded':
    case 'IdempotencyKeyMalformed':
    case 'IdempotencyKeyReused':
    case 'TurnTooLate':
    case 'GraphLeftAlone':
    case 'UpstreamAuthUnavailable':
    case 'GraphUnreachable':
    case 'GraphTlsFailed':
      return 'notSent'
    case 'UserMustInteract':
    case 'AssertionRefused':
      return error.hasGraphRefused === true ? 'refused' : 'notSent'
    case 'GraphTimedOut':
      return error.sent ? 'indeterminate' : 'notSent'
    case 'GraphRouteUnsupported':
    case 'GraphRejectedOurToken':
    case 'GraphDemandsClaims':
    case 'GraphRefused':
      return 'refused'
    case 'GraphAnswerUnreadable':
      return error.createdId === undefined ? 'indeterminate' : 'applied'
    // Of the call that holds the key, since that is what its caller asks about.
    case 'DuplicateInProgress':
    case 'DuplicateOfIndeterminate':
    case 'GraphConnectionLost':
    case 'GraphRedirected':
    case 'GraphFailed':
    case 'Unforeseen':
      return 'indeterminate'
  }
}
