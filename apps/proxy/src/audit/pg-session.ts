import { readFileSync } from 'node:fs'
import { connectPg, type PgConnection, PgRefusal, type PgRow, type PgStatement } from './pg-connection.js'
import type { PgTarget } from './pg-target.js'

/** Of our own: a database may have others. */
export const schema = 'device_install_state_audit'

/** The namespace of the ledger's advisory locks, "disa": number 0 is for migrations, the others are streams. */
export const lockClass = 0x64_69_73_61

const migrations = ['0001-ledger.sql']

/** The format that this program writes: how many migrations the ledger has been through. */
export const currentFormat = migrations.length

const oldestServer = 150_000
const migrationMayTakeInMs = 60_000

/** A session with a ledger of today's format. */
export interface PgSession {
  readonly connection: PgConnection
  /** How long one thing may take that it is asked. */
  readonly deadlineInMs: number
  /** The process that serves it. A pooler may give us another one, which has none of our locks. */
  readonly pid: number
  readonly startedAt: string
  readonly ledgerId: string
  /** What the operator should look after. */
  readonly warning: string | undefined
}

const migration = (name: string): string =>
  readFileSync(new URL(`../../migrations/postgres/${name}`, import.meta.url), 'utf8')

/** Does the work of a transaction that nobody else knows of; its last statement commits. */
const inTransaction = async <A>(connection: PgConnection, work: () => Promise<A>): Promise<A> => {
  await connection.ask({ text: 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE' })
  try {
    const result = await work()
    await connection.ask({ text: 'COMMIT' })
    return result
  } catch (error) {
    if (connection.lost() === undefined) await connection.ask({ text: 'ROLLBACK' })
    throw error
  }
}

/** The format of the ledger in a database; 0 when there is none. */
export const formatIn = async (ask: PgConnection['ask']): Promise<number> => {
  const there = await ask({
    text: `SELECT FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace AS space ON space.oid = relnamespace
           WHERE nspname = '${schema}' AND relname = 'format'`,
  })
  if (there.length === 0) return 0
  const [row] = await ask({ text: `SELECT version FROM ${schema}.format` })
  return Number(row?.['version'])
}

const migrate = (connection: PgConnection): Promise<void> =>
  inTransaction(connection, async () => {
    await connection.ask({
      text: `SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`,
    })
    // Many may start at once on an empty database: the others find it done.
    await connection.ask({ text: 'SELECT pg_advisory_xact_lock($1, 0)', values: [lockClass] })
    for (const name of migrations.slice(await formatIn(connection.ask))) await connection.ask({ text: migration(name) })
  })

const mayNot = (error: unknown): unknown =>
  error instanceof PgRefusal && error.code === '42501'
    ? new PgRefusal(
        `${error.message}. The ledger is not there in today's format, and this role may not make it: have the owner of the database do so`,
      )
    : error

const todaysFormat = async (connection: PgConnection, mayMigrate: boolean): Promise<void> => {
  const found = await formatIn(connection.ask)
  if (found < currentFormat && !mayMigrate) throw new PgRefusal('the ledger is gone from the database')
  if (found < currentFormat)
    await migrate(connection.within(migrationMayTakeInMs)).catch((error: unknown) => {
      throw mayNot(error)
    })
  if (found > currentFormat)
    throw new PgRefusal(
      `the ledger has format ${String(found)}, and this program knows no format after ${String(currentFormat)}: a newer one wrote it`,
    )
}

/** For a session that writes. A server that cannot have one of the settings of the network goes without it. */
const settingsFor = (deadlineInMs: number): ReadonlyArray<PgStatement> =>
  Object.entries({
    // Before our own deadline: the server's word leaves no doubt.
    statement_timeout: Math.round(deadlineInMs * 0.8),
    idle_in_transaction_session_timeout: 2 * deadlineInMs,
    // The writer looks after its ledger each second. Frozen, or cut off, it is to lose its stream.
    idle_session_timeout: 15_000,
    search_path: 'pg_catalog, pg_temp',
    // Everything goes by an index. The planner's statistics of what grows at its end are always behind.
    enable_seqscan: 'off',
    enable_bitmapscan: 'off',
    enable_sort: 'off',
    jit: 'off',
    tcp_keepalives_idle: 1,
    tcp_keepalives_interval: 1,
    tcp_keepalives_count: 3,
    tcp_user_timeout: 3_000,
    client_connection_check_interval: 500,
  }).map(([name, value]) => ({ text: 'SELECT set_config($1, $2, false)', values: [name, String(value)] }))

const look: PgStatement = {
  text: `SELECT pid, backend_start::text AS started_at, current_setting('server_version_num')::integer AS version,
    current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS is_standby,
    current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS is_durable,
    CASE WHEN current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')
      THEN set_config('synchronous_commit', 'on', false) END
    FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
}

const unfit = (found: PgRow): PgRefusal | undefined => {
  if (Number(found['version']) < oldestServer) return new PgRefusal('the server is older than PostgreSQL 15')
  if (found['encoding'] !== 'UTF8') return new PgRefusal('the database is not encoded in UTF8')
  return found['is_standby'] === true
    ? new PgRefusal('the server is a standby, and takes no writes', '25006')
    : undefined
}

const warningOf = (found: PgRow, { isExposed }: PgTarget): string | undefined => {
  if (found['is_durable'] !== true)
    return 'the database of the audit ledger runs without fsync or full_page_writes: what it says is durable may be lost'
  return isExposed ? 'the audit ledger is written over a network without TLS' : undefined
}

/**
 * Connects, sees to it that commits are durable and that a lost connection is noticed on both ends, and migrates, unless it is
 * a session in place of another: what was there then is not to be made anew.
 */
export const openPgSession = async (
  target: PgTarget,
  deadlineInMs: number,
  mayMigrate: boolean,
): Promise<PgSession> => {
  const connection = await connectPg(target, deadlineInMs)
  try {
    await connection.together(settingsFor(deadlineInMs))
    const [found = {}] = await connection.ask(look)
    const why = unfit(found)
    if (why !== undefined) throw why
    await todaysFormat(connection, mayMigrate)
    const [ledger] = await connection.ask({ text: `SELECT id FROM ${schema}.ledger` })
    return {
      connection,
      deadlineInMs,
      pid: Number(found['pid']),
      startedAt: String(found['started_at']),
      ledgerId: String(ledger?.['id']),
      warning: warningOf(found, target),
    }
  } catch (error) {
    connection.drop('it cannot be used')
    throw error
  }
}
