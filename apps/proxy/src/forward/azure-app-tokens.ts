import { AsyncLocalStorage } from 'node:async_hooks'
import { createHttpHeaders, type HttpClient } from '@azure/core-rest-pipeline'
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  type TokenCredential,
  type TokenCredentialOptions,
} from '@azure/identity'
import { setLogLevel } from '@azure/logger'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ProxyError } from '../domain/proxy-error.js'
import type { BoundedFetch } from './bounded-fetch.js'
import { type Answer, wordsOfAnswer, wordsOfFault } from './entra-error.js'
import { readClientCertificate, readTokenFile } from './node-credential-files.js'
import { type AcquiredToken, type RenewingToken, renewingToken } from './renewing-tokens.js'

/** How the gateway proves that it is itself. Files are read anew for each token. */
export type AppCredential =
  | { readonly kind: 'clientSecret'; readonly clientSecret: string }
  /** A PEM file with an RSA key and its certificate; `sendChain` sends the certificates along (subject name and issuer). */
  | { readonly kind: 'certificate'; readonly path: string; readonly password?: string; readonly sendChain: boolean }
  | { readonly kind: 'workloadIdentity'; readonly tokenFile: string }
  /** Where the machine's endpoint is, `@azure/identity` learns from the environment. */
  | { readonly kind: 'managedIdentity' }

export interface AppTokenSettings {
  /** The origin of the login service; https alone. */
  readonly authorityHost: string
  readonly tenantId: string
  /** The application's; with a managed identity the user-assigned identity's, or undefined for the machine's own. */
  readonly clientId: string | undefined
  readonly credential: AppCredential
  /** Entra's form: the resource, then `/.default`. */
  readonly scope: string
  readonly fetch: BoundedFetch
  /** Told whether a token that was asked for came. */
  readonly acquired?: (isGood: boolean) => void
}

/** One acquisition as its requests see it, and what was seen of them. */
interface Acquisition {
  readonly fetch: BoundedFetch
  readonly signal: AbortSignal
  /** Undefined where the library knows better: a managed identity's endpoint. */
  readonly onlyOrigin: string | undefined
  answer: Answer | undefined
  fault: unknown
}

// The library keeps the first HTTP client that a managed identity was made with for the whole process, so there is one
// client, and what belongs to an acquisition comes along with the asynchronous context.
const underWay = new AsyncLocalStorage<Acquisition>()

const send = async (
  acquisition: Acquisition,
  { body, headers, method, url }: Parameters<HttpClient['sendRequest']>[0],
): Promise<Response> => {
  // Entra's metadata tells where its token endpoint is; our secret goes nowhere else whatever it tells.
  if (acquisition.onlyOrigin !== undefined && new URL(url).origin !== acquisition.onlyOrigin)
    throw Object.assign(new Error('a request to another host was asked for'), { code: 'ERR_FOREIGN_HOST' })
  return acquisition.fetch(url, {
    method,
    headers: headers.toJSON(),
    signal: acquisition.signal,
    ...(typeof body === 'string' ? { body: new URLSearchParams(body) } : {}),
  })
}

const httpClient: HttpClient = {
  sendRequest: async (request) => {
    const acquisition = underWay.getStore()
    if (acquisition === undefined) throw new Error('a request that belongs to no acquisition')
    try {
      const response = await send(acquisition, request)
      const text = await response.text()
      acquisition.answer = { status: response.status, text }
      const headers = createHttpHeaders(Object.fromEntries(response.headers))
      return { request, status: response.status, headers, bodyAsText: text }
    } catch (fault) {
      acquisition.fault = fault
      throw fault
    }
  },
}

const optionsOf = ({
  authorityHost,
}: AppTokenSettings): TokenCredentialOptions & { disableInstanceDiscovery: true } => ({
  authorityHost,
  disableInstanceDiscovery: true,
  httpClient,
  retryOptions: { maxRetries: 0 },
  redirectOptions: { maxRetries: 0 },
})

/** A credential of its own for each token: the library would else answer from a cache, and remember a file. */
const credentialOf = (settings: AppTokenSettings): TE.TaskEither<string, TokenCredential> => {
  const { clientId, credential, tenantId } = settings
  const options = optionsOf(settings)
  if (credential.kind === 'managedIdentity')
    return TE.right(new ManagedIdentityCredential({ ...options, ...(clientId === undefined ? {} : { clientId }) }))
  if (clientId === undefined) return TE.left('the client id is missing')
  switch (credential.kind) {
    case 'clientSecret':
      return TE.right(new ClientSecretCredential(tenantId, clientId, credential.clientSecret, options))
    case 'certificate':
      return pipe(
        readClientCertificate(credential.path, credential.password),
        TE.map(
          ({ chain, privateKey }) =>
            new ClientCertificateCredential(
              tenantId,
              clientId,
              { certificate: `${privateKey}${chain}` },
              { ...options, sendCertificateChain: credential.sendChain },
            ),
        ),
      )
    case 'workloadIdentity':
      return pipe(
        readTokenFile(credential.tokenFile),
        TE.map((token) => new ClientAssertionCredential(tenantId, clientId, () => Promise.resolve(token), options)),
      )
  }
}

/** What the acquisition itself saw says more than the error of the library, whose message may quote anything. */
const wordsOf = ({ answer, fault }: Acquisition, cause: unknown): string => {
  if (fault !== undefined) return wordsOfFault(fault)
  return answer === undefined ? wordsOfFault(cause) : wordsOfAnswer(answer)
}

const acquire = async (
  settings: AppTokenSettings,
  signal: AbortSignal,
): Promise<E.Either<ProxyError, AcquiredToken>> => {
  const acquisition: Acquisition = {
    fetch: settings.fetch,
    signal,
    onlyOrigin: settings.credential.kind === 'managedIdentity' ? undefined : new URL(settings.authorityHost).origin,
    answer: undefined,
    fault: undefined,
  }
  const asked = pipe(
    TE.tryCatch(credentialOf(settings), wordsOfFault),
    TE.chainEitherK((credential) => credential),
    TE.chain((credential) =>
      TE.tryCatch(
        () => underWay.run(acquisition, () => credential.getToken(settings.scope)),
        (cause) => wordsOf(acquisition, cause),
      ),
    ),
    TE.chainEitherK(E.fromNullable('no token came')),
    TE.bimap(
      (cause): ProxyError => ({ _tag: 'UpstreamAuthUnavailable', cause }),
      ({ expiresOnTimestamp, refreshAfterTimestamp, token }): AcquiredToken => ({
        token,
        expiresInMs: expiresOnTimestamp - Date.now(),
        ...(refreshAfterTimestamp === undefined ? {} : { renewAfterInMs: refreshAfterTimestamp - Date.now() }),
      }),
    ),
  )
  return asked()
}

/**
 * Tokens for Graph in the gateway's own name, by `@azure/identity`. Asks nobody but the login service, or the endpoint of
 * the managed identity: no discovery elsewhere, no retries, no redirects, nothing logged. Never rejects.
 */
export const azureAppTokens = (settings: AppTokenSettings): RenewingToken => {
  // Whatever AZURE_LOG_LEVEL says: the library would log addresses and the words of errors.
  setLogLevel()
  return renewingToken((signal) => acquire(settings, signal), settings.acquired)
}
