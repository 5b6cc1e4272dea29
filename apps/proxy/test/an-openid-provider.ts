import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

/** An OpenID provider that is none of Microsoft's: the library's own tokens, as RFC 9068 has them. */
export interface OpenIdProvider {
  readonly issuer: string
  /** An application's own token for the gateway, with a scope. */
  readonly token: (scope: string) => Promise<string>
  readonly stop: () => Promise<void>
}

export const clientId = 'a-client'
const clientSecret = 'a secret of another provider'
const resource = 'https://gateway.example'

const nothing = (): Promise<undefined> => Promise.resolve(undefined)

const forgetful = {
  upsert: nothing,
  find: nothing,
  findByUserCode: nothing,
  findByUid: nothing,
  consume: nothing,
  destroy: nothing,
  revokeByGrantId: nothing,
}

export const startOpenIdProvider = async (audience: string): Promise<OpenIdProvider> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const provider = new Provider(issuer, {
    adapter: () => forgetful,
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        getResourceServerInfo: () => ({
          scope: 'DeviceStates.Create DeviceStates.Read',
          audience,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    ttl: { ClientCredentials: 600 },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => void answer(request, response))
  return {
    issuer,
    token: async (scope) => {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        resource,
        scope,
      })
      const response = await fetch(`${issuer}/token`, { method: 'POST', body })
      const told: { access_token?: string } = JSON.parse(await response.text())
      return told.access_token ?? ''
    },
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
