import { setImmediate as turn } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { AuditReader, LedgerUnreadable } from './audit-reader.js'
import { workerFrom } from './node-worker-from.js'
import { conversation } from './node-worker-conversation.js'
import type { FromReader, ToReader } from './sqlite-audit-reader-messages.js'

interface Thread {
  readonly ask: (message: ToReader) => Promise<FromReader>
  readonly end: () => Promise<void>
}

const longestGoodbyeInMs = 1_000

const begin = (directory: string, ended: () => void): Thread => {
  const worker = workerFrom(new URL('./sqlite-audit-reader-worker.js', import.meta.url), { directory }, 'audit reader')
  // It has nothing to lose, so it does not keep the process from ending.
  worker.unref()
  const ask: Thread['ask'] = conversation<FromReader>(worker, {
    isLast: ({ _tag }) => _tag === 'Closed',
    gone: (message) => ({ _tag: 'LedgerUnreadable', message }),
    ended,
  })
  return {
    ask,
    end: async () => {
      let goOn = (): void => undefined
      const longEnough = new Promise<void>((resolve) => {
        goOn = resolve
      })
      const timer = setTimeout(goOn, longestGoodbyeInMs)
      await Promise.race([ask({ _tag: 'Close' }), longEnough])
      clearTimeout(timer)
      await worker.terminate()
    },
  }
}

const unreadable = (answer: FromReader): LedgerUnreadable =>
  answer._tag === 'LedgerUnreadable'
    ? answer
    : { _tag: 'LedgerUnreadable', message: `the audit reader gave no answer to that: ${answer._tag}` }

/**
 * Reads a SQLite ledger in a thread of its own, so that no question keeps the event loop waiting. The thread is begun at the
 * first question, and anew should it have ended.
 */
export const threadedAuditReader = (directory: string): AuditReader => {
  let thread: Thread | undefined
  let lastTurn: Promise<unknown> = Promise.resolve()
  // Node hands over what a thread has sent for as long as there is more, and a search asks on at once: eight of them together
  // would keep all else waiting. So each answer has a turn of the event loop to itself.
  const ask = async (message: ToReader): Promise<FromReader> => {
    const answer = await askThread(message)
    const before = lastTurn
    const mine = (async () => {
      await before
      await turn()
    })()
    lastTurn = mine
    await mine
    return answer
  }
  const askThread = (message: ToReader): Promise<FromReader> => {
    thread ??= begin(directory, () => {
      thread = undefined
    })
    return thread.ask(message)
  }
  const asked =
    <Value>(
      message: ToReader,
      valueIn: (answer: FromReader) => { readonly value: Value } | undefined,
    ): TE.TaskEither<LedgerUnreadable, Value> =>
    async () => {
      const answer = await ask(message)
      const found = valueIn(answer)
      return found === undefined ? E.left(unreadable(answer)) : E.right(found.value)
    }
  const entriesIn = (answer: FromReader) => (answer._tag === 'Entries' ? answer : undefined)
  return {
    ledgerId: asked({ _tag: 'LedgerId' }, (answer) => (answer._tag === 'LedgerId' ? answer : undefined)),
    streams: asked({ _tag: 'Streams' }, (answer) => (answer._tag === 'Streams' ? answer : undefined)),
    entries: (stream, from, limit) => asked({ _tag: 'Entries', stream, from, limit }, entriesIn),
    entriesOf: (auditIds) => asked({ _tag: 'EntriesOf', auditIds }, entriesIn),
    seek: (seek) => asked({ _tag: 'Seek', seek }, (answer) => (answer._tag === 'Hits' ? answer : undefined)),
    estimate: (term) =>
      asked({ _tag: 'Estimate', term }, (answer) => (answer._tag === 'Estimate' ? answer : undefined)),
    checkpoints: (stream, limit) => asked({ _tag: 'Checkpoints', stream, limit }, entriesIn),
    close: async () => {
      await thread?.end()
      thread = undefined
    },
  }
}
