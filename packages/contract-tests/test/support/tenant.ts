import type { Api, Client, IdentityProviderOptions, User } from '@device-install-state/identity-provider'

/** Who and what is known where callers, and the proxy itself, get their tokens. */

export const tenantId = '7f9f9f0e-3a0c-4d5e-9d0b-0f5a5c1f2a11'

/** What a caller needs, as a role or as a scope. */
export const permission = 'DeviceInstallStates.Create'

/** The same letters and more: a reader of substrings would take it. */
export const lookalikePermission = `${permission}2`

const graphPermission = 'DeviceManagementApps.ReadWrite.All'

const gatewaysClientId = '5d1f7c64-6f0d-4c0f-8a53-2b9e4a6d8b33'

/** Its audience is the client id of the gateway, as with Entra, so that the gateway may act on behalf of its callers. */
export const proxyApi: Api = {
  appIdUri: 'api://device-install-states',
  audience: gatewaysClientId,
  scopes: [permission, lookalikePermission],
}

/** Its own audience is what a token for Graph has; the proxy asks for it by the address of the double. */
const graphApi = (graphUrl: string): Api => ({
  appIdUri: graphUrl,
  audience: 'https://graph.microsoft.com',
  scopes: [graphPermission],
})

/** With a secret: the others are for other tests. */
export type ClientWithSecret = Client & { readonly clientSecret: string }

/** The proxy, in whose name Graph is called. */
export const gateway: ClientWithSecret = {
  clientId: gatewaysClientId,
  clientSecret: 'secret-of-the-gateway',
  objectId: '9b2e0d7a-1c34-4f6b-b7c8-3e5f6a7b8c44',
  appRoles: {},
}

/** A caller that may do all: at the proxy, and at Graph, for which its token is not meant to come here. */
export const importer: ClientWithSecret = {
  clientId: '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed',
  clientSecret: 'secret-of-the-importer',
  objectId: '3c5ac0d8-7f0e-4f5b-8f43-0d1c1b8f2e55',
  appRoles: { [proxyApi.appIdUri]: [permission] },
}

/** A caller to whom nobody has granted anything. */
export const newcomer: ClientWithSecret = {
  clientId: '6fa459ea-ee8a-4ca4-894e-db77e160355e',
  clientSecret: 'secret-of-the-newcomer',
  objectId: '886313e1-3b8a-4372-9b90-0c9aee199e5d',
  appRoles: {},
}

/** Ten applications that call like any other. */
export const crowd: ReadonlyArray<ClientWithSecret> = Array.from({ length: 10 }, (_, index) => ({
  clientId: `c0000000-0000-4000-8000-00000000000${index}`,
  clientSecret: `secret-of-the-crowd-${index}`,
  objectId: `d0000000-0000-4000-8000-00000000000${index}`,
  appRoles: { [proxyApi.appIdUri]: [permission] },
}))

export const ada: User = {
  username: 'ada@example.com',
  password: 'password-of-Ada',
  objectId: '2a3b4c5d-6e7f-4081-92a3-b4c5d6e7f855',
  displayName: 'Ada',
}

const withRole =
  (api: Api) =>
  (client: Client): Client => ({ ...client, appRoles: { ...client.appRoles, [api.appIdUri]: [graphPermission] } })

/** The tenant, with a Graph that is found at an address of this machine. */
export const tenantWithGraphAt = (graphUrl: string): IdentityProviderOptions => ({
  tenantId,
  tls: true,
  apis: [proxyApi, graphApi(graphUrl)],
  clients: [
    ...[{ ...gateway, delegatedScopes: { [graphUrl]: [graphPermission] } }, importer].map(withRole(graphApi(graphUrl))),
    newcomer,
    ...crowd,
  ],
  users: [ada],
})
