import { randomBytes } from 'node:crypto'

import { type JWTPayload, SignJWT } from 'jose'

import type { Issuance } from './access-token-claims.js'
import { entraIssuer } from './entra-paths.js'
import type { TokenVersion } from './identity-provider-options.js'
import type { SigningKeys } from './signing-keys.js'
import type { ClientAuthentication } from './token-request.js'

/** Signs what the claims make of one issuance: access tokens and id tokens alike. */
export type IssueToken = (
  version: TokenVersion,
  clientAuthentication: ClientAuthentication,
  claimsFor: (issuance: Issuance) => JWTPayload,
) => Promise<string>

export const issueToken =
  (authorityHost: string, tenantId: string, signingKeys: SigningKeys, lifetimeInSeconds: number): IssueToken =>
  (version, clientAuthentication, claimsFor) => {
    const claims = claimsFor({
      issuer: entraIssuer(authorityHost, tenantId, version),
      tenantId,
      tokenId: randomBytes(16).toString('base64url'),
      issuedAtInSeconds: Math.floor(Date.now() / 1000),
      lifetimeInSeconds,
      clientAuthentication,
    })
    const { kid, privateKey } = signingKeys.current()
    return new SignJWT(claims)
      .setProtectedHeader({ typ: 'JWT', alg: 'RS256', ...(version === 1 && { x5t: kid }), kid })
      .sign(privateKey)
  }
