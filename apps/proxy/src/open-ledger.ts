import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { batchingAuditStore } from './audit/batching-audit-store.js'
import type { AuditPorts, AuditStore } from './audit/index.js'
import { keyedDigestIn } from './audit/node-keyed-digest.js'
import { openSqliteLedgerWriter } from './audit/sqlite-ledger-writer.js'
import type { Config } from './config/index.js'
import type { Log } from './telemetry/pino-log.js'

/** The ledger, open for writing. */
export interface Ledger {
  readonly store: AuditStore
  readonly digest: AuditPorts['digest']
  /** Intents of earlier processes, settled as indeterminate when it was opened. */
  readonly settled: number
}

const now = (): Date => new Date()

const after = (ms: number, then: () => void): (() => void) => {
  const timer = setTimeout(then, ms)
  timer.unref()
  return () => clearTimeout(timer)
}

const whenIdle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Opens the ledger that is configured. Left tells why it cannot be. `ended` is told when it can no more be written. */
export const openLedger = async (
  config: Config,
  log: Log,
  ended: (message: string) => void,
): Promise<E.Either<string, Ledger>> => {
  const digest = keyedDigestIn(config.auditDirectory)
  if (E.isLeft(digest)) return E.left(`The audit directory cannot be used: ${digest.left}`)
  const opened = await openSqliteLedgerWriter({
    directory: config.auditDirectory,
    writer: uuidv7(),
    newLedgerId: uuidv7(),
    checkpointEveryRecords: 10_000,
    reserveInBytes: 64 * 1024 * 1024,
    digestKeys: ['interim'],
    spare: () => ({ auditId: uuidv7(), at: now().toISOString() }),
    ended,
  })
  if (E.isLeft(opened)) return E.left(`The audit ledger cannot be opened: ${opened.left}`)
  const store = batchingAuditStore(
    {
      deadlineInMs: 2_000,
      mostWaiting: 10_000,
      checkpointEveryInMs: 60_000,
      now,
      newId: uuidv7,
      monotonicNowInMs: () => performance.now(),
      after,
      whenIdle,
      alarm: log.alarm,
      info: log.info,
      checkpoint: (note) => log.info('checkpoint of the audit ledger', { note }),
    },
    opened.right.writer,
  )
  return E.right({ store, digest: digest.right, settled: opened.right.settled })
}
