import type * as T from 'fp-ts/lib/Task.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { AuditRecord } from './audit-record.js'

/** Why a record is not known to be durable. */
export type AuditNotWritten =
  | { readonly _tag: 'StoreFailed'; readonly cause: unknown }
  /** The store is failing; nothing was tried. */
  | { readonly _tag: 'StoreFailing'; readonly cause: unknown }
  | { readonly _tag: 'TooMuchWaiting' }
  /** It may still be written. */
  | { readonly _tag: 'TooSlow'; readonly deadlineInMs: number }

/** Where records go to stay. No method ever rejects. */
export interface AuditStore {
  /** Right when the record is on disk, whatever happens to the process or the machine. */
  readonly append: (record: AuditRecord) => TE.TaskEither<AuditNotWritten, void>
  /** Keeps a record that could not be written and tries again until it is; meanwhile the store counts as failing. */
  readonly owe: (record: AuditRecord) => void
  /** Why nothing can be written just now; undefined when all is well. */
  readonly problem: () => string | undefined
  /**
   * Writes what waits and what is owed, and closes, for as long as twice the deadline of a record allows. `lost` are
   * records that could not be written.
   */
  readonly close: T.Task<{ readonly isClosed: boolean; readonly lost: ReadonlyArray<AuditRecord> }>
}
