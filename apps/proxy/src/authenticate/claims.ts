import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Caller } from '../domain/caller.js'
import type { ProxyError, TokenInvalidReason } from '../domain/proxy-error.js'

/** What we ask of a token. */
export interface TokenRules {
  readonly issuer: string
  readonly audience: string
  /** Compared with `tid` when given. Issuers of Entra name one; others have no such claim. */
  readonly tenantId: string | undefined
  /** A scope in `scp`, or a role in `roles`. */
  readonly permission: string
}

const clockToleranceInSeconds = 60
// Tokens for continuous access evaluation live 20 to 28 hours; nothing that Entra issues lives longer.
const longestLifeInSeconds = 28 * 3600

/** Graph's own audiences: a token for Graph in our hands would be a confused deputy's. */
const graphAudiences: ReadonlySet<unknown> = new Set([
  '00000003-0000-0000-c000-000000000000',
  'https://graph.microsoft.com',
  'https://graph.microsoft.com/',
])

const Time = new t.Type<number>(
  'Time',
  (u): u is number => typeof u === 'number' && Number.isSafeInteger(u) && u >= 0,
  (u, context) => (typeof u === 'number' && Number.isSafeInteger(u) && u >= 0 ? t.success(u) : t.failure(u, context)),
  t.identity,
)

const Text = new t.Type<string>(
  'Text',
  (u): u is string => typeof u === 'string' && u.length > 0 && u.length <= 256,
  (u, context) => (typeof u === 'string' && u.length > 0 && u.length <= 256 ? t.success(u) : t.failure(u, context)),
  t.identity,
)

const Claims = t.intersection([
  t.type({ iss: t.string, aud: t.string, exp: Time, iat: Time, sub: Text }),
  t.partial({
    nbf: Time,
    tid: Text,
    oid: Text,
    azp: Text,
    appid: Text,
    uti: Text,
    jti: Text,
    scp: t.string,
    roles: t.readonlyArray(t.string),
    idtyp: t.string,
  }),
])
type Claims = t.TypeOf<typeof Claims>

const timeProblem = ({ exp, iat, nbf }: Claims, nowInSeconds: number): TokenInvalidReason | undefined => {
  if (exp + clockToleranceInSeconds <= nowInSeconds) return 'expired'
  if (nbf !== undefined && nbf - clockToleranceInSeconds > nowInSeconds) return 'notYetValid'
  if (iat - clockToleranceInSeconds > nowInSeconds) return 'issuedInFuture'
  return exp - iat > longestLifeInSeconds + clockToleranceInSeconds ? 'livesTooLong' : undefined
}

const problemWith = (rules: TokenRules, claims: Claims, nowInSeconds: number): TokenInvalidReason | undefined => {
  if (claims.iss !== rules.issuer) return 'issuer'
  if (claims.aud !== rules.audience) return 'audience'
  if (rules.tenantId !== undefined && claims.tid !== rules.tenantId) return 'tenant'
  return timeProblem(claims, nowInSeconds)
}

/** `idtyp` decides when it is there; without it only tokens of users have scopes. */
const kindOf = ({ idtyp, scp }: Claims): Caller['kind'] => {
  if (idtyp === 'app') return 'application'
  return idtyp === 'user' || scp !== undefined ? 'user' : 'application'
}

const permissionsOf = (claims: Claims): ReadonlyArray<string> =>
  kindOf(claims) === 'user' ? (claims.scp ?? '').split(' ') : (claims.roles ?? [])

const callerOf = (claims: Claims, keyId: string): Caller => {
  const appId = claims.azp ?? claims.appid
  const tokenId = claims.uti ?? claims.jti
  return {
    kind: kindOf(claims),
    issuer: claims.iss,
    objectId: claims.oid ?? claims.sub,
    keyId,
    ...(claims.tid === undefined ? {} : { tenantId: claims.tid }),
    ...(appId === undefined ? {} : { appId }),
    ...(tokenId === undefined ? {} : { tokenId }),
  }
}

/** Is the token one for Graph? Told from its unproved payload, since nobody but Graph can check its signature. */
export const isMeantForGraph = (payload: unknown): boolean =>
  t.type({ aud: t.string }).is(payload) && graphAudiences.has(payload.aud)

/**
 * Checks issuer, audience, tenant, time and permission of a token whose signature is already proven, and says who the
 * caller is. Does not check that the issuer's key belongs to the tenant. RFC 8725 §3; Entra "Secure applications by
 * validating claims".
 */
export const callerOfClaims =
  (rules: TokenRules, now: Date) =>
  ({ keyId, payload }: { readonly keyId: string; readonly payload: unknown }): E.Either<ProxyError, Caller> => {
    const decoded = Claims.decode(payload)
    if (E.isLeft(decoded)) return E.left({ _tag: 'TokenInvalid', reason: 'claims', audience: rules.audience })
    const caller = callerOf(decoded.right, keyId)
    const reason = problemWith(rules, decoded.right, now.getTime() / 1000)
    if (reason !== undefined) return E.left({ _tag: 'TokenInvalid', reason, audience: rules.audience, caller })
    return permissionsOf(decoded.right).includes(rules.permission)
      ? E.right(caller)
      : E.left({ _tag: 'ScopeMissing', permission: rules.permission, caller })
  }
