import type { Retry } from './outcome.js'
import type { GraphRefusal } from './proxy-error.js'

/** What a caller is told of an error: status and words, and what it may do next. */
export interface Told {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly retry: Retry
  readonly headers?: Readonly<Record<string, string>>
  readonly details?: ReadonlyArray<{ readonly code: string; readonly message: string; readonly target?: string }>
  /** Set where Graph's own code is relayed. */
  readonly graph?: GraphRefusal
  readonly createdId?: string
  /** The call that holds the idempotency key. */
  readonly earlierAuditId?: string
}

/** RFC 6750 §3. */
export const challenge = (parameters = ''): Readonly<Record<string, string>> => ({
  'WWW-Authenticate': parameters === '' ? 'Bearer' : `Bearer ${parameters}`,
})

/** Entra, "Claims challenges": the client gets a new token with these claims, and calls again. */
export const claimsChallenge = (claims: string): Readonly<Record<string, string>> =>
  challenge(`error="insufficient_claims", claims="${btoa(claims)}"`)

export const retryAfter = (seconds: number): Readonly<Record<string, string>> => ({ 'Retry-After': String(seconds) })
