/** Whether Graph is asked at all: `Closed` lets calls through, as a switch does that closes a circuit. */
type Admitted =
  | { readonly _tag: 'Closed' }
  /** This one finds out whether Graph is well again; the breaker must be told of its end. */
  | { readonly _tag: 'Probe' }
  | { readonly _tag: 'Open'; readonly inMs: number }

export interface Breaker {
  /** Asked for each call. */
  readonly admit: (nowInMs: number) => Admitted
  /** For how long it rests, when this failure has opened it; else undefined. */
  readonly failed: (isProbe: boolean, nowInMs: number, random: number) => number | undefined
  /** True when this success has closed it. */
  readonly succeeded: (isProbe: boolean) => boolean
  /** The probe was not sent, for no fault of Graph's: the next call is one. */
  readonly probeLost: () => void
}

const firstRestInMs = 5_000
const longestRestInMs = 60_000
/** What those are told that come while the probe is under way. */
const untilProbedInMs = 1_000

/** Never opens. */
const always: Breaker = {
  admit: () => ({ _tag: 'Closed' }),
  failed: () => undefined,
  succeeded: () => false,
  probeLost: () => undefined,
}

/**
 * Opens after so many failures with no success in between, for 5 seconds, twice as long each time a probe fails, at most a
 * minute. What calls that were under way by then come to changes nothing. `mostFailures` 0: never.
 */
export const breaker = (mostFailures: number): Breaker => {
  if (mostFailures === 0) return always
  let failures = 0
  let rests = 0
  let openUntilInMs: number | undefined
  let isProbed = false

  const open = (nowInMs: number, random: number): number => {
    // Half of it at random, so that the gateways of a fleet do not probe at once.
    const restInMs = Math.min(longestRestInMs, firstRestInMs * 2 ** rests) * (0.5 + random / 2)
    openUntilInMs = nowInMs + restInMs
    rests++
    return restInMs
  }

  return {
    admit: (nowInMs) => {
      if (openUntilInMs === undefined) return { _tag: 'Closed' }
      if (isProbed) return { _tag: 'Open', inMs: untilProbedInMs }
      if (nowInMs < openUntilInMs) return { _tag: 'Open', inMs: openUntilInMs - nowInMs }
      isProbed = true
      return { _tag: 'Probe' }
    },
    failed: (isProbe, nowInMs, random) => {
      if (isProbe) {
        isProbed = false
        open(nowInMs, random)
        return undefined
      }
      if (openUntilInMs !== undefined) return undefined
      failures++
      return failures >= mostFailures ? open(nowInMs, random) : undefined
    },
    succeeded: (isProbe) => {
      if (openUntilInMs === undefined) {
        failures = 0
        return false
      }
      if (!isProbe) return false
      failures = 0
      rests = 0
      openUntilInMs = undefined
      isProbed = false
      return true
    },
    probeLost: () => {
      isProbed = false
    },
  }
}
