import type { IdentityProvider } from '@device-install-state/identity-provider'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { ada, type ClientWithSecret, gateway, importer, newcomer, permission, proxyApi } from './tenant.js'

/** Tokens as callers get them: each is asked for at the token endpoint, and is a new one. */
export interface Tokens {
  /** An application's own, with the role that the proxy wants. Absent: the importer's. */
  readonly tokenForApplication: (client?: ClientWithSecret) => Promise<string>
  /** Ada's, through the same application, with the scope that the proxy wants, or another. */
  readonly tokenForUser: (scope?: string) => Promise<string>
  /** Of an application without any role. */
  readonly tokenForNewcomer: () => Promise<string>
  /** The application's, but for Graph: genuine, and none of the proxy's business. */
  readonly tokenForGraph: () => Promise<string>
  /** All that were given out so far. */
  readonly issuedTokens: () => ReadonlyArray<string>
}

const asApplication = ({ clientId, clientSecret }: ClientWithSecret, scope: string) => ({
  grant_type: 'client_credentials',
  client_id: clientId,
  client_secret: clientSecret,
  scope,
})

export const tokensFrom = ({ tokenEndpoint }: IdentityProvider, graphUrl: string): Tokens => {
  const issued: Array<string> = []
  const ask = async (form: Readonly<Record<string, string>>): Promise<string> => {
    const response = await fetch(tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) })
    if (response.status !== 200) throw new Error(`no token: ${await response.text()}`)
    const { access_token: token } = (await response.json()) as { readonly access_token: string }
    issued.push(token)
    return token
  }

  return {
    issuedTokens: () => [...issued],
    tokenForApplication: (client = importer) => ask(asApplication(client, `${proxyApi.appIdUri}/.default`)),
    tokenForUser: (scope = permission) =>
      ask({
        ...asApplication(importer, `${proxyApi.appIdUri}/${scope}`),
        grant_type: 'password',
        username: ada.username,
        password: ada.password,
      }),
    tokenForNewcomer: () => ask(asApplication(newcomer, `${proxyApi.appIdUri}/.default`)),
    tokenForGraph: () => ask(asApplication(importer, `${graphUrl}/.default`)),
  }
}

/** As Graph looks at a token: genuine, meant for Graph, and the gateway's. A caller's own does not pass. */
export const isGatewaysTokenForGraph = ({
  issuer,
  jwksUri,
}: IdentityProvider): ((token: string) => Promise<boolean>) => {
  const keys = createRemoteJWKSet(new URL(jwksUri))
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience: 'https://graph.microsoft.com' })
      return payload['azp'] === gateway.clientId
    } catch {
      return false
    }
  }
}
