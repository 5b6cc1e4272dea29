import type * as IO from 'fp-ts/lib/IO.js'
import {
  josePublishedKeys,
  type KeyMark,
  type PublishedKeys,
  type PublishedKeysSettings,
} from './jose-published-keys.js'
import { isKeyOf } from './trusted-issuer.js'
import type { UnverifiedToken } from './unverified-token.js'

export interface IssuerKeysSettings extends PublishedKeysSettings {
  /** Told when keys cannot be had or renewed, with the reason, and (undefined) when they can be again. */
  readonly onChange: (issuer: string, problem: string | undefined) => void
}

/** What a search for the key of a token comes to. */
type KeySearch =
  | { readonly _tag: 'Found'; readonly key: KeyMark['key']; readonly isTrusted: IO.IO<boolean> }
  | { readonly _tag: 'NotFound'; readonly reason: 'keyUnknown' | 'keyIssuer' }
  | { readonly _tag: 'Unavailable'; readonly cause: unknown }

export interface IssuerKeys {
  readonly keyFor: (token: UnverifiedToken) => Promise<KeySearch>
  /** Gets discovery document and keys, tries again until they are there, and renews them. Call it once. */
  readonly begin: () => void
  /** Why there are no keys; undefined when there are. */
  readonly problem: () => string | undefined
  /** Since they were last fetched; undefined before that. */
  readonly ageInMs: () => number | undefined
  readonly stop: () => void
}

const refreshEveryInMs = 600_000
/** How soon after an attempt an unknown key id may cause the next one, however many tokens name one. */
const cooldownInMs = 30_000
const tryAgainAfterInMs = 2_000
/** Keys that were good once go on being good for this long while they cannot be renewed. */
const staleAfterInMs = 24 * 3_600_000

const longestWords = 200

/** What may be told of keys that cannot be had. */
export const wordsOfKeyFault = (error: unknown): string => {
  if (!(error instanceof Error)) return 'an unknown fault'
  // The words of a parser quote what it could not read, and others may hold what the issuer chose to say.
  const words = error instanceof SyntaxError ? error.name : error.message
  const cause = error.cause instanceof Error ? ` (${wordsOfKeyFault(error.cause)})` : ''
  return `${words.slice(0, longestWords).toWellFormed()}${cause}`
}

/**
 * The keys of one issuer. They are renewed every 10 minutes in the background; an unknown key id makes them be fetched at
 * once, at most every 30 seconds; one fetch at a time. While they cannot be renewed, the last good ones serve for a day.
 * That keys cannot be had is told apart from a key that is not there. Never rejects.
 */
export const joseIssuerKeys = (settings: IssuerKeysSettings): IssuerKeys => {
  let keys: PublishedKeys | undefined
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
    isStale() || keys?.size === 0 ? (failure ?? 'the keys of the issuer have not been fetched yet') : undefined

  const tell = (): void => {
    if (failure !== told) settings.onChange(settings.issuer.issuer, failure)
    told = failure
  }

  const schedule = (afterInMs: number): void => {
    clearTimeout(timer)
    if (!stopped) timer = setTimeout(() => void refresh(), afterInMs)
  }

  const take = (found: PublishedKeys): void => {
    for (const [kid, mark] of keys ?? []) mark.isPublished = found.get(kid) === mark
    keys = found
    lastGoodAtInMs = performance.now()
    // Withdrawn is not away: what it proved until now, it no longer does.
    failure =
      found.size > 0
        ? undefined
        : `the keys of ${settings.issuer.issuer} cannot be had: there is none in its set that could prove a signature`
  }

  const fetchKeys = async (): Promise<void> => {
    lastAttemptAtInMs = performance.now()
    try {
      // The document is read each time: the keys may have moved.
      take(await josePublishedKeys(settings, keys))
      schedule(failure === undefined ? refreshEveryInMs : cooldownInMs)
    } catch (error) {
      failure = `the keys of ${settings.issuer.issuer} cannot be had: ${wordsOfKeyFault(error)}`
      schedule(keys === undefined ? tryAgainAfterInMs : cooldownInMs)
    }
    underWay = undefined
    tell()
  }

  const refresh = (): Promise<void> => {
    underWay ??= fetchKeys()
    return underWay
  }

  const search = ({ algorithm, keyId }: UnverifiedToken, published: PublishedKeys): KeySearch => {
    const mark = published.get(keyId)
    if (mark === undefined) return { _tag: 'NotFound', reason: 'keyUnknown' }
    if (!isKeyOf(settings.issuer, mark.issuer)) return { _tag: 'NotFound', reason: 'keyIssuer' }
    // It is not there for another algorithm.
    if (!mark.algorithms.includes(algorithm)) return { _tag: 'NotFound', reason: 'keyUnknown' }
    return { _tag: 'Found', key: mark.key, isTrusted: () => mark.isPublished && !isStale() }
  }

  const keyFor = async (token: UnverifiedToken): Promise<KeySearch> => {
    if (keys === undefined || isStale()) return { _tag: 'Unavailable', cause: problem() }
    if (!keys.has(token.keyId) && (underWay !== undefined || performance.now() - lastAttemptAtInMs >= cooldownInMs))
      await refresh()
    const found = search(token, keys)
    // It may be one of the keys that could not be fetched.
    return found._tag === 'NotFound' && found.reason === 'keyUnknown' && failure !== undefined
      ? { _tag: 'Unavailable', cause: failure }
      : found
  }

  return {
    keyFor,
    begin: () => void refresh(),
    problem,
    ageInMs: () => (keys === undefined ? undefined : performance.now() - lastGoodAtInMs),
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}
