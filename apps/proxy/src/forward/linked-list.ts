/** A place in a list. */
export interface Link<A> {
  readonly item: A
  previous: Link<A> | undefined
  next: Link<A> | undefined
}

/** First in, first out, but each can leave at any time; all in constant time. */
export interface LinkedList<A> {
  readonly length: () => number
  readonly first: () => A | undefined
  readonly add: (item: A) => Link<A>
  /** Of this list, and once. */
  readonly remove: (link: Link<A>) => void
}

export const linkedList = <A>(): LinkedList<A> => {
  let first: Link<A> | undefined
  let last: Link<A> | undefined
  let length = 0
  return {
    length: () => length,
    first: () => first?.item,
    add: (item) => {
      const link: Link<A> = { item, previous: last, next: undefined }
      if (last === undefined) first = link
      else last.next = link
      last = link
      length++
      return link
    },
    remove: ({ next, previous }) => {
      if (previous === undefined) first = next
      else previous.next = next
      if (next === undefined) last = previous
      else next.previous = previous
      length--
    },
  }
}
