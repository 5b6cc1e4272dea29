import * as E from 'fp-ts/lib/Either.js'
import type * as IO from 'fp-ts/lib/IO.js'
import type * as T from 'fp-ts/lib/Task.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { Call } from '../domain/call.js'
import { claimsInChallenge } from '../domain/claims-challenge.js'
import type { GraphAnswer, GraphRequest } from '../domain/graph-answer.js'
import type { InStep } from '../domain/in-step.js'
import { outcomeOfError } from '../domain/outcome.js'
import type { ProxyError } from '../domain/proxy-error.js'
import { givenRetryAfterInSeconds } from '../domain/retry-after.js'
import type { Deadline, Gate, Turn, TurnEnd } from './gate.js'
import { graphRequestOf } from './graph-request.js'

/** A token for Graph in the name that a call is made in, and the way to be rid of it once Graph has refused it. */
export interface UpstreamTokens {
  readonly take: (call: Call, deadline: Deadline) => TE.TaskEither<ProxyError, string>
  readonly drop: (call: Call, token: string) => IO.IO<void>
}

/** One request to Graph, as those see it who trace it. */
interface Try {
  /** W3C Trace Context: names the trace, and this try. */
  readonly traceparent: string
  readonly end: (result: E.Either<ProxyError, GraphAnswer>) => void
}

export interface ForwardPorts {
  readonly gate: Gate
  readonly upstreamTokens: UpstreamTokens
  readonly sendToGraph: (deadline: Deadline) => (request: GraphRequest) => TE.TaskEither<ProxyError, GraphAnswer>
  readonly now: IO.IO<Date>
  readonly monotonicNowInMs: IO.IO<number>
  readonly upstreamDeadlineInMs: number
  readonly inStep: InStep
  /** Told of each request to Graph, and how many there were for the call before. */
  readonly beginTry: (call: Call, earlier: number) => Try
  /** From 0 to less than 1. */
  readonly random: IO.IO<number>
  readonly delay: (inMs: number) => T.Task<void>
}

/** What came of a call, and how many times it was given to the connection. */
export interface Forwarded {
  readonly result: E.Either<ProxyError, GraphAnswer>
  readonly attempts: number
}

/** What has been tried for a call. */
interface Progress {
  readonly attempts: number
  /** How often no connection could be had. */
  readonly failedToConnect: number
  readonly hasAskedForAFreshToken: boolean
  /** What Graph said last: it was refused, and may be tried again. */
  readonly refused: GraphAnswer | undefined
}

const notBegun: Progress = { attempts: 0, failedToConnect: 0, hasAskedForAFreshToken: false, refused: undefined }

/** Graph says that it did nothing, and that it may do it later. */
const isThrottled = ({ headers, status }: GraphAnswer): boolean =>
  status === 429 || status === 509 || (status === 503 && headers['retry-after'] !== undefined)

/** What a try was, for those that wait. Only what was proved not to have left is told so. */
const turnEndOf = (now: Date, result: E.Either<ProxyError, GraphAnswer>): TurnEnd => {
  if (E.isLeft(result)) return { _tag: outcomeOfError(result.left) === 'notSent' ? 'NotConnected' : 'Unanswered' }
  const { headers, status } = result.right
  return isThrottled(result.right)
    ? { _tag: 'Throttled', retryAfterInSeconds: givenRetryAfterInSeconds(headers['retry-after'], now) }
    : { _tag: 'Answered', status }
}

/** One try: waits for a turn, takes a token, sends. */
const attempt = async (ports: ForwardPorts, call: Call, deadline: Deadline, progress: Progress): Promise<Forwarded> => {
  const { attempts } = progress
  const asked = { caller: call.caller, deadline, isAgain: attempts > 0 }
  const turn = await ports.inStep(call.request, 'wait for turn', ports.gate.turn(asked))
  return E.isLeft(turn) ? { result: turn, attempts } : useTurn(ports, call, deadline, attempts, turn.right)
}

