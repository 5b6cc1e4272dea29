import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as IOE from 'fp-ts/lib/IOEither.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { arrive } from './arrive/index.js'
import {
  type Answered,
  appliedOutcomeOf,
  type Begun,
  failedOutcomeOf,
  type ForTheKey,
  type GraphTrace,
  type OutcomeRecord,
  recordIntent,
  recordOutcome,
  recordRefusal,
  recordReplay,
  refusalOf,
  type Refused,
  replayOf,
  validationOf,
} from './audit/index.js'
import { authenticate } from './authenticate/index.js'
import { type Created, decodeAnswer, decodeRequest } from './decode/index.js'
import type { Call } from './domain/call.js'
import type { Drift } from './domain/differences.js'
import type { IncomingRequest } from './domain/incoming-request.js'
import type { ProxyError } from './domain/proxy-error.js'
import { outcomeOfError } from './domain/outcome.js'
import { contextOf, headersOf, type Reply } from './domain/reply.js'
import { codeOfError, replyToError, retryOfError } from './domain/reply-to-error.js'
import { forward, type Forwarded, wouldBeSent } from './forward/index.js'
import type { Ports } from './ports.js'

/**
 * The life of one request. Up to the intent, whatever goes wrong is a refusal, and Graph has seen nothing. From the
 * intent on, whatever happens is an outcome. Each request leaves exactly one of the two on record, before its
 * reply; or that it was answered before, if it has the idempotency key of a call that was; or that it was only validated.
 */
export const handleRequest =
  (ports: Ports) =>
  (request: IncomingRequest): T.Task<Reply> =>
    pipe(
      understand(ports)(request),
      TE.chain(begin(ports)),
      TE.matchE(refuse(ports), proceed(ports)),
      logged(ports, request),
    )

/** Is it one of the two calls, who makes it, and what does it say? */
const understand =
  (ports: Ports) =>
  (request: IncomingRequest): TE.TaskEither<Refused, Call> =>
    pipe(
      TE.fromEither(arrive(ports)(request)),
      TE.mapLeft(refusedAs({ request })),
      TE.chain((arrival) =>
        pipe(
          authenticate(ports)(arrival),
          TE.mapLeft(refusedAs(arrival)),
          TE.chain((admission) =>
            pipe(
              decodeRequest(arrival)(admission),
              TE.chainIOEitherK(stillWaitedFor),
              TE.mapLeft(refusedAs({ ...arrival, ...admission })),
            ),
          ),
        ),
      ),
    )

/** A call that is only to be validated is not begun: it has no intent, and takes no idempotency key. */
const begin =
  (ports: Ports) =>
  (call: Call): TE.TaskEither<Refused, Understood> =>
    call.isValidateOnly === true
      ? TE.right({ call, begun: { _tag: 'Validated' } })
      : pipe(
          recordIntent(ports)(call),
          TE.bimap(refusedAs(call), (begun) => ({ call, begun })),
        )

/** A client that is gone before anything is sent wants nothing done: to do it all the same would surprise it. */
const stillWaitedFor =
  (call: Call): IOE.IOEither<ProxyError, Call> =>
  () =>
    call.request.isGone() ? E.left({ _tag: 'BodyNotReceived', why: 'clientClosed' }) : E.right(call)

/** Nothing is sent. The refusal is on record before it is told. */
const refuse =
  (ports: Ports) =>
  (refused: Refused): T.Task<Reply> => {
    const now = ports.now()
    const { error, request } = refused
    const quota = refused.quota ?? ('quota' in error ? error.quota : undefined)
    const { challenge } = ports
    const reply = replyToError(contextOf(request, now, { quota, challenge }), error)
    return pipe(
      recordRefusal(ports)(refusalOf(refused, { code: codeOfError(refused.error), status: reply.status }, now)),
      T.map(() => reply),
    )
  }

interface Understood {
  readonly call: Call
  readonly begun: Begun | Answered | { readonly _tag: 'Validated' }
}

const proceed =
  (ports: Ports) =>
  ({ begun, call }: Understood): T.Task<Reply> => {
    switch (begun._tag) {
      case 'Begun':
        return carryOut(ports)(call, begun)
      case 'Answered':
        return answerAgain(ports)(call, begun)
      case 'Validated':
        return tellWhatWouldBeSent(ports)(call)
    }
  }

/** The intent is on record: send it, read the answer, record what came of it, reply. */
const carryOut =
  (ports: Ports) =>
  (call: Call, begun: Begun): T.Task<Reply> =>
    pipe(
      exchange(ports)(call),
      T.tap(({ result }) => T.fromIO(ports.countDrift(driftIn(result)))),
      T.map((exchanged) => ({ exchanged, reply: replyTo(ports, call)(exchanged) })),
      T.tap(({ exchanged, reply }) =>
        recordOutcome(ports)(outcomeOf(ports, call, exchanged), {
          call,
          begun,
          answer: answerToKeep(exchanged, reply),
        }),
      ),
      T.map(({ reply }) => reply),
    )

