import type * as IO from 'fp-ts/lib/IO.js'
import { LRUCache } from 'lru-cache'
import type { Caller } from '../domain/caller.js'
import { callerKey, type CountedBy } from '../domain/caller-key.js'
import { type Bucket, type RateLimit, type Spent, spend } from './token-bucket.js'

export interface CallerRateSettings {
  readonly limit: RateLimit
  /** Who shares a bucket: each caller has its own, or all that call through one application have one. */
  readonly by: CountedBy
  /** The monotonic clock, in milliseconds. */
  readonly now: IO.IO<number>
}

/** Counts a call of a caller. */
export type CallerRates = (caller: Caller) => IO.IO<Spent>

// Whoever is forgotten has a full bucket again, which takes as many callers at once.
const mostCallers = 10_000

/** A token bucket for each of the callers seen last. */
export const lruCallerRates = ({ by, limit, now }: CallerRateSettings): CallerRates => {
  const buckets = new LRUCache<string, Bucket>({ max: mostCallers })
  const keyOf = callerKey(by)
  return (caller) => () => {
    const key = keyOf(caller)
    const spent = spend(limit, buckets.get(key), now())
    buckets.set(key, spent.bucket)
    return spent
  }
}
