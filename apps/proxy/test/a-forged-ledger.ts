import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteAuditReader } from '../src/audit/sqlite-audit-reader.js'
import type { VerifyOptions } from '../src/audit/verify-ledger.js'
import type { LedgerReport } from '../src/audit/verify-report.js'
import { ledgerFileIn, verdictBy } from './a-signed-ledger.js'

export interface LedgerRow {
  readonly sequence: number
  readonly audit_id: string
  readonly kind: string
  readonly at: string
  readonly outcome: string | null
  readonly entry: string
  readonly hash: string
}

const columns = ['sequence', 'audit_id', 'kind', 'at', 'outcome', 'entry', 'hash'] as const

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A ledger in the hands of somebody who may write to its file, and is kept from nothing by the file itself. */
export const aForgedLedger = (directory: string) => {
  const database = new DatabaseSync(ledgerFileIn(directory))
  database.exec(`
    PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON;
    DROP TRIGGER no_update; DROP TRIGGER no_delete; DROP INDEX one_intent_and_one_end`)
  const opened = openSqliteAuditReader(directory)
  if (E.isLeft(opened)) throw new Error(opened.left.message)
  const reader = opened.right
  const insert = database.prepare(`INSERT INTO record (${columns.join(', ')}) VALUES (?, ?, ?, ?, ?, ?, ?)`)
  const rows = (): ReadonlyArray<LedgerRow> =>
    database
      .prepare(`SELECT ${columns.join(', ')} FROM record ORDER BY sequence`)
      .all()
      .map((row) => ({
        sequence: Number(row['sequence']),
        audit_id: text(row['audit_id']),
        kind: text(row['kind']),
        at: text(row['at']),
        outcome: row['outcome'] === null ? null : text(row['outcome']),
        entry: text(row['entry']),
        hash: text(row['hash']),
      }))
  return {
    database,
    rows,
    /** Puts other rows in the place of all. */
    put: (all: ReadonlyArray<LedgerRow>): void => {
      database.exec('BEGIN; DELETE FROM record')
      for (const row of all) insert.run(...columns.map((column) => row[column]))
      database.exec('COMMIT')
    },
    verdict: (verifiers: ReadonlyArray<string>, options: Partial<VerifyOptions> = {}): Promise<LedgerReport> =>
      verdictBy(reader, verifiers, { withIndex: false, ...options }),
    close: async (): Promise<void> => {
      database.close()
      await reader.close()
    },
  }
}
