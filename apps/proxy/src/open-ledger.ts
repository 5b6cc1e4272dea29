import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { batchingAuditStore } from './audit/batching-audit-store.js'
import type { AuditPorts, AuditStore } from './audit/index.js'
import { answerSeal } from './audit/node-answer-seal.js'
import { checkpointFile } from './audit/node-checkpoint-file.js'
import { digestKeyFile, digestRing, type DigestRing } from './audit/node-digest-ring.js'
import type { KeySource } from './audit/node-key-source.js'
import { ledgerFolder } from './audit/node-ledger-folder.js'
import { ledgerKeys } from './audit/node-ledger-keys.js'
import { signingKeyFile, signingRing } from './audit/node-signing-ring.js'
import type { OpenedLedger } from './audit/ledger-writer.js'
import { ledgerFile, lockFile, reserveFile } from './audit/sqlite-ledger-file.js'
import { openSqliteLedgerWriter } from './audit/sqlite-ledger-writer.js'
import { watchedLedger } from './audit/watched-ledger.js'
import type { Config } from './config/index.js'
import type { Metrics } from './telemetry/instruments.js'
import { ledgerMetrics } from './telemetry/ledger-metrics.js'
import type { Log } from './telemetry/pino-log.js'
import { newId } from './node-random.js'

/** The ledger, open for writing. */
export interface Ledger extends Pick<AuditPorts, 'digest' | 'digestsOf' | 'sealAnswer' | 'openAnswer'> {
  readonly store: AuditStore
  /** Intents of earlier processes, settled as indeterminate when it was opened. */
  readonly settled: number
}

type AuditConfig = Config['audit']

const now = (): Date => new Date()
const spare = () => ({ auditId: newId(), at: now().toISOString() })

const after = (ms: number, then: () => void): (() => void) => {
  const timer = setTimeout(then, ms)
  timer.unref()
  return () => clearTimeout(timer)
}

const whenIdle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** All that is ours in the ledger's folder. */
export const ourFiles: ReadonlyArray<string> = [
  ledgerFile,
  `${ledgerFile}-wal`,
  `${ledgerFile}-shm`,
  lockFile,
  reserveFile,
  digestKeyFile,
  signingKeyFile,
]

/** A key is made only for a ledger that does not exist yet: a new one in the place of a lost one would hide the loss. */
const digestKeysOf = ({ digestKeyFile: path, store }: AuditConfig): KeySource =>
  path === undefined && store.kind === 'sqlite'
    ? { kind: 'ownFile', folder: store.directory, mayBeMade: !existsSync(join(store.directory, ledgerFile)) }
    : { kind: 'given', path: path ?? '' }

/** Keys that were made for a ledger which is no longer there. */
const hasLostLedger = ({ digestKeyFile: path, store }: AuditConfig): boolean =>
  store.kind === 'sqlite' &&
  path === undefined &&
  existsSync(join(store.directory, digestKeyFile)) &&
  !existsSync(join(store.directory, ledgerFile))

/** How long after its intent a call that has no end may still be under way in some process. */
const settleAfterInMs = ({ upstream }: Config): number => upstream.deadlineInMs + 60_000

/** Told why the ledger cannot be opened yet; waits, and says whether to try again. */
type TryAgain = (message: string) => Promise<boolean>

interface WriterEvents {
  /** It can no more be written. */
  readonly ended: (message: string) => void
  /** Calls of other replicas were settled. */
  readonly settledLater: (count: number) => void
  readonly tryAgain: TryAgain
}

const openPostgres = async (
  url: string,
  config: Config,
  ring: DigestRing,
  { settledLater, tryAgain }: Omit<WriterEvents, 'ended'>,
): Promise<E.Either<string, OpenedLedger>> => {
  const signing = signingRing({ kind: 'given', path: config.audit.signingKeyFile ?? '' })
  if (E.isLeft(signing)) return signing
  // Where it is not asked for, it is not loaded.
  const { openPgLedgerWriter } = await import('./audit/pg-ledger-writer.js')
  return openPgLedgerWriter(
    {
      url,
      writer: newId(),
      checkpointEveryRecords: config.audit.checkpointEveryRecords,
      settleAfterInMs: settleAfterInMs(config),
      spare,
      monotonicNowInMs: () => performance.now(),
      settledLater,
      tryAgain,
    },
    ledgerKeys(signing.right, ring.names),
  )
}

