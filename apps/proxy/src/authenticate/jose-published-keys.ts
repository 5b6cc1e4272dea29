import { createRemoteJWKSet, customFetch, type JWK } from 'jose'
import {
  allowInsecureRequests,
  customFetch as customDiscoveryFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi'
import type { TrustedIssuer } from './trusted-issuer.js'

export interface PublishedKeysSettings {
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
  /** Told by how many seconds the issuer's clock is ahead of ours (or, below 0, behind), whenever it says. */
  readonly onClock: (aheadInSeconds: number) => void
}

const longestWaitInMs = 5_000

/** Finds keys by `alg` and `kid`. It fetches nothing by itself. */
type KeySet = ReturnType<typeof createRemoteJWKSet>

/** A published key, as long as it is published. Whoever relied on it asks the mark, which outlives the set. */
interface KeyMark {
  readonly jwk: string
  readonly issuer: unknown
  isPublished: boolean
}

/** All that an issuer publishes at one time. */
export interface PublishedKeys {
  readonly set: KeySet
  readonly marks: ReadonlyMap<string, KeyMark>
}

/** Entra's keys say for whom they are. */
type PublishedKey = JWK & { readonly issuer?: unknown }

const marksOf = (
  jwks: ReadonlyArray<PublishedKey>,
  before: PublishedKeys | undefined,
): ReadonlyMap<string, KeyMark> => {
  const marks = new Map<string, KeyMark>()
  for (const published of jwks) {
    const jwk = JSON.stringify(published)
    const kid = published.kid ?? ''
    const known = before?.marks.get(kid)
    marks.set(kid, known?.jwk === jwk ? known : { jwk, issuer: published.issuer, isPublished: true })
  }
  return marks
}

/**
 * Reads the discovery document of an issuer, and the keys that it names (OpenID Connect Discovery 1.0 §4). Keys that were
 * published before keep their marks. Rejects, with words for a person, when there are none to be had.
 */
export const josePublishedKeys = async (
  { dangerouslyAllowPlainHttp, fetch, issuer, onClock }: PublishedKeysSettings,
  before: PublishedKeys | undefined,
): Promise<PublishedKeys> => {
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
  // When keys are fetched is decided in jose-issuer-keys.ts, not by jose: it fetches when it is told to, and at no other time.
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
