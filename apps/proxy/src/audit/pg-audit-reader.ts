import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { Pool, type PoolClient } from 'pg'
import type { AuditReader, Hit, LedgerUnreadable, Seek, StoredEntry } from './audit-reader.js'
import type { PgRow } from './pg-connection.js'
import { currentFormat, formatIn, schema } from './pg-session.js'
import { bucketOf } from './term-postings.js'
import { pgTarget } from './pg-target.js'

const columns = 'stream, sequence, audit_id, kind, at, outcome, entry, hash'
const mayTakeInMs = 30_000
const connectsWithinInMs = 5_000

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

type Ask = (text: string, ...values: ReadonlyArray<unknown>) => Promise<ReadonlyArray<PgRow>>

const storedEntry = (row: PgRow): StoredEntry => ({
  stream: Number(row['stream']),
  sequence: Number(row['sequence']),
  auditId: String(row['audit_id']),
  kind: String(row['kind']),
  at: String(row['at']),
  outcome: typeof row['outcome'] === 'string' ? row['outcome'] : undefined,
  entry: String(row['entry']),
  hash: String(row['hash']),
})

/** The order of what is found: by time, then by stream, then by sequence, newest first. */
interface Place {
  readonly at: string
  readonly stream: number
  readonly sequence: number
}

interface Found extends Place {
  readonly auditId: string
}

const foundIn = (row: PgRow): Found => ({
  at: String(row['at']),
  stream: Number(row['stream']),
  sequence: Number(row['sequence']),
  auditId: String(row['audit_id']),
})

/** Before everything. */
const newest: Place = { at: '~', stream: 0, sequence: 0 }

const cursorOf = ({ at, sequence, stream }: Place): string => `${at}/${String(stream)}/${String(sequence)}`

const placeOf = (cursor: string | undefined): Place => {
  const [, at, stream, sequence] = /^([\d:TZ.-]{24})\/(\d{1,9})\/(\d{1,16})$/.exec(cursor ?? '') ?? []
  return at === undefined ? newest : { at, stream: Number(stream), sequence: Number(sequence) }
}

const newestFirst = (one: Place, other: Place): number => {
  if (one.at !== other.at) return one.at < other.at ? 1 : -1
  return other.stream - one.stream || other.sequence - one.sequence
}

const within = `at >= $1 AND at <= $2 AND (at, record.stream, sequence) < ($3, $4::integer, $5::bigint)`
const order = `ORDER BY at DESC, record.stream DESC, sequence DESC LIMIT $6`

const boundsOf = ({ cursor, limit, since = '', until = '~' }: Seek): ReadonlyArray<unknown> => {
  const { at, sequence, stream } = placeOf(cursor)
  return [since, until, at, stream, sequence, limit]
}

const byTime = async (ask: Ask, seek: Seek): Promise<ReadonlyArray<Found>> =>
  (
    await ask(
      `SELECT at, record.stream, sequence, audit_id FROM ${schema}.record
       WHERE kind NOT IN ('outcome', 'lifecycle', 'checkpoint') AND ${within} ${order}`,
      ...boundsOf(seek),
    )
  ).map(foundIn)

/** Of the records that are not indexed yet. */
const inTails = async (ask: Ask, seek: Seek, term: number): Promise<ReadonlyArray<Found>> => {
  const tails = await ask(
    `SELECT number, coalesce((SELECT max(last) FROM ${schema}.span WHERE stream = number), 0) AS indexed
     FROM ${schema}.stream`,
  )
  const found: Array<Found> = []
  for (const tail of tails) {
    const rows = await ask(
      `SELECT at, record.stream, sequence, audit_id FROM ${schema}.record
       WHERE record.stream = $7 AND sequence > $8 AND $9::bigint = ANY(terms) AND ${within} ${order}`,
      ...boundsOf(seek),
      tail['number'],
      tail['indexed'],
      term,
    )
    found.push(...rows.map(foundIn))
  }
  return found.sort(newestFirst).slice(0, seek.limit)
}

