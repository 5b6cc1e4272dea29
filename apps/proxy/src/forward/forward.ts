import { operationNamed } from '@device-install-state/model/operations'
import { pipe } from 'fp-ts/lib/function.js'
import type * as IO from 'fp-ts/lib/IO.js'
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

/** An answer, and how many times it took. */
export interface Forwarded {
  readonly answer: GraphAnswer
  readonly attempts: number
}

const requestOf = ({ json, request, route }: Call, token: string): GraphRequest => ({
  method: operationNamed(route.operation).method,
  path: route.path,
  json,
  token,
  auditId: request.auditId,
})

const attempt = (
  ports: ForwardPorts,
  call: Call,
  deadline: Deadline,
  attempts: number,
): TE.TaskEither<ProxyError, Forwarded> =>
  pipe(
    ports.upstreamTokens.take(call, deadline),
    TE.chain((token) =>
      pipe(
        ports.sendToGraph(deadline)(requestOf(call, token)),
        TE.map((answer): Forwarded => ({ answer, attempts })),
        // A 401 says that the request was not looked at, so one more try with a fresh token cannot do it twice.
        TE.tap(({ answer }) =>
          TE.fromIO(answer.status === 401 ? ports.upstreamTokens.drop(call, token) : () => undefined),
        ),
      ),
    ),
  )

/** A fresh token would help. One on behalf of the same user would not, where the user must do something first. */
const isWorthAFreshToken = ({ upstream }: Call, { headers, status }: GraphAnswer): boolean =>
  status === 401 && !(upstream.kind === 'user' && claimsInChallenge(headers['www-authenticate']) !== undefined)

const onceMoreIfTokenRefused =
  (ports: ForwardPorts, call: Call, deadline: Deadline) =>
  (first: Forwarded): TE.TaskEither<ProxyError, Forwarded> =>
    !isWorthAFreshToken(call, first.answer)
      ? TE.right(first)
      : pipe(
          attempt(ports, call, deadline, 2),
          // Graph has seen the first try, so a second that never left does not make the call unsent: it was refused.
          TE.orElse((error) => {
            if (error._tag === 'UserMustInteract' || error._tag === 'AssertionRefused') {
              return TE.left<ProxyError>({ ...error, hasGraphRefused: true })
            }
            return outcomeOfError(error) === 'notSent' ? TE.right(first) : TE.left(error)
          }),
        )

/** Sends a call to Graph, once; a second time only when Graph refused our token. The intent must be on record already. */
export const forward =
  (ports: ForwardPorts) =>
  (call: Call): TE.TaskEither<ProxyError, Forwarded> =>
    pipe(
      TE.fromIO(ports.monotonicNowInMs),
      TE.map((now): Deadline => ({ atInMs: now + ports.upstreamDeadlineInMs })),
      TE.chain((deadline) =>
        pipe(attempt(ports, call, deadline, 1), TE.chain(onceMoreIfTokenRefused(ports, call, deadline))),
      ),
    )
