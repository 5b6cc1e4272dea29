import type { CallerShare } from './caller-shares.js'
import { heap } from './heap.js'
import { type Link, type LinkedList, linkedList } from './linked-list.js'
import { prefixSums } from './prefix-sums.js'

/** The calls of one caller that wait: those that had a turn before, and the others. */
interface Line<A> {
  readonly share: CallerShare
  readonly again: LinkedList<Queued<A>>
  readonly fresh: LinkedList<Queued<A>>
}

/** One that waits. */
export interface Queued<A> {
  readonly item: A
  readonly share: CallerShare
  /** Takes it out, once. */
  readonly leave: () => void
}

export interface FairQueue<A> {
  readonly size: () => number
  /** How many callers wait. */
  readonly callers: () => number
  readonly add: (share: CallerShare, isAgain: boolean, item: A) => Queued<A>
  /** Whose turn it is: the first call of the caller that has had its share up to the earliest time. */
  readonly first: () => Queued<A> | undefined
  /** The caller's share has changed. */
  readonly moved: (share: CallerShare) => void
  /** About how many go before a call that would come now, if callers take turns. */
  readonly before: (share: CallerShare | undefined, isAgain: boolean) => number
}

/** Callers take turns, by what each has had; each caller's calls go in the order in which they came. At most `mostItems`. */
export const fairQueue = <A>(mostItems: number): FairQueue<A> => {
  const lines = new Map<CallerShare, Line<A>>()
  const order = heap<Line<A>>((one, other) => one.share.paidUntilInMs < other.share.paidUntilInMs)
  // At place n, how many lines have n calls or more: the sum of the first n is what goes before the next of a line of n - 1.
  const lengths = prefixSums(mostItems)
  let size = 0

  const lengthOf = ({ again, fresh }: Line<A>): number => again.length() + fresh.length()

  const lineOf = (share: CallerShare): Line<A> => {
    const known = lines.get(share)
    if (known !== undefined) return known
    const line: Line<A> = { share, again: linkedList(), fresh: linkedList() }
    share.isWaiting = true
    lines.set(share, line)
    order.put(line)
    return line
  }

  const remove = (line: Line<A>, list: LinkedList<Queued<A>>, link: Link<Queued<A>>): void => {
    lengths.add(lengthOf(line), -1)
    list.remove(link)
    size--
    if (lengthOf(line) > 0) return
    line.share.isWaiting = false
    lines.delete(line.share)
    order.remove(line)
  }

  return {
    size: () => size,
    callers: () => order.size(),
    add: (share, isAgain, item) => {
      const line = lineOf(share)
      const list = isAgain ? line.again : line.fresh
      const queued: Queued<A> = { item, share, leave: () => remove(line, list, link) }
      const link = list.add(queued)
      size++
      lengths.add(lengthOf(line), 1)
      return queued
    },
    first: () => {
      const line = order.first()
      return line?.again.first() ?? line?.fresh.first()
    },
    moved: (share) => {
      const line = lines.get(share)
      if (line !== undefined) order.put(line)
    },
    before: (share, isAgain) => {
      const line = share && lines.get(share)
      const own = line === undefined ? 0 : isAgain ? line.again.length() : lengthOf(line)
      // Where it goes in front of others of its own, those do not go before it.
      return lengths.sumOf(own + 1) - (line !== undefined && lengthOf(line) > own ? 1 : 0)
    },
  }
}
