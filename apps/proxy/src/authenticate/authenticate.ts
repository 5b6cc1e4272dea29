import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as IO from 'fp-ts/lib/IO.js'
import type * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Admission } from '../domain/admission.js'
import type { Arrival } from '../domain/arrival.js'
import { bearerToken } from '../domain/bearer-token.js'
import type { Caller } from '../domain/caller.js'
import { headerOf, type IncomingRequest } from '../domain/incoming-request.js'
import { authKeysUnavailable, type ProxyError, type TokenInvalidReason } from '../domain/proxy-error.js'
import type { Quota } from '../domain/quota.js'
import { callerOfClaims, isMeantForGraph, type ProvedCaller } from './claims.js'
import { inWhoseName, type UpstreamPolicy } from './in-whose-name.js'
import type { Spent } from './token-bucket.js'
import type { TokenRules } from './token-rules.js'
import { timeProblem } from './token-times.js'
import type { TrustedIssuer } from './trusted-issuer.js'
import { readUnverified, type UnverifiedToken } from './unverified-token.js'

/** What a look at a signature can say. */
export type SignatureCheck =
  /** Proved, for as long as the key is one of the issuer's. */
  | { readonly _tag: 'Genuine'; readonly isKeyTrusted: IO.IO<boolean> }
  | {
      readonly _tag: 'NotGenuine'
      readonly reason: Extract<TokenInvalidReason, 'keyUnknown' | 'keyIssuer' | 'signature'>
    }
  | { readonly _tag: 'KeysUnavailable'; readonly cause: unknown }

/** What was proved of tokens that came before, so that their signatures need not be looked at again. */
export interface ProvedTokens {
  /** Undefined too when the key has left the issuer's since. */
  readonly recall: (token: string) => IO.IO<ProvedCaller | undefined>
  readonly remember: (token: string, proved: ProvedCaller, isKeyTrusted: IO.IO<boolean>) => IO.IO<void>
}

/** What it takes to know who sent a token, and that it has the permission. */
export interface ProofPorts {
  readonly trustedIssuers: ReadonlyArray<TrustedIssuer>
  readonly tokenRules: TokenRules
  readonly checkSignature: (issuer: TrustedIssuer, token: UnverifiedToken) => T.Task<SignatureCheck>
  /** Of these rules alone: what was proved says that the permission was there, too. */
  readonly provedTokens: ProvedTokens
}

export interface AuthenticatePorts extends ProofPorts {
  /** Undefined where calls are not counted by caller. */
  readonly callerRates: ((caller: Caller) => IO.IO<Spent>) | undefined
  readonly upstreamPolicy: UpstreamPolicy
}

/** A token whose signature is proved, and by whose key. */
interface ProvedToken {
  readonly unverified: UnverifiedToken
  readonly issuer: TrustedIssuer
  readonly isKeyTrusted: IO.IO<boolean>
}

const invalid = ({ audiences: [audience = ''] }: TokenRules, reason: TokenInvalidReason): ProxyError => ({
  _tag: 'TokenInvalid',
  reason,
  audience,
})

const wellFormed =
  ({ tokenRules }: ProofPorts) =>
  (token: string): E.Either<ProxyError, UnverifiedToken> =>
    pipe(
      readUnverified(tokenRules)(token),
      E.filterOrElse(
        ({ payload }) => !isMeantForGraph(tokenRules.graphAudiences, payload),
        (): TokenInvalidReason => 'graphTokenPresented',
      ),
      E.mapLeft((reason) => invalid(tokenRules, reason)),
    )