const useTurn = async (
  ports: ForwardPorts,
  call: Call,
  deadline: Deadline,
  attempts: number,
  turn: Turn,
): Promise<Forwarded> => {
  const token = await ports.inStep(call.request, 'take token', ports.upstreamTokens.take(call, deadline))
  // Nothing was sent, and nobody waits for it any more.
  const unsent: E.Either<ProxyError, string> =
    E.isRight(token) && call.request.isGone() ? E.left({ _tag: 'BodyNotReceived', why: 'clientClosed' }) : token
  if (E.isLeft(unsent)) {
    turn.end({ _tag: 'Unused' })()
    return { result: unsent, attempts }
  }
  const { end, traceparent } = ports.beginTry(call, attempts)
  const result = await ports.sendToGraph(deadline)({ ...graphRequestOf(call, traceparent), token: unsent.right })()
  end(result)
  turn.end(turnEndOf(ports.now(), result))()
  // A 401 says that the request was not looked at, so one more try with a fresh token cannot do it twice.
  if (E.isRight(result) && result.right.status === 401) ports.upstreamTokens.drop(call, unsent.right)()
  return { result, attempts: attempts + 1 }
}

/** A fresh token would help. One on behalf of the same user would not, where the user must do something first. */
const isWorthAFreshToken = ({ upstream }: Call, { headers, status }: GraphAnswer): boolean =>
  status === 401 && !(upstream.kind === 'user' && claimsInChallenge(headers['www-authenticate']) !== undefined)

const mostFailuresToConnect = 3
const firstBackoffInMs = 200

/** Full jitter, so that those that failed together do not come back together. */
const backoffInMs = ({ random }: ForwardPorts, failures: number): number =>
  Math.ceil(random() * firstBackoffInMs * 2 ** failures)

/** Whether, and after how long, one more try is harmless: when it is proved that nothing was done, and never otherwise. */
const furtherTry = (
  ports: ForwardPorts,
  call: Call,
  progress: Progress,
  { attempts, result }: Forwarded,
): { readonly progress: Progress; readonly inMs: number } | undefined => {
  if (E.isLeft(result)) {
    const failedToConnect = progress.failedToConnect + 1
    return result.left._tag === 'GraphUnreachable' && failedToConnect < mostFailuresToConnect
      ? { progress: { ...progress, attempts, failedToConnect }, inMs: backoffInMs(ports, progress.failedToConnect) }
      : undefined
  }
  const refused = result.right
  if (isThrottled(refused)) return { progress: { ...progress, attempts, refused }, inMs: 0 }
  return !progress.hasAskedForAFreshToken && isWorthAFreshToken(call, refused)
    ? { progress: { ...progress, attempts, refused, hasAskedForAFreshToken: true }, inMs: 0 }
    : undefined
}

/** Graph has seen an earlier try, so a later one that never left does not make the call unsent: it was refused. */
const afterARefusal = ({ refused }: Progress, last: Forwarded): Forwarded => {
  if (refused === undefined || E.isRight(last.result)) return last
  const error = last.result.left
  if (error._tag === 'UserMustInteract' || error._tag === 'AssertionRefused')
    return { ...last, result: E.left({ ...error, hasGraphRefused: true }) }
  return outcomeOfError(error) === 'notSent' ? { ...last, result: E.right(refused) } : last
}

/**
 * Sends a call to Graph, once; again, within the deadline, only when it is proved that nothing was done: no connection
 * could be had, Graph throttles, or Graph refused our token, which is renewed once. The intent must be on record already.
 */
export const forward =
  (ports: ForwardPorts) =>
  (call: Call): T.Task<Forwarded> =>
  async () => {
    const deadline: Deadline = { atInMs: ports.monotonicNowInMs() + ports.upstreamDeadlineInMs }
    let progress = notBegun
    for (;;) {
      const tried = await attempt(ports, call, deadline, progress)
      const further = furtherTry(ports, call, progress, tried)
      if (further === undefined || ports.monotonicNowInMs() + further.inMs >= deadline.atInMs)
        return afterARefusal(progress, tried)
      await ports.delay(further.inMs)()
      ;({ progress } = further)
    }
  }
