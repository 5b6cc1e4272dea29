import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The file of the ledger inside the audit directory. */
export const ledgerFile = 'audit.sqlite'
/** Held exclusively by the one process that writes. */
export const lockFile = 'audit.lock.sqlite'
/** Room on the disk that is held back. */
export const reserveFile = 'audit.reserve'

const migrations = ['0001-records.sql', '0002-hash-chain.sql']

const migration = (name: string): string =>
  readFileSync(new URL(`../../migrations/sqlite/${name}`, import.meta.url), 'utf8')

/** The format of a ledger: how many migrations it has been through. */
export const formatOf = (database: DatabaseSync): number =>
  Number(database.prepare('PRAGMA user_version').get()?.['user_version'])

/** The format that this program writes. */
export const currentFormat = migrations.length

interface Made {
  readonly type: string
  readonly name: string
  readonly table: string
  readonly sql: string
}

/** Tables, their indexes, and views; without those that SQLite makes for itself. */
const madeIn = (database: DatabaseSync): ReadonlyArray<Made> =>
  database
    .prepare(
      `SELECT type, lower(name) AS name, lower(tbl_name) AS tbl_name, sql FROM sqlite_schema
       WHERE type <> 'trigger' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
    )
    .all()
    .map((row) => ({
      type: String(row['type']),
      name: String(row['name']),
      table: String(row['tbl_name']),
      sql: String(row['sql']),
    }))

let made: ReadonlyArray<Made> | undefined

/** As they are in a new ledger. */
const asMade = (): ReadonlyArray<Made> => {
  if (made !== undefined) return made
  const database = new DatabaseSync(':memory:')
  try {
    for (const name of migrations) database.exec(migration(name))
    made = madeIn(database).filter(({ table }) => table !== 'unchained_record')
    return made
  } finally {
    database.close()
  }
}

const isAsMade = (one: Made, expected: ReadonlyArray<Made>): boolean =>
  expected.some(({ name, sql, type }) => name === one.name && type === one.type && sql === one.sql)

/**
 * Where the tables of a ledger are not what the migrations make, or, when these are looked at, too, an index does not have what
 * is in its table. With another table in the place of ours, a record could be there twice, or be found and never be read in
 * order. Triggers are not looked at: they keep from mistakes, and prove nothing.
 */
export const faultsOfTables = (database: DatabaseSync, withIndexes: boolean): ReadonlyArray<string> => {
  const expected = asMade()
  const found = madeIn(database)
  const others = found.filter(
    (one) => expected.some(({ name, table }) => name === one.name || table === one.table) && !isAsMade(one, expected),
  )
  const gone = expected.filter((one) => one.type === 'table' && !found.some(({ name }) => name === one.name))
  const broken = withIndexes
    ? database
        .prepare('PRAGMA integrity_check(3)')
        .all()
        .map((row) => String(row['integrity_check']))
        .filter((text) => text !== 'ok')
    : []
  return [
    ...others.map(({ name, type }) => `the ${type} ${name} is not as this program makes it`),
    ...gone.map(({ name }) => `the table ${name} is not there`),
    ...broken.map((text) => `SQLite says of the file: ${text}`),
  ]
}

/** How `takeLock` says that it is held. The words pass through a thread, where the error itself cannot. */
export const heldByAnother = 'another process writes to the audit directory'

/** The operating system frees the lock when the process ends, however it ends: no stale lock is possible. */
export const takeLock = (directory: string): DatabaseSync => {
  const path = join(directory, lockFile)
  const lock = new DatabaseSync(path, { timeout: 0 })
  try {
    chmodSync(path, 0o600)
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS lock (x); COMMIT;')
    return lock
  } catch (error) {
    lock.close()
    throw isBusy(error)
      ? new Error(`${heldByAnother} ${directory}`, { cause: error })
      : new Error(`${path} cannot be locked: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        })
  }
}

const busy = 5

/** Its lower byte is what went wrong, the upper ones where. */
const isBusy = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  (error.errcode & 0xff) === busy

/**
 * Opens the file, or makes it, and brings it to today's format in one transaction. `migrated` is called in it, after the
 * last step, with the format that was found.
 */
export const openLedgerFile = (
  directory: string,
  migrated: (database: DatabaseSync, from: number) => void,
): DatabaseSync => {
  const path = join(directory, ledgerFile)
  // A backup or a curious operator may hold the file for a moment; the deadline of a record is longer than this wait.
  const database = new DatabaseSync(path, { timeout: 1_500 })
  try {
    chmodSync(path, 0o600)
    // 64 MiB of log: a page that many commits change is moved to its table once, not each time.
    database.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;
      PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 16000;`)
    const found = formatOf(database)
    if (found > currentFormat)
      throw new Error(
        `the ledger has format ${String(found)}, and this program knows no format after ${String(currentFormat)}: a newer one wrote it`,
      )
    if (found === currentFormat) return database
    database.exec('BEGIN IMMEDIATE')
    for (const name of migrations.slice(found)) database.exec(migration(name))
    migrated(database, found)
    database.exec(`PRAGMA user_version = ${String(currentFormat)}; COMMIT`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
