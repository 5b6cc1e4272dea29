import { bucketOf, buckets, Postings } from './term-postings.js'

/** So many records are indexed together, if no commit was larger. */
const fullAt = 4_096

interface Indexed {
  readonly sequence: number
  readonly at: string
  readonly terms: ReadonlyArray<number>
}

/**
 * The end of a stream that is not indexed yet: what its records can be found by. The whole of it is written at once when it
 * is full, so that writing costs the same however long the ledger is.
 */
export class TermSpan {
  readonly first: number
  #last: number
  #firstAt = ''
  #lastAt = ''
  readonly #postings = Array.from({ length: buckets }, () => new Postings())

  constructor(first: number) {
    this.first = first
    this.#last = first - 1
  }

  /** Clocks step back, so the span's times are its least and its greatest. */
  add({ at, sequence, terms }: Indexed): void {
    this.#last = sequence
    if (this.#firstAt === '' || at < this.#firstAt) this.#firstAt = at
    if (at > this.#lastAt) this.#lastAt = at
    for (const term of terms) this.#postings[bucketOf(term)]?.add(term, sequence - this.first)
  }

  get last(): number {
    return this.#last
  }

  get times(): readonly [first: string, last: string] {
    return [this.#firstAt, this.#lastAt]
  }

  get isFull(): boolean {
    return this.#last - this.first + 1 >= fullAt
  }

  /** The postings of each bucket, see `term-postings.ts`. */
  get postings(): ReadonlyArray<Uint8Array> {
    return this.#postings.map(({ bytes }) => bytes)
  }
}
