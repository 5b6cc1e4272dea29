import type { IndexedSpan, StoredEntry } from './audit-reader.js'
import { readEntry } from './entry-chain.js'
import type { FoundProblems } from './found-problems.js'
import { parsedRecord } from './kept-record.js'
import { termsOfKept } from './record-terms.js'
import { bucketOf, PostingSet } from './term-postings.js'

const termsIn = (entry: string): ReadonlyArray<number> => {
  const record = parsedRecord(readEntry(entry)?.record ?? '')
  // What was cut off a long value was in the index.
  if (record === undefined || 'truncated' in record) return []
  return termsOfKept(record)
}

/**
 * Holds entries against the spans of the index that has them: that each can be found by all that is in it, and by its time.
 * What the index has beside that harms nobody: whoever finds something by it compares the record.
 */
export class IndexVerifier {
  readonly #found: FoundProblems
  #span: IndexedSpan | undefined
  #postings: ReadonlyMap<number, PostingSet> = new Map()

  constructor(found: FoundProblems) {
    this.#found = found
  }

  /** Whether the span that has this entry, or comes after it, is to be fetched first. */
  needsSpan(sequence: number): boolean {
    return this.#span === undefined || sequence > this.#span.last
  }

  next(span: IndexedSpan): void {
    this.#span = span
    this.#postings = new Map([...span.postings].map(([bucket, bytes]) => [bucket, new PostingSet(bytes)]))
  }

  add({ at, entry, sequence }: StoredEntry): void {
    const span = this.#span
    if (span === undefined) return
    if (sequence < span.first) this.#incomplete(sequence, 'it is in no part of the index')
    else if (at < span.firstAt || at > span.lastAt) this.#incomplete(sequence, 'the index does not find it by its time')
    else {
      const offset = sequence - span.first
      if (termsIn(entry).some((term) => this.#postings.get(bucketOf(term))?.has(term, offset) !== true))
        this.#incomplete(sequence, 'the index does not find it by something that is in it')
    }
  }

  #incomplete(sequence: number, message: string): void {
    this.#found.add('indexIncomplete', sequence, message)
  }
}
