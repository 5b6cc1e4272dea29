import { createPublicKey, type KeyObject } from 'node:crypto'
import * as t from 'io-ts'
import { createRemoteJWKSet, customFetch, type JWK } from 'jose'
import {
  allowInsecureRequests,
  customFetch as customDiscoveryFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi'
import { fits, keyTypeFor } from './node-jws.js'
import type { TrustedIssuer } from './trusted-issuer.js'

export interface PublishedKeysSettings {
  readonly issuer: TrustedIssuer
  /** Keys for others are left out. */
  readonly algorithms: ReadonlyArray<string>
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

/** A published key, as long as it is published. Whoever relied on it asks the mark, which outlives the set. */
export interface KeyMark {
  readonly jwk: string
  readonly issuer: unknown
  readonly key: KeyObject
  /** Those of the taken ones that the key is for. */
  readonly algorithms: ReadonlyArray<string>
  isPublished: boolean
}

/** All that an issuer publishes at one time that could prove a signature, by `kid`. */
export type PublishedKeys = ReadonlyMap<string, KeyMark>

/** What we look at of a key, RFC 7517 §4: none for another use, none that is a secret. Entra's say for whom they are. */
const PublishedKey = t.intersection([
  t.type({ kid: t.string, kty: t.string }),
  t.partial({
    use: t.literal('sig'),
    alg: t.string,
    key_ops: t.readonlyArray(t.string),
    d: t.undefined,
    issuer: t.unknown,
  }),
])
type PublishedKey = t.TypeOf<typeof PublishedKey>

const readKey = (jwk: JWK): KeyObject | undefined => {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

/** Undefined for one that could not prove a signature by any of the algorithms that are taken: it is as if it were not there. */
const usableFor =
  (taken: ReadonlyArray<string>) =>
  (jwk: JWK): Usable | undefined => {
    if (!PublishedKey.is(jwk) || jwk.key_ops?.includes('verify') === false) return undefined
    // RFC 7518 §6.1 and RFC 8037 §2. Looked at first: to read a key takes its time, and a set may hold a thousand.
    const asked = taken.filter(
      (algorithm) => keyTypeFor(algorithm) === jwk.kty && (jwk.alg === undefined || jwk.alg === algorithm),
    )
    const key = asked.length === 0 ? undefined : readKey(jwk)
    if (key === undefined) return undefined
    const algorithms = asked.filter((algorithm) => fits(key, algorithm))
    return algorithms.length === 0 ? undefined : { jwk, key, algorithms }
  }

interface Usable {
  readonly jwk: PublishedKey
  readonly key: KeyObject
  readonly algorithms: ReadonlyArray<string>
}

/** Of two keys with one name nobody could say which is meant, nor whose it is: neither is taken. */
const withoutNamesakes = (usable: ReadonlyArray<Usable>): ReadonlyArray<Usable> => {
  const times = new Map<string, number>()
  for (const { jwk } of usable) times.set(jwk.kid, (times.get(jwk.kid) ?? 0) + 1)
  return usable.filter(({ jwk }) => times.get(jwk.kid) === 1)
}

const marksOf = (usable: ReadonlyArray<Usable>, before: PublishedKeys | undefined): PublishedKeys => {
  const marks = new Map<string, KeyMark>()
  for (const { algorithms, jwk: published, key } of usable) {
    const jwk = JSON.stringify(published)
    const known = before?.get(published.kid)
    marks.set(
      published.kid,
      known?.jwk === jwk ? known : { jwk, issuer: published.issuer, key, algorithms, isPublished: true },
    )
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
 * published before keep their marks. There may be none that is of use; rejects, with words for a person, when it cannot be
 * known.
 */
export const josePublishedKeys = async (
  { algorithms, dangerouslyAllowPlainHttp, fetch, issuer, onClock }: PublishedKeysSettings,
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
  const usable = (published.jwks()?.keys ?? []).flatMap((jwk) => usableFor(algorithms)(jwk) ?? [])
  return marksOf(withoutNamesakes(usable), before)
}
