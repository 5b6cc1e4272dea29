import * as E from 'fp-ts/lib/Either.js'
import type * as IO from 'fp-ts/lib/IO.js'
import type * as T from 'fp-ts/lib/Task.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { Admission } from '../domain/admission.js'
import type { Arrival } from '../domain/arrival.js'
import { bearerToken } from '../domain/bearer-token.js'
import type { Caller } from '../domain/caller.js'
import { headerOf, type IncomingRequest } from '../domain/incoming-request.js'
import { authKeysUnavailable, type ProxyError, type TokenInvalidReason } from '../domain/proxy-error.js'
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

const wellFormed = ({ tokenRules }: ProofPorts, token: string): E.Either<ProxyError, UnverifiedToken> => {
  const read = readUnverified(tokenRules)(token)
  if (E.isLeft(read)) return E.left(invalid(tokenRules, read.left))
  return isMeantForGraph(tokenRules.graphAudiences, read.right.payload)
    ? E.left(invalid(tokenRules, 'graphTokenPresented'))
    : read
}

/** Whose keys are asked is said by the token; that they are asked at all, by our list. */
const proved = async (
  { checkSignature, tokenRules, trustedIssuers }: ProofPorts,
  unverified: UnverifiedToken,
): Promise<E.Either<ProxyError, ProvedToken>> => {
  const issuer = trustedIssuers.find((trusted) => trusted.issuer === unverified.issuer)
  if (issuer === undefined) return E.left(invalid(tokenRules, 'issuer'))
  const check = await checkSignature(issuer, unverified)()
  switch (check._tag) {
    case 'Genuine':
      return E.right({ unverified, issuer, isKeyTrusted: check.isKeyTrusted })
    case 'NotGenuine':
      return E.left(invalid(tokenRules, check.reason))
    case 'KeysUnavailable':
      return E.left(authKeysUnavailable(check.cause))
  }
}

const provedAfresh = async (ports: ProofPorts, now: Date, token: string): Promise<E.Either<ProxyError, Caller>> => {
  const unverified = wellFormed(ports, token)
  if (E.isLeft(unverified)) return unverified
  const proof = await proved(ports, unverified.right)
  if (E.isLeft(proof)) return proof
  const { isKeyTrusted, issuer } = proof.right
  const caller = callerOfClaims(ports.tokenRules, issuer, now)(proof.right.unverified)
  if (E.isLeft(caller)) return caller
  ports.provedTokens.remember(token, caller.right, isKeyTrusted)()
  return E.right(caller.right.caller)
}

/** All that was asked of a token when it was proved is as it was, but for the time and the key. */
const isStillGood = (
  { tokenRules: { longestLifeInSeconds } }: ProofPorts,
  { times }: ProvedCaller,
  now: Date,
): boolean => timeProblem(times, longestLifeInSeconds, now.getTime() / 1000) === undefined

const admitted = (ports: AuthenticatePorts, caller: Caller): E.Either<ProxyError, Admission> => {
  const spent = ports.callerRates?.(caller)()
  if (spent?.isAllowed === false) return E.left({ _tag: 'CallerRateLimited', quota: spent.quota, caller })
  const counted = spent === undefined ? {} : { quota: spent.quota }
  const upstream = inWhoseName(ports.upstreamPolicy)(caller)
  return E.isLeft(upstream)
    ? E.left({ ...upstream.left, ...counted })
    : E.right({ caller, upstream: upstream.right, ...counted })
}

/**
 * Who sent a request? The token is read, its signature proved, and only then are its claims looked at; one that was proved
 * before is known again. Right has the permission that the rules ask for.
 */
export const provedCaller =
  (ports: ProofPorts) =>
  (request: IncomingRequest): TE.TaskEither<ProxyError, Caller> =>
  async () => {
    const token = bearerToken(headerOf(request, 'authorization'))
    if (E.isLeft(token)) return token
    const before = ports.provedTokens.recall(token.right)()
    return before !== undefined && isStillGood(ports, before, request.receivedAt)
      ? E.right(before.caller)
      : provedAfresh(ports, request.receivedAt, token.right)
  }

/** Who calls, may it, and in whose name is Graph called? */
export const authenticate =
  (ports: AuthenticatePorts) =>
  ({ request }: Arrival): TE.TaskEither<ProxyError, Admission> =>
  async () => {
    const caller = await provedCaller(ports)(request)()
    return E.isLeft(caller) ? caller : admitted(ports, caller.right)
  }
