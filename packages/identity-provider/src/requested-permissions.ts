import type { Api } from './identity-provider-options.js'

/** What a user lets a client do, in one API. */
export interface DelegatedPermissions {
  readonly api: Api
  readonly scopes: ReadonlyArray<string>
}

/** The API that `<appIdUri>/.default` stands for: an application asks for all it was granted there. */
export const apiOfDefaultScope = (apis: ReadonlyArray<Api>, scope: string): Api | undefined =>
  apis.find(({ appIdUri }) => scope === `${appIdUri}/.default`)

/**
 * Reads `<appIdUri>/<scope>`, one or several with a space between. Like Entra it wants all of them from one API;
 * unlike Entra it knows neither `.default` nor the OpenID scopes here.
 */
export const delegatedPermissionsOf = (apis: ReadonlyArray<Api>, scope: string): DelegatedPermissions | undefined => {
  const requested = scope.split(' ')
  const api = apis.find(({ appIdUri, scopes }) =>
    requested.every((full) => scopes.some((name) => full === `${appIdUri}/${name}`)),
  )
  return api && { api, scopes: api.scopes.filter((name) => requested.includes(`${api.appIdUri}/${name}`)) }
}
