import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

import { createOidcProvider } from './create-oidc-provider.js'
import { entraIssuer, entraPaths } from './entra-paths.js'
import type { Client, IdentityProviderOptions, TokenVersion } from './identity-provider-options.js'
import { issueToken } from './issue-token.js'
import { registerEntraGrants } from './register-entra-grants.js'
import type { SigningKey } from './signing-key.js'
import { generateSigningKeys } from './signing-keys.js'
import { generateTlsCertificate } from './tls-certificate.js'
import { guardTokenEndpoint } from './token-endpoint.js'
import type { TokenRequest } from './token-request.js'

/** An authority that listens, with one tenant or several. All addresses are on 127.0.0.1. */
export interface IdentityProvider {
  /** Without a path: what `AZURE_AUTHORITY_HOST` would be. */
  readonly authorityHost: string
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly jwksUri: string
  /** In PEM, for clients to trust. There is none without `tls`. */
  readonly certificate: string | undefined
  /** `iss` in the tokens of a tenant, of version 2 when none is given. */
  readonly issuerOf: (tenantId: string, version?: TokenVersion) => string
  /** The key of the start, so that a test can sign what Entra never would. */
  readonly signingKey: SigningKey
  /** The key that signs from now on. It differs from `signingKey` once keys were rotated. */
  readonly currentSigningKey: () => SigningKey
  /** A new key signs from now on. Earlier ones stay published, in all tenants. */
  readonly rotateSigningKey: () => Promise<SigningKey>
  /** The key is no longer published, in any tenant. It signs on if it is the current one. */
  readonly removeSigningKey: (kid: string) => void
  /** Requests of the token endpoints that were answered, in this order; not those that an interceptor took. */
  readonly tokenRequests: () => ReadonlyArray<TokenRequest>
  /** Puts something in front of all requests, in place of what was there before; `undefined` takes it away. */
  readonly intercept: (interceptor: Interceptor | undefined) => void
  /** Ends open connections too. Once it is done nothing runs any more; to stop twice is harmless. */
  readonly stop: () => Promise<void>
}

/**
 * For faults: true when it answers by itself, or never does. Nothing was read from the request yet. Mind that MSAL's
 * requests have a query.
 */
export type Interceptor = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Starts an OpenID provider on loopback that issues access tokens shaped like those of Entra ID, with new keys each
 * time. For sandboxes and tests alone: secrets are in the options, nothing slows down a guesser, and
 * everyone on this machine can reach it.
 *
 * Rejects when the port is taken, or the options cannot be right, such as two clients with one id.
 */
export const startIdentityProvider = async (options: IdentityProviderOptions): Promise<IdentityProvider> => {
  const { tenantId, guestTenantIds = [], accessTokenLifetimeInSeconds: lifetimeInSeconds = 3599 } = options
  const [signingKeys, certificate] = await Promise.all([
    generateSigningKeys(),
    options.tls === true ? generateTlsCertificate() : undefined,
  ])
  const server = certificate === undefined ? createServer() : createTlsServer(certificate)
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')

  try {
    const authorityHost = `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${portOf(server)}`
    const tokenRequests: TokenRequest[] = []
    const answerOf = (tenant: string): Answer => {
      const provider = createOidcProvider(authorityHost, tenant, signingKeys, options.clients, secretOf)
      const record = (request: TokenRequest) => tokenRequests.push(request)
      const endpoint = guardTokenEndpoint(provider, authorityHost, tenant, options.clients, secretOf, record)
      registerEntraGrants(provider, options, {
        tenantId: tenant,
        issuers: [entraIssuer(authorityHost, tenant, 1), entraIssuer(authorityHost, tenant, 2)],
        signingKeys,
        lifetimeInSeconds,
        issueToken: issueToken(authorityHost, tenant, signingKeys, lifetimeInSeconds),
        ...endpoint,
      })
      return provider.callback()
    }
    const answerOfHome = answerOf(tenantId)
    const guests = guestTenantIds.map((guest) => ({ prefix: `/${guest}/`, answer: answerOf(guest) }))
    let interceptor: Interceptor | undefined
    server.on('request', (request, response) => {
      if (interceptor?.(request, response) === true) {
        return
      }
      const guest = guests.find(({ prefix }) => request.url?.startsWith(prefix))
      void (guest?.answer ?? answerOfHome)(request, response)
    })

    return {
      authorityHost,
      issuer: entraIssuer(authorityHost, tenantId, 2),
      tokenEndpoint: `${authorityHost}${entraPaths(tenantId).token}`,
      jwksUri: `${authorityHost}${entraPaths(tenantId).keys[2]}`,
      certificate: certificate?.cert,
      issuerOf: (tenant, version = 2) => entraIssuer(authorityHost, tenant, version),
      signingKey: signingKeys.current(),
      currentSigningKey: signingKeys.current,
      rotateSigningKey: signingKeys.rotate,
      removeSigningKey: signingKeys.remove,
      tokenRequests: () => [...tokenRequests],
      intercept: (next) => {
        interceptor = next
      },
      stop: () => close(server),
    }
  } catch (error) {
    await close(server)
    throw error
  }
}

/** The library knows every client by a secret. One that has none gets one that nobody can guess. */
const secretOf = ({ clientId, clientSecret }: Client): string => clientSecret ?? `${clientId} ${unguessable}`
const unguessable = randomBytes(32).toString('base64url')

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const portOf = (server: Server): number => {
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new TypeError('the server does not listen on a port')
  }
  return address.port
}

const close = async (server: Server): Promise<void> => {
  if (!server.listening) {
    return
  }
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
