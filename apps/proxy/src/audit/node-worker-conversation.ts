import type { Worker } from 'node:worker_threads'

export interface ConversationSettings<Answer> {
  /** After this answer the thread may go. */
  readonly isLast: (answer: Answer) => boolean
  /** The answer to every message when the thread is gone. */
  readonly gone: (message: string) => Answer
  /** Told once that the thread is gone, unless it was asked to go. */
  readonly ended: (message: string) => void
}

/** Talks with a thread: one message, one answer, in order. */
export const conversation = <Answer>(
  worker: Worker,
  { ended, gone, isLast }: ConversationSettings<Answer>,
): ((message: unknown) => Promise<Answer>) => {
  const asked: Array<(answer: Answer) => void> = []
  let lastWords: { readonly answer: Answer } | undefined
  const die = (message: string): void => {
    if (lastWords !== undefined) return
    const answer = gone(message)
    lastWords = { answer }
    for (const settle of asked.splice(0)) settle(answer)
    ended(message)
  }
  worker.on('message', (answer: Answer) => {
    if (isLast(answer)) lastWords = { answer }
    asked.shift()?.(answer)
  })
  worker.on('error', (error: Error) => die(error.message))
  worker.on('exit', () => die('the audit thread ended'))
  return (message) =>
    new Promise((resolve) => {
      if (lastWords !== undefined) {
        resolve(lastWords.answer)
        return
      }
      asked.push(resolve)
      worker.postMessage(message)
    })
}
