// Runs in a worker thread: SQLite's calls block, and the event loop that serves requests must not.
import { parentPort, workerData } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import type { LedgerKeys } from './ledger-keys.js'
import { ledgerKeys } from './node-ledger-keys.js'
import { signingRing } from './node-signing-ring.js'
import { openSqliteLedger, type SqliteLedger } from './sqlite-ledger.js'
import type { FromWorker, ToWorker, WorkerSettings } from './sqlite-ledger-messages.js'

const isSettings = (data: unknown): data is WorkerSettings =>
  typeof data === 'object' && data !== null && 'directory' in data && 'digestKeys' in data

if (!isSettings(workerData)) throw new Error('the audit thread was started without its settings')
const settings = workerData

const keysFor = ({ wasSigned }: { readonly wasSigned: boolean }): LedgerKeys => {
  const { digestKeys, directory, signingKeyFile } = settings
  const ring = signingRing(
    signingKeyFile === undefined
      ? { kind: 'ownFile', folder: directory, mayBeMade: !wasSigned }
      : { kind: 'given', path: signingKeyFile },
  )
  if (E.isLeft(ring)) throw new Error(ring.left)
  return ledgerKeys(ring.right, digestKeys)
}

let ledger: SqliteLedger | undefined

const opened = (): SqliteLedger => {
  if (ledger === undefined) throw new Error('the ledger is not open')
  return ledger
}

const handle = (message: ToWorker): FromWorker => {
  switch (message._tag) {
    case 'Open': {
      const spares = [...message.spares]
      ledger = openSqliteLedger(settings, keysFor, () => {
        const spare = spares.pop()
        if (spare === undefined) throw new Error('there are more changes to put on record than were foreseen')
        return spare
      })
      return { _tag: 'Opened', settled: ledger.settled }
    }
    case 'Commit':
      return opened().commit(message.batch)
    case 'Check':
      return opened().check()
    case 'Prune':
      return opened().prune(message.olderThan, message.spares)
    case 'Close':
      ledger?.close()
      ledger = undefined
      return { _tag: 'Closed' }
  }
}

parentPort?.on('message', (message: ToWorker) => {
  const answer = ((): FromWorker => {
    try {
      return handle(message)
    } catch (error) {
      return { _tag: 'Failed', message: error instanceof Error ? error.message : String(error) }
    }
  })()
  parentPort?.postMessage(answer)
  if (message._tag === 'Close') parentPort?.close()
})
