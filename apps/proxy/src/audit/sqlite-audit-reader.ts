import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { AuditReader, Hit, IndexedSpan, LedgerUnreadable, Seek, StoredEntry } from './audit-reader.js'
import { readEntry } from './entry-chain.js'
import { parsedRecord } from './kept-record.js'
import { termsOf } from './record-terms.js'
import { bucketOf, offsetsOf } from './term-postings.js'
import { currentFormat, formatOf, ledgerFile } from './sqlite-ledger-file.js'

type Columns = Readonly<Record<string, SQLOutputValue>>

const stream = 1
const columns = 'sequence, audit_id, kind, at, outcome, entry, hash'

/** Of a row as an array, which is read a third faster than one with names. */
const storedEntry = (row: Columns): StoredEntry => ({
  stream,
  sequence: Number(row[0]),
  auditId: String(row[1]),
  kind: String(row[2]),
  at: String(row[3]),
  outcome: row[4] === null ? undefined : String(row[4]),
  entry: String(row[5]),
  hash: String(row[6]),
})

const entriesBy = (database: DatabaseSync, condition: string) => {
  const statement = database.prepare(`SELECT ${columns} FROM record ${condition}`)
  statement.setReturnArrays(true)
  return (...parameters: ReadonlyArray<SQLInputValue>): ReadonlyArray<StoredEntry> =>
    statement.all(...parameters).map(storedEntry)
}

const unreadable = (path: string, error: unknown): LedgerUnreadable => ({
  _tag: 'LedgerUnreadable',
  message: `${path}: ${error instanceof Error ? error.message : String(error)}`,
})

const offsetsIn = (term: number, postings: SQLOutputValue | undefined): ReadonlyArray<number> =>
  postings instanceof Uint8Array ? offsetsOf(term, postings) : []

const isWithin = (at: string, { since = '', until = '~' }: Seek): boolean => at >= since && at <= until

/** Where a call begins: its intent, or the one record that it left. */
const beginsCall = (kind: string): boolean =>
  kind === 'intent' || kind === 'refusal' || kind === 'replay' || kind === 'connection'

const hasTerm = (entry: string, term: number): boolean => {
  const record = parsedRecord(readEntry(entry)?.record ?? '')
  return record !== undefined && termsOf(record).includes(term)
}

/** The sequences that may have a term, newest first: of the part that is not indexed yet, then span by span. */
function* sequencesWith(database: DatabaseSync, term: number, seek: Seek, before: number): Iterable<number> {
  const indexed = Number(database.prepare('SELECT max(last) AS last FROM span').get()?.['last'] ?? 0)
  const tail = database.prepare(
    'SELECT sequence, entry FROM record WHERE sequence > ? AND sequence < ? ORDER BY sequence DESC',
  )
  for (const row of tail.iterate(indexed, before))
    if (hasTerm(String(row['entry']), term)) yield Number(row['sequence'])
  const spans = database.prepare(`
    SELECT span.first, posting.postings FROM span CROSS JOIN posting ON posting.span = span.first AND posting.bucket = ?
    WHERE span.first < ? AND span.last_at >= ? AND span.first_at <= ? ORDER BY span.first DESC`)
  for (const row of spans.iterate(bucketOf(term), before, seek.since ?? '', seek.until ?? '~')) {
    const first = Number(row['first'])
    for (const offset of offsetsIn(term, row['postings']).toReversed())
      if (first + offset < before) yield first + offset
  }
}

function* hitsWith(database: DatabaseSync, term: number, seek: Seek, before: number): Iterable<Hit> {
  const find = database.prepare('SELECT audit_id, at FROM record WHERE sequence = ?')
  for (const sequence of sequencesWith(database, term, seek, before)) {
    // It may have been pruned since its span was indexed.
    const row = find.get(sequence)
    if (row !== undefined && isWithin(String(row['at']), seek))
      yield { auditId: String(row['audit_id']), cursor: String(sequence) }
  }
}

