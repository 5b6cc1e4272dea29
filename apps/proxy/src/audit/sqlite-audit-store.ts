import { Worker } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import type { AuditRecord, LifecycleRecord } from './audit-record.js'
import type { AuditNotWritten, AuditStore } from './audit-store.js'
import { conversation } from './node-worker-conversation.js'
import { ledgerFile, lockFile, schema, schemaVersion } from './sqlite-schema.js'
import type { Row, ToWorker, FromWorker, WorkerSettings } from './sqlite-audit-worker.js'

export interface SqliteAuditSettings {
  readonly directory: string
  /** Names this run of this process in every record it writes. */
  readonly writer: string
  readonly deadlineInMs: number
  readonly mostWaiting: number
  readonly now: () => Date
  readonly newId: () => string
  /** Told what the operator must know at once. */
  readonly alarm: (what: string, detail: Readonly<Record<string, unknown>>) => void
  /** Told when it works again. */
  readonly info: (what: string, detail: Readonly<Record<string, unknown>>) => void
  /** Told that the thread is gone: nothing can be written any more, so the process should end and be started anew. */
  readonly ended: (message: string) => void
}

/** An open store, and how many intents of ended processes it settled as indeterminate when it opened. */
export interface OpenedStore {
  readonly store: AuditStore
  readonly settled: number
}

interface Waiting {
  readonly row: Row
  readonly settle: (result: E.Either<AuditNotWritten, void>) => void
}

const probeEveryInMs = 1_000

const rowOf = (record: AuditRecord): Row => ({
  auditId: record.auditId,
  kind: record.kind,
  at: record.at,
  outcome: record.kind === 'outcome' ? record.outcome : null,
  record: JSON.stringify(record),
})

