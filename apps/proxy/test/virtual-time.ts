import { heap } from '../src/forward/heap.js'

interface Event {
  readonly atInMs: number
  readonly order: number
  readonly run: () => void
}

/** Time that passes as quickly as what happens in it can be computed. */
export const virtualTime = () => {
  const events = heap<Event>((one, other) =>
    one.atInMs === other.atInMs ? one.order < other.order : one.atInMs < other.atInMs,
  )
  let nowInMs = 0
  let order = 0

  const after = (inMs: number, run: () => void): (() => void) => {
    const event = { atInMs: nowInMs + inMs, order: order++, run }
    events.put(event)
    return () => events.remove(event)
  }

  return {
    nowInMs: () => nowInMs,
    date: () => new Date(Date.UTC(2026, 10, 26) + nowInMs),
    after,
    delay: (inMs: number) => (): Promise<void> => new Promise((resolve) => void after(inMs, resolve)),
    waiting: events.size,
    /** Until nothing is left that would happen, or until then. */
    run: async (untilInMs = Infinity): Promise<void> => {
      await new Promise(setImmediate)
      for (let next = events.first(); next !== undefined && next.atInMs <= untilInMs; next = events.first()) {
        nowInMs = next.atInMs
        events.remove(next)
        next.run()
        // All that follows without time passing.
        await new Promise(setImmediate)
      }
      if (untilInMs !== Infinity) nowInMs = untilInMs
    },
  }
}

export type VirtualTime = ReturnType<typeof virtualTime>
