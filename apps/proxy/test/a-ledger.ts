import { hash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as fc from 'fast-check'
import { v7 as uuidv7 } from 'uuid'
import type { AuditReader, Seek, StoredEntry } from '../src/audit/audit-reader.js'
import type { AuditRecord } from '../src/audit/audit-record.js'
import { entryOf, genesisOf, type Head, originOf } from '../src/audit/entry-chain.js'
import { rowOf } from '../src/audit/ledger-records.js'
import type { Row } from '../src/audit/ledger-writer.js'
import { openSqliteLedger } from '../src/audit/sqlite-ledger.js'
import { spare } from './an-audit-store.js'

const sha256 = (text: string): string => hash('sha256', text, 'base64')

/** Writes records into a SQLite ledger in a folder, so many at a time. */
export const writeSqliteLedger = (directory: string, records: Iterable<AuditRecord>, together = 1_000): void => {
  const ledger = openSqliteLedger(
    { directory, writer: uuidv7(), newLedgerId: uuidv7(), checkpointEveryRecords: 10_000, reserveInBytes: 4_096 },
    () => ({
      digestKey: 'k',
      verifierKey: 'v',
      signCheckpoint: ({ head, origin, size }) => `${origin}\n${size}\n${head}\n\n— x y\n`,
      changesSince: () => E.right([]),
    }),
    spare,
  )
  let rows: Array<Row> = []
  const commit = (): void => {
    ledger.commit({ rows, checkpoint: 'whenDue', spare: spare() })
    rows = []
  }
  for (const record of records) {
    rows.push(rowOf(record))
    if (rows.length === together) commit()
  }
  if (rows.length > 0) commit()
  ledger.close()
}

/** A ledger that is kept in memory, read in the plainest way. */
export const memoryReader = (records: ReadonlyArray<AuditRecord>): AuditReader => {
  let head: Head = genesisOf(sha256, originOf(uuidv7(), 1))
  const kept = records.map((record): StoredEntry & { readonly terms: ReadonlyArray<number> } => {
    const row = rowOf(record)
    const entry = entryOf(head, { stream: 1, writer: uuidv7() }, row.record)
    head = { sequence: head.sequence + 1, hash: sha256(entry) }
    const { auditId, at, kind, outcome, terms } = row
    return { stream: 1, ...head, auditId, kind, at, outcome: outcome ?? undefined, entry, terms }
  })
  const begins = ({ kind }: StoredEntry): boolean => ['intent', 'refusal', 'replay', 'connection'].includes(kind)
  const isHit =
    ({ cursor, since = '', term, until = '~' }: Seek) =>
    (entry: (typeof kept)[number]): boolean =>
      (term === undefined ? begins(entry) : entry.terms.includes(term)) &&
      entry.at >= since &&
      entry.at <= until &&
      entry.sequence < Number(cursor ?? Number.POSITIVE_INFINITY)
  return {
    ledgerId: TE.right('memory'),
    streams: TE.right([{ stream: 1, first: 1, last: kept.length }]),
    entries: (_stream, from, limit) => TE.right(kept.filter(({ sequence }) => sequence >= from).slice(0, limit)),
    entriesOf: (auditIds) => TE.right(kept.filter(({ auditId }) => auditIds.includes(auditId))),
    seek: (seek) =>
      TE.right(
        kept
          .filter(isHit(seek))
          .toReversed()
          .slice(0, seek.limit)
          .map(({ auditId, sequence }) => ({ auditId, cursor: String(sequence) })),
      ),
    estimate: (term) => TE.right(kept.filter(({ terms }) => terms.includes(term)).length),
    checkpoints: () => TE.right(kept.filter(({ kind }) => kind === 'checkpoint').toReversed()),
    close: () => Promise.resolve(),
  }
}

/** What some digests stand for: the value by one of two keys. */
const digestBy = (key: number, field: string, value: string): string =>
  `hmac-sha256:0000000${key}:${hash('sha256', `${key} ${field} ${value}`, 'base64url')}`

/** Newest first. */
export const digestsOf = (field: string, value: string): ReadonlyArray<string> =>
  [1, 0].map((key) => digestBy(key, field, value))

const few = fc.nat({ max: 2 })

/** What happened, in small numbers, so that much of it is alike. */
export const somethingHappened = fc.record({
  what: fc.constantFrom(
    'call',
    'call',
    'call',
    'call',
    'call',
    'refusal',
    'validation',
    'replay',
    'connection',
    'lifecycle',
  ),
  caller: few,
  isUser: fc.boolean(),
  book: few,
  summary: fc.option(few),
  device: few,
  user: few,
  form: fc.nat({ max: 2 }),
  end: fc.constantFrom('applied', 'applied', 'refused', 'notSent', 'indeterminate', undefined),
  /** How many things happen before it ends. */
  endsAfter: fc.nat({ max: 5 }),
  lateInMs: fc.integer({ min: -60_000, max: 600_000 }),
  isSettled: fc.boolean(),
  passedInMs: fc.integer({ min: -5_000, max: 1_200_000 }),
  given: fc.boolean(),
})

type Happening = typeof somethingHappened extends fc.Arbitrary<infer A> ? A : never

const beginning = Date.parse('2026-11-01T00:00:00.000Z')
const settledAfterInMs = 40 * 86_400_000

const idOf = (index: number): string =>
  `${(0x0190_0000_0000 + index)
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')}-7000-8000-000000000000`

/** The records of what happened, in the order of a ledger. */
export const recordsOfHappenings = (happenings: ReadonlyArray<Happening>): ReadonlyArray<AuditRecord> => {
  let now = beginning
  const written: Array<readonly [place: number, record: AuditRecord]> = []
  for (const [index, happening] of happenings.entries()) {
    const { book, caller, device, end, endsAfter, form, given, isSettled, isUser, lateInMs, summary, user, what } =
      happening
    now += happening.passedInMs
    const auditId = idOf(index)
    const at = new Date(now).toISOString()
    const who = {
      kind: isUser ? ('user' as const) : ('application' as const),
      issuer: 'i',
      keyId: 'k',
      objectId: `o${caller}`,
      tenantId: `t${caller % 2}`,
      appId: `a${caller}`,
    }
    const asked = {
      caller: who,
      peer: `127.0.0.${book}`,
      ...(given ? { callerRequestId: `r${device}` } : {}),
      operation:
        summary === null ? ('createManagedEBookDeviceState' as const) : ('createUserStateSummaryDeviceState' as const),
      version: given ? 'beta' : 'v1.0',
      ids: { managedEBookId: `B${book}`, ...(summary === null ? {} : { userInstallStateSummaryId: `S${summary}` }) },
    }
    const kept = (field: string, value: string): string => (form === 2 ? value : digestBy(form, field, value))
    if (what === 'call') {
      written.push([
        index,
        {
          kind: 'intent',
          auditId,
          at,
          ...asked,
          bodyBytes: 1,
          bodyDigest: 'x',
          fields: {
            deviceId: kept('deviceId', `d${device}`),
            userName: given ? null : kept('userName', `u${user}`),
            installState: given ? 'failed' : 'installed',
          },
          upstream: { kind: 'application' },
        },
      ])
      const isLate = isSettled && (end === 'indeterminate' || end === 'notSent')
      const code = isLate ? (end === 'notSent' ? 'auditUnavailable' : 'writerEnded') : `c${book}`
      if (end !== undefined)
        written.push([
          index + endsAfter,
          {
            kind: 'outcome',
            auditId,
            at: new Date(now + (isLate ? settledAfterInMs : lateInMs)).toISOString(),
            outcome: end,
            ...(end === 'applied' ? { createdId: `n${device}` } : { code }),
            ...(isLate || end === 'notSent' ? {} : { graphRequestId: `g${user}`, graphStatus: 201 }),
          },
        ])
    } else if (what === 'refusal')
      written.push([
        index,
        {
          kind: 'refusal',
          auditId,
          at,
          code: `c${book}`,
          status: 400,
          method: 'POST',
          ...(given ? { peer: asked.peer } : asked),
        },
      ])
    else if (what === 'validation')
      written.push([
        index,
        { kind: 'refusal', auditId, at, code: 'validatedOnly', status: 200, method: 'POST', ...asked },
      ])
    else if (what === 'replay')
      written.push([index, { kind: 'replay', auditId, at, of: idOf(0), status: 201, ...asked }])
    else if (what === 'connection')
      written.push([index, { kind: 'connection', auditId, at, code: `c${book}`, reason: 'x', peer: asked.peer }])
    else written.push([index, { kind: 'lifecycle', auditId, at, event: 'started', detail: {} }])
  }
  return written.toSorted(([one], [other]) => one - other).map(([, record]) => record)
}
