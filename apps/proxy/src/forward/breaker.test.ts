import { describe, expect, it } from 'vitest'
import { type Breaker, breaker } from './breaker.js'

/** At the middle of what is random, the first rest is 3,750 ms. */
const random = 0.5

const fail = (tested: Breaker, times: number, nowInMs = 0, caller = 'one'): ReadonlyArray<number | undefined> =>
  Array.from({ length: times }, () => tested.failed({ caller, isProbe: false, nowInMs, random }))

describe('a breaker', () => {
  it('opens after so many failures in a row, and no sooner', () => {
    const tested = breaker(3)
    fail(tested, 2)
    tested.succeeded('one', false)
    expect(fail(tested, 3)).toEqual([undefined, undefined, 3_750])
    expect(tested.admit('one', 1_000)).toEqual({ _tag: 'Open', inMs: 2_750 })
  })

  it('then lets one call through, and refuses the others until it is over', () => {
    const tested = breaker(1)
    fail(tested, 1)
    expect(tested.admit('one', 3_750)).toEqual({ _tag: 'Probe' })
    expect(tested.admit('one', 3_751)).toEqual({ _tag: 'Open', inMs: 1_000 })
    expect(tested.succeeded('one', true)).toBe(true)
    expect(tested.admit('one', 3_752)).toEqual({ _tag: 'Closed' })
  })

  it('rests twice as long after each probe that fails, at most a minute, and begins anew after a success', () => {
    const tested = breaker(1)
    fail(tested, 1)
    const rests: Array<number> = []
    let nowInMs = 3_750
    for (let probe = 0; probe < 6; probe++) {
      expect(tested.admit('one', nowInMs)).toEqual({ _tag: 'Probe' })
      expect(tested.failed({ caller: 'one', isProbe: true, nowInMs, random })).toBeUndefined()
      const admitted = tested.admit('one', nowInMs)
      const inMs = admitted._tag === 'Open' ? admitted.inMs : 0
      rests.push(inMs)
      nowInMs += inMs
    }
    expect(rests).toEqual([7_500, 15_000, 30_000, 45_000, 45_000, 45_000])
    tested.admit('one', nowInMs)
    tested.succeeded('one', true)
    expect(fail(tested, 1, nowInMs)).toEqual([3_750])
    expect(tested.admit('one', nowInMs)).toEqual({ _tag: 'Open', inMs: 3_750 })
  })

  it('counts anew once it has closed', () => {
    const tested = breaker(2)
    fail(tested, 2)
    tested.admit('one', 3_750)
    tested.succeeded('one', true)

    expect(fail(tested, 1, 3_750)).toEqual([undefined])
    expect(tested.admit('one', 3_750)).toEqual({ _tag: 'Closed' })
  })

  it('takes the next call as its probe when one was not sent', () => {
    const tested = breaker(1)
    fail(tested, 1)
    tested.admit('one', 3_750)
    tested.probeLost()
    expect(tested.admit('one', 3_750)).toEqual({ _tag: 'Probe' })
  })

  it('is not moved, while it is open, by calls that were under way before', () => {
    const tested = breaker(1)
    fail(tested, 1)
    expect(fail(tested, 1, 3_000)).toEqual([undefined])
    expect(tested.succeeded('one', false)).toBe(false)
    expect(tested.admit('one', 3_749)).toEqual({ _tag: 'Open', inMs: 1 })
  })

  it('rests for one caller alone, where all that failed were its calls', () => {
    const tested = breaker(3)
    fail(tested, 3)
    expect([tested.restsFor('one'), tested.restsFor('other'), tested.restsForAll()]).toEqual([true, false, false])
    expect(tested.admit('other', 0)).toEqual({ _tag: 'Closed' })
    expect(tested.admit('one', 0)).toEqual({ _tag: 'Open', inMs: 3_750 })
    expect(tested.admit('one', 3_750)).toEqual({ _tag: 'Probe' })
    expect(tested.admit('other', 3_750)).toEqual({ _tag: 'Closed' })
    expect(tested.succeeded('other', false)).toBe(false)
    expect(tested.restsFor('one')).toBe(true)
  })

  it('rests for all where calls of several failed, be it from the first or after one of them alone', () => {
    const tested = breaker(3)
    fail(tested, 2)
    expect(fail(tested, 1, 0, 'other')).toEqual([3_750])
    expect([tested.restsFor('third'), tested.restsForAll()]).toEqual([true, true])

    const later = breaker(3)
    fail(later, 3)
    fail(later, 2, 0, 'other')
    later.succeeded('third', false)
    expect(fail(later, 3, 0, 'other')).toEqual([undefined, undefined, 7_500])
    expect([later.restsFor('third'), later.restsForAll()]).toEqual([true, true])
  })

  it('lets another caller try where one whose calls fail had the probe, and rests when that failed, too', () => {
    const tested = breaker(2)
    fail(tested, 1)
    fail(tested, 1, 0, 'other')
    tested.admit('one', 3_750)
    tested.failed({ caller: 'one', isProbe: true, nowInMs: 3_750, random })
    expect(tested.admit('one', 3_750)).toEqual({ _tag: 'Open', inMs: 7_500 })
    expect(tested.admit('other', 3_750)).toEqual({ _tag: 'Probe' })
    tested.failed({ caller: 'other', isProbe: true, nowInMs: 3_750, random })
    expect(tested.admit('third', 3_750)).toEqual({ _tag: 'Open', inMs: 15_000 })

    tested.admit('one', 18_750)
    tested.failed({ caller: 'one', isProbe: true, nowInMs: 18_750, random })
    expect(tested.admit('third', 18_750)).toEqual({ _tag: 'Probe' })
    expect(tested.succeeded('third', true)).toBe(true)
    expect(tested.admit('one', 18_750)).toEqual({ _tag: 'Closed' })
  })

  it('never opens with 0', () => {
    const tested = breaker(0)
    expect(fail(tested, 100).every((rest) => rest === undefined)).toBe(true)
    expect(tested.admit('one', 0)).toEqual({ _tag: 'Closed' })
  })
})