const openWriter = (
  config: Config,
  ring: DigestRing,
  events: WriterEvents,
): Promise<E.Either<string, OpenedLedger>> => {
  const { checkpointEveryRecords, reserveInBytes, signingKeyFile: path, store } = config.audit
  return store.kind === 'postgres'
    ? openPostgres(store.url, config, ring, events)
    : openSqliteLedgerWriter({
        directory: store.directory,
        writer: newId(),
        newLedgerId: newId(),
        checkpointEveryRecords,
        reserveInBytes,
        signingKeyFile: path,
        digestKeys: ring.names,
        spare,
        ended: events.ended,
      })
}

/** The URL of a database may hold a password. */
const whereOf = ({ store }: AuditConfig) =>
  store.kind === 'sqlite' ? store : { kind: store.kind, host: new URL(store.url).host }

const tellOf = (config: AuditConfig, log: Pick<Log, 'alarm'>): void => {
  if (hasLostLedger(config))
    log.alarm('the audit directory has the keys of a ledger that is no longer there: a new one is begun')
  if (config.fields.personal === 'clear')
    log.alarm('AUDIT_PERSONAL_FIELDS is clear: names of people stand in the audit ledger as they are')
}

/**
 * Opens the ledger that is configured. Left tells why it cannot be. `ended` is told when it can no more be written; `tryAgain` is asked
 * while a database is away, which is not waited for without it.
 */
export const openLedger = async (
  whole: Config,
  log: Pick<Log, 'alarm' | 'info'>,
  metrics: Metrics,
  ended: (message: string) => void,
  tryAgain: TryAgain = () => Promise.resolve(false),
): Promise<E.Either<string, Ledger>> => {
  const config = whole.audit
  const folder = config.store.kind === 'sqlite' ? ledgerFolder(config.store.directory, ourFiles) : E.right(undefined)
  if (E.isLeft(folder)) return E.left(`The audit directory cannot be used: ${folder.left.join('; ')}`)
  tellOf(config, log)
  const ring = digestRing(digestKeysOf(config))
  if (E.isLeft(ring)) return E.left(`The keys of the audit ledger cannot be used: ${ring.left}`)
  const { alarm, info } = log
  const settledLater = (settled: number): void => {
    metrics.count('settled', {}, settled)
    alarm('calls of a replica that ended have no known outcome; they are settled as indeterminate', { settled })
  }
  const opened = await openWriter(whole, ring.right, { ended, settledLater, tryAgain })
  if (E.isLeft(opened)) return E.left(`The audit ledger cannot be opened: ${opened.left}`)
  info('the audit ledger is open', whereOf(config))
  const second =
    config.checkpointFile === undefined ? undefined : checkpointFile({ path: config.checkpointFile, now, alarm, info })
  const store = batchingAuditStore(
    {
      deadlineInMs: 2_000,
      mostWaiting: 10_000,
      checkpointEveryInMs: config.checkpointEveryInMs,
      ...(config.retentionInMs === undefined ? {} : { retentionInMs: config.retentionInMs }),
      now,
      newId,
      monotonicNowInMs: () => performance.now(),
      after,
      whenIdle,
      alarm,
      info,
      checkpoint: (note) => {
        info('checkpoint of the audit ledger', { checkpoint: note })
        second?.add(note)
      },
    },
    watchedLedger(opened.right.writer, () => performance.now(), ledgerMetrics(metrics)),
  )
  metrics.watch('auditQueue', () => store.queue().waiting, { state: 'waiting' })
  metrics.watch('auditQueue', () => store.queue().owed, { state: 'owed' })
  metrics.count('settled', {}, opened.right.settled)
  return E.right({
    store: {
      ...store,
      close: async () => {
        const closed = await store.close()
        await Promise.race([second?.close(), new Promise<void>((resolve) => void after(2_000, resolve))])
        return closed
      },
    },
    digest: ring.right.digest,
    digestsOf: ring.right.digestsOf,
    ...answerSeal(ring.right),
    settled: opened.right.settled,
  })
}
