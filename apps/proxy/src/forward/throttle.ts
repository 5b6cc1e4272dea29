/** A call that Graph throttled. Times in milliseconds. */
interface Throttled {
  readonly nowInMs: number
  readonly sentAtInMs: number
  readonly isProbe: boolean
  /** Undefined when Graph did not say it, or not in a way that can be read. */
  readonly retryAfterInSeconds: number | undefined
  /** How many of our calls may have been in Graph's window. */
  readonly occupied: number
  /** From 0 to less than 1. */
  readonly random: number
}

/** What is known of Graph's limit from the times it was hit. */
export interface Throttle {
  /** `Probe`: one call may go, and none before it ended. `Probed`: that one is under way. */
  readonly phase: (nowInMs: number) => 'Open' | 'Closed' | 'Probe' | 'Probed'
  /** When calls may be sent again; in the past unless it is closed. */
  readonly opensAtInMs: () => number
  /** How many calls may be in the window: what is configured, or less after Graph throttled. */
  readonly budget: (nowInMs: number) => number
  readonly probe: () => void
  /** True when Graph has just begun to throttle. */
  readonly throttled: (call: Throttled) => boolean
  /** The probe was answered otherwise. */
  readonly passed: (nowInMs: number) => void
  /** Nothing is known from the probe: the next call is one. */
  readonly probeLost: () => void
}

const firstPauseInMs = 10_000
const longestPauseInMs = 300_000
const longestJitterInMs = 1_000
const keptOfUsed = 0.75

/**
 * Closes for as long as Graph says; if it does not say, for 10 seconds, doubled each time in a row. Others may use up the same
 * limit, other replicas ours, and other applications the tenant's. So each time the budget is cut to three quarters of what was
 * in use (or of half the budget, if that is more), and grows again by a fiftieth of `calls` a window, until `calls` are back.
 */
export const throttle = (calls: number, windowInMs: number): Throttle => {
  const growthPerMs = Math.max(0.5, calls / 50) / windowInMs
  let budgetAtOpening = calls
  let openedAtInMs = 0
  let closedUntilInMs = -Infinity
  let isOpen = true
  let isProbed = false
  let rounds = 0
  let lastHitAtInMs = -Infinity

  const budget = (nowInMs: number): number => {
    if (budgetAtOpening >= calls) return calls
    const grown = isOpen ? (nowInMs - openedAtInMs) * growthPerMs : 0
    return Math.min(calls, Math.floor(budgetAtOpening + grown))
  }

  const pauseInMs = (retryAfterInSeconds: number | undefined, random: number): number => {
    const pause = retryAfterInSeconds === undefined ? firstPauseInMs * 2 ** (rounds - 1) : retryAfterInSeconds * 1000
    return Math.min(longestPauseInMs, pause + random * Math.min(longestJitterInMs, pause / 10))
  }

  return {
    phase: (nowInMs) => {
      if (isOpen) return 'Open'
      if (nowInMs < closedUntilInMs) return 'Closed'
      return isProbed ? 'Probed' : 'Probe'
    },
    opensAtInMs: () => closedUntilInMs,
    budget,
    probe: () => {
      isProbed = true
    },
    throttled: ({ isProbe, nowInMs, occupied, random, retryAfterInSeconds, sentAtInMs }) => {
      const hasBegun = isOpen
      // Those that were sent before the limit was known to be hit say nothing new of it.
      const isNews = sentAtInMs > lastHitAtInMs
      if (isNews) {
        lastHitAtInMs = nowInMs
        rounds++
      }
      // A probe was too early, but the budget of before it has not been tried yet.
      if (isNews && !isProbe) {
        const before = budget(nowInMs)
        budgetAtOpening = Math.max(1, Math.floor(Math.max(before / 2, Math.min(before, occupied)) * keptOfUsed))
      }
      isOpen = false
      isProbed = false
      closedUntilInMs = Math.max(closedUntilInMs, nowInMs + pauseInMs(retryAfterInSeconds, random))
      return hasBegun
    },
    passed: (nowInMs) => {
      isOpen = true
      isProbed = false
      openedAtInMs = nowInMs
      closedUntilInMs = -Infinity
      rounds = 0
    },
    probeLost: () => {
      isProbed = false
    },
  }
}
