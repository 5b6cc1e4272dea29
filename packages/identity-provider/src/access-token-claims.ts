import { createHash } from 'node:crypto'

import type { JWTPayload } from 'jose'

import type { Api, Client, User } from './identity-provider-options.js'
import type { DelegatedPermissions } from './requested-permissions.js'
import type { ClientAuthentication } from './token-request.js'

/** What makes one token differ from the next for the same bearer. */
export interface Issuance {
  readonly issuer: string
  readonly tenantId: string
  readonly tokenId: string
  readonly issuedAtInSeconds: number
  readonly lifetimeInSeconds: number
  /** How the client proved itself. */
  readonly clientAuthentication: ClientAuthentication
}

/**
 * The claims of an application that acts for itself. No `roles` when it was granted none: Entra issues such a
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

/**
 * The claims of a user for whom a client acts. `idtyp` is there as if the API had asked for it, also for users. `acrs`
 * names the policies that the user complied with.
 */
export const userClaims =
  (client: Client, user: User, { api, scopes }: DelegatedPermissions, acrs: ReadonlyArray<string> = []) =>
  (issuance: Issuance): JWTPayload => ({
    ...commonClaims(client, api, issuance),
    idtyp: 'user',
    name: user.displayName,
    oid: user.objectId,
    ...(api.accessTokenVersion === 1
      ? { unique_name: user.username, upn: user.username }
      : { preferred_username: user.username }),
    scp: scopes.join(' '),
    sub: pairwiseSubject(user, api.audience),
    ...(acrs.length > 0 && { acrs: [...acrs] }),
  })

/** What a client learns of the user, in an id token: it is the client's, not the API's. */
export const idTokenClaims =
  (client: Client, user: User) =>
  (issuance: Issuance): JWTPayload => ({
    ...everyTokensClaims(issuance),
    aud: client.clientId,
    name: user.displayName,
    oid: user.objectId,
    preferred_username: user.username,
    sub: pairwiseSubject(user, client.clientId),
    ver: '2.0',
  })

const commonClaims = (client: Client, api: Api, issuance: Issuance): JWTPayload => ({
  ...(api.accessTokenVersion === 1 ? v1Claims : v2Claims)(client, api, issuance),
  ...everyTokensClaims(issuance),
})

const everyTokensClaims = (issuance: Issuance): JWTPayload => ({
  iss: issuance.issuer,
  iat: issuance.issuedAtInSeconds,
  nbf: issuance.issuedAtInSeconds,
  exp: issuance.issuedAtInSeconds + issuance.lifetimeInSeconds,
  tid: issuance.tenantId,
  uti: issuance.tokenId,
})

const v2Claims = ({ clientId }: Client, { audience }: Api, issuance: Issuance): JWTPayload => ({
  aud: audience,
  azp: clientId,
  azpacr: authenticationContextOf(issuance),
  ver: '2.0',
})

const v1Claims = ({ clientId }: Client, { appIdUri }: Api, issuance: Issuance): JWTPayload => ({
  aud: appIdUri,
  appid: clientId,
  appidacr: authenticationContextOf(issuance),
  ver: '1.0',
})

// 1 is a secret, 2 a certificate, and Entra has no number of its own for what others signed.
const authenticationContextOf = ({ clientAuthentication }: Issuance): string =>
  clientAuthentication === 'client_secret' ? '1' : '2'

// The same user is someone else to each API, so that two of them cannot join what they know.
const pairwiseSubject = (user: User, audience: string): string =>
  createHash('sha256').update(`${audience} ${user.objectId}`).digest('base64url')
