/** Which of the calls that were sent may still count in the window of whoever counts them. Times in milliseconds. */
export interface WindowSlots {
  /** A call is about to be sent: it takes a slot. */
  readonly take: () => void
  /** It was never sent: its slot is free at once. */
  readonly giveBack: () => void
  /** It was answered: its slot is free when a whole window has passed since. */
  readonly answered: (nowInMs: number) => void
  readonly occupied: (nowInMs: number) => number
  /** When the slot after `skipped` others comes free; undefined for those whose calls are under way. */
  readonly freeAtInMs: (skipped: number) => number | undefined
}

/**
 * Whoever counts a call does so after it was sent and before it was answered. So two calls, of which one was sent a window
 * after the other was answered, are never in one window, be it fixed or sliding, and however long the way takes.
 */
export const windowSlots = (windowInMs: number): WindowSlots => {
  let underWay = 0
  // In the order in which they come free, since the clock goes one way. What is before `first` is free.
  let freeTimes: Array<number> = []
  let first = 0

  const forget = (nowInMs: number): void => {
    for (let next = freeTimes[first]; next !== undefined && next <= nowInMs; next = freeTimes[first]) first++
    if (first < 64 || first * 2 < freeTimes.length) return
    freeTimes = freeTimes.slice(first)
    first = 0
  }

  return {
    take: () => {
      underWay++
    },
    giveBack: () => {
      underWay--
    },
    answered: (nowInMs) => {
      underWay--
      freeTimes.push(nowInMs + windowInMs)
    },
    occupied: (nowInMs) => {
      forget(nowInMs)
      return underWay + freeTimes.length - first
    },
    freeAtInMs: (skipped) => freeTimes[first + skipped],
  }
}
