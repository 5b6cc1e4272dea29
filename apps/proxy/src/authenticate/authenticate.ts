import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Arrival } from '../domain/arrival.js'
import type { Caller } from '../domain/caller.js'
import { headerOf } from '../domain/incoming-request.js'
import { authKeysUnavailable, type ProxyError, type TokenInvalidReason } from '../domain/proxy-error.js'
import { bearerToken } from './bearer-token.js'
import { callerOfClaims, isMeantForGraph, type TokenRules } from './claims.js'
import { readUnverified, type UnverifiedToken } from './unverified-token.js'

/** What a look at a signature can say. */
export type SignatureCheck =
  | { readonly _tag: 'Genuine' }
  | { readonly _tag: 'NotGenuine'; readonly reason: Extract<TokenInvalidReason, 'keyUnknown' | 'signature'> }
  | { readonly _tag: 'KeysUnavailable'; readonly cause: unknown }

export interface AuthenticatePorts {
  readonly checkSignature: (token: UnverifiedToken) => T.Task<SignatureCheck>
  readonly tokenRules: TokenRules
}

const proved =
  ({ checkSignature, tokenRules }: AuthenticatePorts) =>
  (token: UnverifiedToken): TE.TaskEither<ProxyError, UnverifiedToken> =>
    pipe(
      checkSignature(token),
      TE.fromTask,
      TE.chain((check): TE.TaskEither<ProxyError, UnverifiedToken> => {
        switch (check._tag) {
          case 'Genuine':
            return TE.right(token)
          case 'NotGenuine':
            return TE.left({ _tag: 'TokenInvalid', reason: check.reason, audience: tokenRules.audience })
          case 'KeysUnavailable':
            return TE.left(authKeysUnavailable(check.cause))
        }
      }),
    )

const wellFormed =
  ({ audience }: TokenRules) =>
  (token: string): E.Either<ProxyError, UnverifiedToken> =>
    pipe(
      readUnverified(token),
      E.filterOrElse(
        ({ payload }) => !isMeantForGraph(payload),
        (): TokenInvalidReason => 'graphTokenPresented',
      ),
      E.mapLeft((reason): ProxyError => ({ _tag: 'TokenInvalid', reason, audience })),
    )

/** Who calls? The token is read, its signature proved, and only then are its claims looked at. */
export const authenticate =
  (ports: AuthenticatePorts) =>
  ({ request }: Arrival): TE.TaskEither<ProxyError, Caller> =>
    pipe(
      bearerToken(headerOf(request, 'authorization')),
      E.chain(wellFormed(ports.tokenRules)),
      TE.fromEither,
      TE.chain(proved(ports)),
      TE.chainEitherK(callerOfClaims(ports.tokenRules, request.receivedAt)),
    )
