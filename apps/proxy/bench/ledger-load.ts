// What the ledger is measured with: records as they are in production, stores that are opened as the proxy does.
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { v7 as uuidv7 } from 'uuid'
import type { IntentRecord, OutcomeRecord } from '../dist/audit/audit-record.js'
import type { AuditStore } from '../dist/audit/audit-store.js'
import { batchingAuditStore } from '../dist/audit/batching-audit-store.js'
import type { OpenedLedger } from '../dist/audit/ledger-writer.js'
import { ledgerKeys } from '../dist/audit/node-ledger-keys.js'
import { newSigningKey, parseSigningRing } from '../dist/audit/node-signing-ring.js'
import { openPgLedgerWriter } from '../dist/audit/pg-ledger-writer.js'
import { openSqliteLedgerWriter } from '../dist/audit/sqlite-ledger-writer.js'

// Random enough, and cheap: what is measured is the ledger.
const pool = randomBytes(1_000_003).toString('base64url')
let turn = 0
const word = (length: number): string => {
  turn = (turn + 7_919) % 1_000_000
  return pool.slice(turn, turn + length)
}
const digest = (): string => `hmac-sha256:0a1b2c3d:${word(43)}`

const guids = (count: number): ReadonlyArray<string> => Array.from({ length: count }, () => uuidv7())
export const callers = guids(50)
export const books = guids(500)
/** A device reports again and again. */
const devices = Array.from({ length: 100_000 }, digest)

export const intentOf = (auditId: string, n: number): IntentRecord => ({
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
    deviceId: devices[n % devices.length] ?? '',
    lastSyncDateTime: '2017-01-01T00:02:49.3205976-08:00',
    installState: 'installed',
    errorCode: digest(),
    osVersion: digest(),
    osDescription: digest(),
    userName: digest(),
  },
  upstream: { kind: 'application', clientId: '11111111-2222-4333-8444-555555555555' },
})

export const outcomeOf = (auditId: string): OutcomeRecord => ({
  kind: 'outcome',
  auditId,
  at: new Date().toISOString(),
  outcome: 'applied',
  createdId: word(36),
  graphStatus: 201,
  graphRequestId: word(36),
  attempts: 1,
  durationInMs: 12.3,
})

const spare = () => ({ auditId: uuidv7(), at: new Date().toISOString() })

const storeOn = ({ writer }: OpenedLedger): AuditStore =>
  batchingAuditStore(
    {
      deadlineInMs: 60_000,
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
    writer,
  )

const right = <A>(
  result: { readonly _tag: 'Left'; readonly left: unknown } | { readonly _tag: 'Right'; readonly right: A },
): A => {
  if (result._tag === 'Left') throw new Error(JSON.stringify(result.left))
  return result.right
}

export const sqliteStore = async (directory: string): Promise<AuditStore> =>
  storeOn(
    right(
      await openSqliteLedgerWriter({
        directory,
        writer: uuidv7(),
        newLedgerId: uuidv7(),
        checkpointEveryRecords: 10_000,
        reserveInBytes: 0,
        digestKeys: ['0a1b2c3d'],
        spare,
        ended: (message) => {
          throw new Error(message)
        },
      }),
    ),
  )

const signing = right(parseSigningRing({ path: 'signing', text: newSigningKey() }))

export const pgStore = async (url: string): Promise<AuditStore> =>
  storeOn(
    right(
      await openPgLedgerWriter(
        {
          url,
          writer: uuidv7(),
          checkpointEveryRecords: 10_000,
          settleAfterInMs: 3_600_000,
          deadlineInMs: 30_000,
          spare,
          monotonicNowInMs: () => performance.now(),
        },
        ledgerKeys(signing, ['0a1b2c3d']),
      ),
    ),
  )

export interface Figures {
  readonly pairsASecond: number
  /** Of one record, from its append to its being durable. */
  readonly p50InMs: number
  readonly p99InMs: number
  /** Of all threads of this process. */
  readonly cpuAPairInUs: number
}

const quantile = (sorted: Float64Array, q: number): number => sorted[Math.floor((sorted.length - 1) * q)] ?? 0

/** So many callers at once, each with an intent and, when that is durable, its outcome. */
export const load = async (store: AuditStore, writers: number, pairs: number): Promise<Figures> => {
  const latencies = new Float64Array(2 * pairs)
  let told = 0
  let next = 0
  const append = async (record: IntentRecord | OutcomeRecord): Promise<void> => {
    const begun = performance.now()
    right(await store.append(record)())
    latencies[told++] = performance.now() - begun
  }
  const cpu = process.cpuUsage()
  const began = performance.now()
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < pairs) {
        const n = next++
        const auditId = uuidv7()
        await append(intentOf(auditId, n))
        await append(outcomeOf(auditId))
      }
    }),
  )
  const elapsedInMs = performance.now() - began
  const { system, user } = process.cpuUsage(cpu)
  latencies.sort()
  return {
    pairsASecond: (1_000 * pairs) / elapsedInMs,
    p50InMs: quantile(latencies, 0.5),
    p99InMs: quantile(latencies, 0.99),
    cpuAPairInUs: (system + user) / pairs,
  }
}
