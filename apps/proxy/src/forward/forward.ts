import { operationNamed } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as IO from 'fp-ts/lib/IO.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Call } from '../domain/call.js'
import { claimsInChallenge } from '../domain/claims-challenge.js'
import type { GraphAnswer, GraphRequest } from '../domain/graph-answer.js'
import { outcomeOfError } from '../domain/outcome.js'
import type { ProxyError } from '../domain/proxy-error.js'

/** The moment by which the whole call to Graph must be over: token, connection, tries and body. */
export interface Deadline {
  /** On the monotonic clock, in milliseconds. */
  readonly atInMs: number
}

/** A token for Graph in the name that a call is made in, and the way to be rid of it once Graph has refused it. */
export interface UpstreamTokens {
  readonly take: (call: Call, deadline: Deadline) => TE.TaskEither<ProxyError, string>
  readonly drop: (call: Call, token: string) => IO.IO<void>
}

export interface ForwardPorts {
  readonly upstreamTokens: UpstreamTokens
  readonly sendToGraph: (deadline: Deadline) => (request: GraphRequest) => TE.TaskEither<ProxyError, GraphAnswer>
  readonly monotonicNowInMs: IO.IO<number>
  readonly upstreamDeadlineInMs: number
}

/** What came of a call, and how many times it was given to the connection. */
export interface Forwarded {
  readonly result: E.Either<ProxyError, GraphAnswer>
  readonly attempts: number
}

const requestOf = ({ json, request, route }: Call, token: string): GraphRequest => ({
  method: operationNamed(route.operation).method,
  path: route.path,
  json,
  token,
  auditId: request.auditId,
})

const attempt = (ports: ForwardPorts, call: Call, deadline: Deadline, before: number): T.Task<Forwarded> =>
  pipe(
    ports.upstreamTokens.take(call, deadline),
    TE.matchE(
      (error) => T.of({ result: E.left(error), attempts: before }),
      (token) =>
        pipe(
          ports.sendToGraph(deadline)(requestOf(call, token)),
          // A 401 says that the request was not looked at, so one more try with a fresh token cannot do it twice.
          TE.tap(({ status }) => TE.fromIO(status === 401 ? ports.upstreamTokens.drop(call, token) : () => undefined)),
          T.map((result) => ({ result, attempts: before + 1 })),
        ),
    ),
  )

/** A fresh token would help. One on behalf of the same user would not, where the user must do something first. */
const isWorthAFreshToken = ({ upstream }: Call, { headers, status }: GraphAnswer): boolean =>
  status === 401 && !(upstream.kind === 'user' && claimsInChallenge(headers['www-authenticate']) !== undefined)

const onceMoreIfTokenRefused =
  (ports: ForwardPorts, call: Call, deadline: Deadline) =>
  (first: Forwarded): T.Task<Forwarded> =>
    E.isLeft(first.result) || !isWorthAFreshToken(call, first.result.right)
      ? T.of(first)
      : pipe(attempt(ports, call, deadline, first.attempts), T.map(afterARefusal(first)))

/** Graph has seen the first try, so a second that never left does not make the call unsent: it was refused. */
const afterARefusal =
  (first: Forwarded) =>
  (second: Forwarded): Forwarded => {
    if (E.isRight(second.result)) return second
    const error = second.result.left
    if (error._tag === 'UserMustInteract' || error._tag === 'AssertionRefused')
      return { ...second, result: E.left({ ...error, hasGraphRefused: true }) }
    return outcomeOfError(error) === 'notSent' ? first : second
  }

/** Sends a call to Graph, once; a second time only when Graph refused our token. The intent must be on record already. */
export const forward =
  (ports: ForwardPorts) =>
  (call: Call): T.Task<Forwarded> =>
    pipe(
      T.fromIO(ports.monotonicNowInMs),
      T.map((now): Deadline => ({ atInMs: now + ports.upstreamDeadlineInMs })),
      T.chain((deadline) =>
        pipe(attempt(ports, call, deadline, 0), T.chain(onceMoreIfTokenRefused(ports, call, deadline))),
      ),
    )
