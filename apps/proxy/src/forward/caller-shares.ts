/** What a caller had lately, of all that may be sent. Times in milliseconds. */
export interface CallerShare {
  readonly key: string
  /** Up to when it has had its share: before now if it may have more than its share at once. */
  paidUntilInMs: number
  seenAtInMs: number
  /** Its calls of late that were within its share, each counting less as time passes. */
  recent: number
  recentAtInMs: number
  /** It has calls waiting. */
  isWaiting: boolean
}

export interface CallerShares {
  /** Of a caller that has just come with a call. */
  readonly of: (key: string, nowInMs: number) => CallerShare
  /** From when on its next call is within its share. */
  readonly withinFromInMs: (share: CallerShare) => number
  readonly sent: (share: CallerShare, nowInMs: number) => void
  /** How many callers there were in the last window; at least 1. */
  readonly active: (nowInMs: number) => number
  /** How many calls within their shares the others are going to send, a millisecond. */
  readonly othersPerMs: (share: CallerShare, nowInMs: number) => number
}

/** Each may be ahead by so much of its share, or so many calls: a few at once are no flood. */
const aheadOfShare = 0.1
const leastAhead = 1
/** A caller that takes more than its share is held to have had so many calls more than that at most. */
const mostOwed = 4
/** For how much of the window a call of late counts. */
const recentOfWindow = 0.5

/**
 * The share of a caller is the budget divided by the number of those who call. Each call moves the time up to which a caller
 * has had its share by what one call takes at that rate (a virtual time, as in start-time fair queueing).
 */
export const callerShares = (calls: number, windowInMs: number): CallerShares => {
  const recentInMs = windowInMs * recentOfWindow
  // In the order in which they were seen last.
  const shares = new Map<string, CallerShare>()
  const all = { recent: 0, recentAtInMs: 0 }
  let busySinceInMs = 0

  const fade = (counted: { recent: number; recentAtInMs: number }, nowInMs: number): number => {
    counted.recent *= Math.exp((counted.recentAtInMs - nowInMs) / recentInMs)
    counted.recentAtInMs = nowInMs
    return counted.recent
  }

  const see = (share: CallerShare, nowInMs: number): void => {
    share.seenAtInMs = nowInMs
    shares.delete(share.key)
    shares.set(share.key, share)
  }

  const forget = (nowInMs: number): void => {
    for (const share of shares.values()) {
      if (share.seenAtInMs > nowInMs - windowInMs) return
      if (share.isWaiting) see(share, nowInMs)
      else shares.delete(share.key)
    }
  }

  const active = (nowInMs: number): number => {
    forget(nowInMs)
    return Math.max(1, shares.size)
  }

  const shareInWindow = (): number => calls / Math.max(1, shares.size)

  const aheadCalls = (): number => Math.max(shareInWindow() * aheadOfShare, leastAhead)

  /** For how long a caller has had its share with one call. What it may be ahead counts: so no window has more than its share. */
  const paysInMs = (): number => windowInMs / Math.max(shareInWindow() / 2, shareInWindow() - aheadCalls())

  const withinFromInMs = ({ paidUntilInMs }: CallerShare): number => paidUntilInMs - aheadCalls() * paysInMs()

  return {
    of: (key, nowInMs) => {
      forget(nowInMs)
      if (shares.size === 0) busySinceInMs = nowInMs
      const seen = shares.get(key) ?? {
        key,
        paidUntilInMs: nowInMs,
        seenAtInMs: nowInMs,
        recent: 0,
        recentAtInMs: nowInMs,
        isWaiting: false,
      }
      see(seen, nowInMs)
      return seen
    },
    withinFromInMs,
    sent: (seen, nowInMs) => {
      see(seen, nowInMs)
      if (withinFromInMs(seen) <= nowInMs)
        for (const counted of [seen, all]) counted.recent = fade(counted, nowInMs) + 1
      forget(nowInMs)
      const paidUntilInMs = Math.max(seen.paidUntilInMs, nowInMs) + paysInMs()
      seen.paidUntilInMs = Math.min(paidUntilInMs, nowInMs + (aheadCalls() + mostOwed) * paysInMs())
    },
    active,
    othersPerMs: (own, nowInMs) => {
      const others = Math.max(0, fade(all, nowInMs) - fade(own, nowInMs))
      // What could be counted by now: without this the first seconds would seem quiet.
      const countedInMs = recentInMs * (1 - Math.exp((busySinceInMs - nowInMs) / recentInMs))
      return others === 0 ? 0 : others / Math.max(countedInMs, recentInMs / 10)
    },
  }
}
