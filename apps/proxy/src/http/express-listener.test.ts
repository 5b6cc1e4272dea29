import { describe, expect, it } from 'vitest'
import { rawExchange, requestText } from '../../test/a-running-proxy.js'
import { Conversations } from './conversations.js'
import { expressListener } from './express-listener.js'
import { closeServer, listen, nodeHttpServer } from './node-http-server.js'

describe('a mistake of our own', () => {
  it('is answered with 500 and the ids of the call, and is fatal', async () => {
    const conversations = new Conversations()
    const mistakes: Array<unknown> = []
    const listener = expressListener({
      handle: () => () => Promise.reject(new Error('a mistake')),
      conversations,
      newAuditId: () => '01900000-0000-7000-8000-000000000001',
      now: () => new Date('2026-11-23T12:00:00Z'),
      isStopping: () => false,
      isTrustedProxy: undefined,
      protectedResource: undefined,
      fatal: (error) => mistakes.push(error),
    })
    const server = nodeHttpServer(listener, conversations, () => {
      throw new Error('not expected')
    })
    const { port } = new URL(await listen(server, { host: '127.0.0.1', port: 0 }))

    expect(await rawExchange(Number(port), requestText())).toMatchObject({
      status: 500,
      headers: {
        'content-type': 'application/json',
        'audit-id': '01900000-0000-7000-8000-000000000001',
        'request-id': '01900000-0000-7000-8000-000000000001',
        connection: 'close',
      },
      error: { code: 'internalError', innerError: { outcome: 'indeterminate' } },
    })
    expect(mistakes).toEqual([new Error('a mistake')])
    await closeServer(server, conversations)
  })
})
