import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Link, linkedList } from './linked-list.js'

describe('a linked list', () => {
  it('has first what came first of those that have not left', () => {
    const steps = fc.array(fc.record({ isAdded: fc.boolean(), at: fc.nat() }))
    fc.assert(
      fc.property(steps, (taken) => {
        const tested = linkedList<number>()
        const links: Array<Link<number>> = []
        taken.forEach(({ at, isAdded }, step) => {
          if (isAdded) links.push(tested.add(step))
          else links.splice(at % Math.max(1, links.length), 1).forEach(tested.remove)
          expect([tested.length(), tested.first()]).toEqual([links.length, links[0]?.item])
        })
      }),
    )
  })
})
