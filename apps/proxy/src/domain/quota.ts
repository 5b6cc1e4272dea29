/** What a caller may still do of what it is granted, when calls are counted by caller. */
export interface Quota {
  /** So many calls in so many seconds. */
  readonly calls: number
  readonly seconds: number
  /** Calls that may be made at once. */
  readonly remaining: number
  /** Seconds until all of them may be. */
  readonly fullInSeconds: number
  /** Seconds until the next call may be made; 0 if it may now. */
  readonly nextInSeconds: number
}

/** As draft-ietf-httpapi-ratelimit-headers has it: what is granted, and what of it is left. */
export const rateLimitHeaders = (quota: Quota): Readonly<Record<string, string>> => ({
  'RateLimit-Policy': `"caller";q=${String(quota.calls)};w=${String(quota.seconds)}`,
  RateLimit: `"caller";r=${String(quota.remaining)};t=${String(quota.fullInSeconds)}`,
})
