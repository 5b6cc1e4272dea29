import { apiClientProxifier, type RequestConfiguration } from '@microsoft/kiota-abstractions'
import { AzureIdentityAuthenticationProvider } from '@microsoft/kiota-authentication-azure'
import type { HttpClient } from '@microsoft/kiota-http-fetchlibrary'
import { GraphBetaRequestAdapter } from '@microsoft/msgraph-beta-sdk'
import {
  createDeviceInstallStateFromDiscriminatorValue,
  type DeviceInstallState,
  serializeDeviceInstallState,
} from '@microsoft/msgraph-beta-sdk/models/index.js'
import { createODataErrorFromDiscriminatorValue } from '@microsoft/msgraph-beta-sdk/models/oDataErrors/index.js'
import { proxyApi } from './tenant.js'

/** What kiota makes of a set of device states: the create alone, since nothing else of it is ours. */
export interface DeviceStatesBuilder {
  readonly post: (
    body: DeviceInstallState,
    configuration?: RequestConfiguration<object>,
  ) => Promise<DeviceInstallState | undefined>
}

// What kiota generates for a POST. The paths of `deviceAppManagement` are published for no TypeScript package, so that
// users of the SDK write this by hand, too.
const requestsOf = (pathBelowVersion: string) => ({
  post: {
    uriTemplate: `{+baseurl}${pathBelowVersion}`,
    responseBodyContentType: 'application/json',
    errorMappings: { XXX: createODataErrorFromDiscriminatorValue },
    adapterMethodName: 'send',
    responseBodyFactory: createDeviceInstallStateFromDiscriminatorValue,
    requestBodyContentType: 'application/json',
    requestBodySerializer: serializeDeviceInstallState,
    requestInformationContentSetMethod: 'setContentFromParsable',
  } as const,
})

/** `claims` are those that the last answer asked for, as JSON. */
export type GetToken = (claims?: string) => Promise<string>

/**
 * The beta SDK with the whole chain that it comes with: Azure's authentication, telemetry, redirects, retries. `path` is
 * below the version, and without ids to fill in.
 */
export const betaSdkAt = (
  url: string,
  getToken: GetToken,
  path: string,
  httpClient?: HttpClient,
): DeviceStatesBuilder => {
  const authentication = new AzureIdentityAuthenticationProvider(
    {
      getToken: async (_scopes, { claims } = {}) => ({
        token: await getToken(claims),
        expiresOnTimestamp: Date.now() + 600_000,
      }),
    },
    [`${proxyApi.appIdUri}/.default`],
    undefined,
    new Set([new URL(url).hostname]),
  )
  const adapter = new GraphBetaRequestAdapter(authentication, undefined, undefined, httpClient)
  adapter.baseUrl = `${url}/beta`
  return apiClientProxifier(adapter, { baseurl: adapter.baseUrl }, undefined, requestsOf(path))
}
