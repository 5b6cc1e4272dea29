import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { bearerToken } from '../domain/bearer-token.js'
import type { Call } from '../domain/call.js'
import { headerOf } from '../domain/incoming-request.js'
import type { ProxyError } from '../domain/proxy-error.js'
import type { UpstreamTokens } from './forward.js'
import type { TokensByAssertion } from './lru-tokens-by-assertion.js'
import type { RenewingToken } from './renewing-tokens.js'

/** The caller's own token, which it proved itself with. It stays in the request, and is kept nowhere else. */
const assertionOf = ({ request }: Call): string =>
  pipe(
    bearerToken(headerOf(request, 'authorization')),
    E.getOrElse(() => ''),
  )

export interface EndableTokens extends UpstreamTokens {
  /** Lets go of all who wait for a token: the process ends. */
  readonly end: () => void
}

const ended: E.Either<ProxyError, string> = E.left({ _tag: 'UpstreamAuthUnavailable', cause: 'the process ends' })

/** Tokens in the name that was settled for a call: the gateway's own, or its user's. */
export const upstreamTokens = (own: RenewingToken, onBehalfOf: TokensByAssertion): EndableTokens => {
  let hasEnded = false
  const waiting = new Set<(result: E.Either<ProxyError, string>) => void>()

  const untilEnd =
    (take: TE.TaskEither<ProxyError, string>): TE.TaskEither<ProxyError, string> =>
    () =>
      new Promise((resolve) => {
        if (hasEnded) {
          resolve(ended)
          return
        }
        waiting.add(resolve)
        void take().then((result) => {
          waiting.delete(resolve)
          resolve(result)
        })
      })

  return {
    take: (call, deadline) =>
      untilEnd(
        call.upstream.kind === 'user'
          ? onBehalfOf.take(call.upstream.objectId, assertionOf(call), deadline)
          : own.take(deadline),
      ),
    drop: (call, token) =>
      call.upstream.kind === 'user' ? onBehalfOf.drop(assertionOf(call), token) : own.drop(token),
    end: () => {
      hasEnded = true
      waiting.forEach((resolve) => resolve(ended))
    },
  }
}
