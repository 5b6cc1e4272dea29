import type { Batch, Checked, Committed, Pruned, Spare, SparesToPrune, WriteFailed } from './ledger-writer.js'
import type { SqliteLedgerSettings } from './sqlite-ledger.js'

/** What the audit thread is started with. */
export interface WorkerSettings extends SqliteLedgerSettings {
  /** Where the signing key is; without it, in the directory. */
  readonly signingKeyFile?: string | undefined
  /** The names of the keys that digests can be made with, the one in use first. */
  readonly digestKeys: ReadonlyArray<string>
}

export type ToWorker =
  | { readonly _tag: 'Open'; readonly spares: ReadonlyArray<Spare> }
  | { readonly _tag: 'Commit'; readonly batch: Batch }
  | { readonly _tag: 'Check' }
  | { readonly _tag: 'Prune'; readonly olderThan: string; readonly spares: SparesToPrune }
  | { readonly _tag: 'Close' }

export type FromWorker =
  | { readonly _tag: 'Opened'; readonly settled: number }
  | Committed
  | Checked
  | Pruned
  | { readonly _tag: 'Closed' }
  | WriteFailed
