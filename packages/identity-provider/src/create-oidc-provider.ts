import { type Adapter, type Configuration, Provider } from 'oidc-provider'

import { entraIssuer, entraPaths } from './entra-paths.js'
import { grantTypes } from './grant-types.js'
import type { Client } from './identity-provider-options.js'
import { publishedJwk, type SigningKeys } from './signing-keys.js'

/**
 * The library's provider with Entra's addresses, our keys, and nothing of what it can do beside the grants. It wants a
 * secret of every client, which `secretOf` gives.
 */
export const createOidcProvider = (
  authorityHost: string,
  tenantId: string,
  signingKeys: SigningKeys,
  clients: ReadonlyArray<Client>,
  secretOf: (client: Client) => string,
): Provider => {
  const paths = entraPaths(tenantId)
  const { kid, privateKey } = signingKeys.current()
  const provider = new Provider(entraIssuer(authorityHost, tenantId, 2), {
    ...quietConfiguration,
    routes: { token: paths.token, jwks: paths.keys[2], authorization: paths.authorization },
    // It wants one to start with and signs nothing with it.
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] },
    clients: clients.map((client) => ({
      client_id: client.clientId,
      client_secret: secretOf(client),
      grant_types: Object.values(grantTypes),
      response_types: [],
      redirect_uris: [],
    })),
  })
  provider.use(showDiscoveryWhereEntraDoes(authorityHost, tenantId))
  provider.use(publishKeys(authorityHost, tenantId, signingKeys))
  return provider
}

type Middleware = Parameters<Provider['use']>[0]

// The library wants everything below the issuer, where Entra has the discovery document alone. So the library is
// mounted at the root, and its discovery document is shown where the issuer says. That of v1.0 is the same but for what
// differs by version in a token.
const showDiscoveryWhereEntraDoes = (authorityHost: string, tenantId: string): Middleware => {
  const { discovery, keys } = entraPaths(tenantId)
  return async (ctx, next) => {
    const isVersion1 = ctx.path === discovery[1]
    if (isVersion1 || ctx.path === discovery[2]) {
      ctx.path = '/.well-known/openid-configuration'
    }
    await next()
    if (isVersion1 && ctx.status === 200) {
      const document: unknown = ctx.body
      ctx.body = {
        ...(typeof document === 'object' && document),
        issuer: entraIssuer(authorityHost, tenantId, 1),
        jwks_uri: `${ctx.protocol}://${ctx.host}${keys[1]}`,
      }
    }
  }
}

// The library's own keys stay as they were at the start, and it drops members that it does not know, such as `issuer`.
const publishKeys = (authorityHost: string, tenantId: string, signingKeys: SigningKeys): Middleware => {
  const { keys } = entraPaths(tenantId)
  return async (ctx, next) => {
    const version = ctx.path === keys[1] ? 1 : ctx.path === keys[2] ? 2 : undefined
    if (version === undefined) {
      await next()
    } else {
      ctx.body = { keys: signingKeys.published().map((key) => publishedJwk(key, version, authorityHost)) }
    }
  }
}

const nothing = (): Promise<undefined> => Promise.resolve(undefined)

// Clients are in the configuration and access tokens are signed, so there is nothing to remember.
const forgetfulAdapter: Adapter = {
  upsert: nothing,
  find: nothing,
  findByUserCode: nothing,
  findByUid: nothing,
  consume: nothing,
  destroy: nothing,
  revokeByGrantId: nothing,
}

// Whatever the library offers unasked is off. It prints a notice for each default of its own that it falls back on,
// hence the hooks.
const quietConfiguration = {
  adapter: () => forgetfulAdapter,
  clientAuthMethods: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
  clientBasedCORS: () => false,
  features: {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    resourceIndicators: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    userinfo: { enabled: false },
  },
  renderError: (ctx, out) => {
    ctx.body = out
  },
  responseTypes: [],
  scopes: ['openid'],
} satisfies Configuration
