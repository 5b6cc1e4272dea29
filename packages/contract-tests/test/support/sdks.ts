import { GraphError, innerErrorOf } from '@device-install-state/model'
import { documentedExample } from '@device-install-state/model/fields'
import { RetryHandlerOptions as KiotaRetryOptions } from '@microsoft/kiota-http-fetchlibrary'
import { Client, GraphError as ClientError, RetryHandlerOptions } from '@microsoft/microsoft-graph-client'
import { betaSdkAt } from './beta-sdk.js'

/** What one who uses an SDK has in the end. */
type SdkResult =
  | { readonly _tag: 'Created'; readonly id: unknown }
  | {
      readonly _tag: 'Failed'
      readonly status: unknown
      readonly code: unknown
      readonly message: unknown
      /** Code and target of each. */
      readonly details: ReadonlyArray<Readonly<Record<string, unknown>>>
      readonly innerError: Readonly<Record<string, unknown>>
      readonly auditId: unknown
    }

export interface SdkCall {
  readonly url: string
  readonly getToken: () => Promise<string>
  /** Below the version. */
  readonly path: string
  /** Absent: the documented example as it is. */
  readonly change?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** Repeats at once, and so often at most, instead of after 3 seconds and three times. */
  readonly mostRetries?: number
}

/** One of Microsoft's clients: it creates, and tells what its user gets to see. */
export interface Sdk {
  readonly name: string
  readonly create: (call: SdkCall) => Promise<SdkResult>
}

const example: Readonly<Record<string, unknown>> = JSON.parse(documentedExample.request)

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

const listIn = (value: unknown): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  Array.isArray(value) ? value.map(membersOf) : []

const failureOfClient = (thrown: unknown): SdkResult => {
  if (!(thrown instanceof ClientError)) throw new Error('the client threw no GraphError', { cause: thrown })
  const { body, code, headers, message, statusCode } = thrown
  // It keeps the error as text, and all that it does not know is found there alone.
  const error: unknown = JSON.parse(String(body))
  const whole: unknown = { error }
  return {
    _tag: 'Failed',
    status: statusCode,
    code,
    message,
    details: listIn(membersOf(error)['details']),
    innerError: GraphError.is(whole) ? innerErrorOf(whole) : {},
    auditId: headers?.get('audit-id'),
  }
}

const graphClient: Sdk = {
  name: '@microsoft/microsoft-graph-client',
  create: async ({ change = {}, getToken, headers = {}, mostRetries, path, url }) => {
    const client = Client.initWithMiddleware({
      authProvider: { getAccessToken: getToken },
      baseUrl: url,
      customHosts: new Set([new URL(url).hostname]),
      defaultVersion: 'beta',
    })
    const request = client.api(path).headers({ ...headers })
    if (mostRetries !== undefined) request.middlewareOptions([new RetryHandlerOptions(0, mostRetries)])
    return request
      .post({ ...example, ...change })
      .then((created: unknown) => ({ _tag: 'Created', id: membersOf(created)['id'] }), failureOfClient)
  },
}

// A plain object, that is no Error at all.
const failureOfBetaSdk = (thrown: unknown): SdkResult => {
  const { errorEscaped, message, responseHeaders, responseStatusCode } = membersOf(thrown)
  if (errorEscaped === undefined) throw new Error('the SDK threw no ODataError', { cause: thrown })
  const { code, details, innerError } = membersOf(errorEscaped)
  return {
    _tag: 'Failed',
    status: responseStatusCode,
    code,
    message,
    details: listIn(details),
    // It reads date and ids, and puts all else aside.
    innerError: membersOf(membersOf(innerError)['additionalData']),
    auditId: listOfOne(membersOf(responseHeaders)['audit-id']),
  }
}

const listOfOne = (value: unknown): unknown => (Array.isArray(value) && value.length === 1 ? value[0] : value)

const betaSdk: Sdk = {
  name: '@microsoft/msgraph-beta-sdk',
  create: ({ change = {}, getToken, headers = {}, mostRetries, path, url }) =>
    betaSdkAt(url, getToken, path)
      .post(
        { ...example, lastSyncDateTime: new Date(String(example['lastSyncDateTime'])), ...change },
        {
          headers,
          ...(mostRetries === undefined
            ? {}
            : { options: [new KiotaRetryOptions({ delay: 0, maxRetries: mostRetries })] }),
        },
      )
      .then((created) => ({ _tag: 'Created', id: created?.id }), failureOfBetaSdk),
}

export const sdks: ReadonlyArray<Sdk> = [graphClient, betaSdk]
