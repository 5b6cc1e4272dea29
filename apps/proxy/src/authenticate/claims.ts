import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import type { Caller } from '../domain/caller.js'
import type { ProxyError, TokenInvalidReason } from '../domain/proxy-error.js'
import type { RegisteredClaims } from './claim-types.js'
import { callerOfEntra, EntraClaims, entraPermission, entraProblem } from './entra-claims.js'
import { callerOfOpenId, OpenIdClaims, openIdPermission } from './openid-claims.js'
import type { Permission, TokenRules } from './token-rules.js'
import { timeProblem, type TokenTimes } from './token-times.js'
import type { TrustedIssuer } from './trusted-issuer.js'

/** Is the token one for Graph? Told from its unproved payload, since nobody but Graph can check its signature. */
export const isMeantForGraph = (graphAudiences: TokenRules['graphAudiences'], payload: unknown): boolean =>
  t.type({ aud: t.string }).is(payload) && graphAudiences.includes(payload.aud)

/** A caller, and how long its token says so. */
export interface ProvedCaller {
  readonly caller: Caller
  readonly times: TokenTimes
}

/** What a token says, as far as it matters, in the words of its issuer. */
interface Statement {
  readonly claims: RegisteredClaims
  readonly caller: Caller
  readonly permission: Permission
  /** What is wrong with it for an issuer of this kind. */
  readonly problem: TokenInvalidReason | undefined
}

const statementIn = (
  rules: TokenRules,
  trusted: TrustedIssuer,
  payload: unknown,
  keyId: string,
): E.Either<TokenInvalidReason, Statement> => {
  const invalid = (): TokenInvalidReason => 'claims'
  switch (trusted.kind) {
    case 'entra':
      return pipe(
        EntraClaims.decode(payload),
        E.bimap(invalid, (claims) => ({
          claims,
          caller: callerOfEntra(claims, keyId),
          permission: entraPermission(rules, claims),
          problem: entraProblem(trusted, claims),
        })),
      )
    case 'openid':
      return pipe(
        OpenIdClaims.decode(payload),
        E.bimap(invalid, (claims) => ({
          claims,
          caller: callerOfOpenId(claims, keyId),
          permission: openIdPermission(rules, claims),
          problem: undefined,
        })),
      )
  }
}

/**
 * Checks issuer, audience, tenant, dialect, time, application and permission of a token whose signature is already
 * proven, and says who the caller is. RFC 8725 §3; Entra, "Secure applications by validating claims".
 */
export const callerOfClaims =
  (rules: TokenRules, trusted: TrustedIssuer, now: Date) =>
  ({ keyId, payload }: { readonly keyId: string; readonly payload: unknown }): E.Either<ProxyError, ProvedCaller> => {
    const [audience = ''] = rules.audiences
    const stated = statementIn(rules, trusted, payload, keyId)
    if (E.isLeft(stated)) return E.left({ _tag: 'TokenInvalid', reason: stated.left, audience })
    const { caller, claims, permission, problem } = stated.right

    const reason = problemWith(claims, problem, rules, trusted, now.getTime() / 1000)
    if (reason !== undefined) return E.left({ _tag: 'TokenInvalid', reason, audience, caller })
    if (!isListed(rules, caller)) {
      return E.left({ _tag: 'CallerNotAllowed', why: 'applicationNotListed', caller })
    }
    return permission.held.includes(permission.asked)
      ? E.right({ caller, times: { iat: claims.iat, exp: claims.exp, nbf: claims.nbf } })
      : E.left({ _tag: 'ScopeMissing', permission: permission.asked, caller })
  }

const isListed = ({ appIds }: TokenRules, { appId }: Caller): boolean =>
  appIds === undefined || (appId !== undefined && appIds.includes(appId))

const problemWith = (
  claims: RegisteredClaims,
  problem: TokenInvalidReason | undefined,
  { audiences, longestLifeInSeconds }: TokenRules,
  trusted: TrustedIssuer,
  nowInSeconds: number,
): TokenInvalidReason | undefined => {
  if (claims.iss !== trusted.issuer) return 'issuer'
  if (!audiences.includes(claims.aud)) return 'audience'
  // Such a token is worth something only to whoever proves to have its key, which nobody can do here.
  if (claims.cnf !== undefined) return 'boundToKey'
  return problem ?? timeProblem(claims, longestLifeInSeconds, nowInSeconds)
}
