import type { JWTPayload } from 'jose'
import { errors, type Provider } from 'oidc-provider'

import { appClaims, type Issuance, userClaims } from './access-token-claims.js'
import type { Client, IdentityProviderOptions } from './identity-provider-options.js'
import { apiOfDefaultScope, delegatedPermissionsOf } from './requested-permissions.js'

/** The body of a good answer of the token endpoint, RFC 6749 §5.1 and Entra's `ext_expires_in`. */
interface TokenResponse {
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly ext_expires_in: number
  readonly access_token: string
}

export type IssueToken = (claimsFor: (issuance: Issuance) => JWTPayload) => Promise<TokenResponse>

/**
 * Teaches the provider the two grants of Entra that need no browser. Its own client credentials grant knows an API by
 * the `resource` parameter (RFC 8707); Entra's reads it from `scope`, hence a handler for that one too. By the time a
 * handler runs, the provider has authenticated the client.
 */
export const registerEntraGrants = (
  provider: Provider,
  { apis, clients, users }: Pick<IdentityProviderOptions, 'apis' | 'clients' | 'users'>,
  issueToken: IssueToken,
): void => {
  provider.registerGrantType(
    'client_credentials',
    async (ctx) => {
      const scope = required('scope', ctx.oidc.params.scope)
      const api = apiOfDefaultScope(apis, scope)
      if (api === undefined) {
        throw new errors.InvalidScope('scope must be "<app ID URI>/.default" of a known API', scope)
      }
      ctx.body = await issueToken(appClaims(knownClient(clients, ctx.oidc.client.clientId), api))
    },
    ['scope'],
  )

  // Entra discourages the resource owner password grant, and so do we (RFC 9700 §2.4): the client sees the password.
  // It is here only because it gets a user's token with one request and no browser.
  provider.registerGrantType<{ username?: string; password?: string }>(
    'password',
    async (ctx) => {
      const scope = required('scope', ctx.oidc.params.scope)
      const username = required('username', ctx.oidc.params.username)
      const password = required('password', ctx.oidc.params.password)
      const permissions = delegatedPermissionsOf(apis, scope)
      if (permissions === undefined) {
        throw new errors.InvalidScope('scope must be "<app ID URI>/<scope>", all of one known API', scope)
      }
      const user = users.find((known) => known.username === username && known.password === password)
      if (user === undefined) {
        throw new errors.InvalidGrant('wrong username or password')
      }
      ctx.body = await issueToken(userClaims(knownClient(clients, ctx.oidc.client.clientId), user, permissions))
    },
    ['scope', 'username', 'password'],
  )
}

const required = (name: string, value: string | undefined): string => {
  if (value === undefined) {
    throw new errors.InvalidRequest(`missing required parameter '${name}'`)
  }
  return value
}

const knownClient = (clients: ReadonlyArray<Client>, clientId: string): Client => {
  const client = clients.find((known) => known.clientId === clientId)
  if (client === undefined) {
    throw new errors.InvalidClientAuth('the provider let in a client that we do not know')
  }
  return client
}
