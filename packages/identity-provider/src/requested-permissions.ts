import type { Api, Client } from './identity-provider-options.js'

/** What a user lets a client do, in one API. */
export interface DelegatedPermissions {
  readonly api: Api
  readonly scopes: ReadonlyArray<string>
}

/** The API that `<appIdUri>/.default` stands for: an application asks for all it was granted there. */
export const apiOfDefaultScope = (apis: ReadonlyArray<Api>, scope: string): Api | undefined =>
  apis.find(({ appIdUri }) => scope === `${appIdUri}/.default`)

/**
 * Reads `<appIdUri>/<scope>`, one or several with a space between, among them scopes of OpenID. Like Entra it wants
 * all of them from one API; unlike Entra it knows no `.default` here.
 */
export const delegatedPermissionsOf = (apis: ReadonlyArray<Api>, scope: string): DelegatedPermissions | undefined => {
  const requested = scope.split(' ').filter((name) => !isOpenIdScope(name))
  const api = apis.find(({ appIdUri, scopes }) =>
    requested.every((full) => scopes.some((name) => full === `${appIdUri}/${name}`)),
  )
  return api && requested.length > 0
    ? { api, scopes: api.scopes.filter((name) => requested.includes(`${api.appIdUri}/${name}`)) }
    : undefined
}

/** As above, but `<appIdUri>/.default` stands for all that the client has consent for, which may be nothing. */
export const onBehalfOfPermissionsOf = (
  apis: ReadonlyArray<Api>,
  client: Client,
  scope: string,
): DelegatedPermissions | undefined => {
  const [first = '', ...others] = scope.split(' ').filter((name) => !isOpenIdScope(name))
  const api = others.length === 0 ? apiOfDefaultScope(apis, first) : undefined
  return api === undefined ? delegatedPermissionsOf(apis, scope) : { api, scopes: consentedScopes(client, api) }
}

/** What the client may do in the API on behalf of any user. */
export const consentedScopes = ({ delegatedScopes = {} }: Client, { appIdUri, scopes }: Api): ReadonlyArray<string> =>
  scopes.filter((name) => delegatedScopes[appIdUri]?.includes(name))

/** MSAL adds these to whatever a client asks for in the name of a user. */
export const isOpenIdScope = (name: string): boolean => ['openid', 'profile', 'email', 'offline_access'].includes(name)
