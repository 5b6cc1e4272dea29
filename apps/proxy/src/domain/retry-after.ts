const longestInSeconds = 300
const fallbackInSeconds = 10

// Date.parse reads much more than HTTP dates: -5 is a day in May.
const secondsUntil = (date: string, now: Date): number =>
  date.endsWith(' GMT') ? Math.ceil((Date.parse(date) - now.getTime()) / 1000) : Number.NaN

/**
 * Retry-After as seconds from now, 1 to 300: from seconds or an HTTP date (RFC 9110 §10.2.3). Undefined when it is absent
 * or cannot be read.
 */
export const givenRetryAfterInSeconds = (value: string | undefined, now: Date): number | undefined => {
  const trimmed = (value ?? '').trim()
  const seconds = /^\d+$/.test(trimmed) ? Number(trimmed) : secondsUntil(trimmed, now)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 1), longestInSeconds)
}

/**
 * The same, and 10 when it is absent or cannot be read, which is what Graph's documentation shows; Intune is known to
 * throttle without the header.
 */
export const retryAfterInSeconds = (value: string | undefined, now: Date): number =>
  givenRetryAfterInSeconds(value, now) ?? fallbackInSeconds
