// How many calls the ledger takes: an intent, and when it is durable its outcome, by so many callers at once, beside a loop
// that inserts the same texts in batches of as many rows into a bare table, with the same guarantees (WAL,
// synchronous=FULL), in the same run. `pnpm run bench` prints tables and writes them to ledger.md.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { v7 as uuidv7 } from 'uuid'
import { batchingAuditStore } from '../dist/audit/batching-audit-store.js'
import type { IntentRecord, OutcomeRecord } from '../dist/audit/audit-record.js'
import type { AuditStore } from '../dist/audit/audit-store.js'
import { openSqliteLedgerWriter } from '../dist/audit/sqlite-ledger-writer.js'

const pairs = Number(process.argv[2] ?? 60_000)

// Random enough, and cheap: what is measured is the ledger.
const pool = randomBytes(1_000_003).toString('base64url')
let turn = 0
const digest = (): string => {
  turn = (turn + 7_919) % 1_000_000
  return `hmac-sha256:0a1b2c3d:${pool.slice(turn, turn + 43)}`
}
const callers = Array.from({ length: 50 }, () => uuidv7())
const books = Array.from({ length: 500 }, () => uuidv7())

const intentOf = (auditId: string, n: number): IntentRecord => ({
  kind: 'intent',
  auditId,
  at: new Date().toISOString(),
  caller: {
    kind: 'user',
    issuer: 'https://login.microsoftonline.com/6f1c7e4a-1b1f-4a33-8f1d-1c9c0e3f5b11/v2.0',
    tenantId: '6f1c7e4a-1b1f-4a33-8f1d-1c9c0e3f5b11',
    objectId: callers[n % callers.length] ?? '',
    appId: '11111111-2222-4333-8444-555555555555',
    tokenId: 'AAAAAAAAAAAAAAAAAAAAAA',
    keyId: 'nOo3ZDrODXEK1jKWhXslHR_KXEg',
  },
  peer: '10.0.0.12',
  operation: 'createManagedEBookDeviceState',
  version: 'beta',
  ids: { managedEBookId: books[n % books.length] ?? '' },
  bodyBytes: 374,
  bodyDigest: digest(),
  fields: {
    '@odata.type': '#microsoft.graph.deviceInstallState',
    deviceName: digest(),
    deviceId: digest(),
    lastSyncDateTime: '2017-01-01T00:02:49.3205976-08:00',
    installState: 'installed',
    errorCode: digest(),
    osVersion: digest(),
    osDescription: digest(),
    userName: digest(),
  },
  upstream: { kind: 'application', clientId: '11111111-2222-4333-8444-555555555555' },
})

const outcomeOf = (auditId: string): OutcomeRecord => ({
  kind: 'outcome',
  auditId,
  at: new Date().toISOString(),
  outcome: 'applied',
  createdId: uuidv7(),
  graphStatus: 201,
  graphRequestId: uuidv7(),
  attempts: 1,
  durationInMs: 12.3,
})

const directories: Array<string> = []
const aDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'ledger-bench-'))
  directories.push(directory)
  return directory
}

interface Figures {
  readonly pairsASecond: number
  readonly p50: number
  readonly p99: number
  /** Of all threads, microseconds. */
  readonly cpuAPair: number
}

const quantile = (sorted: ReadonlyArray<number>, q: number): number => sorted[Math.floor((sorted.length - 1) * q)] ?? 0

const figuresOf = (
  latencies: ReadonlyArray<number>,
  count: number,
  elapsedInMs: number,
  { system, user }: NodeJS.CpuUsage,
): Figures => {
  const sorted = Float64Array.from(latencies).sort()
  const all = [...sorted]
  return {
    pairsASecond: (1_000 * count) / elapsedInMs,
    p50: quantile(all, 0.5),
    p99: quantile(all, 0.99),
    cpuAPair: (system + user) / count,
  }
}

const openStore = async (): Promise<AuditStore> => {
  const directory = aDirectory()
  const opened = await openSqliteLedgerWriter({
    directory,
    writer: uuidv7(),
    newLedgerId: uuidv7(),
    checkpointEveryRecords: 10_000,
    reserveInBytes: 0,
    digestKeys: ['0a1b2c3d'],
    spare: () => ({ auditId: uuidv7(), at: new Date().toISOString() }),
    ended: (message) => {
      throw new Error(message)
    },
  })
  if (opened._tag === 'Left') throw new Error(opened.left)
  return batchingAuditStore(
    {
      deadlineInMs: 10_000,
      mostWaiting: 10_000,
      checkpointEveryInMs: 60_000,
      now: () => new Date(),
      newId: uuidv7,
      monotonicNowInMs: () => performance.now(),
      after: (ms, then) => {
        const timer = setTimeout(then, ms)
        timer.unref()
        return () => clearTimeout(timer)
      },
      whenIdle: () => new Promise((resolve) => void setImmediate(resolve)),
      alarm: (what, detail) => process.stderr.write(`${what} ${JSON.stringify(detail)}\n`),
      info: () => undefined,
      checkpoint: () => undefined,
    },
    opened.right.writer,
  )
}

const ours = async (writers: number, count: number): Promise<Figures> => {
  const store = await openStore()
  const latencies: Array<number> = []
  let next = 0
  const append = async (record: IntentRecord | OutcomeRecord): Promise<void> => {
    const begun = performance.now()
    const result = await store.append(record)()
    if (result._tag === 'Left') throw new Error(JSON.stringify(result.left))
    latencies.push(performance.now() - begun)
  }
  const cpu = process.cpuUsage()
  const began = performance.now()
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < count) {
        const n = next++
        const auditId = uuidv7()
        await append(intentOf(auditId, n))
        await append(outcomeOf(auditId))
      }
    }),
  )
  const elapsed = performance.now() - began
  const used = process.cpuUsage(cpu)
  await store.close()
  return figuresOf(latencies, count, elapsed, used)
}

/** As many rows a transaction as there are writers, made beforehand: no queue, no thread, no chain, no index. */
const bare = (writers: number, count: number): Figures => {
  const database = new DatabaseSync(join(aDirectory(), 'bare.sqlite'))
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE record (sequence INTEGER PRIMARY KEY, entry TEXT NOT NULL) STRICT',
  )
  const insert = database.prepare('INSERT INTO record (entry) VALUES (?)')
  const rows = Array.from({ length: 1_000 }, (_, n) => {
    const auditId = uuidv7()
    return [JSON.stringify(intentOf(auditId, n)), JSON.stringify(outcomeOf(auditId))]
  }).flat()
  const latencies: Array<number> = []
  const cpu = process.cpuUsage()
  const began = performance.now()
  for (let written = 0; written < 2 * count; written += writers) {
    const begun = performance.now()
    database.exec('BEGIN IMMEDIATE')
    for (let row = 0; row < writers; row++) insert.run(rows[(written + row) % rows.length] ?? '')
    database.exec('COMMIT')
    latencies.push(performance.now() - begun)
  }
  const elapsed = performance.now() - began
  const used = process.cpuUsage(cpu)
  database.close()
  return figuresOf(latencies, count, elapsed, used)
}

try {
  for (const writers of (process.argv[3] ?? '1,64,512').split(',').map(Number)) {
    const count = writers === 1 ? Math.min(pairs, 5_000) : pairs
    const rival = bare(writers, count)
    const own = await ours(writers, count)
    const ratio = (own.pairsASecond / rival.pairsASecond).toFixed(2)
    process.stdout.write(
      `${String(writers)} ours ${JSON.stringify(own)} bare ${JSON.stringify(rival)} ratio ${ratio}\n`,
    )
  }
} finally {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
}
