import type * as T from 'fp-ts/lib/Task.js'
import { compactVerify, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import {
  allowInsecureRequests,
  customFetch as customDiscoveryFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi'
import type { SignatureCheck } from './authenticate.js'
import type { UnverifiedToken } from './unverified-token.js'

export interface IssuerSettings {
  readonly issuer: string
  /** Only ever true for addresses of this machine, see `config/`. */
  readonly dangerouslyAllowPlainHttp: boolean
}

export interface SignatureChecks {
  readonly check: (token: UnverifiedToken) => T.Task<SignatureCheck>
  /** Gets discovery document and keys, and tries again every few seconds until they are there. Call it once. */
  readonly begin: () => void
  /** Why keys are not there; undefined once they are. */
  readonly problem: () => string | undefined
  readonly stop: () => void
}

const longestWaitInMs = 5_000
const tryAgainAfterInMs = 2_000
const largestDocumentInBytes = 256 * 1024

/** fetch, but an answer of more than 256 KiB is an error, and redirects are not followed. */
const boundedFetch = async (
  url: string,
  {
    headers,
    method,
    signal,
  }: { readonly headers: Headers | Record<string, string>; readonly method: string; readonly signal?: AbortSignal },
): Promise<Response> => {
  const response = await fetch(url, { headers, method, redirect: 'error', ...(signal === undefined ? {} : { signal }) })
  const chunks: Array<Uint8Array<ArrayBuffer>> = []
  let size = 0
  const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined = response.body?.getReader()
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
    size += read.value.byteLength
    if (size > largestDocumentInBytes) throw new Error(`${url} answered more than 256 KiB`)
    chunks.push(read.value)
  }
  return new Response(new Blob(chunks), { status: response.status, headers: response.headers })
}

type GetKey = ReturnType<typeof createRemoteJWKSet>

const discover = async ({ dangerouslyAllowPlainHttp, issuer }: IssuerSettings): Promise<GetKey> => {
  const url = new URL(issuer)
  const response = await discoveryRequest(url, {
    algorithm: 'oidc',
    [allowInsecureRequests]: dangerouslyAllowPlainHttp,
    [customDiscoveryFetch]: boundedFetch,
    signal: AbortSignal.timeout(longestWaitInMs),
  })
  const { jwks_uri: jwksUri } = await processDiscoveryResponse(url, response)
  const keys = new URL(jwksUri ?? '', url)
  if (jwksUri === undefined || keys.origin !== url.origin) {
    throw new Error(`the discovery document of ${issuer} names no jwks_uri on the issuer's own host`)
  }
  const getKey = createRemoteJWKSet(keys, {
    timeoutDuration: longestWaitInMs,
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
    [customFetch]: boundedFetch,
  })
  await getKey.reload()
  return getKey
}

const isAboutTheKeyAsked = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys

type FlattenedToken = Parameters<JWTVerifyGetKey>[1]

const flattened = (token: string): FlattenedToken => {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return { protected: header, payload, signature }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * Proves signatures with the issuer's keys, which come from its JWKS as its discovery document names it (OpenID Connect
 * Discovery 1.0 §4). RS256 alone. An unknown key id makes the set be fetched again, at most every 30 seconds. That keys
 * cannot be had is told apart from a bad signature. Does not look at claims. Never rejects.
 */
export const joseSignatureChecks = (settings: IssuerSettings): SignatureChecks => {
  let getKey: GetKey | undefined
  let problem: string | undefined = 'the keys of the issuer have not been fetched yet'
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const begin = (): void => {
    discover(settings).then(
      (found) => {
        getKey = found
        problem = undefined
      },
      (error: unknown) => {
        problem = `the keys of ${settings.issuer} cannot be had: ${messageOf(error)}`
        if (!stopped) timer = setTimeout(begin, tryAgainAfterInMs)
      },
    )
  }

  const keyOf = async ({ keyId, token }: UnverifiedToken, keys: GetKey) => {
    try {
      const key = await keys({ alg: 'RS256', kid: keyId }, flattened(token))
      problem = undefined
      return { _tag: 'Key', key } as const
    } catch (cause) {
      if (isAboutTheKeyAsked(cause)) return { _tag: 'NotGenuine', reason: 'keyUnknown' } as const
      problem = `the keys of ${settings.issuer} cannot be had: ${messageOf(cause)}`
      return { _tag: 'KeysUnavailable', cause } as const
    }
  }

  const check = (token: UnverifiedToken) => async (): Promise<SignatureCheck> => {
    if (getKey === undefined) return { _tag: 'KeysUnavailable', cause: problem }
    const found = await keyOf(token, getKey)
    if (found._tag !== 'Key') return found
    try {
      await compactVerify(token.token, found.key, { algorithms: ['RS256'] })
      return { _tag: 'Genuine' }
    } catch {
      // Whatever jose or the key throws here (a key of 1,024 bits gives a TypeError), nothing was proved.
      return { _tag: 'NotGenuine', reason: 'signature' }
    }
  }

  const stop = (): void => {
    stopped = true
    clearTimeout(timer)
  }

  return { check, begin, problem: () => problem, stop }
}
