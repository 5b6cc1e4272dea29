/** Whether Graph is asked at all: `Closed` lets calls through, as a switch does that closes a circuit. */
type Admitted =
  | { readonly _tag: 'Closed' }
  /** This one finds out whether Graph is well again; the breaker must be told of its end. */
  | { readonly _tag: 'Probe' }
  | { readonly _tag: 'Open'; readonly inMs: number }

/** A call that failed. */
interface FailedCall {
  readonly caller: string
  readonly isProbe: boolean
  readonly nowInMs: number
  /** From 0 to less than 1. */
  readonly random: number
}

export interface Breaker {
  /** Asked for each call. */
  readonly admit: (caller: string, nowInMs: number) => Admitted
  /** Does it rest for this caller? */
  readonly restsFor: (caller: string) => boolean
  readonly restsForAll: () => boolean
  /** For how long it rests, when this failure has opened it; else undefined. */
  readonly failed: (call: FailedCall) => number | undefined
  /** True when this success has closed it. */
  readonly succeeded: (caller: string, isProbe: boolean) => boolean
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
  restsFor: () => false,
  restsForAll: () => false,
  failed: () => undefined,
  succeeded: () => false,
  probeLost: () => undefined,
}

/**
 * Opens after so many failures with no success in between, for 5 seconds, twice as long each time a probe fails, at most a
 * minute. What calls that were under way by then come to changes nothing. If all of these were one caller's, it may be that
 * caller's calls that Graph cannot bear: then it rests for that caller alone, until so many of others fail, too. So with
 * probes: where one failed, the next other caller may try at once, and only when that failed, too, all rest.
 * `mostFailures` 0: never.
 */
export const breaker = (mostFailures: number): Breaker => {
  if (mostFailures === 0) return always
  let failures = 0
  const failing = new Set<string>()
  let rests = 0
  let openUntilInMs: number | undefined
  /** For whom it is open, if not for all. */
  let alone: string | undefined
  /** Whose probe failed last: it may be that caller's calls again, so another one need not rest for its own. */
  let failedProbeOf: string | undefined
  let isProbed = false

  const restsFor = (caller: string): boolean => openUntilInMs !== undefined && (alone === undefined || alone === caller)

  const countAnew = (): void => {
    failures = 0
    failing.clear()
  }

  const open = (nowInMs: number, random: number): number => {
    // Half of it at random, so that the gateways of a fleet do not probe at once.
    const restInMs = Math.min(longestRestInMs, firstRestInMs * 2 ** rests) * (0.5 + random / 2)
    openUntilInMs = nowInMs + restInMs
    rests++
    return restInMs
  }

  return {
    admit: (caller, nowInMs) => {
      if (openUntilInMs === undefined || !restsFor(caller)) return { _tag: 'Closed' }
      if (isProbed) return { _tag: 'Open', inMs: untilProbedInMs }
      const mayProbe = nowInMs >= openUntilInMs || (failedProbeOf !== undefined && failedProbeOf !== caller)
      if (!mayProbe) return { _tag: 'Open', inMs: openUntilInMs - nowInMs }
      isProbed = true
      return { _tag: 'Probe' }
    },
    restsFor,
    restsForAll: () => openUntilInMs !== undefined && alone === undefined,
    failed: ({ caller, isProbe, nowInMs, random }) => {
      if (isProbe) {
        isProbed = false
        failedProbeOf = failedProbeOf === undefined || failedProbeOf === caller ? caller : undefined
        open(nowInMs, random)
        return undefined
      }
      if (restsFor(caller)) return undefined
      failures++
      failing.add(caller)
      if (failures < mostFailures) return undefined
      alone = openUntilInMs === undefined && failing.size === 1 ? caller : undefined
      countAnew()
      return open(nowInMs, random)
    },
    succeeded: (caller, isProbe) => {
      if (!restsFor(caller)) countAnew()
      if (openUntilInMs === undefined || !isProbe) return false
      countAnew()
      rests = 0
      failedProbeOf = undefined
      openUntilInMs = undefined
      isProbed = false
      return true
    },
    probeLost: () => {
      isProbed = false
    },
  }
}
