import { outcomeOfError, type OutcomeKind, type Retry } from './outcome.js'
import type { ProxyError } from './proxy-error.js'
import { type ChallengeContext, headersOf, type Reply, type ReplyContext } from './reply.js'
import { reasonOf } from './reason-of.js'
import { tell } from './tell-error.js'
import type { Told } from './told.js'

/** Our name for an error, as in `docs/status-codes.md`. */
export const codeOfError = (error: ProxyError): string => tell(error).code

/** Whether the same call may be made again. */
export const retryOfError = (error: ProxyError): Retry => tell(error).retry

/**
 * RFC 9728 §5.1: a challenge says where to read what tokens are taken. Entra, "Claims challenges": one that asks for claims
 * says where the user signs in.
 */
const wayToAToken = (asked: string, { authorizationUri, resourceMetadataUrl }: ChallengeContext): string =>
  [
    asked,
    ...(authorizationUri !== undefined && asked.includes('error="insufficient_claims"')
      ? [`authorization_uri="${authorizationUri}"`]
      : []),
    ...(resourceMetadataUrl === undefined ? [] : [`resource_metadata="${resourceMetadataUrl}"`]),
  ]
    .join(', ')
    // The scheme alone takes its first parameter after a blank.
    .replace(/^Bearer, /, 'Bearer ')

const headersTold = (headers: Told['headers'], challenge: ChallengeContext | undefined): Told['headers'] => {
  const asked = headers?.['WWW-Authenticate']
  return asked === undefined || challenge === undefined
    ? headers
    : { ...headers, 'WWW-Authenticate': wayToAToken(asked, challenge) }
}

/** What Graph answered with, as far as it did: our own status may be another. */
const upstreamStatusOf = (error: ProxyError): number | undefined =>
  'refusal' in error ? error.refusal.status : 'status' in error ? error.status : undefined

interface InnerError {
  readonly code: string
  readonly outcome: OutcomeKind
  readonly source: 'graph' | 'gateway'
}

/**
 * An error in Graph's own shape, so that Graph's SDKs read it. Where Graph's refusal is relayed, `error.code` is Graph's;
 * our own name is always in `innerError.code`.
 */
export const replyToError = (context: ReplyContext, error: ProxyError): Reply => {
  const { code, createdId, details, earlierAuditId, graph, headers, message, retry, status } = tell(error)
  const relayedCode = graph?.code
  const upstreamStatus = upstreamStatusOf(error)
  const innerError: InnerError = {
    code,
    outcome: outcomeOfError(error),
    source: relayedCode === undefined ? 'gateway' : 'graph',
  }
  const body = {
    error: {
      code: relayedCode === undefined || relayedCode === '' ? code : relayedCode,
      message,
      ...(details === undefined ? {} : { details }),
      innerError: {
        date: context.now.toISOString().slice(0, 19),
        'request-id': context.requestId,
        'client-request-id': context.clientRequestId,
        auditId: context.auditId,
        retry,
        ...innerError,
        ...(upstreamStatus === undefined ? {} : { upstreamStatus }),
        ...(createdId === undefined ? {} : { createdId }),
        ...(earlierAuditId === undefined ? {} : { earlierAuditId }),
      },
    },
  }
  return {
    status,
    headers: { ...headersOf(context), ...headersTold(headers, context.challenge) },
    body: JSON.stringify(body),
    code,
    reason: reasonOf(error),
  }
}
