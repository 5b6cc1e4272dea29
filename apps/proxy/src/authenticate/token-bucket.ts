import type { Quota } from '../domain/quota.js'

/** So many calls in so many seconds, all of them at once if a caller likes, and then evenly. */
export interface RateLimit {
  readonly calls: number
  readonly seconds: number
}

/** What is left in a bucket, and when that was so. Times in milliseconds on the monotonic clock. */
export interface Bucket {
  readonly tokens: number
  readonly atInMs: number
}

export interface Spent {
  readonly bucket: Bucket
  readonly isAllowed: boolean
  readonly quota: Quota
}

/** Takes one call out of a bucket, if there is one in it. A caller that is new has a full one. */
export const spend = ({ calls, seconds }: RateLimit, before: Bucket | undefined, nowInMs: number): Spent => {
  const refillInMs = (seconds * 1000) / calls
  const refilled = before === undefined ? calls : before.tokens + (nowInMs - before.atInMs) / refillInMs
  const full = Math.min(calls, refilled)
  const isAllowed = full >= 1
  const tokens = isAllowed ? full - 1 : full
  const secondsUntil = (wanted: number): number => Math.ceil((Math.max(0, wanted - tokens) * refillInMs) / 1000)
  return {
    bucket: { tokens, atInMs: nowInMs },
    isAllowed,
    quota: {
      calls,
      seconds,
      remaining: Math.floor(tokens),
      fullInSeconds: secondsUntil(calls),
      nextInSeconds: secondsUntil(1),
    },
  }
}
