import * as t from 'io-ts'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JWK } from 'jose'
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

/** Finds keys by `alg` and `kid`. */
type KeySet = ReturnType<typeof createLocalJWKSet>

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

/** What we look at of a key, RFC 7517 §4. Entra's say for whom they are. */
const PublishedKey = t.intersection([
  t.type({ kid: t.string, kty: t.string }),
  t.partial({ use: t.literal('sig'), n: t.string, e: t.string, issuer: t.unknown }),
])
type PublishedKey = t.TypeOf<typeof PublishedKey>

// RFC 7518 §3.3 wants 2,048 bits; with an exponent of 1 anything is its own signature.
const isStrongRsa = ({ e = 'AQ', kty, n = '' }: PublishedKey): boolean => kty === 'RSA' && n.length >= 342 && e !== 'AQ'

/** Could it prove a signature at all? Others are as if they were not there. */
const isUsable = (jwk: JWK): jwk is JWK & PublishedKey =>
  PublishedKey.is(jwk) && (isStrongRsa(jwk) || jwk.kty === 'EC' || jwk.kty === 'OKP')

/** Of two keys with one name nobody could say which is meant, nor whose it is: neither is taken. */
const withoutNamesakes = (jwks: ReadonlyArray<JWK>): ReadonlyArray<JWK> => {
  const times = new Map<unknown, number>()
  for (const { kid } of jwks) times.set(kid, (times.get(kid) ?? 0) + 1)
  return jwks.filter(({ kid }) => times.get(kid) === 1)
}

const marksOf = (
  jwks: ReadonlyArray<PublishedKey>,
  before: PublishedKeys | undefined,
): ReadonlyMap<string, KeyMark> => {
  const marks = new Map<string, KeyMark>()
  for (const published of jwks) {
    const jwk = JSON.stringify(published)
    const known = before?.marks.get(published.kid)
    marks.set(published.kid, known?.jwk === jwk ? known : { jwk, issuer: published.issuer, isPublished: true })
  }
  return marks
}

/** By how much the clock of whoever answered is ahead of ours; undefined if it is not said, or was some cache's to say. */
const aheadInSeconds = (headers: Headers, nowInMs: number): number | undefined => {
  const date = headers.get('date') ?? ''
  const saidAt = date.endsWith(' GMT') && headers.get('age') === null ? Date.parse(date) : Number.NaN
  return Number.isNaN(saidAt) ? undefined : Math.round((saidAt - nowInMs) / 1000)
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
  const ahead = aheadInSeconds(response.headers, Date.now())
  if (ahead !== undefined) onClock(ahead)
  const { jwks_uri: jwksUri } = await processDiscoveryResponse(new URL(issuer.issuer), response)
  const address = URL.parse(jwksUri ?? '', url.href)
  if (jwksUri === undefined || address?.origin !== url.origin || address.username !== '' || address.password !== '') {
    throw new Error(`the discovery document names no jwks_uri on the issuer's own host`)
  }
  // Fetched once: when to fetch again is for jose-issuer-keys.ts to say.
  const published = createRemoteJWKSet(address, { timeoutDuration: longestWaitInMs, [customFetch]: fetch })
  await published.reload()
  const usable = withoutNamesakes(published.jwks()?.keys ?? []).filter(isUsable)
  if (usable.length === 0) throw new Error('there is no key in the set that could prove a signature')
  // The key that is found and the mark that is looked at are of one list.
  return { set: createLocalJWKSet({ keys: usable }), marks: marksOf(usable, before) }
}
