import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heap } from './heap.js'

interface Thing {
  rank: number
}

describe('a heap', () => {
  it('has first what comes first, whatever was put, moved and removed before', () => {
    const steps = fc.array(
      fc.record({ do: fc.constantFrom('put', 'move', 'remove', 'pop'), at: fc.nat(), rank: fc.nat(20) }),
    )
    fc.assert(
      fc.property(steps, (taken) => {
        const things: Array<Thing> = []
        const tested = heap<Thing>((one, other) => one.rank < other.rank)
        for (const { at, do: what, rank } of taken) {
          const chosen = what === 'pop' ? tested.first() : things[at % Math.max(1, things.length)]
          if (what === 'put' || chosen === undefined) {
            const thing = { rank }
            things.push(thing)
            tested.put(thing)
          } else if (what === 'move') {
            chosen.rank = rank
            tested.put(chosen)
          } else {
            things.splice(things.indexOf(chosen), 1)
            tested.remove(chosen)
          }
          expect(tested.size()).toBe(things.length)
          expect(tested.first()?.rank).toBe(things.map((thing) => thing.rank).sort((a, b) => a - b)[0])
        }
      }),
    )
  })

  it('does not mind when what is not in it is removed', () => {
    const tested = heap<Thing>((one, other) => one.rank < other.rank)
    tested.put({ rank: 1 })
    tested.remove({ rank: 1 })

    expect(tested.size()).toBe(1)
  })
})
