import { describe, expect, it } from 'vitest'
import { aDayAtTheGate, type DayOptions } from './a-day-at-the-gate.js'

const seeds = Array.from({ length: Number(process.env['DAYS'] ?? 1) }, (_, day) => day + 1)

/** Nine callers that make so many calls each, one after the other, and one that makes the rest of a thousand at once. */
const aThousandCreates = async (quietCalls: number, options: DayOptions) => {
  const day = aDayAtTheGate(options)
  const gapInMs = 185_000 / quietCalls
  for (let call = 0; call < 1_000 - 9 * quietCalls; call++) day.make('flood')
  for (let caller = 0; caller < 9; caller++) {
    const fromInMs = day.random() * gapInMs
    for (let call = 0; call < quietCalls; call++)
      day.time.after(fromInMs + call * gapInMs, () => day.make(`quiet ${String(caller)}`))
  }
  await day.time.run()
  const quiet = day.made.filter(({ caller }) => caller !== 'flood')
  return {
    applied: day.made.length,
    doneInSeconds: day.doneInSeconds(),
    throttled: day.intune.throttled(),
    longestQuietWaitInSeconds: Math.max(0, ...quiet.map(({ waitedInMs }) => waitedInMs)) / 1000,
    quietTurnedAway: quiet.filter(({ turnedAway }) => turnedAway > 0).length,
    spared: day.made.flatMap(({ sparedInMs }) => sparedInMs),
    timersLeft: day.time.waiting(),
  }
}

// Intune takes the first hundred at once, and a hundred more with each of nine further windows. A call that is answered may
// have been counted as late as that, so that the next one must wait a window from then: each takes as much longer.
const limitInSeconds = 9 * (20 + 0.07)
// Ten callers, each of which may send a hundredth of a tenth of 20 seconds.
const fairWaitInSeconds = 10 * (20 / 100)

const days = seeds.flatMap((seed) =>
  (['fixed', 'sliding'] as const).flatMap((window) =>
    [40, 60].map((quietCalls) => [seed, window, quietCalls] as const),
  ),
)

describe('a thousand creates of ten callers, one of which makes all its own at once', () => {
  it.each(days)(
    '(seed %i, %s windows, %i of each other) meet the limit’s own time, and harm nobody',
    async (...day) => {
      const [seed, window, quietCalls] = day
      const came = await aThousandCreates(quietCalls, { seed, window })

      expect(came).toMatchObject({ applied: 1_000, throttled: 0, quietTurnedAway: 0, timersLeft: 0 })
      expect(came.doneInSeconds).toBeLessThanOrEqual(limitInSeconds * 1.1)
      expect(came.longestQuietWaitInSeconds).toBeLessThanOrEqual(fairWaitInSeconds * 2)
    },
  )

  it.each(seeds)('(seed %i) make no caller wait that comes but now and then', async (seed) => {
    const came = await aThousandCreates(5, { seed })

    expect(came).toMatchObject({ applied: 1_000, throttled: 0, quietTurnedAway: 0 })
    expect(came.longestQuietWaitInSeconds).toBeLessThanOrEqual(fairWaitInSeconds * 2)
  })

  it('take what Graph takes to answer once more a window, and for the last of them', async () => {
    const came = await aThousandCreates(40, { seed: 1, latencyInMs: { least: 300, most: 1_700 } })

    expect(came).toMatchObject({ applied: 1_000, throttled: 0, quietTurnedAway: 0 })
    expect(came.doneInSeconds).toBeLessThanOrEqual(9 * (20 + 1) * 1.1 + 1.7)
    expect(came.longestQuietWaitInSeconds).toBeLessThanOrEqual(fairWaitInSeconds * 2)
  })
})

describe('a thousand creates of one caller', () => {
  it.each(seeds)('(seed %i) lose nothing to callers that are not there', async (seed) => {
    const came = await aThousandCreates(0, { seed })

    expect(came).toMatchObject({ applied: 1_000, throttled: 0 })
    expect(came.doneInSeconds).toBeLessThanOrEqual(limitInSeconds * 1.1)
  })
})

// They leave us 80 in 20 seconds, which nobody tells us.
const othersIn20s = 120

describe('while other applications of the tenant use it, too', () => {
  it.each(
    seeds.flatMap((seed) =>
      (['fixed', 'sliding'] as const).flatMap((window) =>
        [true, false].map((saysRetryAfter) => [seed, window, saysRetryAfter] as const),
      ),
    ),
  )('(seed %i, %s windows, Retry-After %s) at most one in a hundred is wasted, and all is applied', async (...day) => {
    const [seed, window, saysRetryAfter] = day
    const came = await aThousandCreates(40, { seed, window, saysRetryAfter, othersIn20s })

    expect(came).toMatchObject({ applied: 1_000, timersLeft: 0 })
    expect(came.throttled).toBeLessThanOrEqual(10)
    // The limit itself would need 240 seconds; the gate must first find out where it is.
    expect(came.doneInSeconds).toBeLessThanOrEqual(240 * 1.25)
    // What Graph refused is tried again, unless there is no time: beyond what Graph says, for a bit more than that, and for
    // the call itself.
    expect(came.spared.filter((inMs) => inMs > 3_000)).toEqual([])
  })
})
