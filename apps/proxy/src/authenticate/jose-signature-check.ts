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
  /** fetch, or one with limits. */
  readonly fetch: (
    url: string,
    options: {
      readonly headers: Headers | Record<string, string>
      readonly method: string
      readonly signal?: AbortSignal
    },
  ) => Promise<Response>
  /** Told when keys cannot be had or renewed, with the reason, and (undefined) when they can be again. */
  readonly onChange: (problem: string | undefined) => void
}

export interface SignatureChecks {
  readonly check: (token: UnverifiedToken) => T.Task<SignatureCheck>
  /** Gets discovery document and keys, tries again until they are there, and renews them. Call it once. */
  readonly begin: () => void
  /** Why there are no keys; undefined when there are. */
  readonly problem: () => string | undefined
  readonly stop: () => void
}

const longestWaitInMs = 5_000
const refreshEveryInMs = 600_000
/** How soon after an attempt an unknown key id may cause the next one, however many tokens name one. */
const cooldownInMs = 30_000
const tryAgainAfterInMs = 2_000
/** Keys that were good once go on being good for this long while they cannot be renewed. */
const staleAfterInMs = 24 * 3_600_000

type KeySet = ReturnType<typeof createRemoteJWKSet>

const discover = async ({ dangerouslyAllowPlainHttp, fetch, issuer }: IssuerSettings): Promise<KeySet> => {
  const url = new URL(issuer)
  const response = await discoveryRequest(url, {
    algorithm: 'oidc',
    [allowInsecureRequests]: dangerouslyAllowPlainHttp,
    [customDiscoveryFetch]: fetch,
    signal: AbortSignal.timeout(longestWaitInMs),
  })
  const { jwks_uri: jwksUri } = await processDiscoveryResponse(url, response)
  const address = new URL(jwksUri ?? '', url)
  if (jwksUri === undefined || address.origin !== url.origin) {
    throw new Error(`the discovery document names no jwks_uri on the issuer's own host`)
  }
  // When keys are fetched is decided below, not by jose: it fetches when it is told to, and at no other time.
  return createRemoteJWKSet(address, {
    timeoutDuration: longestWaitInMs,
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: fetch,
  })
}

const isAboutTheKeyAsked = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys

type FlattenedToken = Parameters<JWTVerifyGetKey>[1]

const flattened = (token: string): FlattenedToken => {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return { protected: header, payload, signature }
}

const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.message}${cause}`
}

/**
 * Proves signatures with the issuer's keys, which come from its JWKS as its discovery document names it (OpenID Connect
 * Discovery 1.0 §4). RS256 alone. Keys are renewed every 10 minutes in the background; an unknown key id makes them be
 * fetched at once, at most every 30 seconds; one fetch at a time. While they cannot be renewed, the last good ones serve
 * for a day. That keys cannot be had is told apart from a bad signature. Does not look at claims. Never rejects.
 */
export const joseSignatureChecks = (settings: IssuerSettings): SignatureChecks => {
  let keySet: KeySet | undefined
  let lastGoodAtInMs = Number.NEGATIVE_INFINITY
  let lastAttemptAtInMs = Number.NEGATIVE_INFINITY
  /** Why the last attempt failed. */
  let failure: string | undefined
  let told: string | undefined
  let underWay: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const problem = (): string | undefined =>
    performance.now() - lastGoodAtInMs > staleAfterInMs
      ? (failure ?? 'the keys of the issuer have not been fetched yet')
      : undefined

  const tell = (): void => {
    if (failure !== told) settings.onChange(failure)
    told = failure
  }

  const schedule = (afterInMs: number): void => {
    clearTimeout(timer)
    if (!stopped) timer = setTimeout(() => void refresh(), afterInMs)
  }

  const fetchKeys = async (): Promise<void> => {
    lastAttemptAtInMs = performance.now()
    try {
      // The document is read each time: the keys may have moved.
      const found = await discover(settings)
      await found.reload()
      keySet = found
      lastGoodAtInMs = performance.now()
      failure = undefined
      schedule(refreshEveryInMs)
    } catch (error) {
      failure = `the keys of ${settings.issuer} cannot be had: ${wordsOf(error)}`
      schedule(keySet === undefined ? tryAgainAfterInMs : cooldownInMs)
    }
    underWay = undefined
    tell()
  }

  const refresh = (): Promise<void> => {
    underWay ??= fetchKeys()
    return underWay
  }

  const keyOf = async ({ keyId, token }: UnverifiedToken, keys: KeySet) => {
    try {
      return await keys({ alg: 'RS256', kid: keyId }, flattened(token))
    } catch (error) {
      if (isAboutTheKeyAsked(error)) return undefined
      throw error
    }
  }

  const keyOrRefreshedKeyOf = async (token: UnverifiedToken, keys: KeySet) => {
    const key = await keyOf(token, keys)
    if (key !== undefined) return key
    if (underWay === undefined && performance.now() - lastAttemptAtInMs < cooldownInMs) return undefined
    await refresh()
    return keySet === undefined ? undefined : keyOf(token, keySet)
  }

  const check = (token: UnverifiedToken) => async (): Promise<SignatureCheck> => {
    if (keySet === undefined || problem() !== undefined) return { _tag: 'KeysUnavailable', cause: problem() }
    try {
      const key = await keyOrRefreshedKeyOf(token, keySet)
      // It may be one of the keys that could not be fetched.
      if (key === undefined && failure !== undefined) return { _tag: 'KeysUnavailable', cause: failure }
      if (key === undefined) return { _tag: 'NotGenuine', reason: 'keyUnknown' }
      await compactVerify(token.token, key, { algorithms: ['RS256'] })
      return { _tag: 'Genuine' }
    } catch {
      // Whatever jose or the key throws here (a key of 1,024 bits gives a TypeError), nothing was proved.
      return { _tag: 'NotGenuine', reason: 'signature' }
    }
  }

  return {
    check,
    begin: () => void refresh(),
    problem,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}
