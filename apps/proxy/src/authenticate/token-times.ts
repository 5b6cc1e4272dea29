import type { TokenInvalidReason } from '../domain/proxy-error.js'

/** When a token is good, in seconds since 1970. RFC 7519 §4.1. */
export interface TokenTimes {
  readonly iat: number
  readonly exp: number
  readonly nbf?: number | undefined
}

const clockToleranceInSeconds = 60

/** Why a token cannot be taken now; undefined if it can. Clocks may differ by 60 seconds. */
export const timeProblem = (
  { exp, iat, nbf }: TokenTimes,
  longestLifeInSeconds: number,
  nowInSeconds: number,
): TokenInvalidReason | undefined => {
  if (exp + clockToleranceInSeconds <= nowInSeconds) return 'expired'
  if (nbf !== undefined && nbf - clockToleranceInSeconds > nowInSeconds) return 'notYetValid'
  if (iat - clockToleranceInSeconds > nowInSeconds) return 'issuedInFuture'
  return exp - iat > longestLifeInSeconds + clockToleranceInSeconds ? 'livesTooLong' : undefined
}
