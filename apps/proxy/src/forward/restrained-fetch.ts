import type { BoundedFetch } from './bounded-fetch.js'

// A thousand users may come at once, and each needs a token of their own.
const mostAtOnce = 16
// However many tokens one of them sends, there is room for the others.
const mostAtOnceByOne = 2
// Whoever waits for longer than anybody waits for it is sent in vain, and keeps the next from being in time.
const mostWaiting = 256
const longestPauseInMs = 60_000

const pauseOf = (response: Response): number => {
  const isAsked = response.status === 429 || response.status === 503
  const seconds = /^\d{1,9}$/.exec(response.headers.get('retry-after') ?? '')?.[0]
  return isAsked && seconds !== undefined ? Math.min(Number(seconds) * 1000, longestPauseInMs) : 0
}

const paused = (): Error => Object.assign(new Error('the login service asked for a pause'), { code: 'ERR_PAUSED' })

const busy = (): Error => Object.assign(new Error('too many wait for the login service'), { code: 'ERR_BUSY' })

interface Waiting {
  readonly by: string
  readonly go: () => void
}

/** Lets so many through at once, of them so many by one; whoever waits goes as soon as there is room for them. */
const gate = () => {
  let waiting: ReadonlyArray<Waiting> = []
  let underWay = 0
  const underWayBy = new Map<string, number>()

  const hasRoom = (by: string): boolean => underWay < mostAtOnce && (underWayBy.get(by) ?? 0) < mostAtOnceByOne
  const count = (by: string, change: 1 | -1): void => {
    underWay += change
    const left = (underWayBy.get(by) ?? 0) + change
    if (left === 0) underWayBy.delete(by)
    else underWayBy.set(by, left)
  }

  return {
    enter: (by: string): Promise<void> =>
      new Promise((resolve, reject) => {
        if (!hasRoom(by) && waiting.length >= mostWaiting) {
          reject(busy())
          return
        }
        if (!hasRoom(by)) {
          waiting = [...waiting, { by, go: resolve }]
          return
        }
        count(by, 1)
        resolve()
      }),
    leave: (by: string): void => {
      count(by, -1)
      const next = waiting.find((one) => hasRoom(one.by))
      if (next === undefined) return
      waiting = waiting.filter((one) => one !== next)
      count(next.by, 1)
      next.go()
    },
  }
}

/** Until when nothing is asked, by host and by whom. What is over is forgotten. */
const pauses = () => {
  const untilInMs = new Map<string, number>()
  return {
    isOn: (key: string): boolean => (untilInMs.get(key) ?? Number.NEGATIVE_INFINITY) > performance.now(),
    begin: (key: string, forInMs: number): void => {
      const now = performance.now()
      for (const [other, until] of untilInMs) if (until <= now) untilInMs.delete(other)
      // Of two answers the longer pause counts.
      if (forInMs > 0) untilInMs.set(key, Math.max(untilInMs.get(key) ?? 0, now + forInMs))
    },
  }
}

/**
 * The same fetch, with manners: at most 16 requests at once, and two for one (`by`); 256 others wait their turn, and more
 * are refused. Where an answer of 429 or 503 asks for a pause (`Retry-After` in seconds, a minute at most), none is made for
 * that long to that host by that one. Rejects as fetch does.
 */
export const restrainedFetch = (fetch: BoundedFetch): BoundedFetch => {
  const { enter, leave } = gate()
  const { begin, isOn } = pauses()

  return async (url, options) => {
    const { by = '' } = options
    await enter(by)
    try {
      // It may have waited for its turn longer than anybody waits for it.
      options.signal.throwIfAborted()
      const key = `${new URL(url).origin} ${by}`
      if (isOn(key)) throw paused()
      const response = await fetch(url, options)
      begin(key, pauseOf(response))
      return response
    } finally {
      leave(by)
    }
  }
}
