import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prefixSums } from './prefix-sums.js'

describe('prefix sums', () => {
  it('are the sums of the first numbers, after any changes', () => {
    const changes = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: -5, max: 5 })))
    fc.assert(
      fc.property(changes, fc.nat(30), (made, count) => {
        const tested = prefixSums(20)
        const numbers = Array<number>(20).fill(0)
        for (const [place, change] of made) {
          tested.add(place, change)
          numbers[place - 1] = (numbers[place - 1] ?? 0) + change
        }
        expect(tested.sumOf(count)).toBe(numbers.slice(0, count).reduce((sum, number) => sum + number, 0))
      }),
    )
  })
})
