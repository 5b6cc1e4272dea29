import { type OutcomeKind, outcomeOfError, type Retry } from '../domain/outcome.js'
import type { ProxyError } from '../domain/proxy-error.js'
import type { ReplyContext } from '../domain/reply.js'
import { codeOfError, replyToError, retryOfError } from '../domain/reply-to-error.js'
import { sampleErrors } from '../domain/sample-errors.js'

/** An error as callers read it. */
export interface ErrorReply {
  readonly status: number
  readonly code: string
  readonly outcome: OutcomeKind
  readonly retry: Retry
  readonly message: string
  /** Those of every reply, and its own. */
  readonly headers: ReadonlyArray<string>
  readonly body: unknown
  /** May it be the answer that is kept for an `Idempotency-Key`, and given again? */
  readonly isKept: boolean
}

/** On record alone: the connection is closed as it comes, and nobody is told. */
const neverTold: ReadonlySet<ProxyError['_tag']> = new Set(['TooManyConnections'])

export const sampleContext: ReplyContext = {
  auditId: '01a2095b-535f-7457-b730-d428c8a7cfa9',
  now: new Date('2026-11-23T12:00:00Z'),
  clientRequestId: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  requestId: 'd18618d9-5e29-407b-9d19-28c621581f2d',
  challenge: {
    resourceMetadataUrl: 'https://gateway.example/.well-known/oauth-protected-resource',
    authorizationUri: undefined,
  },
}

const messageIn = (body: unknown): string => {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : ''
}

const told = (error: ProxyError): ErrorReply => {
  const { body: text, headers, status } = replyToError(sampleContext, error)
  const body: unknown = JSON.parse(text)
  const [outcome, retry] = [outcomeOfError(error), retryOfError(error)]
  return {
    status,
    code: codeOfError(error),
    outcome,
    retry,
    message: messageIn(body),
    headers: Object.keys(headers),
    body,
    isKept: outcome === 'applied' || (error._tag === 'GraphRefused' && retry === 'never'),
  }
}

const kindOf = ({ code, outcome, retry, status }: ErrorReply): string => [status, code, outcome, retry].join()

const all: ReadonlyArray<ErrorReply> = Object.values<ReadonlyArray<ProxyError>>(sampleErrors)
  .flat()
  .filter(({ _tag }) => !neverTold.has(_tag))
  .map(told)

/** One for each status, code, outcome and way to go on that there is: of those that are alike, the first, with the headers of all. */
export const errorReplies: ReadonlyArray<ErrorReply> = [...Map.groupBy(all, kindOf).values()]
  .flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, headers: [first, ...others].flatMap(({ headers }) => headers) }],
  )
  .sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1))
