import {
  ConfidentialClientApplication,
  type Configuration,
  type INetworkModule,
  LogLevel,
  type NetworkResponse,
} from '@azure/msal-node'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ProxyError } from '../domain/proxy-error.js'
import { type AppCredential, type AppTokenSettings, azureAppTokens } from './azure-app-tokens.js'
import {
  type Answer,
  type EntraError,
  entraErrorOf,
  wordsOfAnswer,
  wordsOfEntraError,
  wordsOfFault,
} from './entra-error.js'
import type { BoundedFetch } from './bounded-fetch.js'
import { type TokensByAssertion, tokensByAssertion } from './lru-tokens-by-assertion.js'
import { readClientCertificate, readTokenFile } from './node-credential-files.js'
import type { AcquiredToken, RenewingToken } from './renewing-tokens.js'

export interface OnBehalfOfSettings extends AppTokenSettings {
  /** The application's, with a managed identity, too: that one only vouches for the application. */
  readonly clientId: string
  /** The user-assigned identity that vouches, where that is the credential: a machine's own cannot. */
  readonly managedIdentityClientId?: string
  /** For the gateway's own requests, which do not wait in the line of users. */
  readonly ownFetch: BoundedFetch
  /** For how many callers' tokens a token is kept. */
  readonly mostUsers: number
}

type Auth = Configuration['auth']
type Proof = Pick<Auth, 'clientSecret' | 'clientAssertion' | 'clientCertificate'>

interface Acquisition {
  readonly by: string
  readonly signal: AbortSignal
  answer: Answer | undefined
  fault: unknown
}

const longestWaitForAssertionInMs = 10_000

// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
const exchangeAudienceOf = (authorityHost: string): string => {
  const { hostname } = new URL(authorityHost)
  if (hostname.endsWith('.microsoftonline.us')) return 'api://AzureADTokenExchangeUSGov'
  return hostname.endsWith('.cn') ? 'api://AzureADTokenExchangeChina' : 'api://AzureADTokenExchange'
}

/** What a managed identity's token must be for, to vouch for an application. */
export const exchangeScopeOf = (authorityHost: string): string => `${exchangeAudienceOf(authorityHost)}/.default`

const identityTokens = ({ acquired: _acquired, ...settings }: OnBehalfOfSettings): RenewingToken =>
  azureAppTokens({
    ...settings,
    fetch: settings.ownFetch,
    clientId: settings.managedIdentityClientId,
    credential: { kind: 'managedIdentity' },
    scope: exchangeScopeOf(settings.authorityHost),
  })

const unavailable = (cause: string): ProxyError => ({ _tag: 'UpstreamAuthUnavailable', cause })

/** What the application proves itself with. Files are read anew for each token. */
const proofOf = (credential: AppCredential, identity: RenewingToken): TE.TaskEither<ProxyError, Proof> => {
  switch (credential.kind) {
    case 'clientSecret':
      return TE.right({ clientSecret: credential.clientSecret })
    case 'certificate':
      return pipe(
        readClientCertificate(credential.path, credential.password),
        TE.bimap(unavailable, ({ chain, privateKey, thumbprint }) => ({
          clientCertificate: {
            thumbprintSha256: thumbprint,
            privateKey,
            ...(credential.sendChain ? { x5c: chain } : {}),
          },
        })),
      )
    case 'workloadIdentity':
      return pipe(
        readTokenFile(credential.tokenFile),
        TE.bimap(unavailable, (clientAssertion) => ({ clientAssertion })),
      )
    case 'managedIdentity':
      return pipe(
        TE.fromIO(() => ({ atInMs: performance.now() + longestWaitForAssertionInMs })),
        TE.chain(identity.take),
        TE.map((clientAssertion) => ({ clientAssertion })),
      )
  }
}

const networkOf = ({ fetch }: OnBehalfOfSettings, tokenEndpoint: string, acquisition: Acquisition): INetworkModule => ({
  sendGetRequestAsync: () => Promise.reject(new Error('nothing is asked for but tokens')),
  sendPostRequestAsync: async <T>(
    url: string,
    options?: { readonly headers?: Record<string, string>; readonly body?: string },
  ): Promise<NetworkResponse<T>> => {
    // The library asks for a type that it then checks itself.
    const isObject = (body: unknown): body is T => typeof body === 'object' && body !== null
    try {
      const { origin, pathname } = new URL(url)
      if (`${origin}${pathname}` !== tokenEndpoint) throw new Error('a request to another address was asked for')
      const response = await fetch(url, {
        method: 'POST',
        headers: options?.headers ?? {},
        signal: acquisition.signal,
        by: acquisition.by,
        body: new URLSearchParams(options?.body),
      })
      const text = await response.text()
      acquisition.answer = { status: response.status, text }
      const body: unknown = JSON.parse(text)
      if (!isObject(body)) throw new Error('no object')
      return { status: response.status, headers: Object.fromEntries(response.headers), body }
    } catch (fault) {
      if (acquisition.answer === undefined) acquisition.fault = fault
      throw fault
    }
  },
})

