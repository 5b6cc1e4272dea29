import { hash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { CheckpointRecord } from './audit-record.js'
import { genesisOf, originOf, readEntry } from './entry-chain.js'
import { parsedRecord } from './kept-record.js'
import { type PgConnection, PgRefusal, type PgRow, type PgStatement } from './pg-connection.js'
import { lockClass, type PgSession, schema } from './pg-session.js'
import {
  Draft,
  type KeptEntry,
  positionFrom,
  type SealedRow,
  type StreamPosition,
  tailBeginsAt,
} from './stream-position.js'
import { postingsIn } from './term-postings.js'

const readAtOnce = 2_000
const insertedAtOnce = 2_000
/** What is added to the deadline of a commit for each of its rows: a slow server is not a server that hangs. */
const graceOfRowInMs = 0.2

const sha256 = (text: string): string => hash('sha256', text, 'base64')

/** A stream that we hold the lock of, and where it ends. */
export interface Chain {
  readonly stream: number
  readonly origin: string
  position: StreamPosition
  /** Intents without end that another process wrote. */
  readonly strangers: Map<string, number>
}

/** Whether a transaction happened is not known: its connection was lost after it was told to commit. */
export class InDoubt extends PgRefusal {}

const pooled =
  'another session answers than the one that holds the lock of the stream: between us and the database is a pooler that pools by transaction, and the ledger needs whole sessions'

export const lockStream = async ({ connection, pid }: PgSession, stream: number): Promise<boolean> => {
  const [row] = await connection.ask({
    name: 'lock',
    text: 'SELECT pg_try_advisory_lock($1, $2) AS is_ours, pg_backend_pid() AS pid',
    values: [lockClass, stream],
  })
  if (Number(row?.['pid']) !== pid) throw new PgRefusal(pooled)
  return row?.['is_ours'] === true
}

export const unlockStream = async ({ connection }: PgSession, stream: number): Promise<void> => {
  if (connection.lost() !== undefined) return
  await connection.ask({
    name: 'unlock',
    text: 'SELECT pg_advisory_unlock($1, $2)',
    values: [lockClass, stream],
  })
}

/** Takes the first stream that nobody has, beginning with the one that is preferred, or a new one. */
export const takeStream = async (session: PgSession, preferred?: number): Promise<number> => {
  const { connection } = session
  const rows = await connection.ask({ text: `SELECT number FROM ${schema}.stream ORDER BY number` })
  const numbers = rows.map((row) => Number(row['number'])).filter((number) => number !== preferred)
  for (const number of preferred === undefined ? numbers : [preferred, ...numbers])
    if (await lockStream(session, number)) return number
  for (;;) {
    // Whoever makes the same one at once has it first, and this makes none.
    const [made] = await connection.ask({
      text: `INSERT INTO ${schema}.stream (number) SELECT coalesce(max(number), 0) + 1 FROM ${schema}.stream
             ON CONFLICT DO NOTHING RETURNING number`,
    })
    const number = Number(made?.['number'])
    if (made !== undefined && (await lockStream(session, number))) return number
  }
}

/**
 * Ends an earlier session of ours if it still holds its stream, as it may after the network was cut: it could commit yet
 * what we have been told nothing of.
 */
export const endSession = async (
  { connection }: PgSession,
  stream: number,
  former: Pick<PgSession, 'pid' | 'startedAt'>,
): Promise<void> => {
  await connection.ask({
    text: `SELECT pg_terminate_backend(pid, 500) FROM pg_locks JOIN pg_stat_activity USING (pid)
           WHERE locktype = 'advisory' AND classid = $1 AND objid = $2 AND objsubid = 2 AND granted
             AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND pid = $3 AND backend_start = $4::timestamptz`,
    values: [lockClass, stream, former.pid, former.startedAt],
  })
}

const changed = (stream: number, sequence: number): Error =>
  new Error(
    `record ${String(sequence)} of stream ${String(stream)} is not what was written. Keep a copy of the database, see what "device-install-state-audit verify" says of it, and start with another database`,
  )

const lastCheckpoint = async ({ connection }: PgSession, stream: number) => {
  const [row] = await connection.ask({
    text: `SELECT sequence, entry FROM ${schema}.record WHERE stream = $1 AND kind = 'checkpoint'
           ORDER BY sequence DESC LIMIT 1`,
    values: [stream],
  })
  if (row === undefined) return undefined
  const sequence = Number(row['sequence'])
  const record = parsedRecord(readEntry(String(row['entry']))?.record ?? '')
  if (record?.kind !== 'checkpoint') throw changed(stream, sequence)
  return { sequence, openFrom: record.openFrom }
}

const entryIn = (row: PgRow): KeptEntry => ({
  sequence: Number(row['sequence']),
  entry: String(row['entry']),
  hash: String(row['hash']),
})

const entriesFrom = async ({ connection }: PgSession, stream: number, from: number): Promise<Array<KeptEntry>> => {
  const entries: Array<KeptEntry> = []
  let next = from
  for (;;) {
    const rows = await connection.ask({
      text: `SELECT sequence, entry, hash FROM ${schema}.record WHERE stream = $1 AND sequence >= $2
             ORDER BY sequence LIMIT $3`,
      values: [stream, next, readAtOnce],
    })
    for (const row of rows) entries.push(entryIn(row))
    if (rows.length < readAtOnce) return entries
    next = (entries.at(-1)?.sequence ?? next) + 1
  }
}

/** Which of these calls have an end, in whatever stream. */
const endedOf = async ({ connection }: PgSession, auditIds: Iterable<string>): Promise<ReadonlyArray<string>> => {
  const ids = [...auditIds]
  if (ids.length === 0) return []
  const rows = await connection.ask({
    text: `SELECT audit_id FROM ${schema}.record WHERE audit_id = ANY($1::uuid[]) AND NOT (kind = 'intent')`,
    values: [ids],
  })
  return rows.map((row) => String(row['audit_id']))
}

/** Reads the end of a stream whose lock we hold. `writer` is this run of this process. */
export const readChain = async (session: PgSession, stream: number, writer: string): Promise<Chain> => {
  const { connection, ledgerId } = session
  const origin = originOf(ledgerId, stream)
  const [indexed] = await connection.ask({
    text: `SELECT max(last) AS last FROM ${schema}.span WHERE stream = $1`,
    values: [stream],
  })
  const lastIndexed = Number(indexed?.['last'] ?? 0)
  const from = tailBeginsAt(await lastCheckpoint(session, stream), lastIndexed)
  const entries = await entriesFrom(session, stream, from)
  const position = positionFrom(sha256, genesisOf(sha256, origin), lastIndexed, entries)
  if (E.isLeft(position)) throw changed(stream, position.left)
  // A process that lost this stream went on in another.
  for (const auditId of await endedOf(session, position.right.open.keys())) position.right.open.delete(auditId)
  const writers = new Map(entries.map(({ entry, sequence }) => [sequence, readEntry(entry)?.writer]))
  const strangers = new Map([...position.right.open].filter(([, sequence]) => writers.get(sequence) !== writer))
  return { stream, origin, position: position.right, strangers }
}

const insertOf = (added: ReadonlyArray<SealedRow>, pid: number, stream: number): PgStatement => ({
  name: 'append',
  // 1 / 0 unless the session is the one that holds the lock.
  text: `INSERT INTO ${schema}.record (stream, sequence, audit_id, kind, at, outcome, entry, hash, terms)
      SELECT $2, sequence, audit_id, kind, at, outcome, entry, hash, terms::bigint[]
      FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
        AS new (sequence, audit_id, kind, at, outcome, entry, hash, terms)
      WHERE 1 / (pg_backend_pid() = $1)::integer = 1`,
  values: [
    pid,
    stream,
    added.map(({ sequence }) => sequence),
    added.map(({ auditId }) => auditId),
    added.map(({ kind }) => kind),
    added.map(({ at }) => at),
    added.map(({ outcome }) => outcome),
    added.map(({ entry }) => entry),
    added.map((row) => row.hash),
    added.map(({ terms }) => `{${terms.join(',')}}`),
  ],
})

/** In parts, so that none takes as long as a statement may. */
const insertsOf = ({ added }: Draft, pid: number, stream: number): ReadonlyArray<PgStatement> =>
  Array.from({ length: Math.ceil(added.length / insertedAtOnce) }, (_, part) =>
    insertOf(added.slice(part * insertedAtOnce, (part + 1) * insertedAtOnce), pid, stream),
  )

type Posting = readonly [term: number, offset: number]

const byTerm = ([one, at]: Posting, [other, otherAt]: Posting): number => one - other || at - otherAt

/** What can be found by, of the records that are not indexed yet, for the tables `span` and `posting`. */
const indexOf = ({ span }: StreamPosition, stream: number): ReadonlyArray<PgStatement> => {
  const all = span.postings.flatMap((bytes, bucket) => {
    const postings = postingsIn(bucket, bytes)
    return postings.length === 0 ? [] : [{ bucket, postings: postings.toSorted(byTerm) }]
  })
  return [
    {
      name: 'span',
      text: `INSERT INTO ${schema}.span (stream, first, last, first_at, last_at) VALUES ($1, $2, $3, $4, $5)`,
      values: [stream, span.first, span.last, ...span.times],
    },
    {
      name: 'posting',
      text: `INSERT INTO ${schema}.posting (stream, bucket, first, terms, offsets)
        SELECT $1, bucket, $2, terms::bigint[], offsets::integer[]
        FROM unnest($3::integer[], $4::text[], $5::text[]) AS new (bucket, terms, offsets)`,
      values: [
        stream,
        span.first,
        all.map(({ bucket }) => bucket),
        all.map(({ postings }) => `{${postings.map(([term]) => term).join(',')}}`),
        all.map(({ postings }) => `{${postings.map(([, offset]) => offset).join(',')}}`),
      ],
    },
  ]
}

const begin: PgStatement = { text: 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE' }

const said = (reason: unknown): PgRefusal => {
  if (!(reason instanceof PgRefusal)) return new PgRefusal(String(reason))
  // The other session has not prepared our statements either.
  return reason.code === '22012' || reason.code === '26000' ? new PgRefusal(pooled, reason.code) : reason
}

const refusalIn = (answers: ReadonlyArray<PromiseSettledResult<unknown>>): PgRefusal | undefined => {
  for (const answer of answers) if (answer.status === 'rejected') return said(answer.reason)
  return undefined
}

const rollBack = async (connection: PgConnection): Promise<void> => {
  if (connection.lost() === undefined) await connection.ask({ text: 'ROLLBACK' })
}

const commitTogether = async (connection: PgConnection, statements: ReadonlyArray<PgStatement>): Promise<void> => {
  const answers = await connection.together([...statements, { text: 'COMMIT' }])
  const last = answers.at(-1)
  if (last?.status === 'fulfilled' && last.value.command === 'COMMIT') return
  const refusal = refusalIn(answers) ?? new PgRefusal('the transaction was not committed')
  // A transaction that failed answers COMMIT with ROLLBACK.
  if (last?.status === 'fulfilled') throw refusal
  connection.drop(refusal.message)
  throw new InDoubt(refusal.message, refusal.code)
}

const look = async (connection: PgConnection, looks: ReadonlyArray<PgStatement>) => {
  const answers = await connection.together([begin, ...looks])
  const refusal = refusalIn(answers)
  if (refusal !== undefined) {
    await rollBack(connection)
    throw refusal
  }
  return answers.slice(1).map((answer) => (answer.status === 'fulfilled' ? answer.value.rows : []))
}

interface Extension<A> {
  readonly result: A
  /** What else belongs to the transaction. */
  readonly statements?: ReadonlyArray<PgStatement>
  /** If one was added. */
  readonly checkpoint?: CheckpointRecord | undefined
}

/** Adds to a draft, given the answers to what was looked at. */
export type Make<A> = (draft: Draft, found: ReadonlyArray<ReadonlyArray<PgRow>>) => Extension<A>

/**
 * Extends a chain in one transaction: all of it, or nothing. One round trip; two, if something must be looked at first. The
 * chain's position moves only when it is durable. Rejects with `InDoubt` when it may be.
 */
export const extend = async <A>(
  { connection, deadlineInMs, pid }: PgSession,
  chain: Chain,
  writer: string,
  looks: ReadonlyArray<PgStatement>,
  make: Make<A>,
): Promise<A> => {
  const { stream } = chain
  const draft = new Draft(sha256, { stream, writer }, chain.position)
  const isFull = chain.position.span.isFull
  const found = looks.length === 0 ? [] : await look(connection, looks)
  try {
    const { checkpoint, result, statements = [] } = make(draft, found)
    const all = [
      ...(looks.length === 0 ? [begin] : []),
      ...(isFull ? indexOf(chain.position, stream) : []),
      ...insertsOf(draft, pid, stream),
      ...statements,
    ]
    if (all.length > 1 || looks.length > 0) {
      const graceInMs = Math.round(draft.added.length * graceOfRowInMs)
      await commitTogether(connection.within(deadlineInMs + graceInMs), all)
    }
    chain.position = draft.moved(checkpoint, isFull)
    return result
  } catch (error) {
    if (!(error instanceof PgRefusal)) await rollBack(connection)
    throw error
  }
}
