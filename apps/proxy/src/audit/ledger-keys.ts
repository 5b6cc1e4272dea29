import type * as E from 'fp-ts/lib/Either.js'
import type { CheckpointRecord, LifecycleRecord } from './audit-record.js'

/** What a checkpoint says: so many entries, and the hash of the last of them. */
interface Checkpoint {
  readonly origin: string
  readonly size: number
  /** SHA-256, in base64. */
  readonly head: string
}

/** The keys of a ledger, as its hand needs them. */
export interface LedgerKeys {
  /** The name of the key that digests are made with. */
  readonly digestKey: string
  /** The public half of the key that signs, as an auditor holds it. */
  readonly verifierKey: string
  /** A C2SP signed note. */
  readonly signCheckpoint: (checkpoint: Checkpoint) => string
  /**
   * What has changed since the last checkpoint, to be put on record; Left when a key that was in use then is no longer
   * there, or when that checkpoint, which is to be of so many records, was signed by none of the keys.
   */
  readonly changesSince: (
    origin: string,
    last: CheckpointRecord,
    size: number,
  ) => E.Either<string, ReadonlyArray<LifecycleRecord['detail']>>
}
