import type { IdentityProvider } from '@device-install-state/identity-provider'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { graphAudience, permission } from './sandbox-tenant.js'

/**
 * Whether Graph takes a token: issued by this provider, for Graph, with the permission. A caller's own token is for
 * the proxy and fails here, which proves that it is not passed on. Never rejects.
 */
export const acceptsUpstreamToken = ({
  issuer,
  jwksUri,
}: Pick<IdentityProvider, 'issuer' | 'jwksUri'>): ((token: string) => Promise<boolean>) => {
  const keys = createRemoteJWKSet(new URL(jwksUri))
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience: graphAudience, algorithms: ['RS256'] })
      const { roles } = payload
      return Array.isArray(roles) && roles.includes(permission)
    } catch {
      return false
    }
  }
}
