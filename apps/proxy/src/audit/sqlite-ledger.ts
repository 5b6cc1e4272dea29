// SQLite's calls block, so all of this runs in a worker thread.
import { hash } from 'node:crypto'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import type { CheckpointRecord, LifecycleRecord } from './audit-record.js'
import type { KeyClaim, KeyHolder } from './audit-store.js'
import { genesisOf, type Head, originOf, readEntry, type Seat } from './entry-chain.js'
import { isOutcomeKind, parsedRecord } from './kept-record.js'
import type { LedgerKeys } from './ledger-keys.js'
import { claimLivesInMs, claimsForgotten, endOf, lifecycle, neverSent, rowOf, writerEnded } from './ledger-records.js'
import type { Batch, Checked, Committed, Pruned, Row, Spare, SparesToPrune } from './ledger-writer.js'
import { diskWatch } from './node-disk-watch.js'
import { fileWatch } from './node-file-watch.js'
import { currentFormat, ledgerFile, lockFile, openLedgerFile, reserveFile, takeLock } from './sqlite-ledger-file.js'
import { buckets } from './term-postings.js'
import { Draft, type KeptEntry, positionFrom, type StreamPosition, tailBeginsAt } from './stream-position.js'

export interface SqliteLedgerSettings {
  readonly directory: string
  /** Names this run of this process in every entry. */
  readonly writer: string
  /** What the ledger is called if it is new. */
  readonly newLedgerId: string
  readonly checkpointEveryRecords: number
  /** With less than this free on the disk, no new calls are taken. */
  readonly reserveInBytes: number
}

/** An open ledger. Its methods throw. */
export interface SqliteLedger {
  readonly settled: number
  readonly commit: (batch: Batch) => Committed
  readonly check: () => Checked
  readonly prune: (olderThan: string, spares: SparesToPrune) => Pruned
  readonly close: () => void
}

/** Throws when there are none; new ones are made only for a ledger that was never signed. */
type KeysFor = (ledger: { readonly wasSigned: boolean }) => LedgerKeys

/** A file has one stream. */
const stream = 1

const prunedAtOnce = 2_000

const sha256 = (text: string): string => hash('sha256', text, 'base64')

interface Transacted<A> {
  readonly result: A
  /** If one was written. */
  readonly checkpoint?: CheckpointRecord
}

const statementsOn = (database: DatabaseSync) => ({
  begin: database.prepare('BEGIN IMMEDIATE'),
  commit: database.prepare('COMMIT'),
  // An end that is already there stays: the first one wins.
  insert: database.prepare(`
    INSERT INTO record (sequence, audit_id, kind, at, outcome, entry, hash) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (audit_id, (kind = 'intent')) DO NOTHING`),
  end: database.prepare("SELECT outcome FROM record WHERE audit_id = ? AND (kind = 'intent') = 0"),
  intent: database.prepare("SELECT 1 FROM record WHERE audit_id = ? AND (kind = 'intent') = 1"),
  holder: database.prepare('SELECT audit_id, fingerprint, claimed_at, answer FROM claim WHERE key = ?'),
  take: database.prepare('INSERT OR REPLACE INTO claim (key, fingerprint, audit_id, claimed_at) VALUES (?, ?, ?, ?)'),
  keep: database.prepare('UPDATE claim SET answer = ? WHERE key = ? AND audit_id = ?'),
  free: database.prepare('DELETE FROM claim WHERE key = ? AND audit_id = ?'),
  forget: database.prepare(
    'DELETE FROM claim WHERE key IN (SELECT key FROM claim WHERE claimed_at < ? ORDER BY claimed_at LIMIT ?)',
  ),
  addSpan: database.prepare('INSERT INTO span (first, last, first_at, last_at) VALUES (?, ?, ?, ?)'),
  addPostings: database.prepare('INSERT INTO posting (span, bucket, postings) VALUES (?, ?, ?)'),
})

const lastCheckpoint = (database: DatabaseSync) => {
  const row = database
    .prepare("SELECT sequence, entry FROM record WHERE kind = 'checkpoint' ORDER BY sequence DESC LIMIT 1")
    .get()
  if (row === undefined) return undefined
  const sequence = Number(row['sequence'])
  const record = parsedRecord(readEntry(String(row['entry']))?.record ?? '')
  if (record?.kind !== 'checkpoint') throw changed(sequence)
  return { sequence, openFrom: record.openFrom }
}

