import type { IdentityProvider } from '@device-install-state/identity-provider'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { graphAudience, hasGraphPermission } from './sandbox-tenant.js'

/** In whose name Graph was called. */
export interface NameAtGraph {
  readonly kind: 'application' | 'user'
  /** Of the service principal or the user. */
  readonly objectId: string
}

export interface UpstreamTokenCheck {
  /** Never rejects. */
  readonly accepts: (token: string) => Promise<boolean>
  /** Of each token that was accepted, in order. */
  readonly names: () => ReadonlyArray<NameAtGraph>
}

/**
 * Whether Graph takes a token: issued by this provider, for Graph, with the permission. A caller's own token is for
 * the proxy and fails here, which proves that it is not passed on.
 */
export const upstreamTokenCheck = ({
  issuer,
  jwksUri,
}: Pick<IdentityProvider, 'issuer' | 'jwksUri'>): UpstreamTokenCheck => {
  const keys = createRemoteJWKSet(new URL(jwksUri))
  const names: Array<NameAtGraph> = []
  return {
    names: () => [...names],
    accepts: async (token) => {
      try {
        const { payload } = await jwtVerify(token, keys, { issuer, audience: graphAudience, algorithms: ['RS256'] })
        if (!hasGraphPermission(payload)) return false
        names.push({ kind: payload['scp'] === undefined ? 'application' : 'user', objectId: String(payload['oid']) })
        return true
      } catch {
        return false
      }
    },
  }
}
