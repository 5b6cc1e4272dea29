import { describe, expect, it } from 'vitest'
import { type Breaker, breaker } from './breaker.js'

/** At the middle of what is random, the first rest is 3,750 ms. */
const random = 0.5

const fail = (tested: Breaker, times: number, nowInMs = 0): ReadonlyArray<number | undefined> =>
  Array.from({ length: times }, () => tested.failed(false, nowInMs, random))

describe('a breaker', () => {
  it('opens after so many failures in a row, and no sooner', () => {
    const tested = breaker(3)
    fail(tested, 2)
    tested.succeeded(false)
    expect(fail(tested, 3)).toEqual([undefined, undefined, 3_750])
    expect(tested.admit(1_000)).toEqual({ _tag: 'Open', inMs: 2_750 })
  })

  it('then lets one call through, and refuses the others until it is over', () => {
    const tested = breaker(1)
    fail(tested, 1)
    expect(tested.admit(3_750)).toEqual({ _tag: 'Probe' })
    expect(tested.admit(3_751)).toEqual({ _tag: 'Open', inMs: 1_000 })
    expect(tested.succeeded(true)).toBe(true)
    expect(tested.admit(3_752)).toEqual({ _tag: 'Closed' })
  })

  it('rests twice as long after each probe that fails, at most a minute, and begins anew after a success', () => {
    const tested = breaker(1)
    fail(tested, 1)
    const rests: Array<number> = []
    let nowInMs = 3_750
    for (let probe = 0; probe < 6; probe++) {
      expect(tested.admit(nowInMs)).toEqual({ _tag: 'Probe' })
      expect(tested.failed(true, nowInMs, random)).toBeUndefined()
      const admitted = tested.admit(nowInMs)
      const inMs = admitted._tag === 'Open' ? admitted.inMs : 0
      rests.push(inMs)
      nowInMs += inMs
    }
    expect(rests).toEqual([7_500, 15_000, 30_000, 45_000, 45_000, 45_000])
    tested.admit(nowInMs)
    tested.succeeded(true)
    expect(fail(tested, 1, nowInMs)).toEqual([3_750])
    expect(tested.admit(nowInMs)).toEqual({ _tag: 'Open', inMs: 3_750 })
  })

  it('counts anew once it has closed', () => {
    const tested = breaker(2)
    fail(tested, 2)
    tested.admit(3_750)
    tested.succeeded(true)

    expect(fail(tested, 1, 3_750)).toEqual([undefined])
    expect(tested.admit(3_750)).toEqual({ _tag: 'Closed' })
  })

  it('takes the next call as its probe when one was not sent', () => {
    const tested = breaker(1)
    fail(tested, 1)
    tested.admit(3_750)
    tested.probeLost()
    expect(tested.admit(3_750)).toEqual({ _tag: 'Probe' })
  })

  it('is not moved, while it is open, by calls that were under way before', () => {
    const tested = breaker(1)
    fail(tested, 1)
    expect(fail(tested, 1, 3_000)).toEqual([undefined])
    expect(tested.succeeded(false)).toBe(false)
    expect(tested.admit(3_749)).toEqual({ _tag: 'Open', inMs: 1 })
  })

  it('never opens with 0', () => {
    const tested = breaker(0)
    expect(fail(tested, 100).every((rest) => rest === undefined)).toBe(true)
    expect(tested.admit(0)).toEqual({ _tag: 'Closed' })
  })
})
