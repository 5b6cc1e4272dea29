import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { AuditReader, Hit, IndexedSpan, LedgerUnreadable, Seek, StoredEntry } from './audit-reader.js'
import { readEntry } from './entry-chain.js'
import { parsedRecord } from './kept-record.js'
import { termsOfKept } from './record-terms.js'
import { bucketOf, buckets, offsetsOf } from './term-postings.js'
import { currentFormat, faultsOfTables, formatOf, ledgerFile } from './sqlite-ledger-file.js'

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

const whyFormat = (format: number): string => {
  if (format === 0) return 'it is no audit ledger: name the folder that AUDIT_DIRECTORY names for the proxy'
  const formats = `it has format ${String(format)}, and this program reads format ${String(currentFormat)}`
  return format < currentFormat
    ? `${formats}: the next start of a proxy of this version brings it to that`
    : `${formats}: use the program of the version that wrote it`
}

const unreadable = (path: string, error: unknown): LedgerUnreadable => ({
  _tag: 'LedgerUnreadable',
  message: `${path}: ${error instanceof Error ? error.message : String(error)}`,
})

const offsetsIn = (term: number, postings: SQLOutputValue | undefined): ReadonlyArray<number> =>
  postings instanceof Uint8Array ? offsetsOf(term, postings) : []

const isWithin = (at: string, { since = '', until = '~' }: Seek): boolean => at >= since && at <= until

const statementsOn = (database: DatabaseSync) => ({
  ledger: database.prepare('SELECT id FROM ledger'),
  ends: database.prepare(
    'SELECT (SELECT min(sequence) FROM record) AS first, (SELECT max(sequence) FROM record) AS last',
  ),
  entries: entriesBy(database, 'WHERE sequence >= ? ORDER BY sequence LIMIT ?'),
  entriesOf: entriesBy(database, 'WHERE audit_id = ? ORDER BY sequence'),
  checkpoints: entriesBy(database, "WHERE kind = 'checkpoint' ORDER BY sequence DESC LIMIT ?"),
  lastIndexed: database.prepare('SELECT max(last) AS last FROM span'),
  after: database.prepare('SELECT sequence, entry FROM record WHERE sequence > ? ORDER BY sequence'),
  spansBetween: database.prepare(
    'SELECT min(first) AS first, max(first) AS last FROM span WHERE first < ? AND last_at >= ? AND first_at <= ?',
  ),
  // All of a bucket lies together.
  postings: database.prepare(
    'SELECT span AS first, postings FROM posting WHERE bucket = ? AND span BETWEEN ? AND ? ORDER BY span DESC',
  ),
  spans: database.prepare(
    'SELECT first, last FROM span WHERE first < ? AND last_at >= ? AND first_at <= ? ORDER BY first DESC',
  ),
  byPlace: database.prepare('SELECT audit_id, at FROM record WHERE sequence = ?'),
  // Where a call begins: its intent, or the one record that it left.
  beginnings: database.prepare(`
    SELECT sequence, audit_id FROM record
    WHERE sequence BETWEEN ? AND ? AND at >= ? AND at <= ? AND kind IN ('intent', 'refusal', 'replay', 'connection')
    ORDER BY sequence DESC`),
  recently: database.prepare(`
    SELECT posting.postings FROM (SELECT first FROM span ORDER BY first DESC LIMIT 64) AS recent
    CROSS JOIN posting ON posting.span = recent.first AND posting.bucket = ?`),
})

type Statements = ReturnType<typeof statementsOn>

/** The end of the ledger that is not indexed yet, remembered, so that each record of it is read once. */
class UnindexedTail {
  readonly #statements: Statements
  #indexed = 0
  #last = 0
  #sequencesOf = new Map<number, Array<number>>()

  constructor(statements: Statements) {
    this.#statements = statements
  }