/** Everything that MSAL would else look up at the login service, or at Microsoft's in its stead. */
const authorityOf = ({ authorityHost, tenantId }: OnBehalfOfSettings) => {
  const { host, origin } = new URL(authorityHost)
  const authority = `${origin}/${tenantId}`
  const tokenEndpoint = `${authority}/oauth2/v2.0/token`
  return {
    tokenEndpoint,
    auth: {
      authority,
      knownAuthorities: [host],
      authorityMetadata: JSON.stringify({
        issuer: `${authority}/v2.0`,
        token_endpoint: tokenEndpoint,
        authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
        end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
        jwks_uri: `${authority}/discovery/v2.0/keys`,
      }),
    },
  }
}

/** Continuous access evaluation: we can tell a caller of a claims challenge, so Entra may send one. */
const clientCapabilities = ['CP1']

/** An application of its own for each token, for its cache would keep all of them. */
const applicationFor = (
  settings: OnBehalfOfSettings,
  proof: Proof,
  acquisition: Acquisition,
): ConfidentialClientApplication => {
  const { auth, tokenEndpoint } = authorityOf(settings)
  return new ConfidentialClientApplication({
    auth: { ...auth, ...proof, clientId: settings.clientId, clientCapabilities },
    system: {
      networkClient: networkOf(settings, tokenEndpoint, acquisition),
      disableInternalRetries: true,
      loggerOptions: { loggerCallback: () => undefined, piiLoggingEnabled: false, logLevel: LogLevel.Error },
    },
  })
}

// The caller's token is fine, and a new one would be no better: our own settings are wrong.
const wrongAudience = 500_131

const errorOfEntra = (error: EntraError): ProxyError => {
  const cause = wordsOfEntraError(error)
  const { claims } = error
  if (error.error === 'interaction_required' || claims !== undefined) return { _tag: 'UserMustInteract', claims, cause }
  if (error.error !== 'invalid_grant' || error.codes.includes(wrongAudience)) return unavailable(cause)
  const consentMissing = error.suberror === 'consent_required' || error.codes.includes(65001)
  return { _tag: 'AssertionRefused', consentMissing, cause }
}

/** What the acquisition itself saw says more than the error of the library, whose message may quote anything. */
const errorOf = ({ answer, fault }: Acquisition, cause: unknown): ProxyError => {
  if (fault !== undefined) return unavailable(wordsOfFault(fault))
  if (answer === undefined) return unavailable(wordsOfFault(cause))
  return pipe(
    entraErrorOf(answer),
    O.match(() => unavailable(wordsOfAnswer(answer)), errorOfEntra),
  )
}

const acquireFor = (
  settings: OnBehalfOfSettings,
  identity: RenewingToken,
  by: string,
  assertion: string,
  signal: AbortSignal,
): TE.TaskEither<ProxyError, AcquiredToken> => {
  const acquisition: Acquisition = { by, signal, answer: undefined, fault: undefined }
  return pipe(
    proofOf(settings.credential, identity),
    TE.chain((proof) =>
      TE.tryCatch(
        () =>
          applicationFor(settings, proof, acquisition).acquireTokenOnBehalfOf({
            oboAssertion: assertion,
            scopes: [settings.scope],
            skipCache: true,
          }),
        (cause) => errorOf(acquisition, cause),
      ),
    ),
    TE.chainEitherK(E.fromNullable(unavailable('no token came'))),
    TE.map(({ accessToken, expiresOn, refreshOn }) => ({
      token: accessToken,
      expiresInMs: (expiresOn?.getTime() ?? 0) - Date.now(),
      ...(refreshOn === undefined ? {} : { renewAfterInMs: refreshOn.getTime() - Date.now() }),
    })),
  )
}

/**
 * Tokens for Graph on a user's behalf, by `@azure/msal-node` (OAuth 2.0 on-behalf-of, RFC 7523 §2.1): the assertion is the
 * caller's own token, which must be proven already. Asks nobody but the token endpoint, and with a managed identity its
 * endpoint; keeps no assertion, logs nothing. Never rejects.
 */
export const msalOnBehalfOfTokens = (settings: OnBehalfOfSettings): TokensByAssertion => {
  const identity = identityTokens(settings)
  return tokensByAssertion(
    settings.mostUsers,
    (by, assertion) => (signal) => acquireFor(settings, identity, by, assertion, signal)(),
    settings.acquired,
  )
}
