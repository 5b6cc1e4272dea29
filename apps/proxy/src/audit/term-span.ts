/** So many records are indexed together, if no commit was larger. */
const fullAt = 4_096

export interface Indexed {
  readonly sequence: number
  readonly at: string
  readonly terms: ReadonlyArray<number>
}

/**
 * The end of a stream that is not indexed yet: what its records can be found by. The whole of it is written at once when it
 * is full, in the order of its terms, so that writing costs the same however long the ledger is.
 */
export class TermSpan {
  readonly first: number
  #last: number
  #firstAt = ''
  #lastAt = ''
  readonly #sequencesOf = new Map<number, Array<number>>()

  constructor(first: number) {
    this.first = first
    this.#last = first - 1
  }

  /** Clocks step back, so the span's times are its least and its greatest. */
  add({ at, sequence, terms }: Indexed): void {
    this.#last = sequence
    if (this.#firstAt === '' || at < this.#firstAt) this.#firstAt = at
    if (at > this.#lastAt) this.#lastAt = at
    for (const term of terms) {
      const sequences = this.#sequencesOf.get(term)
      if (sequences === undefined) this.#sequencesOf.set(term, [sequence])
      else sequences.push(sequence)
    }
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

  /** Each term, in order, and how far from the first the records are that have it. */
  sorted(): ReadonlyArray<readonly [term: number, offsets: Uint16Array]> {
    return [...this.#sequencesOf]
      .sort(([one], [other]) => one - other)
      .map(([term, sequences]) => [term, Uint16Array.from(sequences, (sequence) => sequence - this.first)])
  }
}
