import type {
  Api,
  Client,
  IdentityProvider,
  IdentityProviderOptions,
  User,
} from '@device-install-state/identity-provider'

export const tenantId = '00000000-0000-4000-8000-000000000001'
export const guestTenantId = '00000000-0000-4000-8000-00000000000a'

/** What the gateway is asked for, and what callers must have. */
export const audience = '00000000-0000-4000-8000-000000000002'
export const appIdUri = 'api://device-install-state'
export const permission = 'DeviceManagementApps.ReadWrite.All'

/** What auditors must have, where they may ask. */
export const auditPermission = 'DeviceInstallStates.Audit'

type ClientWithSecret = Client & { readonly clientSecret: string }

/** The gateway: its audience is its client id, as with Entra, so that it may act on behalf of its callers. */
export const gateway: ClientWithSecret = {
  clientId: audience,
  clientSecret: 'a secret of the gateway in the tests',
  objectId: '00000000-0000-4000-8000-000000000005',
  appRoles: {},
}

/** An application that calls, by itself or for a user. */
export const importer: ClientWithSecret = {
  clientId: '00000000-0000-4000-8000-000000000003',
  clientSecret: 'a secret of the tests',
  objectId: '00000000-0000-4000-8000-000000000004',
  appRoles: { [appIdUri]: [permission] },
}

/** An application that reads the ledger, and makes no calls. */
export const auditor: ClientWithSecret = {
  clientId: '00000000-0000-4000-8000-000000000008',
  clientSecret: 'a secret of the auditor in the tests',
  objectId: '00000000-0000-4000-8000-000000000009',
  appRoles: { [appIdUri]: [auditPermission] },
}

export const ada: User = {
  username: 'ada@example.com',
  password: 'a password of the tests',
  objectId: '00000000-0000-4000-8000-000000000006',
  displayName: 'Ada',
}

/** Conditional Access wants more of her than to have signed in. */
export const eve: User = {
  ...ada,
  username: 'eve@example.com',
  objectId: '00000000-0000-4000-8000-000000000007',
  mustInteract: true,
}

export interface TenantChange {
  readonly guestTenantIds?: ReadonlyArray<string>
  readonly accessTokenVersion?: NonNullable<Api['accessTokenVersion']>
  /** Further credentials of the gateway, or less consent. */
  readonly gateway?: Partial<Client>
}

/** The tenant, with a Graph that is found at an address of this machine. */
export const tenantAround = (graphUrl: string, change: TenantChange): IdentityProviderOptions => ({
  tenantId,
  guestTenantIds: change.guestTenantIds ?? [],
  tls: true,
  apis: [
    { appIdUri, audience, scopes: [permission, auditPermission], accessTokenVersion: change.accessTokenVersion ?? 2 },
    { appIdUri: graphUrl, audience: 'https://graph.microsoft.com', scopes: [permission] },
  ],
  clients: [
    importer,
    auditor,
    {
      ...gateway,
      appRoles: { [graphUrl]: [permission] },
      delegatedScopes: { [graphUrl]: [permission] },
      ...change.gateway,
    },
  ],
  users: [ada, eve],
})

const take = async (endpoint: string, form: Readonly<Record<string, string>>): Promise<string> => {
  const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(form) })
  const answer: { access_token?: string } = JSON.parse(await response.text())
  if (answer.access_token === undefined) throw new Error(`no token: ${JSON.stringify(answer)}`)
  return answer.access_token
}

const asImporter = { client_id: importer.clientId, client_secret: importer.clientSecret }

const endpointOf = ({ tokenEndpoint }: IdentityProvider, tenant: string): string =>
  tokenEndpoint.replace(tenantId, tenant)

/** The importer's own token for the gateway, of this tenant or another. */
export const applicationToken = (provider: IdentityProvider, tenant = tenantId): Promise<string> =>
  take(endpointOf(provider, tenant), {
    ...asImporter,
    grant_type: 'client_credentials',
    scope: `${appIdUri}/.default`,
  })

/** The auditor's own token for the gateway. */
export const auditorToken = (provider: IdentityProvider): Promise<string> =>
  take(provider.tokenEndpoint, {
    client_id: auditor.clientId,
    client_secret: auditor.clientSecret,
    grant_type: 'client_credentials',
    scope: `${appIdUri}/.default`,
  })

/** A user's token for the gateway, got through the importer, with claims that were asked for if there are any. */
export const userToken = (
  provider: IdentityProvider,
  { password, username }: User,
  {
    claims,
    scope = `${appIdUri}/${permission}`,
    tenant = tenantId,
  }: { readonly claims?: string; readonly scope?: string; readonly tenant?: string } = {},
): Promise<string> =>
  take(endpointOf(provider, tenant), {
    ...asImporter,
    grant_type: 'password',
    scope,
    username,
    password,
    ...(claims === undefined ? {} : { claims }),
  })
