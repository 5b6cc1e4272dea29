import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** What the proxy wrote down, looked at from outside while it runs. */
export interface Ledger {
  /** The records of one call, in order. */
  readonly recordsOf: (auditId: string) => ReadonlyArray<LedgerRecord>
  /** How many calls there are of each outcome; `open` are those without. */
  readonly outcomes: () => Readonly<Record<string, number>>
  /** Every byte of every file, whatever it is for. */
  readonly bytes: () => Buffer
}

export type LedgerRecord = Readonly<Record<string, unknown>> & { readonly kind: string }

const lookedAt = <A>(directory: string, look: (database: DatabaseSync) => A): A => {
  const database = new DatabaseSync(join(directory, 'audit.sqlite'), { readOnly: true })
  try {
    return look(database)
  } finally {
    database.close()
  }
}

export const ledgerIn = (directory: string): Ledger => ({
  recordsOf: (auditId) =>
    lookedAt(directory, (database) =>
      database
        .prepare("SELECT entry ->> '$.record' AS record FROM record WHERE audit_id = ? ORDER BY sequence")
        .all(auditId)
        .map(({ record }) => JSON.parse(String(record)) as LedgerRecord),
    ),
  outcomes: () =>
    lookedAt(directory, (database) =>
      Object.fromEntries(
        database
          .prepare(
            `SELECT coalesce(ended.entry ->> '$.record' ->> '$.outcome', 'open') AS became, count(*) AS calls
             FROM record AS begun LEFT JOIN record AS ended ON ended.audit_id = begun.audit_id AND ended.kind = 'outcome'
             WHERE begun.kind = 'intent' GROUP BY became`,
          )
          .all()
          .map(({ became, calls }) => [String(became), Number(calls)]),
      ),
    ),
  bytes: () => Buffer.concat(readdirSync(directory).map((file) => readFileSync(join(directory, file)))),
})