// Tests run from source, where the worker is a TypeScript file that Node strips of its types by itself.
const workerUrl = new URL(`./sqlite-audit-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

const startWorker = (settings: SqliteAuditSettings): Worker => {
  const { directory, writer } = settings
  const workerData: WorkerSettings = { directory, writer, ledgerFile, lockFile, schema, schemaVersion }
  return new Worker(workerUrl, { workerData, name: 'audit' })
}

const storeOn = (settings: SqliteAuditSettings, ask: (message: ToWorker) => Promise<FromWorker>): AuditStore => {
  const { alarm, deadlineInMs, info, mostWaiting, newId, now } = settings
  let waiting: Array<Waiting> = []
  let owed: Array<AuditRecord> = []
  let committing: Promise<void> | undefined
  let flushing: Promise<void> | undefined
  let problem: string | undefined
  let failingSince: string | undefined
  let unrecorded = 0
  let probe: NodeJS.Timeout | undefined

  const fail = (message: string): void => {
    if (problem === undefined) alarm('the audit ledger cannot be written; calls are refused until it can', { message })
    problem = message
    failingSince ??= now().toISOString()
    probe ??= setTimeout(tryAgain, probeEveryInMs)
  }

  const gap = (since: string): LifecycleRecord => ({
    kind: 'lifecycle',
    event: 'gap',
    auditId: newId(),
    at: now().toISOString(),
    detail: { failingSince: since, owed: owed.length, unrecordedRefusals: unrecorded },
  })

  /** While the store fails, only this writes: what is owed, and a record that tells of the gap. */
  const tryAgain = (): void => {
    probe = undefined
    if (failingSince === undefined) return
    const owing = [...owed]
    const told = unrecorded
    void commit([...owing, gap(failingSince)].map(rowOf)).then((message) => {
      if (message !== undefined) {
        fail(message)
        return
      }
      owed = owed.slice(owing.length)
      unrecorded -= told
      info('the audit ledger can be written again', { written: owing.length + 1, unrecordedRefusals: told })
      problem = undefined
      failingSince = undefined
      // What came while this was written is owed still.
      if (owed.length > 0) fail('records are owed')
    })
  }

  const commit = async (rows: ReadonlyArray<Row>): Promise<string | undefined> => {
    while (committing !== undefined) await committing
    let message: string | undefined
    committing = ask({ _tag: 'Commit', rows }).then((answer) => {
      message = answer._tag === 'Failed' ? answer.message : undefined
      committing = undefined
    })
    await committing
    return message
  }

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const message = await commit(batch.map(({ row }) => row))
      if (message !== undefined) fail(message)
      const result: E.Either<AuditNotWritten, void> =
        message === undefined ? E.right(undefined) : E.left({ _tag: 'StoreFailed', cause: message })
      for (const { settle } of batch) settle(result)
      // Those who wait for this commit get to add to the next one before it begins.
      await new Promise(setImmediate)
    }
    flushing = undefined
  }

  /** A refusal is not owed, since nothing hangs on it, but that it is missing is told by the record of the gap. */
  const append = (record: AuditRecord) => async (): Promise<E.Either<AuditNotWritten, void>> => {
    const result = await tryToAppend(record)
    if (E.isLeft(result) && (record.kind === 'refusal' || record.kind === 'connection')) unrecorded++
    return result
  }

  const tryToAppend = (record: AuditRecord) =>
    new Promise<E.Either<AuditNotWritten, void>>((resolve) => {
      if (problem !== undefined) {
        resolve(E.left({ _tag: 'StoreFailing', cause: problem }))
        return
      }
      if (waiting.length >= mostWaiting) {
        resolve(E.left({ _tag: 'TooMuchWaiting' }))
        return
      }
      let late = false
      const timer = setTimeout(() => {
        late = true
        fail(`it did not take a record within ${String(deadlineInMs)} ms`)
        resolve(E.left({ _tag: 'TooSlow', deadlineInMs }))
      }, deadlineInMs)
      waiting.push({
        row: rowOf(record),
        settle: (result) => {
          clearTimeout(timer)
          if (late && E.isRight(result) && record.kind === 'intent') owe(neverSent(record.auditId))
          resolve(result)
        },
      })
      flushing ??= new Promise(setImmediate).then(flush)
    })

  /** For an intent that got to the disk after its caller had been told that nothing would be sent. */
  const neverSent = (auditId: string): AuditRecord => ({
    kind: 'outcome',
    auditId,
    at: now().toISOString(),
    outcome: 'notSent',
    code: 'auditUnavailable',
    reason: 'the intent was written after its deadline; nothing was sent',
  })

  const owe = (record: AuditRecord): void => {
    owed.push(record)
    probe ??= setTimeout(tryAgain, problem === undefined ? 0 : probeEveryInMs)
    if (problem === undefined) fail('a record is owed')
  }

  const close = async (): Promise<{ readonly isClosed: boolean; readonly lost: ReadonlyArray<AuditRecord> }> => {
    clearTimeout(probe)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), 2 * deadlineInMs)
    })
    const closed = await Promise.race([writeAndClose(), late])
    clearTimeout(timer)
    return closed === 'late' ? { isClosed: false, lost: owed } : { isClosed: true, lost: closed }
  }

  const writeAndClose = async (): Promise<ReadonlyArray<AuditRecord>> => {
    await flushing
    const lost = owed.length > 0 && (await commit(owed.map(rowOf))) !== undefined ? owed : []
    while (committing !== undefined) await committing
    await ask({ _tag: 'Close' })
    return lost
  }

  return { append, owe, problem: () => problem, close }
}

/**
 * The ledger in a SQLite file, written by a thread of its own: WAL, synchronous=FULL, so that a commit is on disk.
 * Whatever waits when a commit ends shares the next one. One process a directory; a second is refused. Opening settles
 * the intents that ended processes left without outcome.
 */
export const openSqliteAuditStore = async (settings: SqliteAuditSettings): Promise<E.Either<string, OpenedStore>> => {
  const worker = startWorker(settings)
  const ask = conversation(worker, settings.ended)
  const opened = await ask({ _tag: 'Open', now: settings.now().toISOString() })
  if (opened._tag === 'Opened') return E.right({ store: storeOn(settings, ask), settled: opened.settled })
  worker.removeAllListeners()
  await worker.terminate()
  return E.left(opened._tag === 'Failed' ? opened.message : 'the audit thread gave no answer')
}
