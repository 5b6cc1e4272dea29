import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bucket, spend } from './token-bucket.js'

const limit = { calls: 4, seconds: 20 }

/** Whether each of some calls, at these milliseconds, was let through. */
const letThrough = (times: ReadonlyArray<number>, rate = limit): ReadonlyArray<boolean> => {
  let bucket: Bucket | undefined
  return times.map((atInMs) => {
    const spent = spend(rate, bucket, atInMs)
    bucket = spent.bucket
    return spent.isAllowed
  })
}

describe('a token bucket of 4 calls in 20 seconds', () => {
  it('lets four through at once, and then one in 5 seconds', () => {
    expect(letThrough([0, 0, 0, 0, 0, 4_999, 5_000, 5_001, 10_000])).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      true,
      false,
      true,
    ])
  })

  it('never holds more than four', () => {
    expect(letThrough([0, 1e9, 1e9, 1e9, 1e9, 1e9]).slice(1)).toEqual([true, true, true, true, false])
  })

  it('says what is left and how long it takes', () => {
    const first = spend(limit, undefined, 0)
    expect(first.quota).toEqual({ calls: 4, seconds: 20, remaining: 3, fullInSeconds: 5, nextInSeconds: 0 })
    const empty = [0, 0, 0, 0].reduce((bucket: Bucket | undefined, at) => spend(limit, bucket, at).bucket, undefined)
    expect(spend(limit, empty, 1_000).quota).toMatchObject({ remaining: 0, fullInSeconds: 19, nextInSeconds: 4 })
  })

  it('lets no more through in any time than it is full of, and what flows in meanwhile', () => {
    const gaps = fc.array(fc.nat(3_000), { minLength: 1, maxLength: 200 })
    const rates = fc.record({ calls: fc.integer({ min: 1, max: 50 }), seconds: fc.integer({ min: 1, max: 60 }) })
    fc.assert(
      fc.property(gaps, rates, (between, rate) => {
        const times = between.map((_, index) => between.slice(0, index).reduce((sum, gap) => sum + gap, 0))
        const calls = letThrough(times, rate).filter(Boolean).length
        const flown = ((times.at(-1) ?? 0) * rate.calls) / (rate.seconds * 1000)
        expect(calls).toBeLessThanOrEqual(rate.calls + flown + 1e-6)
      }),
    )
  })
})
