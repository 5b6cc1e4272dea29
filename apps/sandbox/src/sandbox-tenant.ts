import type { Api, Client, IdentityProviderOptions, User } from '@device-install-state/identity-provider'
import { createManagedEBookDeviceState } from '@device-install-state/model/operations'
import type { JWTPayload } from 'jose'

/** What the gateway needs at Graph. Its callers never have it. */
const { permission: graphPermission } = createManagedEBookDeviceState

/** What callers need at the gateway: permissions of its own, which are good for these two calls alone. */
export const callerScope = 'DeviceInstallStates.Create'
export const callerRole = 'DeviceInstallStates.Create.All'

/** The gateway as callers ask for tokens: its audience is its client id, as with Entra's v2.0 tokens. */
export const proxyApi: Api = {
  appIdUri: 'api://device-install-state',
  audience: 'd15ab1ed-5a4d-4b0c-9e7a-000000000002',
  scopes: [callerScope],
}

/** The audience of every token for Graph, wherever Graph is. */
export const graphAudience = 'https://graph.microsoft.com'

/** A caller: reports install states in its own name, or in that of a user who signs in through it. */
const application: Client & { readonly clientSecret: string } = {
  clientId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000003',
  clientSecret: 'sandbox',
  objectId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000004',
  appRoles: { [proxyApi.appIdUri]: [callerRole] },
}

export const user: User = {
  username: 'ada@example.com',
  password: 'sandbox',
  objectId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000005',
  displayName: 'Ada',
}

/** The gateway as it asks for tokens for Graph: in its own name, or on behalf of a user. */
export const gatewayAt = (graphUrl: string): Client & { readonly clientSecret: string } => ({
  clientId: proxyApi.audience,
  clientSecret: 'sandbox-gateway',
  objectId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000007',
  appRoles: { [graphUrl]: [graphPermission] },
  delegatedScopes: { [graphUrl]: [graphPermission] },
})

/** The tenant as its identity provider must know it. The proxy asks for `<GRAPH_URL>/.default`, so Graph is there. */
export const tenantAround = (graphUrl: string): Omit<IdentityProviderOptions, 'port'> => ({
  tenantId: 'd15ab1ed-5a4d-4b0c-9e7a-000000000001',
  tls: true,
  apis: [proxyApi, { appIdUri: graphUrl, audience: graphAudience, scopes: [graphPermission] }],
  clients: [application, gatewayAt(graphUrl)],
  users: [user],
})

/** Does a token for Graph have the permission, by role or by scope? */
export const hasGraphPermission = ({
  roles,
  scp,
}: JWTPayload & { readonly roles?: unknown; readonly scp?: unknown }): boolean =>
  (Array.isArray(roles) && roles.includes(graphPermission)) ||
  (typeof scp === 'string' && scp.split(' ').includes(graphPermission))

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
  scope: `${proxyApi.appIdUri}/${callerScope}`,
  username: user.username,
  password: user.password,
  ...client,
}
