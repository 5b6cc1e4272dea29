import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { KeptEntry } from './stream-position.js'

/** Why a ledger could not be read, in a sentence for the person who asked. */
export interface LedgerUnreadable {
  readonly _tag: 'LedgerUnreadable'
  readonly message: string
}

/** An entry with the columns that repeat parts of it: what the verifier holds against each other. */
export interface StoredEntry extends KeptEntry {
  readonly stream: number
  readonly auditId: string
  readonly kind: string
  readonly at: string
  readonly outcome: string | undefined
}

/** One writer's chain. Empty ones have `last` 0. */
export interface StreamSummary {
  readonly stream: number
  /** Of the oldest entry that is there; more than 1 when older ones were pruned. */
  readonly first: number
  readonly last: number
}

/** What to look for: at most one term (`record-terms.ts`), and when. Times are RFC 3339 in UTC, both ends included. */
export interface Seek {
  readonly term?: number
  readonly since?: string
  readonly until?: string
  /** Of the last hit that was seen; without it, from the newest. */
  readonly cursor?: string
  readonly limit: number
}

/** A record that may have the term: terms are digests, and two may share one. */
export interface Hit {
  readonly auditId: string
  /** Where to go on after this hit. Opaque. */
  readonly cursor: string
}

/** A part of what records can be found by. Derived from them: no evidence. */
export interface IndexedSpan {
  readonly first: number
  readonly last: number
  /** The least and the greatest time. */
  readonly firstAt: string
  readonly lastAt: string
  /** By bucket, see `term-postings.ts`. */
  readonly postings: ReadonlyMap<number, Uint8Array>
}

/** Reads a ledger beside its writers. No method rejects. */
export interface AuditReader {
  readonly ledgerId: TE.TaskEither<LedgerUnreadable, string>
  readonly streams: TE.TaskEither<LedgerUnreadable, ReadonlyArray<StreamSummary>>
  /** In the order of their sequence, from a sequence on, at most so many. */
  readonly entries: (
    stream: number,
    from: number,
    limit: number,
  ) => TE.TaskEither<LedgerUnreadable, ReadonlyArray<StoredEntry>>
  /** Of some calls: all that is on record of each, in order. */
  readonly entriesOf: (auditIds: ReadonlyArray<string>) => TE.TaskEither<LedgerUnreadable, ReadonlyArray<StoredEntry>>
  /** Newest first. Without a term: intents, and ends that have no intent. */
  readonly seek: (seek: Seek) => TE.TaskEither<LedgerUnreadable, ReadonlyArray<Hit>>
  /** About how many records have the term, to begin with the rarest. */
  readonly estimate: (term: number) => TE.TaskEither<LedgerUnreadable, number>
  /** Checkpoints of a stream, newest first, at most so many. */
  readonly checkpoints: (stream: number, limit: number) => TE.TaskEither<LedgerUnreadable, ReadonlyArray<StoredEntry>>
  /**
   * What is wrong with the tables themselves: where they are not as the program makes them, one question may be answered with
   * other records than another. With their indexes, which takes as long as reading all of it.
   */
  readonly faultsOfTables?: (withIndexes: boolean) => TE.TaskEither<LedgerUnreadable, ReadonlyArray<string>>
  /** The span of the index that has an entry; without one, the next. Only of a SQLite ledger. */
  readonly indexedSpan?: (stream: number, sequence: number) => TE.TaskEither<LedgerUnreadable, IndexedSpan | undefined>
  readonly close: () => Promise<void>
}
