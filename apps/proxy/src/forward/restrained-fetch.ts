import type { BoundedFetch } from './bounded-fetch.js'

// A thousand users may come at once, and each needs a token of their own.
const mostAtOnce = 16
const longestPauseInMs = 60_000

const pauseOf = (response: Response): number => {
  const isAsked = response.status === 429 || response.status === 503
  const seconds = /^\d{1,9}$/.exec(response.headers.get('retry-after') ?? '')?.[0]
  return isAsked && seconds !== undefined ? Math.min(Number(seconds) * 1000, longestPauseInMs) : 0
}

const paused = (): Error => Object.assign(new Error('the login service asked for a pause'), { code: 'ERR_PAUSED' })

/**
 * The same fetch, with manners: at most 16 requests at once, the others wait their turn; and where an answer of 429 or 503
 * asks for a pause (`Retry-After` in seconds, a minute at most), none for that long. Rejects as fetch does.
 */
export const restrainedFetch = (fetch: BoundedFetch): BoundedFetch => {
  const waiting: Array<() => void> = []
  let underWay = 0
  let pausedUntilInMs = Number.NEGATIVE_INFINITY

  const turn = (): Promise<void> | undefined => {
    if (underWay < mostAtOnce) {
      underWay++
      return undefined
    }
    return new Promise((resolve) => waiting.push(resolve))
  }

  const next = (): void => {
    const first = waiting.shift()
    if (first === undefined) underWay--
    else first()
  }

  return async (url, options) => {
    await turn()
    try {
      // It may have waited for its turn longer than anybody waits for it.
      options.signal.throwIfAborted()
      if (performance.now() < pausedUntilInMs) throw paused()
      const response = await fetch(url, options)
      pausedUntilInMs = Math.max(pausedUntilInMs, performance.now() + pauseOf(response))
      return response
    } finally {
      next()
    }
  }
}
