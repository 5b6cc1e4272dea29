// Runs in a worker thread: SQLite's calls block, and the event loop that serves requests must not.
// Node's own type stripping runs this file from source in tests, so it imports no value of ours by a relative path.
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/** What the store passes on when it starts the worker. */
export interface WorkerSettings {
  readonly directory: string
  readonly ledgerFile: string
  readonly lockFile: string
  readonly schema: string
  readonly schemaVersion: number
  readonly writer: string
}

/** One record as a row; the rest of it is in the JSON text. */
export interface Row {
  readonly auditId: string
  readonly kind: string
  readonly at: string
  readonly outcome: string | null
  readonly record: string
}

export type ToWorker =
  | { readonly _tag: 'Open'; readonly now: string }
  | { readonly _tag: 'Commit'; readonly rows: ReadonlyArray<Row> }
  | { readonly _tag: 'Close' }

export type FromWorker =
  | { readonly _tag: 'Opened'; readonly settled: number }
  | { readonly _tag: 'Committed' }
  | { readonly _tag: 'Closed' }
  | { readonly _tag: 'Failed'; readonly message: string; readonly during: ToWorker['_tag'] }

const isSettings = (data: unknown): data is WorkerSettings =>
  typeof data === 'object' && data !== null && 'directory' in data && 'schemaVersion' in data

if (!isSettings(workerData)) throw new Error('the audit thread was started without its settings')
const settings = workerData

interface Ledger {
  readonly commit: (rows: ReadonlyArray<Row>) => void
  readonly close: () => void
}

let ledger: Ledger | undefined

const takeLock = (): DatabaseSync => {
  const path = join(settings.directory, settings.lockFile)
  const lock = new DatabaseSync(path, { timeout: 0 })
  chmodSync(path, 0o600)
  try {
    // The operating system frees the lock when the process ends, however it ends: no stale lock is possible.
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS lock (x); COMMIT;')
    return lock
  } catch (error) {
    lock.close()
    throw new Error(`another process writes to the audit directory ${settings.directory}`, { cause: error })
  }
}

const migrate = (database: DatabaseSync): void => {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version === settings.schemaVersion) return
  if (version !== 0) {
    throw new Error(
      `the ledger has format ${String(version)}, this program writes format ${String(settings.schemaVersion)}`,
    )
  }
  database.exec(`BEGIN IMMEDIATE; ${settings.schema} COMMIT;`)
}

/** We hold the lock, so every other writer has ended, and what it left open nobody will ever close. */
const settleAbandoned = (database: DatabaseSync, now: string): number => {
  const statement = database.prepare(`
    INSERT INTO record (writer, audit_id, kind, at, outcome, record)
    SELECT :writer, audit_id, 'outcome', :now, 'indeterminate',
      json_object('kind', 'outcome', 'auditId', audit_id, 'at', :now, 'outcome', 'indeterminate',
        'code', 'writerEnded', 'reason', 'the process that recorded the intent ended before it recorded an outcome')
    FROM record AS intent
    WHERE kind = 'intent' AND NOT EXISTS (
      SELECT 1 FROM record AS ended
      WHERE ended.audit_id = intent.audit_id AND ended.kind IN ('outcome', 'refusal', 'connection'))
    ORDER BY sequence`)
  return Number(statement.run({ writer: settings.writer, now }).changes)
}

const open = (now: string): number => {
  mkdirSync(settings.directory, { recursive: true, mode: 0o700 })
  const lock = takeLock()
  const path = join(settings.directory, settings.ledgerFile)
  // A backup or a curious operator may hold the file for a moment; the deadline of a record is longer than this wait.
  const database = new DatabaseSync(path, { timeout: 1_500 })
  chmodSync(path, 0o600)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;')
  migrate(database)
  const settled = settleAbandoned(database, now)

  // An end that is already there stays: the first one wins.
  const insert = database.prepare(`
    INSERT INTO record (writer, audit_id, kind, at, outcome, record) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (audit_id) WHERE kind IN ('outcome', 'refusal', 'connection', 'refusals') DO NOTHING`)
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')

  ledger = {
    commit: (rows) => {
      begin.run()
      try {
        for (const { at, auditId, kind, outcome, record } of rows) {
          insert.run(settings.writer, auditId, kind, at, outcome, record)
        }
        commit.run()
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK')
        throw error
      }
    },
    close: () => {
      database.close()
      lock.close()
    },
  }
  return settled
}

const handle = (message: ToWorker): FromWorker => {
  switch (message._tag) {
    case 'Open':
      return { _tag: 'Opened', settled: open(message.now) }
    case 'Commit':
      if (ledger === undefined) throw new Error('the ledger is not open')
      ledger.commit(message.rows)
      return { _tag: 'Committed' }
    case 'Close':
      ledger?.close()
      ledger = undefined
      return { _tag: 'Closed' }
  }
}

parentPort?.on('message', (message: ToWorker) => {
  const answer = ((): FromWorker => {
    try {
      return handle(message)
    } catch (error) {
      return {
        _tag: 'Failed',
        message: error instanceof Error ? error.message : String(error),
        during: message._tag,
      }
    }
  })()
  parentPort?.postMessage(answer)
  if (message._tag === 'Close') parentPort?.close()
})
