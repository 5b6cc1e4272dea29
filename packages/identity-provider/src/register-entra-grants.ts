import type { IncomingMessage } from 'node:http'

import type { JWTPayload } from 'jose'
import type { Provider } from 'oidc-provider'

import { appClaims, idTokenClaims, type Issuance, userClaims } from './access-token-claims.js'
import {
  consentRequired,
  invalidGrant,
  invalidScope,
  malformedRequest,
  missingParameter,
  unknownClient,
} from './entra-error.js'
import { grantTypes } from './grant-types.js'
import type { Api, Client, IdentityProviderOptions, User } from './identity-provider-options.js'
import type { IssueToken } from './issue-token.js'
import { acrsFor, userOfAssertion } from './on-behalf-of.js'
import {
  apiOfDefaultScope,
  consentedScopes,
  type DelegatedPermissions,
  delegatedPermissionsOf,
  isOpenIdScope,
  onBehalfOfPermissionsOf,
} from './requested-permissions.js'
import type { SigningKeys } from './signing-keys.js'
import type { ClientAuthentication } from './token-request.js'

/** What the grants need to know of the tenant, beside who is in it. */
export interface Tenant {
  readonly tenantId: string
  /** In v1.0 and in v2.0 tokens. */
  readonly issuers: ReadonlyArray<string>
  readonly signingKeys: SigningKeys
  readonly lifetimeInSeconds: number
  readonly issueToken: IssueToken
  readonly clientAuthenticationOf: (request: IncomingMessage) => ClientAuthentication
}

/** The body of a good answer of the token endpoint, RFC 6749 §5.1 and Entra's `ext_expires_in`. */
interface TokenResponse {
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly ext_expires_in: number
  readonly access_token: string
}

/**
 * Teaches the provider the three grants of Entra that need no browser. Its own client credentials grant knows an API by
 * the `resource` parameter (RFC 8707); Entra's reads it from `scope`, hence a handler for that one too. By the time a
 * handler runs, the client is authenticated.
 */
export const registerEntraGrants = (
  provider: Provider,
  { apis, clients, users }: Pick<IdentityProviderOptions, 'apis' | 'clients' | 'users'>,
  tenant: Tenant,
): void => {
  const { clientAuthenticationOf, issueToken } = tenant

  const tokenResponse = async (
    request: IncomingMessage,
    { accessTokenVersion = 2 }: Api,
    claimsFor: (issuance: Issuance) => JWTPayload,
  ): Promise<TokenResponse> => ({
    token_type: 'Bearer',
    expires_in: tenant.lifetimeInSeconds,
    ext_expires_in: tenant.lifetimeInSeconds,
    access_token: await issueToken(accessTokenVersion, clientAuthenticationOf(request), claimsFor),
  })

  /** What a client may ask for in addition when a token is a user's. MSAL always does, and keeps its account by it. */
  const aboutUser = async (request: IncomingMessage, client: Client, user: User, params: UserParams) => ({
    ...(params.scope?.split(' ').includes('openid') === true && {
      id_token: await issueToken(2, clientAuthenticationOf(request), idTokenClaims(client, user)),
    }),
    ...(params.client_info === '1' && {
      client_info: Buffer.from(JSON.stringify({ uid: user.objectId, utid: tenant.tenantId })).toString('base64url'),
    }),
  })

  provider.registerGrantType(
    grantTypes.clientCredentials,
    async (ctx) => {
      const scope = required('scope', ctx.oidc.params.scope)
      const api = apiOfDefaultScope(apis, scope)
      if (api === undefined) {
        throw invalidScope('The scope must be "<app ID URI>/.default" of a known API.')
      }
      ctx.body = await tokenResponse(ctx.req, api, appClaims(knownClient(clients, ctx.oidc.client.clientId), api))
    },
    ['scope'],
  )

  // Entra discourages the resource owner password grant, and so do we (RFC 9700 §2.4): the client sees the password.
  // It is here only because it gets a user's token with one request and no browser.
  provider.registerGrantType<UserParams & { username?: string; password?: string }>(
    grantTypes.password,
    async (ctx) => {
      const { params } = ctx.oidc
      const scope = required('scope', params.scope)
      const username = required('username', params.username)
      const password = required('password', params.password)
      const permissions = delegatedPermissionsOf(apis, scope)
      if (permissions === undefined) {
        throw invalidScope('The scope must be "<app ID URI>/<scope>", all of one known API.')
      }
      const user = users.find((known) => known.username === username && known.password === password)
      if (user === undefined) {
        throw invalidGrant(50126, 'Error validating credentials due to invalid username or password.')
      }
      const client = knownClient(clients, ctx.oidc.client.clientId)
      ctx.body = {
        scope: grantedScope(scope, permissions),
        ...(await tokenResponse(
          ctx.req,
          permissions.api,
          userClaims(client, user, permissions, acrsFor(params.claims)),
        )),
        ...(await aboutUser(ctx.req, client, user, params)),
      }
    },
    ['scope', 'username', 'password', ...userParams],
  )

  provider.registerGrantType<UserParams & { assertion?: string; requested_token_use?: string }>(
    grantTypes.onBehalfOf,
    async (ctx) => {
      const { params } = ctx.oidc
      const scope = required('scope', params.scope)
      const assertion = required('assertion', params.assertion)
      if (required('requested_token_use', params.requested_token_use) !== 'on_behalf_of') {
        throw malformedRequest("The value of 'requested_token_use' must be 'on_behalf_of'.")
      }
      const client = knownClient(clients, ctx.oidc.client.clientId)
      const user = await userOfAssertion({ ...tenant, apis, users }, client, assertion)
      const asked = onBehalfOfPermissionsOf(apis, client, scope)
      if (asked === undefined) {
        throw invalidScope('The scope must be "<app ID URI>/.default" or "<app ID URI>/<scope>", all of one known API.')
      }
      // Like Entra's, the token has all that was consented to, not only what was asked for.
      const permissions = { api: asked.api, scopes: consentedScopes(client, asked.api) }
      if (permissions.scopes.length === 0 || asked.scopes.some((name) => !permissions.scopes.includes(name))) {
        throw consentRequired()
      }
      ctx.body = {
        scope: grantedScope(scope, permissions),
        ...(await tokenResponse(ctx.req, permissions.api, userClaims(client, user, permissions))),
        ...(await aboutUser(ctx.req, client, user, params)),
      }
    },
    ['scope', 'assertion', 'requested_token_use', ...userParams],
  )
}

interface UserParams {
  readonly scope?: string
  readonly client_info?: string
  readonly claims?: string
}
const userParams = ['client_info', 'claims']

// MSAL looks up its cache by what it asked for, so `.default` and the scopes of OpenID are there again.
const grantedScope = (requested: string, { api: { appIdUri }, scopes }: DelegatedPermissions): string =>
  [
    ...requested.split(' ').filter((name) => isOpenIdScope(name) || name === `${appIdUri}/.default`),
    ...scopes.map((name) => `${appIdUri}/${name}`),
  ].join(' ')

const required = (name: string, value: string | undefined): string => {
  if (value === undefined) {
    throw missingParameter(name)
  }
  return value
}

const knownClient = (clients: ReadonlyArray<Client>, clientId: string): Client => {
  const client = clients.find((known) => known.clientId === clientId)
  if (client === undefined) {
    throw unknownClient()
  }
  return client
}
