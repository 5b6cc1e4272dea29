import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** What the proxy wrote down, looked at from outside while it runs. */
export interface Ledger {
  /** The records of one call, in order. */
  readonly recordsOf: (auditId: string) => ReadonlyArray<LedgerRecord>
  /** Every byte of every file, whatever it is for. */
  readonly bytes: () => Buffer
}

export type LedgerRecord = Readonly<Record<string, unknown>> & { readonly kind: string }

export const ledgerIn = (directory: string): Ledger => ({
  recordsOf: (auditId) => {
    const database = new DatabaseSync(join(directory, 'audit.sqlite'), { readOnly: true })
    try {
      return database
        .prepare("SELECT entry ->> '$.record' AS record FROM record WHERE audit_id = ? ORDER BY sequence")
        .all(auditId)
        .map(({ record }) => JSON.parse(String(record)) as LedgerRecord)
    } finally {
      database.close()
    }
  },
  bytes: () => Buffer.concat(readdirSync(directory).map((file) => readFileSync(join(directory, file)))),
})