const changed = (sequence: number): Error =>
  new Error(
    `record ${String(sequence)} is not what was written. Keep a copy of the folder, see what "device-install-state-audit verify" says of it, and start with another folder`,
  )

function* entriesFrom(database: DatabaseSync, sequence: number): Iterable<KeptEntry> {
  const rows = database.prepare('SELECT sequence, entry, hash FROM record WHERE sequence >= ? ORDER BY sequence')
  for (const row of rows.iterate(sequence))
    yield { sequence: Number(row['sequence']), entry: String(row['entry']), hash: String(row['hash']) }
}

const positionIn = (database: DatabaseSync, origin: string): StreamPosition => {
  const lastIndexed = Number(database.prepare('SELECT max(last) AS last FROM span').get()?.['last'] ?? 0)
  const from = tailBeginsAt(lastCheckpoint(database), lastIndexed)
  const position = positionFrom(sha256, genesisOf(sha256, origin), lastIndexed, entriesFrom(database, from))
  if (E.isLeft(position)) throw changed(position.left)
  return position.right
}

/** Half a surrogate pair, of which older programs let some through, has no canonical JSON. */
const wellFormed = (_name: string, value: unknown): unknown =>
  typeof value === 'string' ? value.toWellFormed() : value

/** What an unchained ledger holds, as the chain's first entries. */
const chainUp = (database: DatabaseSync, seat: Seat, origin: string): number => {
  const genesis = genesisOf(sha256, origin)
  const start = positionFrom(sha256, genesis, 0, [])
  if (E.isLeft(start)) return 0
  const draft = new Draft(sha256, seat, start.right)
  const { insert } = statementsOn(database)
  const old = database.prepare('SELECT record FROM unchained_record ORDER BY sequence')
  for (const row of old.iterate()) {
    const record = parsedRecord(JSON.stringify(JSON.parse(String(row['record']), wellFormed)))
    if (record === undefined) throw new Error('a record of the older format cannot be read')
    const sealed = draft.seal(rowOf(record))
    insert.run(sealed.sequence, sealed.auditId, sealed.kind, sealed.at, sealed.outcome, sealed.entry, sealed.hash)
    draft.add(sealed)
  }
  database.exec('DROP TABLE unchained_record')
  return draft.added.length
}

/**
 * Opens the ledger in a folder, or makes one. Whoever holds the folder's lock knows that every other writer has ended, and
 * that what they left open nobody will ever close: it is settled.
 */
export const openSqliteLedger = (
  settings: SqliteLedgerSettings,
  keysFor: KeysFor,
  spare: () => Spare,
): SqliteLedger => {
  const lock = takeLock(settings.directory)
  try {
    return ledgerUnder(lock, settings, keysFor, spare)
  } catch (error) {
    lock.close()
    throw error
  }
}