/** Without a term: through the spans whose time fits. */
function* hitsByTime(database: DatabaseSync, seek: Seek, before: number): Iterable<Hit> {
  const spans = database
    .prepare('SELECT first, last FROM span WHERE first < ? AND last_at >= ? AND first_at <= ? ORDER BY first DESC')
    .all(before, seek.since ?? '', seek.until ?? '~')
    .map((row) => [Number(row['first']), Number(row['last'])] as const)
  const indexed = Number(database.prepare('SELECT max(last) AS last FROM span').get()?.['last'] ?? 0)
  const find = database.prepare(
    'SELECT sequence, audit_id, kind, at FROM record WHERE sequence BETWEEN ? AND ? ORDER BY sequence DESC',
  )
  for (const [first, last] of [[indexed + 1, Number.MAX_SAFE_INTEGER] as const, ...spans]) {
    for (const row of find.iterate(first, Math.min(last, before - 1))) {
      if (beginsCall(String(row['kind'])) && isWithin(String(row['at']), seek))
        yield { auditId: String(row['audit_id']), cursor: String(row['sequence']) }
    }
  }
}

const spanAt = (database: DatabaseSync, sequence: number): IndexedSpan | undefined => {
  const spans = 'SELECT first, last, first_at, last_at FROM span'
  const before = database.prepare(`${spans} WHERE first <= ? ORDER BY first DESC LIMIT 1`).get(sequence)
  const row =
    before !== undefined && Number(before['last']) >= sequence
      ? before
      : database.prepare(`${spans} WHERE first > ? ORDER BY first LIMIT 1`).get(sequence)
  if (row === undefined) return undefined
  const first = Number(row['first'])
  const rows = database.prepare('SELECT bucket, postings FROM posting WHERE span = ?').all(first)
  return {
    first,
    last: Number(row['last']),
    firstAt: String(row['first_at']),
    lastAt: String(row['last_at']),
    postings: new Map(
      rows.flatMap(({ bucket, postings }) =>
        postings instanceof Uint8Array ? [[Number(bucket), postings] as const] : [],
      ),
    ),
  }
}

const firstOf = <A>(limit: number, all: Iterable<A>): ReadonlyArray<A> => {
  const some: Array<A> = []
  for (const one of all) {
    if (some.length >= limit) break
    some.push(one)
  }
  return some
}

/**
 * Reads a ledger file beside a running proxy; it is opened for reading alone. Its calls block: for the command line, or a
 * thread of its own.
 */
export const openSqliteAuditReader = (directory: string): E.Either<LedgerUnreadable, AuditReader> => {
  const path = join(directory, ledgerFile)
  const attempt =
    <A>(read: () => A): TE.TaskEither<LedgerUnreadable, A> =>
    () =>
      Promise.resolve(E.tryCatch(read, (error) => unreadable(path, error)))
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    const format = formatOf(database)
    if (format !== currentFormat) {
      database.close()
      return E.left(
        unreadable(path, `it has format ${String(format)}, and this program reads format ${String(currentFormat)}`),
      )
    }
    return E.right({
      ledgerId: attempt(() => String(database.prepare('SELECT id FROM ledger').get()?.['id'])),
      streams: attempt(() => {
        const row = database
          .prepare('SELECT (SELECT min(sequence) FROM record) AS first, (SELECT max(sequence) FROM record) AS last')
          .get()
        return [{ stream, first: Number(row?.['first'] ?? 1), last: Number(row?.['last'] ?? 0) }]
      }),
      entries: (_stream, from, limit) =>
        attempt(() => entriesBy(database, 'WHERE sequence >= ? ORDER BY sequence LIMIT ?')(from, limit)),
      entriesOf: (auditIds) =>
        attempt(() => {
          const find = entriesBy(database, 'WHERE audit_id = ? ORDER BY sequence')
          return auditIds.flatMap((auditId) => find(auditId))
        }),
      seek: (seek) =>
        attempt(() => {
          const before = seek.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(seek.cursor)
          const hits =
            seek.term === undefined ? hitsByTime(database, seek, before) : hitsWith(database, seek.term, seek, before)
          return firstOf(seek.limit, hits)
        }),
      estimate: (term) =>
        attempt(() =>
          database
            .prepare(
              `SELECT posting.postings FROM (SELECT first FROM span ORDER BY first DESC LIMIT 64) AS recent
               CROSS JOIN posting ON posting.span = recent.first AND posting.bucket = ?`,
            )
            .all(bucketOf(term))
            .reduce((found, row) => found + offsetsIn(term, row['postings']).length, 0),
        ),
      checkpoints: (_stream, limit) =>
        attempt(() => entriesBy(database, "WHERE kind = 'checkpoint' ORDER BY sequence DESC LIMIT ?")(limit)),
      indexedSpan: (_stream, sequence) => attempt(() => spanAt(database, sequence)),
      close: () => {
        database.close()
        return Promise.resolve()
      },
    })
  } catch (error) {
    return E.left(unreadable(path, error))
  }
}
