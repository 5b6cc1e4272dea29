import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'

import { SignJWT } from 'jose'

import { createOidcProvider } from './create-oidc-provider.js'
import { entraPaths } from './entra-paths.js'
import type { IdentityProviderOptions } from './identity-provider-options.js'
import { type IssueToken, registerEntraGrants } from './register-entra-grants.js'
import { generateSigningKey, type SigningKey } from './signing-key.js'

/** A tenant that listens. All addresses are on 127.0.0.1, over plain HTTP. */
export interface IdentityProvider {
  /** Without a path: what `AZURE_AUTHORITY_HOST` would be. */
  readonly authorityHost: string
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly jwksUri: string
  /** The key in force, so that a test can sign what Entra never would. */
  readonly signingKey: SigningKey
  /** Ends open connections too. Once it is done nothing runs any more; to stop twice is harmless. */
  readonly stop: () => Promise<void>
}

/**
 * Starts an OpenID provider on loopback that issues access tokens shaped like those of Entra ID (v2.0), with a new
 * signing key each time. For sandboxes and tests alone: secrets are in the options, nothing slows down a guesser, and
 * everyone on this machine can reach it.
 *
 * Rejects when the port is taken, or the options cannot be right, such as two clients with one id.
 */
export const startIdentityProvider = async (options: IdentityProviderOptions): Promise<IdentityProvider> => {
  const signingKey = await generateSigningKey()
  const server = createServer()
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')

  try {
    const authorityHost = `http://127.0.0.1:${portOf(server)}`
    const paths = entraPaths(options.tenantId)
    const issuer = `${authorityHost}${paths.issuer}`
    const provider = createOidcProvider(authorityHost, signingKey, options)
    registerEntraGrants(provider, options, issueToken(issuer, signingKey, options))
    const answer = provider.callback()
    server.on('request', (request, response) => void answer(request, response))
    return {
      authorityHost,
      issuer,
      tokenEndpoint: `${authorityHost}${paths.token}`,
      jwksUri: `${authorityHost}${paths.keys}`,
      signingKey,
      stop: () => close(server),
    }
  } catch (error) {
    await close(server)
    throw error
  }
}

const issueToken =
  (
    issuer: string,
    { kid, privateKey }: SigningKey,
    { tenantId, accessTokenLifetimeInSeconds: lifetimeInSeconds = 3599 }: IdentityProviderOptions,
  ): IssueToken =>
  async (claimsFor) => {
    const claims = claimsFor({
      issuer,
      tenantId,
      tokenId: randomBytes(16).toString('base64url'),
      issuedAtInSeconds: Math.floor(Date.now() / 1000),
      lifetimeInSeconds,
    })
    return {
      token_type: 'Bearer',
      expires_in: lifetimeInSeconds,
      ext_expires_in: lifetimeInSeconds,
      access_token: await new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid }).sign(privateKey),
    }
  }

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
