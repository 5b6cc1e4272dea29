import type { Route } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import type * as T from 'fp-ts/lib/Task.js'
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
import type { Caller } from './domain/caller.js'
import type { Drift } from './domain/differences.js'
import { callerRequestIdOf, type IncomingRequest, knownMethod } from './domain/incoming-request.js'
import type { ProxyError } from './domain/proxy-error.js'
import { outcomeOfError } from './domain/outcome.js'
import { contextOf, headersOf, type Reply } from './domain/reply.js'
import { codeOfError, replyToError, retryOfError } from './domain/reply-to-error.js'
import { forward, type Forwarded, wouldBeSent } from './forward/index.js'
import { routeTemplate } from './domain/route-template.js'
import { traceContextOf } from './domain/trace-context.js'
import type { Ports, RequestEnd } from './ports.js'

/**
 * The life of one request. Up to the intent, whatever goes wrong is a refusal, and Graph has seen nothing. From the
 * intent on, whatever happens is an outcome. Each request leaves exactly one of the two on record, before its
 * reply; or that it was answered before, if it has the idempotency key of a call that was; or that it was only validated.
 */
export const handleRequest =
  (ports: Ports) =>
  (request: IncomingRequest): T.Task<Reply> =>
  async () => {
    const startedInMs = ports.monotonicNowInMs()
    const understood = await understand(ports, request)
    const begun = E.isLeft(understood) ? understood : await begin(ports, understood.right)
    const ended = await (E.isLeft(begun) ? refuse(ports, begun.left) : proceed(ports, begun.right))
    log(ports, request, ended, startedInMs)
    return ended.reply
  }

/** What a request came to. */
interface Ended {
  readonly reply: Reply
  readonly end: RequestEnd
  readonly caller: Caller | undefined
  readonly route: Route | undefined
}

const endedAs = (end: RequestEnd, reply: Reply, { caller, route }: Call): Ended => ({ reply, end, caller, route })

/** Is it one of the two calls, who makes it, and what does it say? */
const understand = async (ports: Ports, request: IncomingRequest): Promise<E.Either<Refused, Call>> => {
  const arrival = await ports.inStep(request, 'arrive', async () => arrive(ports)(request))
  if (E.isLeft(arrival)) return E.left({ request, error: arrival.left })
  const admission = await ports.inStep(request, 'authenticate', authenticate(ports)(arrival.right))
  if (E.isLeft(admission)) return E.left(refusedAs(arrival.right, admission.left))
  const call = await ports.inStep(request, 'decode request', decodeRequest(arrival.right)(admission.right))
  if (E.isLeft(call)) return E.left(refusedAs({ ...arrival.right, ...admission.right }, call.left))
  // A client that is gone before anything is sent wants nothing done: to do it all the same would surprise it.
  return request.isGone() ? E.left(refusedAs(call.right, { _tag: 'BodyNotReceived', why: 'clientClosed' })) : call
}

/** A call that is only to be validated is not begun: it has no intent, and takes no idempotency key. */
const begin = async (ports: Ports, call: Call): Promise<E.Either<Refused, Understood>> => {
  if (call.isValidateOnly === true) return E.right({ call, begun: { _tag: 'Validated' } })
  const begun = await ports.inStep(call.request, 'record intent', recordIntent(ports)(call))
  return E.isLeft(begun) ? E.left(refusedAs(call, begun.left)) : E.right({ call, begun: begun.right })
}

/** Nothing is sent. The refusal is on record before it is told. */
const refuse = async (ports: Ports, refused: Refused): Promise<Ended> => {
  const now = ports.now()
  const { error, request } = refused
  const quota = refused.quota ?? ('quota' in error ? error.quota : undefined)
  const { challenge } = ports
  const reply = replyToError(contextOf(request, now, { quota, challenge }), error)
  const record = refusalOf(refused, { code: codeOfError(error), status: reply.status }, now)
  await ports.inStep(request, 'record refusal', recordRefusal(ports)(record))
  const caller = refused.caller ?? ('caller' in error ? error.caller : undefined)
  return { reply, end: 'refusal', caller, route: refused.route }
}

interface Understood {
  readonly call: Call
  readonly begun: Begun | Answered | { readonly _tag: 'Validated' }
}

