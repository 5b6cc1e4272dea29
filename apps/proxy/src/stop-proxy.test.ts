import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { listen } from './http/node-http-server.js'
import { stopProxy } from './stop-proxy.js'

it('a reply that does not come to an end holds up the stop for no longer than the grace and the last words', async () => {
  const server = createServer((_request, response) => response.write('A beginning.'))
  const client = connect(Number(new URL(await listen(server, { host: '127.0.0.1', port: 0 })).port), '127.0.0.1')
  client.on('error', () => undefined)
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(server, 'request')
  const stop = stopProxy(
    { delayInMs: 0, graceInMs: 10 },
    {
      server,
      phase: { stopping: false, draining: false },
      giveUpOnHalfSent: () => undefined,
      allHandled: () => Promise.resolve(),
      endCalls: () => Promise.resolve(),
      release: (result) => Promise.resolve(result),
    },
  )

  expect(await stop()).toBe('forced')
  client.destroy()
})
