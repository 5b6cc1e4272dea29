import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { conversation } from './node-worker-conversation.js'

interface Message {
  readonly _tag: string
  readonly message?: string
}

const settings = (ends: Array<string>) => ({
  isLast: ({ _tag }: Message) => _tag === 'Closed',
  gone: (message: string): Message => ({ _tag: 'Failed', message }),
  ended: (reason: string) => void ends.push(reason),
})

const threadThat = (does: string): Worker =>
  new Worker(
    `const { parentPort } = require('node:worker_threads'); parentPort.on('message', (message) => { ${does} })`,
    {
      eval: true,
    },
  )

describe('when the audit thread ends by itself', () => {
  it.each([
    ['process.exit(1)', 'the audit thread ended'],
    ['throw new Error("out of memory")', 'out of memory'],
  ])('(%s) the message it was at fails, and so does every later one', async (does, message) => {
    const ends: Array<string> = []
    const ask = conversation<Message>(threadThat(does), settings(ends))

    expect(await ask({ _tag: 'Commit' })).toEqual({ _tag: 'Failed', message })
    expect(await ask({ _tag: 'Close' })).toMatchObject({ _tag: 'Failed' })
    expect(ends).toEqual([message])
  })
})

describe('when the audit thread was asked to close', () => {
  it('nobody is alarmed', async () => {
    const ends: Array<string> = []
    const thread = threadThat("parentPort.postMessage({ _tag: 'Closed' }); parentPort.close()")
    const ask = conversation<Message>(thread, settings(ends))
    const exited = new Promise((resolve) => thread.on('exit', resolve))

    expect(await ask({ _tag: 'Close' })).toEqual({ _tag: 'Closed' })
    await exited
    expect(ends).toEqual([])
  })
})
