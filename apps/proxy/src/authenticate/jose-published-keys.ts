import { type AsymmetricKeyDetails, createPublicKey, type KeyObject } from 'node:crypto'
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

const curves: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' }

/** RFC 7518 §3.3 wants 2,048 bits; and with an exponent of 1 anything is its own signature. */
const isStrong = ({ modulusLength = 0, publicExponent = 1n }: AsymmetricKeyDetails): boolean =>
  modulusLength >= 2048 && publicExponent >= 3n && publicExponent % 2n === 1n

/** Told from the key as it is read, not as it is written: there are many ways to write a 1. */
const fits = (key: KeyObject, algorithm: string): boolean => {
  const { asymmetricKeyDetails: details = {}, asymmetricKeyType: type } = key
  if (/^[RP]S/.test(algorithm)) return type === 'rsa' && isStrong(details)
  return algorithm === 'EdDSA' ? type === 'ed25519' : type === 'ec' && details.namedCurve === curves[algorithm]
}

/** RFC 7518 §6.1 and RFC 8037 §2. Looked at first: to read a key takes its time, and a set may hold a thousand. */
const kindFor = (algorithm: string): string =>
  algorithm === 'EdDSA' ? 'OKP' : algorithm.startsWith('ES') ? 'EC' : 'RSA'

const readKey = (jwk: JWK): KeyObject | undefined => {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

/** Could it prove a signature by one of the algorithms that are taken? Others are as if they were not there. */
const isUsableFor =
  (algorithms: ReadonlyArray<string>) =>
  (jwk: JWK): jwk is JWK & PublishedKey => {
    if (!PublishedKey.is(jwk) || jwk.key_ops?.includes('verify') === false) return false
    const asked = algorithms.filter(
      (algorithm) => kindFor(algorithm) === jwk.kty && (jwk.alg === undefined || jwk.alg === algorithm),
    )
    const key = asked.length === 0 ? undefined : readKey(jwk)
    return key !== undefined && asked.some((algorithm) => fits(key, algorithm))
  }

/** Of two keys with one name nobody could say which is meant, nor whose it is: neither is taken. */
const withoutNamesakes = <K extends PublishedKey>(jwks: ReadonlyArray<K>): ReadonlyArray<K> => {
  const times = new Map<string, number>()
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
  const keys = withoutNamesakes((published.jwks()?.keys ?? []).filter(isUsableFor(algorithms)))
  // The key that is found and the mark that is looked at are of one list.
  return { set: createLocalJWKSet({ keys: [...keys] }), marks: marksOf(keys, before) }
}
