import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import type { AuditReader } from '../src/audit/audit-reader.js'
import type { IntentRecord, OutcomeRecord, RefusalRecord } from '../src/audit/audit-record.js'
import type { AuditStore } from '../src/audit/audit-store.js'
import { type BatchingSettings, batchingAuditStore } from '../src/audit/batching-audit-store.js'
import { readEntry } from '../src/audit/entry-chain.js'
import type { OpenedLedger, Spare } from '../src/audit/ledger-writer.js'

const at = '2026-11-23T12:00:00.000Z'

export const spare = (): Spare => ({ auditId: uuidv7(), at: new Date().toISOString() })

export const intent = (auditId: string = uuidv7()): IntentRecord => ({
  kind: 'intent',
  auditId,
  at,
  caller: { kind: 'application', issuer: 'i', objectId: 'o', keyId: 'k' },
  peer: '127.0.0.1',
  operation: 'createManagedEBookDeviceState',
  version: 'beta',
  ids: { managedEBookId: 'B1' },
  bodyBytes: 374,
  bodyDigest: 'x',
  fields: { deviceId: 'hmac-sha256:aaaaaaaa:x', installState: 'installed', userName: null },
  upstream: { kind: 'application', clientId: 'c' },
})

export const outcome = (auditId: string = uuidv7()): OutcomeRecord => ({
  kind: 'outcome',
  auditId,
  at,
  outcome: 'applied',
  createdId: 'x',
})

export const refusal = (auditId: string = uuidv7()): RefusalRecord => ({
  kind: 'refusal',
  auditId,
  at,
  code: 'malformedJson',
  status: 400,
  peer: '127.0.0.1',
  method: 'POST',
})

/** What the store told those around it. */
export interface Told {
  readonly alarms: Array<string>
  readonly infos: Array<string>
  readonly checkpoints: Array<string>
}

export const noneTold = (): Told => ({ alarms: [], infos: [], checkpoints: [] })

/** A store on a ledger that is open, with the clock and timers of this process. */
export const storeOn = (
  { writer }: OpenedLedger,
  told: Told = noneTold(),
  change: Partial<BatchingSettings> = {},
): AuditStore =>
  batchingAuditStore(
    {
      deadlineInMs: 2_000,
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
      alarm: (what) => told.alarms.push(what),
      info: (what) => told.infos.push(what),
      checkpoint: (note) => told.checkpoints.push(note),
      ...change,
    },
    writer,
  )

/** The records of a call, as they were given to the store. */
export const recordsOf = async (reader: AuditReader, auditId: string): Promise<ReadonlyArray<unknown>> => {
  const entries = await reader.entriesOf([auditId])()
  if (E.isLeft(entries)) throw new Error(entries.left.message)
  return entries.right.map(({ entry }): unknown => JSON.parse(readEntry(entry)?.record ?? 'null'))
}

/** Every record of a stream, in order. */
export const allRecords = async (reader: AuditReader, stream = 1): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const entries = await reader.entries(stream, 1, 1_000_000)()
  if (E.isLeft(entries)) throw new Error(entries.left.message)
  return entries.right.map(({ entry }): Record<string, unknown> => JSON.parse(readEntry(entry)?.record ?? 'null'))
}