const proceed = (ports: Ports, { begun, call }: Understood): Promise<Ended> => {
  switch (begun._tag) {
    case 'Begun':
      return carryOut(ports, call, begun)
    case 'Answered':
      return answerAgain(ports, call, begun)
    case 'Validated':
      return tellWhatWouldBeSent(ports, call)
  }
}

/** The intent is on record: send it, read the answer, record what came of it, reply. */
const carryOut = async (ports: Ports, call: Call, begun: Begun): Promise<Ended> => {
  const exchanged = await exchange(ports, call)
  ports.countDrift(driftIn(exchanged.result))()
  const reply = replyTo(ports, call, exchanged)
  const answer = answerToKeep(exchanged, reply)
  const outcome = outcomeOf(ports, call, exchanged)
  await ports.inStep(call.request, 'record outcome', recordOutcome(ports)(outcome, { call, begun, answer }))
  return endedAs(outcome.outcome, reply, call)
}

/** The call that holds the idempotency key was answered: its caller gets that answer, and Graph hears nothing. */
const answerAgain = async (ports: Ports, call: Call, { answer, auditId }: Answered): Promise<Ended> => {
  const now = ports.now()
  const { challenge } = ports
  const context = contextOf(call.request, now, { quota: call.quota, challenge, ...requestIdIn(answer.requestId) })
  const record = replayOf(call, { of: auditId, status: answer.status }, now)
  await ports.inStep(call.request, 'record replay', recordReplay(ports)(record))
  const reply: Reply = {
    status: answer.status,
    headers: { ...headersOf(context), 'Idempotent-Replayed': 'true' },
    body: answer.body,
    code: undefined,
    reason: `the answer of ${auditId} again`,
  }
  return endedAs('replay', reply, call)
}

/** The call is good, and its caller wanted to know no more than that. No token is taken, and Graph hears nothing. */
const tellWhatWouldBeSent = async (ports: Ports, call: Call): Promise<Ended> => {
  const now = ports.now()
  const { challenge } = ports
  const body = JSON.stringify(wouldBeSent(ports, call))
  await ports.inStep(call.request, 'record refusal', recordRefusal(ports)(validationOf(call, now)))
  const reply: Reply = {
    status: 200,
    headers: {
      ...headersOf(contextOf(call.request, now, { quota: call.quota, challenge })),
      'Preference-Applied': 'handling=validate-only',
    },
    body,
    code: undefined,
    reason: 'validated, and not sent',
  }
  return endedAs('validation', reply, call)
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

const exchange = async (ports: Ports, call: Call): Promise<Exchange> => {
  const startedInMs = ports.monotonicNowInMs()
  const forwarded = await forward(ports)(call)()
  const { result } = forwarded
  return {
    result: E.isLeft(result)
      ? result
      : await ports.inStep(call.request, 'decode answer', async () =>
          decodeAnswer(ports.driftPolicy, ports.now(), call)(result.right),
        ),
    trace: traceOf(forwarded, ports.monotonicNowInMs() - startedInMs),
  }
}

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

const replyTo = ({ challenge, now }: Ports, { quota, request }: Call, { result, trace }: Exchange): Reply => {
  const context = contextOf(request, now(), { quota, challenge, ...requestIdIn(trace.requestId) })
  if (E.isLeft(result)) return replyToError(context, result.left)
  const { status, text } = result.right
  return { status, headers: headersOf(context), body: text, code: undefined, reason: undefined }
}

const refusedAs = ({ caller, quota, request, route }: Omit<Refused, 'error'>, error: ProxyError): Refused => ({
  request,
  error,
  ...(caller === undefined ? {} : { caller }),
  ...(quota === undefined ? {} : { quota }),
  ...(route === undefined ? {} : { route }),
})

const log = (
  ports: Pick<Ports, 'log' | 'monotonicNowInMs'>,
  request: IncomingRequest,
  { caller, end, reply: { code, reason, status }, route }: Ended,
  startedInMs: number,
): void => {
  ports.log(
    {
      auditId: request.auditId,
      traceId: traceContextOf(request).traceId,
      callerRequestId: callerRequestIdOf(request),
      method: knownMethod(request.method),
      route: route && routeTemplate(route),
      caller,
      end,
      status,
      code,
      reason,
      durationInMs: Math.round((ports.monotonicNowInMs() - startedInMs) * 10) / 10,
    },
    request,
  )()
}