const ledgerUnder = (
  lock: DatabaseSync,
  settings: SqliteLedgerSettings,
  keysFor: KeysFor,
  spare: () => Spare,
): SqliteLedger => {
  const { checkpointEveryRecords, directory, newLedgerId, writer } = settings
  const seat: Seat = { stream, writer }
  const first: Array<LifecycleRecord> = []
  const open = (): DatabaseSync =>
    openLedgerFile(directory, (fresh, from) => {
      fresh.prepare('INSERT INTO ledger (id) VALUES (?)').run(newLedgerId)
      const records = chainUp(fresh, seat, originOf(newLedgerId, stream))
      if (from > 0) first.push(lifecycle('migrated', spare(), { from, to: currentFormat, records }))
    })
  const path = join(directory, ledgerFile)
  const disk = diskWatch(directory, join(directory, reserveFile), settings.reserveInBytes)
  const files = fileWatch([path, join(directory, lockFile), `${path}-wal`])
  let database = open()
  let statements = statementsOn(database)
  const origin = originOf(String(database.prepare('SELECT id FROM ledger').get()?.['id']), stream)
  let position = positionIn(database, origin)
  const keys = keysFor({ wasSigned: position.checkpoint !== undefined })
  /** Intents that were told to have failed, although the disk may have kept them. */
  let doubtful: ReadonlyArray<Row> = []
  /** Where the chain ends if the transaction that failed last is on the disk all the same. */
  let attempted: Head | undefined
  let mustOpenAnew = false

  const mustBeTheSame = (): void => {
    // Its log goes when SQLite closes the file, as it had to if it could not be opened anew.
    if (!database.isOpen) files.forgetLast()
    files.mustBeTheSame()
  }

  /** After an error of the disk, nothing that is remembered of the file is trusted. */
  const openAnew = (): void => {
    mustBeTheSame()
    if (database.isOpen) database.close()
    files.forgetLast()
    database = open()
    statements = statementsOn(database)
    const found = positionIn(database, origin)
    // We hold the lock: whatever else is there, nobody had the right to write.
    if (![position.head.hash, attempted?.hash].includes(found.head.hash)) throw changed(found.head.sequence)
    position = found
    attempted = undefined
    mustOpenAnew = false
  }

  const holderOf = (claim: KeyClaim, at: string): KeyHolder | undefined => {
    const expired = new Date(Date.parse(at) - claimLivesInMs).toISOString()
    for (const [form, { fingerprint, key }] of claim.forms.entries()) {
      const found = statements.holder.get(key)
      if (found === undefined || String(found['claimed_at']) < expired) continue
      const auditId = String(found['audit_id'])
      const { answer } = found
      const outcome = statements.end.get(auditId)?.['outcome']
      // Nothing came of it, so its key is free.
      if (outcome === 'notSent') continue
      return {
        auditId,
        form,
        isSameCall: found['fingerprint'] === fingerprint,
        outcome: isOutcomeKind(outcome) ? outcome : undefined,
        answer: typeof answer === 'string' ? answer : undefined,
      }
    }
    return undefined
  }

  const write = (draft: Draft, row: Row): boolean => {
    const sealed = draft.seal(row)
    const { at, auditId, entry, hash: entryHash, kind, outcome, sequence } = sealed
    if (Number(statements.insert.run(sequence, auditId, kind, at, outcome, entry, entryHash).changes) === 0) {
      if (kind === 'intent') throw new Error(`the call ${auditId} has an intent already`)
      return false
    }
    draft.add(sealed)
    return true
  }

  const keepKey = ({ at, auditId, claim, kept }: Row): void => {
    if (claim !== undefined) statements.take.run(claim.forms[0].key, claim.forms[0].fingerprint, auditId, at)
    if (kept?.answer !== undefined) statements.keep.run(kept.answer, kept.key, auditId)
    else if (kept !== undefined) statements.free.run(kept.key, auditId)
  }

  const closeSpan = (): void => {
    const { first: begin, last, postings, times } = position.span
    statements.addSpan.run(begin, last, ...times)
    for (const [bucket, bytes] of postings.entries()) statements.addPostings.run(begin, bucket, bytes)
  }

  const checkpointOf = (draft: Draft, { at, auditId }: Spare): CheckpointRecord => ({
    kind: 'checkpoint',
    auditId,
    at,
    note: keys.signCheckpoint({ origin, size: draft.head.sequence, head: draft.head.hash }),
    openFrom: draft.openFrom,
    digestKey: keys.digestKey,
    signedWith: keys.verifierKey,
  })

  /** All of it, or nothing. The position moves only when it is durable. */
  const transact = <A>(work: (draft: Draft) => Transacted<A>): A => {
    const draft = new Draft(sha256, seat, position)
    const isFull = position.span.isFull
    statements.begin.run()
    try {
      if (isFull) closeSpan()
      const { checkpoint, result } = work(draft)
      statements.commit.run()
      position = draft.moved(checkpoint, isFull)
      return result
    } catch (error) {
      mustOpenAnew = true
      attempted = draft.head
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  const writeBatch = ({ checkpoint: when, rows, spare: extra }: Batch, doubted: ReadonlyArray<Row>): Committed =>
    transact<Committed>((draft) => {
      const held: Array<readonly [number, KeyHolder]> = []
      for (const { auditId, claim } of doubted) {
        if (statements.intent.get(auditId) === undefined) continue
        const end = rowOf(endOf(auditId, extra.at, neverSent))
        const kept = claim && { key: claim.forms[0].key, answer: undefined }
        if (write(draft, end)) keepKey({ ...end, ...(kept === undefined ? {} : { kept }) })
      }
      for (const [place, row] of rows.entries()) {
        const holder = row.claim === undefined ? undefined : holderOf(row.claim, row.at)
        if (holder !== undefined) held.push([place, holder])
        else if (write(draft, row)) keepKey(row)
      }
      const due = when === 'now' ? 1 : checkpointEveryRecords
      const { uncovered } = draft
      if (uncovered < due) return { result: { _tag: 'Committed', held } }
      const checkpoint = checkpointOf(draft, extra)
      write(draft, rowOf(checkpoint))
      statements.forget.run(new Date(Date.parse(extra.at) - claimLivesInMs).toISOString(), claimsForgotten(uncovered))
      return { result: { _tag: 'Committed', held, checkpoint: checkpoint.note }, checkpoint }
    })

  const commit = (batch: Batch): Committed => {
    if (mustOpenAnew) openAnew()
    mustBeTheSame()
    const doubted = doubtful
    try {
      const committed = writeBatch(batch, doubted)
      doubtful = []
      mustBeTheSame()
      return committed
    } catch (error) {
      doubtful = [...doubted, ...batch.rows.filter(({ kind }) => kind === 'intent')]
      mustOpenAnew = true
      disk.release()
      throw error
    }
  }

  const settle = (): number => {
    const { at } = spare()
    const changes =
      position.checkpoint === undefined
        ? E.right([])
        : keys.changesSince(origin, position.checkpoint, position.checkpointAt - 1)
    if (E.isLeft(changes)) throw new Error(changes.left)
    return transact((draft) => {
      for (const record of first) write(draft, rowOf(record))
      for (const detail of changes.right) write(draft, rowOf(lifecycle('keyChanged', spare(), detail)))
      const left = [...position.open.keys()]
      for (const auditId of left) write(draft, rowOf(endOf(auditId, at, writerEnded)))
      return { result: left.length }
    })
  }

  /** The last checkpoint that is older, if everything before it has ended. */
  const boundary = (olderThan: string): number => {
    let last = 0
    const rows = database.prepare("SELECT sequence, at FROM record WHERE kind = 'checkpoint' ORDER BY sequence")
    for (const row of rows.iterate()) {
      if (String(row['at']) >= olderThan) break
      last = Number(row['sequence'])
    }
    for (const sequence of position.open.values()) return sequence < last ? 0 : last
    return last
  }

  const prune = (olderThan: string, [extra, toSign]: SparesToPrune): Pruned => {
    if (mustOpenAnew) openAnew()
    mustBeTheSame()
    const before = boundary(olderThan)
    const oldest = Number(database.prepare('SELECT min(sequence) AS oldest FROM record').get()?.['oldest'] ?? 0)
    if (before <= oldest) return { _tag: 'Pruned', records: 0, more: false }
    const upTo = Math.min(before, oldest + prunedAtOnce)
    const note = transact<string | undefined>((draft) => {
      const isNew = database.prepare('INSERT OR IGNORE INTO pruned (before) VALUES (?)').run(before).changes !== 0
      if (isNew) write(draft, rowOf(lifecycle('pruned', extra, { before, olderThan })))
      // Nobody who has not the key is to have made it up.
      const checkpoint = isNew ? checkpointOf(draft, toSign) : undefined
      if (checkpoint !== undefined) write(draft, rowOf(checkpoint))
      database.prepare('DELETE FROM record WHERE sequence < ?').run(upTo)
      const forget = database.prepare(
        'DELETE FROM posting WHERE bucket = ? AND span IN (SELECT first FROM span WHERE last < ?)',
      )
      for (let bucket = 0; bucket < buckets; bucket++) forget.run(bucket, upTo)
      database.prepare('DELETE FROM span WHERE last < ?').run(upTo)
      return checkpoint === undefined ? { result: undefined } : { result: checkpoint.note, checkpoint }
    })
    return {
      _tag: 'Pruned',
      records: upTo - oldest,
      more: upTo < before,
      ...(note === undefined ? {} : { checkpoint: note }),
    }
  }

  const settled = settle()
  mustBeTheSame()
  return {
    settled,
    commit,
    check: () => {
      mustBeTheSame()
      return disk.check()
    },
    prune,
    close: () => {
      if (database.isOpen) database.close()
      lock.close()
    },
  }
}
