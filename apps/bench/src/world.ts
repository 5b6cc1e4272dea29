// Who issues tokens, what answers as Graph, and what every call says.
import { sign } from 'node:crypto'
import { type IdentityProvider, startIdentityProvider } from '@device-install-state/identity-provider'
import { documentedExample } from '@device-install-state/model/fields'

export const permission = 'DeviceInstallStates.Create'
export const tenantId = '7f9f9f0e-3a0c-4d5e-9d0b-0f5a5c1f2a11'
export const callPath = '/beta/deviceAppManagement/managedEBooks/52f3ff29-7b6c-4f0b-9d3a-0c8a6d1f2e51/deviceStates'

/** Books whose ids begin so get answers with a property that nobody knows, another each time. */
export const oddBooks = 'dddddddd'

/** In one line, as a program sends it. */
export const body: string = JSON.stringify(JSON.parse(documentedExample.request))

/** What Graph answers to that. */
export const answer: string = JSON.stringify(JSON.parse(documentedExample.response))

const gatewaysClientId = '5d1f7c64-6f0d-4c0f-8a53-2b9e4a6d8b33'

export const gateway = {
  clientId: gatewaysClientId,
  clientSecret: 'secret-of-the-gateway',
  objectId: '9b2e0d7a-1c34-4f6b-b7c8-3e5f6a7b8c44',
  appRoles: {},
}

export const issuerAround = (graphUrl: string): Promise<IdentityProvider> =>
  startIdentityProvider({
    tenantId,
    tls: true,
    apis: [
      { appIdUri: 'api://device-install-states', audience: gatewaysClientId, scopes: [permission] },
      { appIdUri: graphUrl, audience: 'https://graph.microsoft.com', scopes: [] },
    ],
    clients: [gateway],
    users: [],
  })

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const guid = (number: number): string => `c0000000-0000-4000-8000-${String(number).padStart(12, '0')}`

/** So many tokens of so many applications, RS256, as Entra would issue them; no two are the same. */
export const tokensFrom = ({ issuer, signingKey }: IdentityProvider, count: number): ReadonlyArray<string> => {
  const issuedAt = Math.floor(Date.now() / 1000)
  const header = base64url({ alg: 'RS256', kid: signingKey.kid, typ: 'JWT', x5t: signingKey.kid })
  return Array.from({ length: count }, (_, number) => {
    const claims = {
      iss: issuer,
      aud: gatewaysClientId,
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + 24 * 3600,
      tid: tenantId,
      uti: guid(number),
      azp: guid(number),
      azpacr: '1',
      ver: '2.0',
      idtyp: 'app',
      oid: guid(number),
      sub: guid(number),
      roles: [permission],
    }
    const signed = `${header}.${base64url(claims)}`
    return `${signed}.${sign('sha256', Buffer.from(signed), signingKey.privateKey).toString('base64url')}`
  })
}

/** What each party that is measured is told, as JSON, in its first argument. */
export interface Surroundings {
  readonly upstream: string
  readonly issuer: string
  readonly jwksUri: string
  readonly audience: string
  readonly permission: string
  /** Of the one key that signs, PEM. */
  readonly publicKeyFile: string
  /** What goes to Graph in the place of the caller's token. */
  readonly upstreamToken: string
}

export const surroundingsOf = (
  upstream: string,
  { issuer, jwksUri }: IdentityProvider,
  publicKeyFile: string,
): Surroundings => ({
  upstream,
  issuer,
  jwksUri,
  audience: gatewaysClientId,
  permission,
  publicKeyFile,
  upstreamToken: 'a-token-for-graph',
})

export const surroundings = (): Surroundings => JSON.parse(process.argv[2] ?? '{}')