/** Whose keys are asked is said by the token; that they are asked at all, by our list. */
const proved =
  ({ checkSignature, tokenRules, trustedIssuers }: ProofPorts) =>
  (unverified: UnverifiedToken): TE.TaskEither<ProxyError, ProvedToken> => {
    const issuer = trustedIssuers.find((trusted) => trusted.issuer === unverified.issuer)
    return issuer === undefined
      ? TE.left(invalid(tokenRules, 'issuer'))
      : pipe(
          checkSignature(issuer, unverified),
          TE.fromTask,
          TE.chain((check): TE.TaskEither<ProxyError, ProvedToken> => {
            switch (check._tag) {
              case 'Genuine':
                return TE.right({ unverified, issuer, isKeyTrusted: check.isKeyTrusted })
              case 'NotGenuine':
                return TE.left(invalid(tokenRules, check.reason))
              case 'KeysUnavailable':
                return TE.left(authKeysUnavailable(check.cause))
            }
          }),
        )
  }

const provedAfresh =
  (ports: ProofPorts, now: Date) =>
  (token: string): TE.TaskEither<ProxyError, Caller> =>
    pipe(
      TE.fromEither(wellFormed(ports)(token)),
      TE.chain(proved(ports)),
      TE.chainEitherK(({ isKeyTrusted, issuer, unverified }) =>
        pipe(
          callerOfClaims(ports.tokenRules, issuer, now)(unverified),
          E.map((caller) => ({ caller, isKeyTrusted })),
        ),
      ),
      TE.tapIO(({ caller, isKeyTrusted }) => ports.provedTokens.remember(token, caller, isKeyTrusted)),
      TE.map(({ caller: { caller } }) => caller),
    )

/** All that was asked of a token when it was proved is as it was, but for the time and the key. */
const callerOfToken =
  (ports: ProofPorts, now: Date) =>
  (token: string): TE.TaskEither<ProxyError, Caller> =>
    pipe(
      TE.fromIO(ports.provedTokens.recall(token)),
      TE.chain((before) =>
        before !== undefined && isStillGood(ports, before, now)
          ? TE.right(before.caller)
          : provedAfresh(ports, now)(token),
      ),
    )

const isStillGood = (
  { tokenRules: { longestLifeInSeconds } }: ProofPorts,
  { times }: ProvedCaller,
  now: Date,
): boolean => timeProblem(times, longestLifeInSeconds, now.getTime() / 1000) === undefined

const withinRate =
  ({ callerRates }: AuthenticatePorts) =>
  (caller: Caller): TE.TaskEither<ProxyError, Quota | undefined> =>
    callerRates === undefined
      ? TE.right(undefined)
      : pipe(
          TE.fromIO(callerRates(caller)),
          TE.chain(({ isAllowed, quota }) =>
            isAllowed ? TE.right(quota) : TE.left<ProxyError>({ _tag: 'CallerRateLimited', quota, caller }),
          ),
        )

const admitted =
  (ports: AuthenticatePorts) =>
  (caller: Caller): TE.TaskEither<ProxyError, Admission> =>
    pipe(
      withinRate(ports)(caller),
      TE.map((quota) => (quota === undefined ? {} : { quota })),
      TE.chainEitherK((counted) =>
        pipe(
          inWhoseName(ports.upstreamPolicy)(caller),
          E.bimap(
            (error): ProxyError => ({ ...error, ...counted }),
            (upstream) => ({ caller, upstream, ...counted }),
          ),
        ),
      ),
    )

/**
 * Who sent a request? The token is read, its signature proved, and only then are its claims looked at; one that was proved
 * before is known again. Right has the permission that the rules ask for.
 */
export const provedCaller =
  (ports: ProofPorts) =>
  (request: IncomingRequest): TE.TaskEither<ProxyError, Caller> =>
    pipe(
      TE.fromEither(bearerToken(headerOf(request, 'authorization'))),
      TE.chain(callerOfToken(ports, request.receivedAt)),
    )

/** Who calls, may it, and in whose name is Graph called? */
export const authenticate =
  (ports: AuthenticatePorts) =>
  ({ request }: Arrival): TE.TaskEither<ProxyError, Admission> =>
    pipe(provedCaller(ports)(request), TE.chain(admitted(ports)))
