import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CallerShare } from './caller-shares.js'
import { fairQueue, type Queued } from './fair-queue.js'

const shareOf = (key: string, paidUntilInMs = 0): CallerShare => ({
  key,
  paidUntilInMs,
  seenAtInMs: 0,
  recent: 0,
  recentAtInMs: 0,
  isWaiting: false,
})

describe('a fair queue', () => {
  it('has first the caller that has had its share up to the earliest time', () => {
    const [ada, bob] = [shareOf('ada', 5), shareOf('bob', 3)]
    const queue = fairQueue<string>()
    queue.add(ada, false, 'a')
    queue.add(bob, false, 'b')
    expect(queue.first()?.item).toBe('b')
    bob.paidUntilInMs = 9
    queue.moved(bob)
    expect(queue.first()?.item).toBe('a')
  })

  it('has the calls of a caller in order, those that had a turn before in front', () => {
    const ada = shareOf('ada')
    const queue = fairQueue<string>()
    for (const [item, isAgain] of [
      ['1', false],
      ['2', false],
      ['3', true],
      ['4', true],
    ] as const)
      queue.add(ada, isAgain, item)
    const order: Array<string> = []
    for (let first = queue.first(); first !== undefined; first = queue.first()) {
      order.push(first.item)
      first.leave()
    }

    expect(order).toEqual(['3', '4', '1', '2'])
  })

  it('knows which had a turn before, whoever it is of', () => {
    const queue = fairQueue<string>()
    queue.add(shareOf('ada'), false, '1')
    const first = queue.add(shareOf('bob', 9), true, '2')
    queue.add(shareOf('eve', 8), true, '3')
    expect(queue.firstAgain()).toBe(first)
    first.leave()
    expect(queue.firstAgain()?.item).toBe('3')
  })

  it('knows who waits, and nobody when all have left', () => {
    const ada = shareOf('ada')
    const queue = fairQueue<string>()
    const queued = queue.add(ada, false, '1')
    expect([queue.size(), ada.isWaiting]).toEqual([1, true])
    queued.leave()
    queue.moved(ada)
    expect([queue.size(), ada.isWaiting, queue.first()]).toEqual([0, false, undefined])
  })

  it('tells how many go before a call, if callers take turns', () => {
    const [ada, bob, eve] = [shareOf('ada'), shareOf('bob'), shareOf('eve')]
    const queue = fairQueue<string>()
    for (let call = 0; call < 5; call++) queue.add(ada, false, 'a')
    for (let call = 0; call < 2; call++) queue.add(bob, call === 0, 'b')

    // Of ada's five and bob's two: one each before eve's first, all before ada's next, three of ada's before bob's next.
    expect([eve, ada, bob].map((share) => queue.before(share, false))).toEqual([2, 7, 5])
    expect([eve, ada, bob].map((share) => queue.before(share, true))).toEqual([2, 1, 3])
  })

  it('tells it right after any coming and going', () => {
    const steps = fc.array(fc.record({ caller: fc.nat(4), isAdded: fc.boolean(), isAgain: fc.boolean(), at: fc.nat() }))
    fc.assert(
      fc.property(steps, (taken) => {
        const shares = [0, 1, 2, 3, 4].map((caller) => shareOf(String(caller)))
        const queue = fairQueue<number>()
        const waiting: Array<Queued<number>> = []
        for (const { at, caller, isAdded, isAgain } of taken) {
          const share = shares[caller]
          if (isAdded && share !== undefined) waiting.push(queue.add(share, isAgain, caller))
          else waiting.splice(at % Math.max(1, waiting.length), 1).forEach(({ leave }) => leave())
        }
        const lengths = shares.map((share) => waiting.filter((queued) => queued.share === share).length)
        shares.forEach((share, caller) => {
          const mine = lengths[caller] ?? 0
          const before = lengths.reduce((sum, length) => sum + Math.min(length, mine + 1), 0)
          expect(queue.before(share, false)).toBe(before)
        })
        expect(queue.size()).toBe(waiting.length)
      }),
    )
  })
})
