// Runs in a worker thread: SQLite's calls block, and the event loop that serves requests must not.
import { parentPort, workerData } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as TEither from 'fp-ts/lib/TaskEither.js'
import type { AuditReader, LedgerUnreadable } from './audit-reader.js'
import { openSqliteAuditReader } from './sqlite-audit-reader.js'
import type { FromReader, ToReader } from './sqlite-audit-reader-messages.js'

const isSettings = (data: unknown): data is { readonly directory: string } =>
  typeof data === 'object' && data !== null && 'directory' in data && typeof data.directory === 'string'

if (!isSettings(workerData)) throw new Error('the audit reader was started without its settings')
const { directory } = workerData

let reader: AuditReader | undefined

const opened = (): E.Either<LedgerUnreadable, AuditReader> => {
  if (reader !== undefined) return E.right(reader)
  const read = openSqliteAuditReader(directory)
  if (E.isRight(read)) reader = read.right
  return read
}

const read = (on: AuditReader, message: ToReader): TE.TaskEither<LedgerUnreadable, FromReader> => {
  switch (message._tag) {
    case 'LedgerId':
      return pipe(
        on.ledgerId,
        TEither.map((value) => ({ _tag: 'LedgerId', value })),
      )
    case 'Streams':
      return pipe(
        on.streams,
        TEither.map((value) => ({ _tag: 'Streams', value })),
      )
    case 'Entries':
      return pipe(
        on.entries(message.stream, message.from, message.limit),
        TEither.map((value) => ({ _tag: 'Entries', value })),
      )
    case 'EntriesOf':
      return pipe(
        on.entriesOf(message.auditIds),
        TEither.map((value) => ({ _tag: 'Entries', value })),
      )
    case 'Seek':
      return pipe(
        on.seek(message.seek),
        TEither.map((value) => ({ _tag: 'Hits', value })),
      )
    case 'Estimate':
      return pipe(
        on.estimate(message.term),
        TEither.map((value) => ({ _tag: 'Estimate', value })),
      )
    case 'Checkpoints':
      return pipe(
        on.checkpoints(message.stream, message.limit),
        TEither.map((value) => ({ _tag: 'Entries', value })),
      )
    case 'Close':
      return TEither.fromTask(async () => {
        await on.close()
        return { _tag: 'Closed' }
      })
  }
}

const answerTo = async (message: ToReader): Promise<FromReader> => {
  if (message._tag === 'Close' && reader === undefined) return { _tag: 'Closed' }
  const answer = await pipe(
    TEither.fromEither(opened()),
    TEither.chain((on) => read(on, message)),
  )()
  return E.isLeft(answer) ? answer.left : answer.right
}

// One after the other: the answers go back in the order of the questions.
let last: Promise<void> = Promise.resolve()

parentPort?.on('message', (message: ToReader) => {
  const before = last
  last = (async () => {
    await before
    parentPort?.postMessage(await answerTo(message))
    if (message._tag === 'Close') parentPort?.close()
  })()
})
