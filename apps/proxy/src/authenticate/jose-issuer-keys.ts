import type * as IO from 'fp-ts/lib/IO.js'
import { createRemoteJWKSet, type CryptoKey, customFetch, errors, type JWK, type JWTVerifyGetKey } from 'jose'
import {
  allowInsecureRequests,
  customFetch as customDiscoveryFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi'
import { isKeyOf, type TrustedIssuer } from './trusted-issuer.js'
import type { UnverifiedToken } from './unverified-token.js'

export interface IssuerKeysSettings {
  readonly issuer: TrustedIssuer
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
  readonly onChange: (issuer: string, problem: string | undefined) => void
  /** Told by how many seconds the issuer's clock is ahead of ours (or, below 0, behind), whenever it says. */
  readonly onClock: (aheadInSeconds: number) => void
}

/** What a search for the key of a token comes to. */
type KeySearch =
  | { readonly _tag: 'Found'; readonly key: CryptoKey; readonly isTrusted: IO.IO<boolean> }
  | { readonly _tag: 'NotFound'; readonly reason: 'keyUnknown' | 'keyIssuer' }
  | { readonly _tag: 'Unavailable'; readonly cause: unknown }

export interface IssuerKeys {
  readonly keyFor: (token: UnverifiedToken) => Promise<KeySearch>
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

/** A published key, as long as it is published. Whoever relied on it asks the mark, which outlives the set. */
interface Mark {
  readonly jwk: string
  readonly issuer: unknown
  isPublished: boolean
}

interface Keys {
  readonly set: KeySet
  readonly marks: ReadonlyMap<string, Mark>
}

/** Entra's keys say for whom they are. */
type PublishedKey = JWK & { readonly issuer?: unknown }

const marksOf = (jwks: ReadonlyArray<PublishedKey>, before: Keys | undefined): ReadonlyMap<string, Mark> => {
  const marks = new Map<string, Mark>()
  for (const published of jwks) {
    const jwk = JSON.stringify(published)
    const kid = published.kid ?? ''
    const known = before?.marks.get(kid)
    marks.set(kid, known?.jwk === jwk ? known : { jwk, issuer: published.issuer, isPublished: true })
  }
  return marks
}

const discover = async (
  { dangerouslyAllowPlainHttp, fetch, issuer, onClock }: IssuerKeysSettings,
  before: Keys | undefined,
): Promise<Keys> => {
  const url = new URL(issuer.discovery)
  const response = await discoveryRequest(url, {
    algorithm: 'oidc',
    [allowInsecureRequests]: dangerouslyAllowPlainHttp,
    [customDiscoveryFetch]: fetch,
    signal: AbortSignal.timeout(longestWaitInMs),
  })
  const saidAt = Date.parse(response.headers.get('date') ?? '')
  if (!Number.isNaN(saidAt)) onClock(Math.round((saidAt - Date.now()) / 1000))
  const { jwks_uri: jwksUri } = await processDiscoveryResponse(new URL(issuer.issuer), response)
  const address = URL.parse(jwksUri ?? '', url.href)
  if (jwksUri === undefined || address?.origin !== url.origin) {
    throw new Error(`the discovery document names no jwks_uri on the issuer's own host`)
  }
  // When keys are fetched is decided below, not by jose: it fetches when it is told to, and at no other time.
  const set = createRemoteJWKSet(address, {
    timeoutDuration: longestWaitInMs,
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: fetch,
  })
  await set.reload()
  const jwks = set.jwks()?.keys ?? []
  if (jwks.length === 0) throw new Error('the key set is empty')
  return { set, marks: marksOf(jwks, before) }
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
  // The words of a parser quote what it could not read.
  const words = error instanceof SyntaxError ? error.name : error.message
  const cause = error.cause instanceof Error ? ` (${wordsOf(error.cause)})` : ''
  return `${words}${cause}`
}

/**
 * The keys of one issuer, which come from its JWKS as its discovery document names it (OpenID Connect Discovery 1.0
 * §4). They are renewed every 10 minutes in the background; an unknown key id makes them be fetched at once, at most
 * every 30 seconds; one fetch at a time. While they cannot be renewed, the last good ones serve for a day. That keys
 * cannot be had is told apart from a key that is not there. Never rejects.
 */
export const joseIssuerKeys = (settings: IssuerKeysSettings): IssuerKeys => {
  let keys: Keys | undefined
  let lastGoodAtInMs = Number.NEGATIVE_INFINITY
  let lastAttemptAtInMs = Number.NEGATIVE_INFINITY
  /** Why the last attempt failed. */
  let failure: string | undefined
  let told: string | undefined
  let underWay: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const isStale = (): boolean => performance.now() - lastGoodAtInMs > staleAfterInMs

  const problem = (): string | undefined =>
    isStale() ? (failure ?? 'the keys of the issuer have not been fetched yet') : undefined

  const tell = (): void => {
    if (failure !== told) settings.onChange(settings.issuer.issuer, failure)
    told = failure
  }

  const schedule = (afterInMs: number): void => {
    clearTimeout(timer)
    if (!stopped) timer = setTimeout(() => void refresh(), afterInMs)
  }

  const take = (found: Keys): void => {
    for (const [kid, mark] of keys?.marks ?? []) mark.isPublished = found.marks.get(kid) === mark
    keys = found
    lastGoodAtInMs = performance.now()
    failure = undefined
  }

  const fetchKeys = async (): Promise<void> => {
    lastAttemptAtInMs = performance.now()
    try {
      // The document is read each time: the keys may have moved.
      take(await discover(settings, keys))
      schedule(refreshEveryInMs)
    } catch (error) {
      failure = `the keys of ${settings.issuer.issuer} cannot be had: ${wordsOf(error)}`
      schedule(keys === undefined ? tryAgainAfterInMs : cooldownInMs)
    }
    underWay = undefined
    tell()
  }

  const refresh = (): Promise<void> => {
    underWay ??= fetchKeys()
    return underWay
  }

  const search = async ({ algorithm, keyId, token }: UnverifiedToken, { marks, set }: Keys): Promise<KeySearch> => {
    const mark = marks.get(keyId)
    if (mark === undefined) return { _tag: 'NotFound', reason: 'keyUnknown' }
    if (!isKeyOf(settings.issuer, mark.issuer)) return { _tag: 'NotFound', reason: 'keyIssuer' }
    try {
      const key = await set({ alg: algorithm, kid: keyId }, flattened(token))
      return { _tag: 'Found', key, isTrusted: () => mark.isPublished && !isStale() }
    } catch (error) {
      if (isAboutTheKeyAsked(error)) return { _tag: 'NotFound', reason: 'keyUnknown' }
      throw error
    }
  }

  const keyFor = async (token: UnverifiedToken): Promise<KeySearch> => {
    if (keys === undefined || isStale()) return { _tag: 'Unavailable', cause: problem() }
    if (
      !keys.marks.has(token.keyId) &&
      (underWay !== undefined || performance.now() - lastAttemptAtInMs >= cooldownInMs)
    )
      await refresh()
    const found = await search(token, keys)
    // It may be one of the keys that could not be fetched.
    return found._tag === 'NotFound' && found.reason === 'keyUnknown' && failure !== undefined
      ? { _tag: 'Unavailable', cause: failure }
      : found
  }

  return {
    keyFor,
    begin: () => void refresh(),
    problem,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}
