import { createServer, type Server } from 'node:http'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { closeServer, listen } from '../http/node-http-server.js'
import { undiciBoundedFetch } from './undici-bounded-fetch.js'
import { undiciConnector } from './undici-connector.js'

let server: Server | undefined
const web = undiciBoundedFetch(undiciConnector({ timeoutInMs: 3_000, proxy: undefined }))
afterAll(web.close)
afterEach(async () => {
  if (server !== undefined) await closeServer(server)
})

const fetchFrom = async (answer: Parameters<typeof createServer>[1]) => {
  server = createServer(answer)
  return web.fetch(await listen(server, { host: '127.0.0.1', port: 0 }), { method: 'GET', headers: {} })
}

describe('a document of the identity provider', () => {
  it('is fetched whole', async () => {
    const response = await fetchFrom((_request, answered) => answered.end('{"a":1}'))

    expect(await response.json()).toEqual({ a: 1 })
  })

  it('that never ends is given up at 256 KiB', async () => {
    await expect(
      fetchFrom((_request, answered) => {
        const pour = (): unknown =>
          answered.write('x'.repeat(65_536)) ? setImmediate(pour) : answered.once('drain', pour)
        pour()
      }),
    ).rejects.toThrow('answered more than 256 KiB')
  })

  it('is not looked for where a redirect leads', async () => {
    await expect(
      fetchFrom((_request, answered) => {
        answered.writeHead(302, { Location: 'http://169.254.169.254/' }).end()
      }),
    ).rejects.toThrow('fetch failed')
  })
})
