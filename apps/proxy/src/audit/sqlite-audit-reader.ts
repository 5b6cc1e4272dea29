import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { ledgerFile } from './sqlite-schema.js'

/** One record as it is kept: its place in the ledger, who wrote it, and its JSON text. */
export interface KeptRecord {
  readonly sequence: number
  readonly writer: string
  readonly record: string
}

/** Reads beside a running proxy: it opens the ledger read-only, and blocks, so it is for the command line. */
export const sqliteRecordsOf =
  (directory: string) =>
  (auditId: string): E.Either<string, ReadonlyArray<KeptRecord>> => {
    const path = join(directory, ledgerFile)
    try {
      const database = new DatabaseSync(path, { readOnly: true })
      const rows = database
        .prepare('SELECT sequence, writer, record FROM record WHERE audit_id = ? ORDER BY sequence')
        .all(auditId)
      database.close()
      return E.right(
        rows.map(({ record, sequence, writer }) => ({
          sequence: Number(sequence),
          writer: String(writer),
          record: String(record),
        })),
      )
    } catch (error) {
      return E.left(`${path}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
