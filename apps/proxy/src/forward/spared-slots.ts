/** What others are going to need. Times in milliseconds. */
export interface Need {
  readonly nowInMs: number
  readonly windowInMs: number
  /** Slots that are free now. */
  readonly free: number
  /** When the slot after so many others comes free; undefined when that is not known yet. */
  readonly freeAtInMs: (skipped: number) => number | undefined
  /** Calls of others that are going to come. */
  readonly perMs: number
  /** How long each of them may wait. */
  readonly bearableInMs: number
}

/** What comes is not even: so many slots more are left than are expected to be needed. */
const slack = 2
/** So many slots that come free are looked at. */
const mostLookedAt = 256

/**
 * From when on a slot can be spared for a call that is over its caller's share: now, if until any time at which slots come
 * free there are enough for what others are expected to send by then, but for what may wait till then. Infinity when no time
 * can be told. So nothing is left over: the nearer the next free slot, the fewer are held back for the time before it.
 */
export const sparedAtInMs = ({ bearableInMs, free, freeAtInMs, nowInMs, perMs, windowInMs }: Need): number => {
  const inWindow = perMs * windowInMs
  if (inWindow < 1) return nowInMs
  for (let freed = 0; freed < mostLookedAt; freed++) {
    const has = free - 1 + freed - slack
    if (has >= inWindow) return nowInMs
    const nextInMs = freeAtInMs(freed)
    if (nextInMs === undefined) return Infinity
    const untilInMs = nextInMs - bearableInMs
    if (untilInMs > nowInMs && has < perMs * (untilInMs - nowInMs)) return untilInMs - Math.max(0, has / perMs)
  }
  return nowInMs
}
