import * as E from 'fp-ts/lib/Either.js'
import type { LedgerWriter, OpenedLedger, Spare, WriteFailed } from './ledger-writer.js'
import { workerFrom } from './node-worker-from.js'
import { conversation } from './node-worker-conversation.js'
import type { FromWorker, ToWorker, WorkerSettings } from './sqlite-ledger-messages.js'

export interface SqliteWriterSettings extends WorkerSettings {
  readonly spare: () => Spare
  /** Told that the thread is gone: nothing can be written any more, so the process should end and be started anew. */
  readonly ended: (message: string) => void
}

/** For what the opening of a ledger may have to put on record: a migration, and a change of each key. */
const sparesToOpen = 4

const failed = (answer: FromWorker): WriteFailed =>
  answer._tag === 'Failed'
    ? answer
    : { _tag: 'Failed', message: `the audit thread gave no answer to that: ${answer._tag}` }

const writerOn = (ask: (message: ToWorker) => Promise<FromWorker>): LedgerWriter => ({
  commit: async (batch) => {
    const answer = await ask({ _tag: 'Commit', batch })
    return answer._tag === 'Committed' ? answer : failed(answer)
  },
  check: async () => {
    const answer = await ask({ _tag: 'Check' })
    return answer._tag === 'Checked' ? answer : failed(answer)
  },
  prune: async (olderThan, spares) => {
    const answer = await ask({ _tag: 'Prune', olderThan, spares })
    return answer._tag === 'Pruned' ? answer : failed(answer)
  },
  close: async () => {
    await ask({ _tag: 'Close' })
  },
})

/**
 * The ledger in a SQLite file, written by a thread of its own: WAL, synchronous=FULL, so that a commit is on disk. One
 * process a folder; a second is refused. Left tells why it cannot be opened.
 */
export const openSqliteLedgerWriter = async ({
  ended,
  spare,
  ...settings
}: SqliteWriterSettings): Promise<E.Either<string, OpenedLedger>> => {
  const worker = workerFrom(new URL('./sqlite-ledger-worker.js', import.meta.url), settings, 'audit')
  const ask: (message: ToWorker) => Promise<FromWorker> = conversation<FromWorker>(worker, {
    isLast: ({ _tag }) => _tag === 'Closed',
    gone: (message) => ({ _tag: 'Failed', message }),
    ended,
  })
  const opened = await ask({ _tag: 'Open', spares: Array.from({ length: sparesToOpen }, spare) })
  if (opened._tag === 'Opened') return E.right({ writer: writerOn(ask), settled: opened.settled })
  worker.removeAllListeners()
  await worker.terminate()
  return E.left(failed(opened).message)
}
