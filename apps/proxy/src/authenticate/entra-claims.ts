import * as t from 'io-ts'
import type { Caller } from '../domain/caller.js'
import type { TokenInvalidReason } from '../domain/proxy-error.js'
import { RegisteredClaims, Text } from './claim-types.js'
import type { Permission, TokenRules } from './token-rules.js'
import type { EntraIssuer } from './trusted-issuer.js'

/** The claims of Entra's access tokens that we look at, v1.0 and v2.0. Entra, "Access token claims reference". */
export const EntraClaims = t.intersection([
  RegisteredClaims,
  // A token without `oid` is one for an application that the tenant does not know.
  t.type({ ver: t.string, tid: Text, oid: Text }),
  t.partial({
    azp: Text,
    appid: Text,
    uti: Text,
    scp: t.string,
    roles: t.readonlyArray(t.string),
    idtyp: t.keyof({ app: null, user: null }),
  }),
])
export type EntraClaims = t.TypeOf<typeof EntraClaims>

/** `idtyp` decides when it is there; without it only tokens of users have scopes. */
const kindOf = ({ idtyp, scp }: EntraClaims): Caller['kind'] =>
  idtyp === 'app' || (idtyp === undefined && scp === undefined) ? 'application' : 'user'

/** A user may by `scp`, an application by `roles`, whatever else the token has. */
export const entraPermission = ({ role, scope }: TokenRules, claims: EntraClaims): Permission =>
  kindOf(claims) === 'user'
    ? { asked: scope, held: (claims.scp ?? '').split(' ') }
    : { asked: role, held: claims.roles ?? [] }

export const callerOfEntra = (claims: EntraClaims, keyId: string): Caller => {
  // `azp` is v2.0's name, `appid` v1.0's: neither says anything in the other's tokens.
  const appId = claims.ver === '1.0' ? claims.appid : claims.azp
  return {
    kind: kindOf(claims),
    issuer: claims.iss,
    tenantId: claims.tid,
    objectId: claims.oid,
    keyId,
    ...(appId === undefined ? {} : { appId }),
    ...(claims.uti === undefined ? {} : { tokenId: claims.uti }),
  }
}

/**
 * Is it a token of this tenant, in its dialect, and an access token at all? An id token for the same client has its
 * audience, and a user's roles, but says neither `idtyp` nor `scp`: it would pass for an application, whose `sub` is its
 * `oid`, where a user's is not.
 */
export const entraProblem = (trusted: EntraIssuer, claims: EntraClaims): TokenInvalidReason | undefined => {
  if (claims.ver !== trusted.version) return 'version'
  if (claims.tid !== trusted.tenantId) return 'tenant'
  return claims.idtyp === undefined && claims.scp === undefined && claims.sub !== claims.oid ? 'kind' : undefined
}
