import type { Api, Client, IdentityProviderOptions, User } from '@device-install-state/identity-provider'
import { createManagedEBookDeviceState } from '@device-install-state/model/operations'

/** What callers need at the proxy, and the proxy at Graph: it has the same name in both. */
export const { permission } = createManagedEBookDeviceState

/** The proxy, as callers ask for tokens. */
export const proxyApi: Api = {
  appIdUri: 'api://device-install-state',
  audience: 'd15ab1ed-5a4d-4b0c-9e7a-000000000002',
  scopes: [permission],
}

/** The audience of every token for Graph, wherever Graph is. */
export const graphAudience = 'https://graph.microsoft.com'

/** A caller: reports install states in its own name, or in that of a user who signs in through it. */
const application: Client = {
  clientId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000003',
  clientSecret: 'sandbox',
  objectId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000004',
  appRoles: { [proxyApi.appIdUri]: [permission] },
}

export const user: User = {
  username: 'ada@example.com',
  password: 'sandbox',
  objectId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000005',
  displayName: 'Ada',
}

/** The proxy, as it asks for tokens for Graph. */
export const gatewayAt = (graphUrl: string): Client => ({
  clientId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000006',
  clientSecret: 'sandbox-gateway',
  objectId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000007',
  appRoles: { [graphUrl]: [permission] },
})

/** The tenant as its identity provider must know it. The proxy asks for `<GRAPH_URL>/.default`, so Graph is there. */
export const tenantAround = (graphUrl: string): Omit<IdentityProviderOptions, 'port'> => ({
  tenantId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000001',
  apis: [proxyApi, { appIdUri: graphUrl, audience: graphAudience, scopes: [permission] }],
  clients: [application, gatewayAt(graphUrl)],
  users: [user],
})

/** The form of a token request. */
export type Grant = Readonly<Record<string, string>>

const client: Grant = { client_id: application.clientId, client_secret: application.clientSecret }

/** How the application gets a token in its own name: for the proxy, or for another API. */
export const applicationGrant = (appIdUri: string = proxyApi.appIdUri): Grant => ({
  grant_type: 'client_credentials',
  scope: `${appIdUri}/.default`,
  ...client,
})

/** How a token of a user comes about without a browser. Entra discourages this grant. */
export const userGrant: Grant = {
  grant_type: 'password',
  scope: `${proxyApi.appIdUri}/${permission}`,
  username: user.username,
  password: user.password,
  ...client,
}
