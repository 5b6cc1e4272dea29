import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { genesisOf, originOf, readEntry } from '../src/audit/entry-chain.js'
import { parseVerifierKey } from '../src/audit/node-note-key.js'
import { openNote } from '../src/audit/signed-note.js'

type Json = Readonly<Record<string, unknown>>

/** What a ledger holds, and what is wrong with it. */
export interface ProvedLedger {
  /** Every record, in order, checkpoints included. */
  readonly records: ReadonlyArray<Json>
  /** In words; none when the chain holds from the first entry to the last, and so does every checkpoint. */
  readonly faults: ReadonlyArray<string>
  /** Intents without end. */
  readonly open: ReadonlyArray<string>
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64')

const faultsOfCheckpoint = (record: Json, expected: string): ReadonlyArray<string> => {
  const verifier = parseVerifierKey(String(record['signedWith']))
  if (E.isLeft(verifier)) return [verifier.left]
  const opened = openNote([verifier.right])(String(record['note']))
  if (E.isLeft(opened)) return [JSON.stringify(opened.left)]
  return opened.right.body === expected ? [] : ['it signs something else']
}

/**
 * Reads a SQLite ledger whole and holds it against itself. Of a ledger that was never pruned. For tests of faults; the
 * verifier of the product does more, and can take this one's place.
 */
export const provedLedger = (directory: string): ProvedLedger => {
  const database = new DatabaseSync(join(directory, 'audit.sqlite'), { readOnly: true, timeout: 5_000 })
  const faults: Array<string> = []
  try {
    const integrity = String(database.prepare('PRAGMA integrity_check').get()?.['integrity_check'])
    if (integrity !== 'ok') faults.push(`SQLite says ${integrity}`)
    const origin = originOf(String(database.prepare('SELECT id FROM ledger').get()?.['id']), 1)
    const rows = database.prepare('SELECT sequence, audit_id, kind, entry, hash FROM record ORDER BY sequence').all()
    let before = genesisOf(sha256, origin)
    const records: Array<Json> = []
    const open = new Set<string>()
    for (const row of rows) {
      const text = String(row['entry'])
      const entry = readEntry(text)
      const record = JSON.parse(entry?.record ?? '{}') as Json
      const tell = (what: string): void => void faults.push(`entry ${String(row['sequence'])}: ${what}`)
      if (entry?.previous !== before.hash || entry.sequence !== before.sequence + 1) tell('does not follow')
      if (Number(row['sequence']) !== before.sequence + 1) tell('is out of place')
      if (sha256(text) !== row['hash']) tell('has another hash')
      if (record['auditId'] !== row['audit_id'] || record['kind'] !== row['kind']) tell('has other columns')
      if (record['kind'] === 'checkpoint')
        faultsOfCheckpoint(record, `${origin}\n${String(before.sequence)}\n${before.hash}\n`).forEach(tell)
      const auditId = String(record['auditId'])
      if (record['kind'] === 'intent') open.add(auditId)
      else if (record['kind'] === 'outcome' && !open.delete(auditId)) tell('is the end of no intent')
      before = { sequence: Number(row['sequence']), hash: String(row['hash']) }
      records.push(record)
    }
    return { records, faults, open: [...open] }
  } finally {
    database.close()
  }
}
