import type { Api, Client } from './identity-provider-options.js'

/** What a user lets a client do, in one API. */
export interface DelegatedPermissions {
  readonly api: Api
  readonly scopes: ReadonlyArray<string>
}

/** What a scope may start with: Entra knows an API by its URI, and by its client id, which is its audience. */
const namesOf = ({ appIdUri, audience }: Api): ReadonlyArray<string> => [appIdUri, audience]

/** The API that `<appIdUri>/.default` stands for: an application asks for all it was granted there. */
export const apiOfDefaultScope = (apis: ReadonlyArray<Api>, scope: string): Api | undefined =>
  apis.find((api) => namesOf(api).some((resource) => scope === `${resource}/.default`))

/**
 * Reads `<appIdUri>/<scope>`, one or several with a space between, among them scopes of OpenID. Like Entra it wants
 * all of them from one API; unlike Entra it knows no `.default` here.
 */
export const delegatedPermissionsOf = (apis: ReadonlyArray<Api>, scope: string): DelegatedPermissions | undefined => {
  const requested = scope.split(' ').filter((name) => !isOpenIdScope(name))
  const isAskedFor = (api: Api, name: string): boolean =>
    namesOf(api).some((resource) => requested.includes(`${resource}/${name}`))
  const ofApi = (api: Api, full: string): boolean =>
    namesOf(api).some((resource) => api.scopes.some((name) => full === `${resource}/${name}`))
  const api = apis.find((known) => requested.every((full) => ofApi(known, full)))
  return api && requested.length > 0 ? { api, scopes: api.scopes.filter((name) => isAskedFor(api, name)) } : undefined
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