  /** Reads what is new; gives the last sequence that is indexed. */
  catchUp(): number {
    const indexed = Number(this.#statements.lastIndexed.get()?.['last'] ?? 0)
    if (indexed !== this.#indexed) {
      this.#indexed = indexed
      this.#last = indexed
      this.#sequencesOf = new Map()
    }
    for (const row of this.#statements.after.iterate(this.#last)) {
      this.#last = Number(row['sequence'])
      const record = parsedRecord(readEntry(String(row['entry']))?.record ?? '')
      for (const term of record === undefined ? [] : new Set(termsOfKept(record))) {
        const sequences = this.#sequencesOf.get(term)
        if (sequences === undefined) this.#sequencesOf.set(term, [this.#last])
        else sequences.push(this.#last)
      }
    }
    return indexed
  }

  sequencesWith(term: number): ReadonlyArray<number> {
    return this.#sequencesOf.get(term) ?? []
  }
}

/** The sequences that may have a term, newest first: of the part that is not indexed yet, then span by span. */
function* sequencesWith(statements: Statements, tail: UnindexedTail, term: number, seek: Seek): Iterable<number> {
  const { since = '', until = '~' } = seek
  const before = beforeOf(seek)
  const indexed = tail.catchUp()
  for (const sequence of tail.sequencesWith(term).toReversed()) if (sequence < before) yield sequence
  // A span that is closed meanwhile has what the tail had.
  const { first: from, last: to } = statements.spansBetween.get(Math.min(before, indexed + 1), since, until) ?? {}
  if (typeof from !== 'number' || typeof to !== 'number') return
  for (const row of statements.postings.iterate(bucketOf(term), from, to)) {
    const first = Number(row['first'])
    for (const offset of offsetsIn(term, row['postings']).toReversed())
      if (first + offset < before) yield first + offset
  }
}

function* hitsWith(statements: Statements, tail: UnindexedTail, term: number, seek: Seek): Iterable<Hit> {
  for (const sequence of sequencesWith(statements, tail, term, seek)) {
    // It may have been pruned since its span was indexed.
    const row = statements.byPlace.get(sequence)
    if (row !== undefined && isWithin(String(row['at']), seek))
      yield { auditId: String(row['audit_id']), cursor: String(sequence) }
  }
}

/** Without a term: through the spans whose time fits. */
function* hitsByTime(statements: Statements, seek: Seek): Iterable<Hit> {
  const { since = '', until = '~' } = seek
  const before = beforeOf(seek)
  const indexed = Number(statements.lastIndexed.get()?.['last'] ?? 0)
  const spans = statements.spans
    .all(Math.min(before, indexed + 1), since, until)
    .map((row) => [Number(row['first']), Number(row['last'])] as const)
  for (const [first, last] of [[indexed + 1, Number.MAX_SAFE_INTEGER] as const, ...spans]) {
    for (const row of statements.beginnings.iterate(first, Math.min(last, before - 1), since, until))
      yield { auditId: String(row['audit_id']), cursor: String(row['sequence']) }
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
  const find = database.prepare('SELECT bucket, postings FROM posting WHERE bucket = ? AND span = ?')
  const rows = Array.from({ length: buckets }, (_, bucket) => find.get(bucket, first) ?? {})
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

const beforeOf = ({ cursor }: Seek): number => (cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor))

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
    if (!existsSync(path))
      return E.left(
        unreadable(path, 'is not there, or not to be seen by this user: is that the folder that the proxy writes to?'),
      )
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    const format = formatOf(database)
    if (format !== currentFormat) {
      database.close()
      return E.left(unreadable(path, whyFormat(format)))
    }
    const statements = statementsOn(database)
    const tail = new UnindexedTail(statements)
    return E.right({
      ledgerId: attempt(() => String(statements.ledger.get()?.['id'])),
      streams: attempt(() => {
        const row = statements.ends.get()
        return [{ stream, first: Number(row?.['first'] ?? 1), last: Number(row?.['last'] ?? 0) }]
      }),
      entries: (_stream, from, limit) => attempt(() => statements.entries(from, limit)),
      entriesOf: (auditIds) => attempt(() => auditIds.flatMap((auditId) => statements.entriesOf(auditId))),
      seek: (seek) =>
        attempt(() => {
          const { limit, term } = seek
          return firstOf(
            limit,
            term === undefined ? hitsByTime(statements, seek) : hitsWith(statements, tail, term, seek),
          )
        }),
      estimate: (term) =>
        attempt(() => {
          tail.catchUp()
          return statements.recently
            .all(bucketOf(term))
            .reduce((found, row) => found + offsetsIn(term, row['postings']).length, tail.sequencesWith(term).length)
        }),
      checkpoints: (_stream, limit) => attempt(() => statements.checkpoints(limit)),
      faultsOfTables: (withIndexes) => attempt(() => faultsOfTables(database, withIndexes)),
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
