import type { Worker } from 'node:worker_threads'
import type { FromWorker, ToWorker } from './sqlite-audit-worker.js'

/**
 * Talks with the audit thread: one message, one answer, in order. When the thread is gone, every message has a failure
 * for its answer at once, and `ended` is told, unless it was asked to close.
 */
export const conversation = (
  worker: Worker,
  ended: (message: string) => void,
): ((message: ToWorker) => Promise<FromWorker>) => {
  let answered: ((answer: FromWorker) => void) | undefined
  let lastWords: FromWorker | undefined
  const settle = (answer: FromWorker): void => {
    const settleNow = answered
    answered = undefined
    settleNow?.(answer)
  }
  const die = (message: string): void => {
    if (lastWords !== undefined) return
    lastWords = { _tag: 'Failed', message, during: 'Commit' }
    settle(lastWords)
    ended(message)
  }
  worker.on('message', (answer: FromWorker) => {
    if (answer._tag === 'Closed') lastWords = answer
    settle(answer)
  })
  worker.on('error', (error: Error) => die(error.message))
  worker.on('exit', () => die('the audit thread ended'))
  return (message: ToWorker): Promise<FromWorker> =>
    new Promise((resolve) => {
      if (lastWords !== undefined) {
        resolve(lastWords)
        return
      }
      answered = resolve
      worker.postMessage(message)
    })
}
