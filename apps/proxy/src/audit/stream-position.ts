import * as E from 'fp-ts/lib/Either.js'
import type { CheckpointRecord } from './audit-record.js'
import { entryOf, type Head, readEntry, type Seat, type Sha256 } from './entry-chain.js'
import { parsedRecord } from './kept-record.js'
import type { Row } from './ledger-writer.js'
import { termsOfKept } from './record-terms.js'
import { TermSpan } from './term-span.js'

/** A row with its place in the chain. */
export interface SealedRow extends Row {
  readonly sequence: number
  readonly entry: string
  readonly hash: string
}

/** One entry as a store keeps it. */
export interface KeptEntry {
  readonly sequence: number
  readonly entry: string
  readonly hash: string
}

/** Where a stream ends, and what its writer must know of it without reading it whole. */
export interface StreamPosition {
  readonly head: Head
  /** The sequence of the last checkpoint; 0 if there is none yet. */
  readonly checkpointAt: number
  readonly checkpoint: CheckpointRecord | undefined
  /** Intents without end, in the order of their sequence. */
  readonly open: Map<string, number>
  /** What is not indexed yet. */
  readonly span: TermSpan
}

/** Where to begin to read for `positionFrom`. */
export const tailBeginsAt = (
  lastCheckpoint: { readonly sequence: number; readonly openFrom: number } | undefined,
  lastIndexed: number,
): number =>
  lastCheckpoint === undefined
    ? 1
    : Math.max(1, Math.min(lastCheckpoint.sequence, lastCheckpoint.openFrom, lastIndexed + 1))

/**
 * Reads the end of a stream, and holds it against the chain; what is before the last checkpoint is for the verifier. Left is
 * the sequence of the first entry that is not what was written.
 */
export const positionFrom = (
  sha256: Sha256,
  genesis: Head,
  lastIndexed: number,
  entries: Iterable<KeptEntry>,
): E.Either<number, StreamPosition> => {
  const open = new Map<string, number>()
  const span = new TermSpan(lastIndexed + 1)
  let head: Head | undefined
  let checkpointAt = 0
  let checkpoint: CheckpointRecord | undefined
  /** Of a record that tells of a pruning, which its writer signs at once: without that it is somebody else's. */
  let unsigned: number | undefined
  for (const { entry: text, hash, sequence } of entries) {
    const entry = readEntry(text)
    const before = head ?? (sequence === 1 ? genesis : undefined)
    const record = entry === undefined ? undefined : parsedRecord(entry.record)
    const isInPlace =
      entry?.sequence === sequence &&
      sha256(text) === hash &&
      (before === undefined || (before.sequence === sequence - 1 && entry.previous === before.hash))
    if (!isInPlace || record === undefined) return E.left(sequence)
    if (unsigned !== undefined && record.kind !== 'checkpoint') return E.left(unsigned)
    unsigned = record.kind === 'lifecycle' && record.event === 'pruned' ? sequence : undefined
    head = { sequence, hash }
    if (record.kind === 'intent') open.set(record.auditId, sequence)
    else open.delete(record.auditId)
    if (record.kind === 'checkpoint') {
      checkpointAt = sequence
      checkpoint = record
    }
    if (sequence > lastIndexed) span.add({ sequence, at: record.at, terms: termsOfKept(record) })
  }
  if (unsigned !== undefined) return E.left(unsigned)
  return E.right({ head: head ?? genesis, checkpointAt, checkpoint, open, span })
}

/** What one transaction adds to a stream. The position moves only when it is durable. */
export class Draft {
  readonly #sha256: Sha256
  readonly #seat: Seat
  readonly #position: StreamPosition
  readonly #added: Array<SealedRow> = []
  #head: Head

  constructor(sha256: Sha256, seat: Seat, position: StreamPosition) {
    this.#sha256 = sha256
    this.#seat = seat
    this.#position = position
    this.#head = position.head
  }

  /** The row as it would stand at the end of the stream. */
  seal(row: Row): SealedRow {
    const sequence = this.#head.sequence + 1
    const entry = entryOf(this.#head, this.#seat, row.record)
    return { ...row, sequence, entry, hash: this.#sha256(entry) }
  }

  /** It is written. */
  add(sealed: SealedRow): void {
    this.#head = { sequence: sealed.sequence, hash: sealed.hash }
    this.#added.push(sealed)
  }

  get head(): Head {
    return this.#head
  }

  get added(): ReadonlyArray<SealedRow> {
    return this.#added
  }

  /** Entries that no checkpoint covers. */
  get uncovered(): number {
    return this.#head.sequence - this.#position.checkpointAt
  }

  /** Every intent before this sequence has its end. */
  get openFrom(): number {
    const ended = new Set(this.#added.filter(({ kind }) => kind !== 'intent').map(({ auditId }) => auditId))
    for (const [auditId, sequence] of this.#position.open) if (!ended.has(auditId)) return sequence
    const begun = this.#added.find(({ auditId, kind }) => kind === 'intent' && !ended.has(auditId))
    return begun?.sequence ?? this.#head.sequence + 1
  }

  /** The position once all of it is durable, and, with it, maybe, the index of what came before. Takes the old one over: that is not to be used any more. */
  moved(checkpoint: CheckpointRecord | undefined, isIndexed: boolean): StreamPosition {
    const { open } = this.#position
    const span = isIndexed ? new TermSpan(this.#position.span.last + 1) : this.#position.span
    let { checkpointAt } = this.#position
    for (const { at, auditId, kind, sequence, terms } of this.#added) {
      if (kind === 'intent') open.set(auditId, sequence)
      else open.delete(auditId)
      if (kind === 'checkpoint') checkpointAt = sequence
      span.add({ sequence, at, terms })
    }
    return { head: this.#head, checkpointAt, checkpoint: checkpoint ?? this.#position.checkpoint, open, span }
  }
}
