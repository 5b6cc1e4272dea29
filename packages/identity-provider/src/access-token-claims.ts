import { createHash } from 'node:crypto'

import type { JWTPayload } from 'jose'

import type { Api, Client, User } from './identity-provider-options.js'
import type { DelegatedPermissions } from './requested-permissions.js'

/** What makes one token differ from the next for the same bearer. */
export interface Issuance {
  readonly issuer: string
  readonly tenantId: string
  readonly tokenId: string
  readonly issuedAtInSeconds: number
  readonly lifetimeInSeconds: number
}

/**
 * The v2.0 claims of an application that acts for itself. No `roles` when it was granted none: Entra issues such a
 * token too, so an API has to look. https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export const appClaims =
  (client: Client, api: Api) =>
  (issuance: Issuance): JWTPayload => {
    const roles = client.appRoles[api.appIdUri] ?? []
    return {
      ...commonClaims(client, api, issuance),
      idtyp: 'app',
      oid: client.objectId,
      sub: client.objectId,
      ...(roles.length > 0 && { roles }),
    }
  }

/** The v2.0 claims of a user for whom a client acts. `idtyp` is there as if the API had asked for it, also for users. */
export const userClaims =
  (client: Client, user: User, { api, scopes }: DelegatedPermissions) =>
  (issuance: Issuance): JWTPayload => ({
    ...commonClaims(client, api, issuance),
    idtyp: 'user',
    name: user.displayName,
    oid: user.objectId,
    preferred_username: user.username,
    scp: scopes.join(' '),
    sub: pairwiseSubject(user, api),
  })

const commonClaims = (client: Client, api: Api, issuance: Issuance): JWTPayload => ({
  aud: api.audience,
  iss: issuance.issuer,
  iat: issuance.issuedAtInSeconds,
  nbf: issuance.issuedAtInSeconds,
  exp: issuance.issuedAtInSeconds + issuance.lifetimeInSeconds,
  azp: client.clientId,
  // The client proved itself with a secret.
  azpacr: '1',
  tid: issuance.tenantId,
  uti: issuance.tokenId,
  ver: '2.0',
})

// The same user is someone else to each API, so that two of them cannot join what they know.
const pairwiseSubject = (user: User, api: Api): string =>
  createHash('sha256').update(`${api.audience} ${user.objectId}`).digest('base64url')
