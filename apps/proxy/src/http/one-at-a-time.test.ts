import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../../test/until.js'
import { Conversations } from './conversations.js'
import { oneAtATime } from './one-at-a-time.js'

let stop: () => void = () => undefined
afterEach(() => stop())

/** A server that answers nothing by itself, and a client that has asked for /0, /1 and so on before any reply. */
const asked = async (count: number) => {
  const begun: Array<string> = []
  const waiting: Array<ServerResponse> = []
  const conversations = new Conversations()
  const answer = oneAtATime(({ request, response }) => {
    begun.push(request.url ?? '')
    waiting.push(response)
  })
  const server = createServer((request, response) => {
    const exchange = conversations.begin(request, response)
    if (exchange !== undefined) answer(exchange)
  }).listen(0, '127.0.0.1')
  stop = () => {
    server.close()
    server.closeAllConnections()
  }
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let text = ''
  client.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const requests = Array.from({ length: count }, (_, place) => `GET /${String(place)} HTTP/1.1\r\nHost: x\r\n\r\n`)
  client.write(requests.join(''))
  await until(() => Promise.resolve(begun.length > 0))
  return { begun, client, server, text: () => text, next: () => waiting.shift()?.end('well') }
}

describe('requests that come over one connection, ahead of their turn', () => {
  it('are begun one after the other, and all answered', async () => {
    const { begun, next, text } = await asked(3)
    for (const count of [1, 2, 3]) {
      await until(() => Promise.resolve(begun.length === count))
      await new Promise(setImmediate)
      expect(begun).toHaveLength(count)
      next()
    }
    await until(() => Promise.resolve(text().split('well').length === 4))
    expect(begun).toEqual(['/0', '/1', '/2'])
  })

  it('are not begun for a client that is gone', async () => {
    const { begun, client, server } = await asked(3)
    client.destroy()
    await until(() => new Promise<boolean>((resolve) => server.getConnections((_error, count) => resolve(count === 0))))
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(begun).toEqual(['/0'])
  })
})
