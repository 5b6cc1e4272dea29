import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { arrive } from './arrive/index.js'
import {
  appliedOutcomeOf,
  failedOutcomeOf,
  type GraphTrace,
  recordIntent,
  recordOutcome,
  recordRefusal,
  refusalOf,
  type Refused,
} from './audit/index.js'
import { authenticate } from './authenticate/index.js'
import { type Created, decodeAnswer, decodeRequest } from './decode/index.js'
import type { Call } from './domain/call.js'
import { callerRequestIdOf, type IncomingRequest } from './domain/incoming-request.js'
import type { ProxyError } from './domain/proxy-error.js'
import type { Reply } from './domain/reply.js'
import { codeOfError, replyToError } from './domain/reply-to-error.js'
import { forward, type Forwarded } from './forward/index.js'
import type { Ports } from './ports.js'

/**
 * The life of one request. Up to the intent, whatever goes wrong is a refusal, and Graph has seen nothing. From the
 * intent on, whatever happens is an outcome. Each request leaves exactly one of the two on record, before its reply.
 */
export const handleRequest =
  (ports: Ports) =>
  (request: IncomingRequest): T.Task<Reply> =>
    pipe(
      understand(ports)(request),
      TE.tap((call) => pipe(recordIntent(ports)(call), TE.mapLeft(refusedAs(knownOf(call))))),
      TE.matchE(refuse(ports), carryOut(ports)),
      T.tap((reply) => T.fromIO(logReply(ports, request, reply))),
    )

/** Is it one of the two calls, who makes it, and what does it say? */
const understand =
  (ports: Ports) =>
  (request: IncomingRequest): TE.TaskEither<Refused, Call> =>
    pipe(
      TE.fromEither(arrive(ports)(request)),
      TE.mapLeft(refusedAs({ request })),
      TE.chain((arrival) => {
        const known = { request, operation: arrival.route.operation }
        return pipe(
          authenticate(ports)(arrival),
          TE.mapLeft(refusedAs(known)),
          TE.chain((caller) => pipe(decodeRequest(arrival)(caller), TE.mapLeft(refusedAs({ ...known, caller })))),
        )
      }),
    )

/** The intent is on record: send it, read the answer, record what came of it, reply. */
const carryOut =
  (ports: Ports) =>
  (call: Call): T.Task<Reply> =>
    pipe(
      exchange(ports)(call),
      T.tap((exchanged) => recordOutcome(ports)(outcomeOf(ports, call, exchanged))),
      T.map(replyTo(ports, call)),
    )

/** What went between us and Graph for one call. */
interface Exchange {
  readonly result: E.Either<ProxyError, Created>
  readonly trace: GraphTrace
}

const exchange =
  (ports: Ports) =>
  (call: Call): T.Task<Exchange> =>
    pipe(
      T.fromIO(ports.monotonicNowInMs),
      T.chain((startedInMs) =>
        pipe(
          forward(ports)(call),
          T.map((forwarded) => ({
            result: pipe(
              forwarded,
              E.map(({ answer }) => answer),
              E.chain(decodeAnswer(ports.now(), call.body)),
            ),
            trace: traceOf(forwarded, ports.monotonicNowInMs() - startedInMs),
          })),
        ),
      ),
    )

const traceOf = (forwarded: E.Either<ProxyError, Forwarded>, durationInMs: number): GraphTrace => {
  if (E.isLeft(forwarded)) return { durationInMs }
  const { answer, attempts } = forwarded.right
  const requestId = requestIdOf(answer.headers['request-id'])
  return { durationInMs, attempts, status: answer.status, ...(requestId === undefined ? {} : { requestId }) }
}

/** Graph's own id is passed on if it looks like one: it ends up in a header and in the ledger. */
const requestIdOf = (value: string | undefined): string | undefined =>
  value !== undefined && /^[A-Za-z0-9-]{1,64}$/.test(value) ? value : undefined

const outcomeOf = ({ now }: Ports, { arrival }: Call, { result, trace }: Exchange) => {
  const { auditId } = arrival.request
  return E.isRight(result)
    ? appliedOutcomeOf(auditId, trace, result.right, now())
    : failedOutcomeOf(auditId, trace, { code: codeOfError(result.left), error: result.left }, now())
}

const replyTo =
  ({ now }: Ports, { arrival }: Call) =>
  ({ result, trace }: Exchange): Reply => {
    const context = contextOf(arrival.request, now(), trace.requestId)
    const reply: Reply = E.isLeft(result)
      ? replyToError(context, result.left)
      : { status: result.right.status, headers: {}, body: result.right.text, code: undefined, reason: undefined }
    return withIds(context, reply)
  }

/** Nothing is sent. The refusal is on record before it is told. */
const refuse =
  (ports: Ports) =>
  (refused: Refused): T.Task<Reply> => {
    const context = contextOf(refused.request, ports.now())
    const reply = replyToError(context, refused.error)
    return pipe(
      recordRefusal(ports)(refusalOf(refused, { code: codeOfError(refused.error), status: reply.status }, context.now)),
      T.map(() => withIds(context, reply)),
    )
  }

const refusedAs =
  (known: Omit<Refused, 'error'>) =>
  (error: ProxyError): Refused => ({ ...known, error })

const knownOf = ({ arrival, caller, route }: Call): Omit<Refused, 'error'> => ({
  request: arrival.request,
  caller,
  operation: route.operation,
})

const contextOf = (request: IncomingRequest, now: Date, graphRequestId?: string) => ({
  auditId: request.auditId,
  now,
  clientRequestId: callerRequestIdOf(request) ?? request.auditId,
  requestId: graphRequestId ?? request.auditId,
})

/** The headers that every reply has. */
export const withIds = (context: ReturnType<typeof contextOf>, reply: Reply): Reply => ({
  ...reply,
  headers: {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'Audit-Id': context.auditId,
    'request-id': context.requestId,
    'client-request-id': context.clientRequestId,
    ...reply.headers,
  },
})

const logReply = ({ log, now }: Ports, { auditId, receivedAt }: IncomingRequest, { code, reason, status }: Reply) =>
  log({ auditId, status, code, reason, durationInMs: now().getTime() - receivedAt.getTime() })
