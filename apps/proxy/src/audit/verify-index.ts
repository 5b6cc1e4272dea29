import type { IndexedSpan, StoredEntry } from './audit-reader.js'
import { readEntry } from './entry-chain.js'
import type { FoundProblems } from './found-problems.js'
import { parsedRecord } from './kept-record.js'
import { termsOf } from './record-terms.js'

const termsByPlace = ({ terms }: IndexedSpan): ReadonlyMap<number, ReadonlySet<number>> => {
  const byPlace = new Map<number, Set<number>>()
  for (const [term, offsets] of terms)
    for (const offset of offsets) {
      const at = byPlace.get(offset)
      if (at === undefined) byPlace.set(offset, new Set([term]))
      else at.add(term)
    }
  return byPlace
}

const termsIn = (entry: string): ReadonlyArray<number> => {
  const record = parsedRecord(readEntry(entry)?.record ?? '')
  // What was cut off a long value was in the index.
  if (record === undefined || 'truncated' in record) return []
  try {
    return termsOf(record)
  } catch {
    // It is not what its kind says, and that is told already, or was signed so.
    return []
  }
}

/**
 * Holds entries against the spans of the index that has them: that each can be found by all that is in it, and by its time.
 * What the index has beside that harms nobody: whoever finds something by it compares the record.
 */
export class IndexVerifier {
  readonly #found: FoundProblems
  #span: IndexedSpan | undefined
  #terms: ReadonlyMap<number, ReadonlySet<number>> = new Map()

  constructor(found: FoundProblems) {
    this.#found = found
  }

  /** Whether the span that has this entry, or comes after it, is to be fetched first. */
  needsSpan(sequence: number): boolean {
    return this.#span === undefined || sequence > this.#span.last
  }

  next(span: IndexedSpan): void {
    this.#span = span
    this.#terms = termsByPlace(span)
  }

  add({ at, entry, sequence }: StoredEntry): void {
    const span = this.#span
    if (span === undefined) return
    if (sequence < span.first) this.#incomplete(sequence, 'it is in no part of the index')
    else if (at < span.firstAt || at > span.lastAt) this.#incomplete(sequence, 'the index does not find it by its time')
    else {
      const terms = this.#terms.get(sequence - span.first)
      if (termsIn(entry).some((term) => terms?.has(term) !== true))
        this.#incomplete(sequence, 'the index does not find it by something that is in it')
    }
  }

  #incomplete(sequence: number, message: string): void {
    this.#found.add('indexIncomplete', sequence, message)
  }
}
