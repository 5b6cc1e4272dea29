import type { CallerShare } from './caller-shares.js'
import { heap } from './heap.js'

/** The calls of one caller that wait: those that had a turn before, and the others. */
interface Line<A> {
  readonly share: CallerShare
  readonly again: Set<Queued<A>>
  readonly fresh: Set<Queued<A>>
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
  readonly add: (share: CallerShare, isAgain: boolean, item: A) => Queued<A>
  /** All that wait now, in no order. */
  readonly all: () => ReadonlyArray<Queued<A>>
  /** Whose turn it is: the first call of the caller that has had its share up to the earliest time. */
  readonly first: () => Queued<A> | undefined
  /** The first of those, of all callers, that had a turn before. */
  readonly firstAgain: () => Queued<A> | undefined
  /** The caller's share has changed. */
  readonly moved: (share: CallerShare) => void
  /** About how many go before a call that would come now, if callers take turns. */
  readonly before: (share: CallerShare, isAgain: boolean) => number
}

const firstOf = <A>(set: ReadonlySet<A>): A | undefined => set.values().next().value

/** Callers take turns, by what each has had; each caller's calls go in the order in which they came. */
export const fairQueue = <A>(): FairQueue<A> => {
  const lines = new Map<CallerShare, Line<A>>()
  const order = heap<Line<A>>((one, other) => one.share.paidUntilInMs < other.share.paidUntilInMs)
  const allAgain = new Set<Queued<A>>()
  let size = 0

  const lengthOf = ({ again, fresh }: Line<A>): number => again.size + fresh.size

  const lineOf = (share: CallerShare): Line<A> => {
    const known = lines.get(share)
    if (known !== undefined) return known
    const line: Line<A> = { share, again: new Set(), fresh: new Set() }
    share.isWaiting = true
    lines.set(share, line)
    order.put(line)
    return line
  }

  const remove = (line: Line<A>, queued: Queued<A>): void => {
    for (const set of [line.again, line.fresh, allAgain]) set.delete(queued)
    size--
    if (lengthOf(line) > 0) return
    line.share.isWaiting = false
    lines.delete(line.share)
    order.remove(line)
  }

  return {
    size: () => size,
    add: (share, isAgain, item) => {
      const line = lineOf(share)
      const queued: Queued<A> = { item, share, leave: () => remove(line, queued) }
      for (const set of isAgain ? [line.again, allAgain] : [line.fresh]) set.add(queued)
      size++
      return queued
    },
    all: () => [...lines.values()].flatMap(({ again, fresh }) => [...again, ...fresh]),
    first: () => {
      const line = order.first()
      return line && (firstOf(line.again) ?? firstOf(line.fresh))
    },
    firstAgain: () => firstOf(allAgain),
    moved: (share) => {
      const line = lines.get(share)
      if (line !== undefined) order.put(line)
    },
    before: (share, isAgain) => {
      const own = lines.get(share)
      const ofOwn = own === undefined ? 0 : isAgain ? own.again.size : lengthOf(own)
      let before = ofOwn
      for (const line of lines.values()) if (line !== own) before += Math.min(lengthOf(line), ofOwn + 1)
      return before
    },
  }
}
