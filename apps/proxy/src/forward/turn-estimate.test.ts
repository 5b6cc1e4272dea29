import { describe, expect, it } from 'vitest'
import { type Outlook, turnEstimate } from './turn-estimate.js'

/** Ten calls in ten seconds, none of them taken, sent at a distance of 800 ms. */
const outlook: Outlook = {
  nowInMs: 1_000,
  budget: 10,
  windowInMs: 10_000,
  occupied: 0,
  freeAtInMs: () => undefined,
  spacingInMs: 800,
  latencyInMs: 100,
  underWay: 0,
  concurrency: 4,
  opensAtInMs: 1_000,
}

/** All slots are taken, and come free one a second from the 5th second on. */
const full: Outlook = { ...outlook, occupied: 10, freeAtInMs: (skipped) => 5_000 + skipped * 1_000 }

describe('the turn of a call', () => {
  it('is now where it need not wait for the others', () => {
    expect(turnEstimate(3, true, outlook).atInMs).toBe(1_000)
  })

  it('comes at a distance from those before it, while there are slots', () => {
    expect(turnEstimate(3, false, outlook)).toEqual({ atInMs: 2_600, why: 'pace' })
  })

  it('comes when the slot for it does', () => {
    expect(turnEstimate(1, false, full)).toEqual({ atInMs: 5_000, why: 'pace' })
    expect(turnEstimate(10, false, full)).toEqual({ atInMs: 14_000, why: 'pace' })
  })

  it('comes a window and an answer later where those before it take all slots once more', () => {
    expect(turnEstimate(11, false, full).atInMs).toBe(5_000 + 10_100)
  })

  it('comes later where fewer calls are to be in a window than are', () => {
    expect(turnEstimate(1, false, { ...full, budget: 8 }).atInMs).toBe(7_000)
  })

  it('comes when Graph takes calls again', () => {
    expect(turnEstimate(1, false, { ...outlook, opensAtInMs: 9_000 })).toEqual({ atInMs: 9_000, why: 'throttled' })
  })

  it('comes when enough of those that are with Graph are answered', () => {
    expect(turnEstimate(1, true, { ...outlook, underWay: 4, latencyInMs: 2_000 })).toEqual({
      atInMs: 1_500,
      why: 'concurrency',
    })
  })
})