/** The call that holds the idempotency key was answered: its caller gets that answer, and Graph hears nothing. */
const answerAgain =
  (ports: Ports) =>
  (call: Call, { answer, auditId }: Answered): T.Task<Reply> => {
    const now = ports.now()
    const { challenge } = ports
    const context = contextOf(call.request, now, { quota: call.quota, challenge, ...requestIdIn(answer.requestId) })
    const reply = {
      status: answer.status,
      headers: { ...headersOf(context), 'Idempotent-Replayed': 'true' },
      body: answer.body,
      code: undefined,
      reason: `the answer of ${auditId} again`,
    }
    return pipe(
      recordReplay(ports)(replayOf(call, { of: auditId, status: answer.status }, now)),
      T.map(() => reply),
    )
  }

/** The call is good, and its caller wanted to know no more than that. No token is taken, and Graph hears nothing. */
const tellWhatWouldBeSent =
  (ports: Ports) =>
  (call: Call): T.Task<Reply> => {
    const now = ports.now()
    const { challenge } = ports
    const reply = {
      status: 200,
      headers: {
        ...headersOf(contextOf(call.request, now, { quota: call.quota, challenge })),
        'Preference-Applied': 'handling=validate-only',
      },
      body: JSON.stringify(wouldBeSent(ports, call)),
      code: undefined,
      reason: 'validated, and not sent',
    }
    return pipe(
      recordRefusal(ports)(validationOf(call, now)),
      T.map(() => reply),
    )
  }

/** An answer that says to try again is none to keep. What Graph did, or will never do, stays as it is. */
const answerToKeep = ({ result, trace }: Exchange, { body, status }: Reply): ForTheKey['answer'] => {
  const outcome = E.isRight(result) ? 'applied' : outcomeOfError(result.left)
  const isLasting =
    outcome === 'applied' ||
    (E.isLeft(result) && result.left._tag === 'GraphRefused' && retryOfError(result.left) === 'never')
  if (isLasting) return { status, body, ...requestIdIn(trace.requestId) }
  return outcome === 'indeterminate' ? 'unknown' : 'again'
}

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
            result: pipe(forwarded.result, E.chain(decodeAnswer(ports.driftPolicy, ports.now(), call))),
            trace: traceOf(forwarded, ports.monotonicNowInMs() - startedInMs),
          })),
        ),
      ),
    )

const driftIn = (result: Exchange['result']): ReadonlyArray<Drift> => {
  if (E.isRight(result)) return result.right.drift
  return result.left._tag === 'GraphAnswerUnreadable' ? (result.left.differences?.drift ?? []) : []
}

const traceOf = ({ attempts, result }: Forwarded, durationInMs: number): GraphTrace => {
  if (E.isRight(result)) {
    const { headers, status } = result.right
    return { durationInMs, attempts, status, ...requestIdIn(headers['request-id']) }
  }
  return { durationInMs, attempts, ...requestIdIn('requestId' in result.left ? result.left.requestId : undefined) }
}

/** Graph's own id is passed on if it looks like one: it ends up in a header and in the ledger. */
const requestIdIn = (value: string | undefined): { readonly requestId?: string } =>
  value !== undefined && /^[A-Za-z0-9-]{1,36}$/.test(value) ? { requestId: value } : {}

const outcomeOf = ({ now }: Ports, { request }: Call, { result, trace }: Exchange): OutcomeRecord => ({
  ...(E.isRight(result)
    ? appliedOutcomeOf(request.auditId, trace, result.right, now())
    : failedOutcomeOf(request.auditId, trace, { code: codeOfError(result.left), error: result.left }, now())),
  ...(request.isGone() ? { clientGone: true } : {}),
})

const replyTo =
  ({ challenge, now }: Ports, { quota, request }: Call) =>
  ({ result, trace }: Exchange): Reply => {
    const context = contextOf(request, now(), { quota, challenge, ...requestIdIn(trace.requestId) })
    if (E.isLeft(result)) return replyToError(context, result.left)
    const { status, text } = result.right
    return { status, headers: headersOf(context), body: text, code: undefined, reason: undefined }
  }

const refusedAs =
  ({ caller, quota, request, route }: Omit<Refused, 'error'>) =>
  (error: ProxyError): Refused => ({
    request,
    error,
    ...(caller === undefined ? {} : { caller }),
    ...(quota === undefined ? {} : { quota }),
    ...(route === undefined ? {} : { route }),
  })

const logged =
  ({ log, monotonicNowInMs }: Ports, { auditId }: IncomingRequest) =>
  (answered: T.Task<Reply>): T.Task<Reply> =>
    pipe(
      T.fromIO(monotonicNowInMs),
      T.chain((startedInMs) =>
        pipe(
          answered,
          T.tap(({ code, reason, status }) => {
            const durationInMs = Math.round((monotonicNowInMs() - startedInMs) * 10) / 10
            return T.fromIO(log({ auditId, status, code, reason, durationInMs }))
          }),
        ),
      ),
    )
