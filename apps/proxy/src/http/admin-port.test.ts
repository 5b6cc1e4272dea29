import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { openAdminPort } from './admin-port.js'
import { httpLimits } from './node-http-server.js'

it('the admin port has room for 64 connections, and closes what comes beyond that', async () => {
  const admin = await openAdminPort({
    where: { host: '127.0.0.1', port: 0 },
    limits: httpLimits,
    tls: undefined,
    refuse: () => ({
      reply: { status: 503, headers: {}, body: '', code: undefined, reason: undefined },
      recorded: Promise.resolve(),
    }),
    first: () => (_request, response) => void response.end('well'),
  })
  const port = Number(new URL(admin.url).port)
  const connected = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  const within = await Promise.all(Array.from({ length: 64 }, connected))
  const beyond = await connected()
  beyond.resume()
  await once(beyond, 'close')
  const [last] = within
  last?.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const [answer] = (await once(last as Socket, 'data')) as [Buffer]

  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /)
  for (const socket of within) socket.destroy()
  await admin.close()
})
