import { heap } from './heap.js'

/** Why and when a call was turned away. Times in milliseconds. */
interface TurnedAway {
  readonly key: string
  readonly nowInMs: number
  /** When its turn would be, were it to wait. */
  readonly turnAtInMs: number
  /** How long Graph takes for one call, when many wait. */
  readonly perCallInMs: number
  /** How long it may wait when it comes again. */
  readonly patienceInMs: number
  /** From 0 to less than 1. */
  readonly random: number
}

export interface PromisedTimes {
  /** For how many callers something is remembered. */
  readonly size: () => number
  /** When the call should come again, in whole seconds, 1 to 300. */
  readonly promise: (call: TurnedAway) => number
}

interface Promised {
  readonly key: string
  atInMs: number
}

const longestInMs = 300_000
const mostCallers = 10_000

/**
 * Those that are turned away come again. So each is promised a time at which there is room, by the same turns that those have
 * who wait: one call of each other caller comes before, and so does each that its own caller was promised. They are
 * told to come a bit sooner than that, so that some wait at any time and no turn goes unused. A caller that
 * does not keep to it makes its own times later and later, and nobody else's.
 */
export const promisedTimes = (): PromisedTimes => {
  const promised = new Map<string, Promised>()
  const order = heap<Promised>((one, other) => one.atInMs < other.atInMs)

  const forget = (nowInMs: number): void => {
    for (let first = order.first(); first !== undefined; first = order.first()) {
      if (first.atInMs > nowInMs && promised.size <= mostCallers) return
      order.remove(first)
      promised.delete(first.key)
    }
  }

  const keep = (key: string, atInMs: number): void => {
    const entry = promised.get(key) ?? { key, atInMs }
    entry.atInMs = atInMs
    promised.set(key, entry)
    order.put(entry)
  }

  return {
    size: () => promised.size,
    promise: ({ key, nowInMs, patienceInMs, perCallInMs, random, turnAtInMs }) => {
      forget(nowInMs)
      const last = promised.get(key)
      const others = promised.size - (last === undefined ? 0 : 1)
      const roundInMs = (others + 1) * perCallInMs
      const wanted = Math.max(turnAtInMs + others * perCallInMs, (last?.atInMs ?? -Infinity) + roundInMs)
      // Those that would have to come later than that are spread over its last fifth, and find out then.
      const atInMs = Math.min(wanted, nowInMs + longestInMs * (1 - random / 5))
      keep(key, atInMs)
      const inSeconds = Math.ceil((atInMs - nowInMs - patienceInMs / 2) / 1000)
      return Math.min(Math.max(inSeconds, 1), longestInMs / 1000)
    },
  }
}
