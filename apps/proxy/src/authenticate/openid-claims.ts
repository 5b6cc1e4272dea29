import * as t from 'io-ts'
import type { Caller } from '../domain/caller.js'
import { RegisteredClaims, Text } from './claim-types.js'
import type { Permission, TokenRules } from './token-rules.js'

/** The claims of other providers' access tokens: RFC 9068, and the names that were in use before it. */
export const OpenIdClaims = t.intersection([
  RegisteredClaims,
  t.partial({
    client_id: Text,
    azp: Text,
    scope: t.string,
    scp: t.union([t.string, t.readonlyArray(t.string)]),
    roles: t.readonlyArray(t.string),
  }),
])
export type OpenIdClaims = t.TypeOf<typeof OpenIdClaims>

const clientOf = ({ azp, client_id: clientId }: OpenIdClaims): string | undefined => clientId ?? azp

/** A client that has a token of its own is its subject, RFC 9068 §2.2. */
const kindOf = (claims: OpenIdClaims): Caller['kind'] => (claims.sub === clientOf(claims) ? 'application' : 'user')

const words = (list: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  typeof list === 'string' ? list.split(' ') : (list ?? [])

/** Scopes are for both kinds of caller; an application may have a role in their place. */
export const openIdPermission = ({ role, scope }: TokenRules, claims: OpenIdClaims): Permission => {
  const isByRole = kindOf(claims) === 'application' && claims.roles?.includes(role) === true
  return isByRole
    ? { asked: role, held: claims.roles ?? [] }
    : { asked: scope, held: [...words(claims.scope), ...words(claims.scp)] }
}

export const callerOfOpenId = (claims: OpenIdClaims, keyId: string): Caller => {
  const appId = clientOf(claims)
  return {
    kind: kindOf(claims),
    issuer: claims.iss,
    objectId: claims.sub,
    keyId,
    ...(appId === undefined ? {} : { appId }),
    ...(claims.jti === undefined ? {} : { tokenId: claims.jti }),
  }
}
