export type { Api, Client, IdentityProviderOptions, User } from './identity-provider-options.js'
export type { SigningKey } from './signing-key.js'
export { type IdentityProvider, startIdentityProvider } from './start-identity-provider.js'
