import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { throttle } from './throttle.js'

const windowInMs = 20_000
const hit = (nowInMs: number, retryAfterInSeconds: number | undefined = 10, occupied = 100) => ({
  nowInMs,
  sentAtInMs: nowInMs - 1,
  isProbe: false,
  retryAfterInSeconds,
  occupied,
  random: 0,
})

describe('when Graph throttles', () => {
  it('there is a pause for as long as it says, then one may go, and then all', () => {
    const limit = throttle(100, windowInMs)
    expect(limit.phase(0)).toBe('Open')
    expect(limit.throttled(hit(0))).toBe(true)
    expect([limit.phase(9_999), limit.phase(10_000)]).toEqual(['Closed', 'Probe'])
    limit.probe()
    expect(limit.phase(10_000)).toBe('Probed')
    limit.passed(10_100)
    expect(limit.phase(10_100)).toBe('Open')
  })

  it('there is a pause of 10 seconds where it does not say, twice as long each time in a row, at most 300', () => {
    const limit = throttle(100, windowInMs)
    let nowInMs = 0
    const pauses = Array.from({ length: 7 }, () => {
      limit.throttled({ ...hit(nowInMs), retryAfterInSeconds: undefined })
      const pauseInMs = limit.opensAtInMs() - nowInMs
      nowInMs += pauseInMs + 1
      return pauseInMs / 1000
    })

    expect(pauses).toEqual([10, 20, 40, 80, 160, 300, 300])
    limit.passed(nowInMs)
    limit.throttled({ ...hit(nowInMs + 1_000), retryAfterInSeconds: undefined })
    expect(limit.opensAtInMs() - nowInMs).toBe(11_000)
  })

  it('the pause is a bit longer than it says, at random', () => {
    const limit = throttle(100, windowInMs)
    limit.throttled({ ...hit(0), random: 0.5 })

    expect(limit.opensAtInMs()).toBe(10_500)
  })

  it('calls that were under way say nothing new, but may say a later time', () => {
    const limit = throttle(100, windowInMs)
    limit.throttled(hit(0))
    const budget = limit.budget(0)
    expect(limit.throttled({ ...hit(5), sentAtInMs: -5, retryAfterInSeconds: 30 })).toBe(false)
    expect(limit.throttled({ ...hit(6), sentAtInMs: -5, retryAfterInSeconds: 1 })).toBe(false)

    expect([limit.budget(6), limit.opensAtInMs()]).toEqual([budget, 30_005])
  })

  it('the next may go when nothing is known from the one', () => {
    const limit = throttle(100, windowInMs)
    limit.throttled(hit(0))
    limit.probe()
    limit.probeLost()
    expect(limit.phase(10_000)).toBe('Probe')
  })

  it('the budget is three quarters of what was in use, and grows back by 2 a window', () => {
    const limit = throttle(100, windowInMs)
    limit.throttled(hit(0, 10, 80))
    expect(limit.budget(9_000)).toBe(60)
    limit.passed(10_000)

    expect([30_000, 50_000, 370_000, 9e9].map(limit.budget)).toEqual([62, 64, 96, 100])
  })

  it('the budget stays as it is when the probe is throttled, too: it has not been tried', () => {
    const limit = throttle(100, windowInMs)
    limit.throttled(hit(0, 10, 80))
    limit.probe()
    limit.throttled({ ...hit(10_100), isProbe: true })

    expect([limit.budget(10_100), limit.phase(10_100), limit.phase(20_100)]).toEqual([60, 'Closed', 'Probe'])
  })

  it('the budget is never less than 1, nor more than what is configured', () => {
    const hits = fc.array(fc.record({ gapInMs: fc.nat(100_000), occupied: fc.nat(100), isPassed: fc.boolean() }))
    fc.assert(
      fc.property(hits, fc.integer({ min: 1, max: 100 }), (taken, calls) => {
        const limit = throttle(calls, windowInMs)
        let nowInMs = 0
        for (const { gapInMs, isPassed, occupied } of taken) {
          nowInMs += gapInMs
          if (isPassed) limit.passed(nowInMs)
          else limit.throttled(hit(nowInMs, 1, occupied))
          expect(limit.budget(nowInMs)).toBeGreaterThanOrEqual(1)
          expect(limit.budget(nowInMs)).toBeLessThanOrEqual(calls)
        }
      }),
    )
  })
})
