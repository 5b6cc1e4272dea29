import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { genesisOf, originOf, readEntry } from '../src/audit/entry-chain.js'
import { parseVerifierKey } from '../src/audit/node-note-key.js'
import { openPgAuditReader } from '../src/audit/pg-audit-reader.js'
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

/** One entry as a store has it. */
interface KeptRow {
  readonly sequence: number
  readonly auditId: string
  readonly kind: string
  readonly entry: string
  readonly hash: string
}

/** A stream that was never pruned, from its first entry on. */
const provedStream = (origin: string, rows: Iterable<KeptRow>): Pick<ProvedLedger, 'faults' | 'records'> => {
  const faults: Array<string> = []
  const records: Array<Json> = []
  let before = genesisOf(sha256, origin)
  for (const { auditId, entry: text, hash, kind, sequence } of rows) {
    const entry = readEntry(text)
    const record = JSON.parse(entry?.record ?? '{}') as Json
    const tell = (what: string): void => void faults.push(`entry ${String(sequence)}: ${what}`)
    if (entry?.previous !== before.hash || entry.sequence !== before.sequence + 1) tell('does not follow')
    if (sequence !== before.sequence + 1) tell('is out of place')
    if (sha256(text) !== hash) tell('has another hash')
    if (record['auditId'] !== auditId || record['kind'] !== kind) tell('has other columns')
    if (record['kind'] === 'checkpoint')
      faultsOfCheckpoint(record, `${origin}\n${String(before.sequence)}\n${before.hash}\n`).forEach(tell)
    before = { sequence, hash }
    records.push(record)
  }
  return { faults, records }
}

const idsOf = (records: ReadonlyArray<Json>, wanted: string): ReadonlySet<string> =>
  new Set(records.filter(({ kind }) => kind === wanted).map(({ auditId }) => String(auditId)))

const proved = (streams: ReadonlyArray<Pick<ProvedLedger, 'faults' | 'records'>>): ProvedLedger => {
  const records = streams.flatMap((stream) => stream.records)
  const [begun, ended] = [idsOf(records, 'intent'), idsOf(records, 'outcome')]
  return {
    records,
    faults: [
      ...streams.flatMap(({ faults }) => faults),
      ...[...ended].filter((auditId) => !begun.has(auditId)).map((auditId) => `${auditId} ends without intent`),
    ],
    open: [...begun].filter((auditId) => !ended.has(auditId)),
  }
}

/**
 * Reads a SQLite ledger whole and holds it against itself. Of a ledger that was never pruned. For tests of faults; the
 * verifier of the product does more.
 */
export const provedLedger = (directory: string): ProvedLedger => {
  const database = new DatabaseSync(join(directory, 'audit.sqlite'), { readOnly: true, timeout: 5_000 })
  try {
    const integrity = String(database.prepare('PRAGMA integrity_check').get()?.['integrity_check'])
    const origin = originOf(String(database.prepare('SELECT id FROM ledger').get()?.['id']), 1)
    const rows = database.prepare('SELECT sequence, audit_id, kind, entry, hash FROM record ORDER BY sequence').all()
    const stream = provedStream(
      origin,
      rows.map((row) => ({
        sequence: Number(row['sequence']),
        auditId: String(row['audit_id']),
        kind: String(row['kind']),
        entry: String(row['entry']),
        hash: String(row['hash']),
      })),
    )
    const all = proved([stream])
    return integrity === 'ok' ? all : { ...all, faults: [`SQLite says ${integrity}`, ...all.faults] }
  } finally {
    database.close()
  }
}

/** The same of a ledger in PostgreSQL. */
export const provedPgLedger = async (url: string): Promise<ProvedLedger> => {
  const reader = rightOf(await openPgAuditReader(url))
  try {
    const ledgerId = rightOf(await reader.ledgerId())
    const streams = []
    for (const { last, stream } of rightOf(await reader.streams()))
      streams.push(
        provedStream(originOf(ledgerId, stream), last === 0 ? [] : rightOf(await reader.entries(stream, 1, last)())),
      )
    return proved(streams)
  } finally {
    await reader.close()
  }
}

const rightOf = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}