const inSpans = async (
  ask: Ask,
  seek: Seek,
  term: number,
  spans: ReadonlyArray<PgRow>,
): Promise<ReadonlyArray<Found>> =>
  (
    await ask(
      // OFFSET 0 keeps the planner from another order than from spans to their postings to records.
      `SELECT at, record.stream, sequence, audit_id
       FROM unnest($7::integer[], $8::bigint[]) AS one (stream, first)
       CROSS JOIN LATERAL (
         SELECT offsets[place : place + cardinality(array_positions(terms, $10::bigint)) - 1] AS distances
         FROM ${schema}.posting, array_position(terms, $10::bigint) AS place
         WHERE posting.stream = one.stream AND bucket = $9 AND posting.first = one.first OFFSET 0) AS posted
       CROSS JOIN LATERAL unnest(distances) AS distance
       CROSS JOIN LATERAL (
         SELECT at, stream, sequence, audit_id FROM ${schema}.record
         WHERE record.stream = one.stream AND sequence = one.first + distance OFFSET 0) AS record
       WHERE ${within} ${order}`,
      ...boundsOf(seek),
      spans.map((row) => Number(row['stream'])),
      spans.map((row) => Number(row['first'])),
      bucketOf(term),
      term,
    )
  ).map(foundIn)

/**
 * Through the spans from the newest on, more of them at each step, until nothing that is left can be newer than what was
 * found. A common term is found in the first; a rare one costs a look at each.
 */
const byTerm = async (ask: Ask, seek: Seek, term: number): Promise<ReadonlyArray<Found>> => {
  const { limit, since = '', until = '~' } = seek
  const upTo = placeOf(seek.cursor).at
  let found = await inTails(ask, seek, term)
  let after: ReadonlyArray<unknown> = ['~', 0, 0]
  for (let step = 2; ; step *= 4) {
    const spans = await ask(
      `SELECT last_at, stream, first FROM ${schema}.span
       WHERE last_at >= $1 AND first_at <= $2 AND first_at <= $3 AND (last_at, stream, first) < ($4, $5::integer, $6::bigint)
       ORDER BY last_at DESC, stream DESC, first DESC LIMIT $7`,
      since,
      until,
      upTo,
      ...after,
      step,
    )
    const best = spans[0]
    const enough = found[limit - 1]
    if (best === undefined || (enough !== undefined && enough.at > String(best['last_at']))) return found
    found = [...found, ...(await inSpans(ask, seek, term, spans))].sort(newestFirst).slice(0, limit)
    const last = spans.at(-1)
    after = [last?.['last_at'], last?.['stream'], last?.['first']]
  }
}

// Records may be found that are in none of the streams that are told of. A step of the index for each stream.
const writtenStreams = `WITH RECURSIVE written (number) AS (
  (SELECT stream FROM ${schema}.record ORDER BY stream LIMIT 1)
  UNION ALL
  SELECT (SELECT stream FROM ${schema}.record WHERE stream > number ORDER BY stream LIMIT 1)
  FROM written WHERE number IS NOT NULL)`

// Else a record could be there twice, be found but not read in order, or not be the same for all who ask.
const isTableOfOurs = `SELECT relkind = 'r' AND NOT relhasrules AND NOT relrowsecurity AND NOT relhassubclass AND (
    SELECT array_agg(attname::text ORDER BY place)
    FROM pg_constraint, unnest(conkey) WITH ORDINALITY AS part (number, place), pg_attribute
    WHERE conrelid = pg_class.oid AND contype = 'p' AND attrelid = pg_class.oid AND attnum = part.number
  ) = ARRAY['stream', 'sequence'] AS is_ours
  FROM pg_class WHERE oid = '${schema}.record'::regclass`

const hit = (found: Found): Hit => ({ auditId: found.auditId, cursor: cursorOf(found) })

// Every question here goes by an index, in its order, row by row. A ledger grows at its end, where the planner's statistics
// are always behind: it would guess that there is next to nothing, and sort the rest of a stream for each page.
const settings = `SELECT ${Object.entries({
  statement_timeout: String(mayTakeInMs),
  search_path: 'pg_catalog, pg_temp',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_sort: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
})
  .map(([name, value]) => `set_config('${name}', '${value}', true)`)
  .join(', ')}`

/** Each question is a transaction of its own, which reads alone, and sees one state of the ledger. */
const asking = async <A>(pool: Pool, work: (ask: Ask) => Promise<A>): Promise<A> => {
  const client: PoolClient = await pool.connect()
  let isSpent = true
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query(settings)
    const result = await work(async (text, ...values) => (await client.query<PgRow>(text, [...values])).rows)
    await client.query('COMMIT')
    isSpent = false
    return result
  } finally {
    client.release(isSpent)
  }
}

/**
 * Reads a ledger in PostgreSQL beside its writers, over a few connections of its own. The role needs no more than SELECT.
 * Any pooler will do.
 */
