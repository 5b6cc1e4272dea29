import { describe, expect, it } from 'vitest'
import { promisedTimes } from './promised-times.js'

const turnedAway = (key: string, nowInMs = 0) => ({
  key,
  nowInMs,
  turnAtInMs: nowInMs + 30_000,
  perCallInMs: 1_000,
  patienceInMs: 20_000,
  random: 0,
})

describe('a call that is turned away', () => {
  it('is told to come when half of what it may wait is left until its turn', () => {
    expect(promisedTimes().promise(turnedAway('ada'))).toBe(20)
  })

  it('is told a later time than the one before', () => {
    const promises = promisedTimes()
    expect([1, 2, 3].map(() => promises.promise(turnedAway('ada')))).toEqual([20, 21, 22])
  })

  it('has a call of each other caller before it, however many those were promised', () => {
    const promises = promisedTimes()
    for (let call = 0; call < 1_000; call++) promises.promise(turnedAway('hammer'))

    expect(['ada', 'bob', 'ada'].map((key) => promises.promise(turnedAway(key)))).toEqual([21, 22, 24])
  })

  it('is never told to come after more than 300 seconds; those that would be are spread', () => {
    const promises = promisedTimes()
    for (let call = 0; call < 1_000; call++) promises.promise(turnedAway('hammer'))

    expect(promises.promise(turnedAway('hammer'))).toBe(290)
    expect(promises.promise({ ...turnedAway('hammer'), random: 0.999 })).toBe(231)
    expect(promises.promise({ ...turnedAway('hammer'), patienceInMs: -1e6 })).toBe(300)
  })

  it('is told at least a second', () => {
    expect(promisedTimes().promise({ ...turnedAway('ada'), turnAtInMs: 0 })).toBe(1)
  })

  it('is forgotten when its time has come', () => {
    const promises = promisedTimes()
    promises.promise(turnedAway('ada'))
    promises.promise(turnedAway('bob'))
    promises.promise(turnedAway('eve', 60_000))

    expect(promises.size()).toBe(1)
  })

  it('is forgotten when there are too many, the nearest time first', () => {
    const promises = promisedTimes()
    for (let caller = 0; caller < 10_050; caller++) promises.promise({ ...turnedAway(String(caller)), perCallInMs: 1 })

    expect(promises.size()).toBeLessThanOrEqual(10_001)
  })
})
