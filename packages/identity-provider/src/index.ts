export type {
  Api,
  Client,
  FederatedCredential,
  IdentityProviderOptions,
  TokenVersion,
  User,
} from './identity-provider-options.js'
export type { SigningKey } from './signing-key.js'
export { type IdentityProvider, type Interceptor, startIdentityProvider } from './start-identity-provider.js'
export type { ClientAuthentication, TokenRequest } from './token-request.js'
export { trustCertificate } from './trust-certificate.js'
