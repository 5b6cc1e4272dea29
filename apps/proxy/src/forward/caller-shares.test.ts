import { describe, expect, it } from 'vitest'
import { callerShares } from './caller-shares.js'

const windowInMs = 20_000

describe('the share of a caller', () => {
  it('is all where it is alone: ten calls at once, then some five a second', () => {
    const shares = callerShares(100, windowInMs)
    const ada = shares.of('ada', 0)
    const within = Array.from({ length: 12 }, () => {
      const isWithin = shares.withinFromInMs(ada) <= 0
      shares.sent(ada, 0)
      return isWithin
    })

    expect(within).toEqual([...Array(11).fill(true), false])
    expect(shares.withinFromInMs(ada)).toBeCloseTo(444, 0)
  })

  it('is a tenth where there are ten', () => {
    const shares = callerShares(100, windowInMs)
    const callers = Array.from({ length: 10 }, (_, caller) => shares.of(String(caller), 0))
    expect(shares.active(0)).toBe(10)
    const [ada] = callers
    if (ada === undefined) return
    for (let call = 0; call < 3; call++) shares.sent(ada, 0)

    expect(shares.withinFromInMs(ada)).toBeCloseTo(4_444, 0)
  })

  it('is two calls at once where it is small', () => {
    const shares = callerShares(2, windowInMs)
    const ada = shares.of('ada', 0)
    shares.sent(ada, 0)

    expect(shares.withinFromInMs(ada)).toBe(0)
  })

  it('is no more in any window, with what it may be ahead', () => {
    const shares = callerShares(100, windowInMs)
    const callers = Array.from({ length: 5 }, (_, caller) => shares.of(String(caller), 0))
    const [ada] = callers
    if (ada === undefined) return
    let calls = 0
    for (let atInMs = 0; atInMs < windowInMs; atInMs += 10) {
      callers.forEach((share) => shares.of(share.key, atInMs))
      if (shares.withinFromInMs(ada) > atInMs) continue
      shares.sent(ada, atInMs)
      calls++
    }

    expect(calls).toBeGreaterThanOrEqual(18)
    expect(calls).toBeLessThanOrEqual(20)
  })

  it('is had again soon after a flood, whatever was sent in it', () => {
    const shares = callerShares(100, windowInMs)
    const ada = shares.of('ada', 0)
    for (let call = 0; call < 1_000; call++) shares.sent(ada, 0)

    expect(shares.withinFromInMs(ada)).toBeCloseTo(889, 0)
  })

  it('counts those of the last window, and those that wait', () => {
    const shares = callerShares(100, windowInMs)
    shares.of('gone', 0)
    shares.of('waiting', 0).isWaiting = true
    shares.of('ada', 5_000)

    expect([shares.active(19_999), shares.active(20_000), shares.active(60_000)]).toEqual([3, 2, 1])
  })
})

describe('what others are going to send', () => {
  it('is what they sent of late within their shares, and nobody’s own', () => {
    const shares = callerShares(100, windowInMs)
    const [ada, bob] = [shares.of('ada', 0), shares.of('bob', 0)]
    for (let atInMs = 0; atInMs < 30_000; atInMs += 1_000) shares.sent(ada, atInMs)

    expect(shares.othersPerMs(bob, 30_000) * 1_000).toBeCloseTo(1, 0)
    expect(shares.othersPerMs(ada, 30_000) * 1_000).toBeCloseTo(0)
    expect(shares.othersPerMs(bob, 90_000) * 1_000).toBeCloseTo(0)
  })

  it.each([0, 200_000])('is known soon after the first call, or the first after a pause (at %i)', (fromInMs) => {
    const shares = callerShares(100, windowInMs)
    shares.of('ada', 0)
    const [ada, bob] = [shares.of('ada', fromInMs), shares.of('bob', fromInMs)]
    for (let inMs = 500; inMs <= 2_000; inMs += 1_000) shares.sent(ada, fromInMs + inMs)

    expect(shares.othersPerMs(bob, fromInMs + 2_000) * 1_000).toBeCloseTo(1, 0)
  })

  it('is not what they send beyond their shares', () => {
    const shares = callerShares(100, windowInMs)
    const [flood, bob] = [shares.of('flood', 0), shares.of('bob', 0)]
    for (let call = 0; call < 50; call++) shares.sent(flood, 10_000)

    expect(shares.othersPerMs(bob, 10_000) * 1_000).toBeLessThan(1.5)
  })
})
