import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { windowSlots } from './window-slots.js'

const windowInMs = 1_000

describe('the slots of a window', () => {
  it('are taken from before a call is sent until a window after its answer', () => {
    const slots = windowSlots(windowInMs)
    slots.take()
    slots.take()
    expect([slots.occupied(0), slots.freeAtInMs(0)]).toEqual([2, undefined])
    slots.answered(300)
    expect([slots.occupied(1_299), slots.freeAtInMs(0), slots.freeAtInMs(1)]).toEqual([2, 1_300, undefined])
    expect(slots.occupied(1_300)).toBe(1)
  })

  it('are free at once when nothing was sent', () => {
    const slots = windowSlots(windowInMs)
    slots.take()
    slots.giveBack()
    expect(slots.occupied(0)).toBe(0)
  })

  it('are counted right however many there are, and some of them free', () => {
    const answers = fc.array(fc.record({ gap: fc.nat(30), isLooked: fc.boolean() }), { minLength: 200, maxLength: 400 })
    fc.assert(
      fc.property(answers, (wanted) => {
        const slots = windowSlots(windowInMs)
        const freeTimes: Array<number> = []
        let nowInMs = 0
        for (const { gap, isLooked } of wanted) {
          nowInMs += gap
          slots.take()
          slots.answered(nowInMs)
          freeTimes.push(nowInMs + windowInMs)
          if (!isLooked) continue
          const left = freeTimes.filter((time) => time > nowInMs)
          expect(slots.occupied(nowInMs)).toBe(left.length)
          expect([0, 1, 5].map(slots.freeAtInMs)).toEqual([left[0], left[1], left[5]])
        }
      }),
    )
  })

  it('never let whoever counts see more, wherever in its flight a call is counted', () => {
    const calls = fc.array(
      fc.record({ gap: fc.nat(400), latency: fc.nat(900), countedAt: fc.double({ min: 0, max: 1, noNaN: true }) }),
      { maxLength: 300 },
    )
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 10 }), (wanted, limit) => {
        const slots = windowSlots(windowInMs)
        const counted: Array<number> = []
        let ends: Array<number> = []
        let nowInMs = 0
        const pass = (untilInMs: number): void => {
          const due = ends.filter((end) => end <= untilInMs).sort((a, b) => a - b)
          ends = ends.filter((end) => end > untilInMs)
          due.forEach(slots.answered)
          nowInMs = untilInMs
        }
        for (const { countedAt, gap, latency } of wanted) {
          pass(nowInMs + gap)
          while (slots.occupied(nowInMs) >= limit) pass(slots.freeAtInMs(0) ?? Math.min(...ends))
          slots.take()
          ends.push(nowInMs + latency)
          counted.push(nowInMs + countedAt * latency)
        }
        for (const from of counted)
          expect(counted.filter((at) => at >= from && at < from + windowInMs).length).toBeLessThanOrEqual(limit)
      }),
    )
  })
})
