import type { ProxyError } from './proxy-error.js'

const longest = 300

const bounded = (text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}… (cut, ${String(text.length)} characters)`

// The words of some errors quote what they could not read: a token may stand in them.
const quotesItsInput = (error: Error): boolean => error instanceof SyntaxError

const causeOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return typeof cause === 'string' ? cause : JSON.stringify(cause ?? 'unknown')
  const words = quotesItsInput(cause) ? cause.name : `${cause.name}: ${cause.message}`
  const code = 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  // An error code of OAuth, RFC 6749 §5.2, if it looks like one.
  const oauth =
    'error' in cause && typeof cause.error === 'string' && /^[a-z_]{1,64}$/.test(cause.error) ? ` [${cause.error}]` : ''
  const deeper = cause.cause instanceof Error ? `: ${causeOf(cause.cause)}` : ''
  return `${words}${code}${oauth}${deeper}`
}

/** What an auditor may know beyond our code. Never a token, never a value of the body. */
export const reasonOf = (error: ProxyError): string | undefined => {
  switch (error._tag) {
    case 'TokenInvalid':
      return error.reason
    case 'HeaderDuplicated':
      return error.name
    case 'BodyNotReceived':
    case 'CallerNotAllowed':
    case 'TurnTooLate':
      return error.why
    case 'JsonMalformed':
    case 'GraphAnswerUnreadable':
      return bounded(error.what)
    case 'GraphTimedOut':
      return [
        error.sent ? 'after it was sent' : 'before it was sent',
        ...(error.why === undefined ? [] : [error.why]),
      ].join(': ')
    case 'GraphRefused':
    case 'GraphRouteUnsupported':
    case 'GraphRejectedOurToken':
    case 'GraphDemandsClaims':
      return error.refusal.messageOnRecord
    case 'AuthKeysUnavailable':
    case 'IntentNotRecorded':
    case 'UpstreamAuthUnavailable':
    case 'UserMustInteract':
    case 'AssertionRefused':
    case 'GraphUnreachable':
    case 'GraphTlsFailed':
    case 'GraphConnectionLost':
    case 'Unforeseen':
      return bounded(causeOf(error.cause))
    case 'PathIdMalformed':
      return error.names.join(', ')
    case 'RequestMalformed':
      return error.what
    case 'GraphFailed':
      return error.messageOnRecord === undefined
        ? `status ${String(error.status)}`
        : `status ${String(error.status)}: ${error.messageOnRecord}`
    case 'GraphRedirected':
      return `status ${String(error.status)}`
    case 'IdempotencyKeyReused':
    case 'DuplicateInProgress':
    case 'DuplicateOfIndeterminate':
      return `the key is held by ${error.earlierAuditId}`
    case 'IdempotencyKeyMalformed':
    case 'Overloaded':
    case 'GraphLeftAlone':
    case 'TlsHandshakeFailed':
    case 'TooManyConnections':
    case 'HeadersTooLarge':
    case 'TargetTooLong':
    case 'RouteNotFound':
    case 'MethodNotAllowed':
    case 'MediaTypeUnsupported':
    case 'ExpectationFailed':
    case 'BodyTooLarge':
    case 'Draining':
    case 'TokenMissing':
    case 'CredentialsMalformed':
    case 'ScopeMissing':
    case 'CallerRateLimited':
    case 'BodyInvalid':
      return undefined
  }
}