export const openPgAuditReader = async (url: string): Promise<E.Either<LedgerUnreadable, AuditReader>> => {
  const unreadable = (message: string): LedgerUnreadable => ({ _tag: 'LedgerUnreadable', message })
  const target = pgTarget(url)
  if (E.isLeft(target)) return E.left(unreadable(`the URL of the database cannot be used: ${target.left}`))
  const { config, name } = target.right
  const pool = new Pool({
    ...config(),
    pipeline: false,
    max: 4,
    connectionTimeoutMillis: connectsWithinInMs,
    query_timeout: mayTakeInMs + 5_000,
    allowExitOnIdle: true,
  })
  // An idle connection that is lost is replaced by another.
  pool.on('error', () => undefined)
  const attempt =
    <A>(work: (ask: Ask) => Promise<A>): TE.TaskEither<LedgerUnreadable, A> =>
    async () => {
      try {
        return E.right(await asking(pool, work))
      } catch (error) {
        return E.left(unreadable(`PostgreSQL at ${name}: ${error instanceof Error ? error.message : String(error)}`))
      }
    }
  const format = await attempt((ask) => formatIn(({ text }) => ask(text)))()
  if (E.isLeft(format) || format.right !== currentFormat) {
    await pool.end()
    return E.isLeft(format)
      ? format
      : E.left(
          unreadable(
            format.right === 0
              ? `PostgreSQL at ${name}: there is no ledger`
              : `PostgreSQL at ${name}: the ledger has format ${String(format.right)}, and this program reads format ${String(currentFormat)}`,
          ),
        )
  }
  return E.right({
    ledgerId: attempt(async (ask) => String((await ask(`SELECT id FROM ${schema}.ledger`))[0]?.['id'])),
    streams: attempt(async (ask) =>
      (
        await ask(
          `${writtenStreams}
           SELECT number, (SELECT min(sequence) FROM ${schema}.record WHERE record.stream = number) AS first,
             (SELECT max(sequence) FROM ${schema}.record WHERE record.stream = number) AS last
           FROM (SELECT number FROM ${schema}.stream UNION SELECT number FROM written WHERE number IS NOT NULL) AS known
           ORDER BY number`,
        )
      ).map((row) => ({
        stream: Number(row['number']),
        first: Number(row['first'] ?? 1),
        last: Number(row['last'] ?? 0),
      })),
    ),
    entries: (stream, from, limit) =>
      attempt(async (ask) =>
        (
          await ask(
            `SELECT ${columns} FROM ${schema}.record WHERE stream = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3`,
            stream,
            from,
            limit,
          )
        ).map(storedEntry),
      ),
    entriesOf: (auditIds) =>
      attempt(async (ask) =>
        (
          await ask(
            // The intent is written before the end, in whatever stream.
            `SELECT ${columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS one (id, place)
             JOIN ${schema}.record ON audit_id = id ORDER BY place, (kind = 'intent') DESC`,
            auditIds.filter((id) => uuid.test(id)),
          )
        ).map(storedEntry),
      ),
    seek: (seek) =>
      attempt(async (ask) =>
        (seek.term === undefined ? await byTime(ask, seek) : await byTerm(ask, seek, seek.term)).map(hit),
      ),
    estimate: (term) =>
      attempt(async (ask) =>
        Number(
          (
            await ask(
              `SELECT sum(cardinality(array_positions(terms, $2::bigint))) AS found
               FROM (SELECT stream, first FROM ${schema}.span ORDER BY last_at DESC LIMIT 64) AS recent
               JOIN ${schema}.posting ON posting.stream = recent.stream AND bucket = $1 AND posting.first = recent.first`,
              bucketOf(term),
              term,
            )
          )[0]?.['found'] ?? 0,
        ),
      ),
    checkpoints: (stream, limit) =>
      attempt(async (ask) =>
        (
          await ask(
            `SELECT ${columns} FROM ${schema}.record WHERE stream = $1 AND kind = 'checkpoint'
             ORDER BY sequence DESC LIMIT $2`,
            stream,
            limit,
          )
        ).map(storedEntry),
      ),
    faultsOfTables: () =>
      attempt(async (ask) =>
        (await ask(isTableOfOurs))[0]?.['is_ours'] === true
          ? []
          : ['the table of records is not as this program makes it'],
      ),
    close: () => pool.end(),
  })
}
