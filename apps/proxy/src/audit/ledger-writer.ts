import type { KeptAnswer, KeyClaim, KeyHolder } from './audit-store.js'

/** One record on its way into a ledger. */
export interface Row {
  readonly auditId: string
  readonly kind: string
  readonly at: string
  readonly outcome: string | null
  /** Canonical JSON (RFC 8785). */
  readonly record: string
  /** What it can be found by, see `record-terms.ts`. */
  readonly terms: ReadonlyArray<number>
  readonly claim?: KeyClaim
  readonly kept?: KeptAnswer
}

/** An id and a time for a record that the ledger may add by itself: it has neither clock nor randomness. */
export interface Spare {
  readonly auditId: string
  readonly at: string
}

/** For the record that tells of it, and for its checkpoint. */
export type SparesToPrune = readonly [pruned: Spare, checkpoint: Spare]

export interface Batch {
  readonly rows: ReadonlyArray<Row>
  /** `now`: if there is anything that the last one does not cover. */
  readonly checkpoint: 'whenDue' | 'now'
  readonly spare: Spare
}

export interface Committed {
  readonly _tag: 'Committed'
  /** Rows that were not written, since their idempotency key is held, by their place in the batch. */
  readonly held: ReadonlyArray<readonly [row: number, holder: KeyHolder]>
  /** The signed note of the checkpoint that was written with them. */
  readonly checkpoint?: string
}

export interface WriteFailed {
  readonly _tag: 'Failed'
  readonly message: string
}

export interface Checked {
  readonly _tag: 'Checked'
  /** Why no new calls should be taken although what was begun can still be written. */
  readonly refuse?: string
  /** What the operator should look after soon. */
  readonly warning?: string
  /** The signed note of a checkpoint that was written meanwhile. */
  readonly checkpoint?: string
}

export interface Pruned {
  readonly _tag: 'Pruned'
  readonly records: number
  /** There is more to prune: ask again. */
  readonly more: boolean
  /** The signed note of the checkpoint that was written with the record of it. */
  readonly checkpoint?: string
}

/**
 * A ledger's hand: writes what it is given, one batch after the other, never two at once. A batch is durable as a whole or
 * not at all. No method rejects.
 */
export interface LedgerWriter {
  readonly commit: (batch: Batch) => Promise<Committed | WriteFailed>
  /** Looks after the ledger without writing: is it still there, is there room? */
  readonly check: () => Promise<Checked | WriteFailed>
  /**
   * Deletes some of what is older than the time given, up to a checkpoint, which stays. That it does is put on record before, and
   * signed at once.
   */
  readonly prune: (olderThan: string, spares: SparesToPrune) => Promise<Pruned | WriteFailed>
  readonly close: () => Promise<void>
}

/** What a ledger tells when it is opened. */
export interface OpenedLedger {
  readonly writer: LedgerWriter
  /** Intents of ended processes, settled as indeterminate. */
  readonly settled: number
}
