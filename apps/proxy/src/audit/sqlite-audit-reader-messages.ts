import type { AuditReader, Hit, LedgerUnreadable, Seek, StoredEntry } from './audit-reader.js'

type Streams =
  Awaited<ReturnType<AuditReader['streams']>> extends infer Read
    ? Read extends { readonly _tag: 'Right'; readonly right: infer Value }
      ? Value
      : never
    : never

/** What the reading thread is asked. */
export type ToReader =
  | { readonly _tag: 'LedgerId' }
  | { readonly _tag: 'Streams' }
  | { readonly _tag: 'Entries'; readonly stream: number; readonly from: number; readonly limit: number }
  | { readonly _tag: 'EntriesOf'; readonly auditIds: ReadonlyArray<string> }
  | { readonly _tag: 'Seek'; readonly seek: Seek }
  | { readonly _tag: 'Estimate'; readonly term: number }
  | { readonly _tag: 'Checkpoints'; readonly stream: number; readonly limit: number }
  | { readonly _tag: 'Close' }

export type FromReader =
  | { readonly _tag: 'LedgerId'; readonly value: string }
  | { readonly _tag: 'Streams'; readonly value: Streams }
  | { readonly _tag: 'Entries'; readonly value: ReadonlyArray<StoredEntry> }
  | { readonly _tag: 'Hits'; readonly value: ReadonlyArray<Hit> }
  | { readonly _tag: 'Estimate'; readonly value: number }
  | { readonly _tag: 'Closed' }
  | LedgerUnreadable
