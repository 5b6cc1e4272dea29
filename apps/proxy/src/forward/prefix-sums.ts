/** Numbers in a row, and the sum of the first of them, in O(log n) each. */
export interface PrefixSums {
  /** Of the number at a place from 1 to the size. */
  readonly add: (place: number, change: number) => void
  /** Of the first `count`, or of all if there are fewer. */
  readonly sumOf: (count: number) => number
}

/** A Fenwick tree: each place holds the sum of as many numbers before it as its lowest bit says. */
export const prefixSums = (size: number): PrefixSums => {
  const sums = new Float64Array(size + 1)
  return {
    add: (place, change) => {
      for (let at = place; at <= size; at += at & -at) sums[at] = (sums[at] ?? 0) + change
    },
    sumOf: (count) => {
      let sum = 0
      for (let at = Math.min(count, size); at > 0; at -= at & -at) sum += sums[at] ?? 0
      return sum
    },
  }
}
