import { callerRequestIdOf, type IncomingRequest } from './incoming-request.js'
import { type Quota, rateLimitHeaders } from './quota.js'

/** What the caller gets. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Our name for what went wrong, for the log; undefined when nothing did. */
  readonly code: string | undefined
  /** What the operator may know beyond that, for the log. */
  readonly reason: string | undefined
}

/** The ids and the time of a call, which every reply tells. */
export interface ReplyContext {
  readonly auditId: string
  readonly now: Date
  /** The caller's own `client-request-id` where it sent a GUID, else ours. */
  readonly clientRequestId: string
  /** Graph's `request-id` where Graph answered, else ours. */
  readonly requestId: string
  /** Where calls are counted by caller, and the caller is known. */
  readonly quota?: Quota | undefined
  readonly challenge?: ChallengeContext
}

/** What challenges say of the way to a token. */
export interface ChallengeContext {
  /** Where a caller can read what tokens are taken, RFC 9728; undefined where that is not published. */
  readonly resourceMetadataUrl: string | undefined
  /** Where a user signs in, for challenges that send one there. */
  readonly authorizationUri: string | undefined
}

/** The context of a request that Graph may have answered. */
export const contextOf = (
  request: IncomingRequest,
  now: Date,
  more: { readonly requestId?: string } & Pick<ReplyContext, 'quota' | 'challenge'> = {},
): ReplyContext => ({
  auditId: request.auditId,
  now,
  clientRequestId: callerRequestIdOf(request) ?? request.auditId,
  requestId: request.auditId,
  ...more,
})

/** The context of bytes that never became a request. */
export const contextWithoutRequest = (auditId: string, now: Date): ReplyContext => ({
  auditId,
  now,
  clientRequestId: auditId,
  requestId: auditId,
})

/** The headers that every reply has. */
export const headersOf = ({
  auditId,
  clientRequestId,
  quota,
  requestId,
}: ReplyContext): Readonly<Record<string, string>> => ({
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'Audit-Id': auditId,
  'request-id': requestId,
  'client-request-id': clientRequestId,
  ...(quota === undefined ? {} : rateLimitHeaders(quota)),
})
