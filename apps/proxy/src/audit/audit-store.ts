import type * as T from 'fp-ts/lib/Task.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { OutcomeKind } from '../domain/outcome.js'
import type { AuditRecord } from './audit-record.js'

/** Why a record is not known to be durable. */
export type AuditNotWritten =
  | { readonly _tag: 'StoreFailed'; readonly cause: unknown }
  /** The store is failing; nothing was tried. */
  | { readonly _tag: 'StoreFailing'; readonly cause: unknown }
  | { readonly _tag: 'TooMuchWaiting' }
  /** It may still be written. */
  | { readonly _tag: 'TooSlow'; readonly deadlineInMs: number }
  /** There is no canonical JSON of it. */
  | { readonly _tag: 'Unserialisable'; readonly why: string }

/** An idempotency key as the ledger knows it: both are keyed digests, neither can be guessed back. */
export interface KeyForm {
  readonly key: string
  /** Of what is asked for: operation, version, ids and body. */
  readonly fingerprint: string
}

/**
 * Takes an idempotency key for a call, in the transaction that records its intent. The first form is what is written; a key
 * that is taken is found by any of them, since the key of the digests may have changed meanwhile.
 */
export interface KeyClaim {
  readonly forms: readonly [KeyForm, ...ReadonlyArray<KeyForm>]
}

/** What goes with the outcome of a call that held a key: the answer to give again, or nothing, which frees the key. */
export interface KeptAnswer {
  readonly key: string
  /** Sealed: only who presents the key again can have it opened. */
  readonly answer: string | undefined
}

/** The call that holds an idempotency key. */
export interface KeyHolder {
  readonly auditId: string
  /** Which form of the claim found it. */
  readonly form: number
  /** Whether it asked for the same. */
  readonly isSameCall: boolean
  /** Undefined while it runs. */
  readonly outcome: OutcomeKind | undefined
  readonly answer: string | undefined
}

export interface WithRecord {
  /** With an intent. */
  readonly claim?: KeyClaim
  /** With an outcome. */
  readonly kept?: KeptAnswer
}

/** `KeyHeld`: the claim found another call, and nothing was written. */
export type Appended = { readonly _tag: 'Written' } | { readonly _tag: 'KeyHeld'; readonly holder: KeyHolder }

/** Where records go to stay. No method ever rejects. */
export interface AuditStore {
  /** Right when the record is on disk, whatever happens to the process or the machine. */
  readonly append: (record: AuditRecord, more?: WithRecord) => TE.TaskEither<AuditNotWritten, Appended>
  /** Keeps a record that could not be written and tries again until it is; meanwhile the store counts as failing. */
  readonly owe: (record: AuditRecord, more?: WithRecord) => void
  /** Why nothing can be written just now; undefined when all is well. */
  readonly problem: () => string | undefined
  /**
   * Writes what waits and what is owed, a last checkpoint, and closes, for as long as twice the deadline of a record
   * allows. `lost` are records that could not be written.
   */
  readonly close: T.Task<{ readonly isClosed: boolean; readonly lost: ReadonlyArray<AuditRecord> }>
}
