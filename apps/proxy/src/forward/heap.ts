/** What comes first, of thousands of things; each can be taken out again, too. All in O(log n). */
export interface Heap<A> {
  readonly size: () => number
  readonly first: () => A | undefined
  /** A thing that is in it already moves to where it belongs now. */
  readonly put: (item: A) => void
  readonly remove: (item: A) => void
}

/** A binary heap that knows where each thing is. What decides the order may change only if the thing is put again at once. */
export const heap = <A>(isBefore: (one: A, other: A) => boolean): Heap<A> => {
  const items: Array<A> = []
  const places = new Map<A, number>()

  const set = (place: number, item: A): void => {
    items[place] = item
    places.set(item, place)
  }

  const up = (item: A, from: number): number => {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = items[above]
      if (parent === undefined || !isBefore(item, parent)) break
      set(place, parent)
      place = above
    }
    set(place, item)
    return place
  }

  const down = (item: A, from: number): void => {
    let place = from
    for (;;) {
      const left = items[2 * place + 1]
      const right = items[2 * place + 2]
      if (left === undefined) break
      const isRight = right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (!isBefore(child, item)) break
      set(place, child)
      place = 2 * place + (isRight ? 2 : 1)
    }
    set(place, item)
  }

  return {
    size: () => items.length,
    first: () => items[0],
    put: (item) => down(item, up(item, places.get(item) ?? items.length)),
    remove: (item) => {
      const place = places.get(item)
      if (place === undefined) return
      places.delete(item)
      const last = items.pop()
      if (last === undefined || last === item) return
      down(last, up(last, place))
    },
  }
}
