import { type Adapter, type Configuration, Provider } from 'oidc-provider'

import { entraPaths } from './entra-paths.js'
import type { IdentityProviderOptions } from './identity-provider-options.js'
import type { SigningKey } from './signing-key.js'

/** The library's provider with Entra's addresses, one key, and nothing of what it can do beside the grants. */
export const createOidcProvider = (
  authorityHost: string,
  signingKey: SigningKey,
  { tenantId, clients }: Pick<IdentityProviderOptions, 'tenantId' | 'clients'>,
): Provider => {
  const paths = entraPaths(tenantId)
  const provider = new Provider(`${authorityHost}${paths.issuer}`, {
    ...quietConfiguration,
    routes: { token: paths.token, jwks: paths.keys, authorization: paths.authorization },
    jwks: {
      keys: [{ ...signingKey.privateKey.export({ format: 'jwk' }), kid: signingKey.kid, alg: 'RS256', use: 'sig' }],
    },
    clients: clients.map(({ clientId, clientSecret }) => ({
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['client_credentials', 'password'],
      response_types: [],
      redirect_uris: [],
    })),
  })

  // The library wants everything below the issuer, where Entra has the discovery document alone. So the library is
  // mounted at the root, and its discovery document is shown where the issuer says.
  provider.use((ctx, next) => {
    if (ctx.path === `${paths.issuer}/.well-known/openid-configuration`) {
      ctx.path = '/.well-known/openid-configuration'
    }
    return next()
  })
  return provider
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
  clientAuthMethods: ['client_secret_post', 'client_secret_basic'],
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
