import { once } from 'node:events'
import { Agent, createServer as createHttpServer } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Conversations } from '../src/http/conversations.js'
import { closeServer, httpLimits, listen, nodeHttpServer } from '../src/http/node-http-server.js'
import { aProxyProcess, callOver, type Surroundings, surroundings, untilReady } from './a-proxy-process.js'
import { aRunningProxy, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'
import { skippedAloud } from './skipped-aloud.js'
import { until } from './until.js'

/** A connection that says what it is told to, and hears until it is closed. */
const aConnection = async (port: number) => {
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  socket.on('error', () => undefined)
  socket.on('end', () => socket.end())
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  await new Promise<void>((resolve) => {
    socket.on('connect', () => resolve())
    socket.on('close', () => resolve())
  })
  return {
    socket,
    closed,
    text: () => text,
    statuses: () => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status)),
    codes: () => [...text.matchAll(/"error":\{"code":"(\w+)"/g)].map(([, code]) => code),
  }
}

const newRecordsOf = (world: TestWorld) => {
  const before = world.records().length
  return async (count: number) => {
    await until(() => world.records().length >= before + count)
    return world.records().slice(before)
  }
}

describe('the limits of a connection', () => {
  it('are those that were decided', () => {
    expect(httpLimits).toEqual({
      headersTimeoutInMs: 10_000,
      requestTimeoutInMs: 30_000,
      checkEveryInMs: 1_000,
      keepAliveTimeoutInMs: 5_000,
      silenceTimeoutInMs: 180_000,
      handshakeTimeoutInMs: 10_000,
      mostHeaderBytes: 16_384,
      mostRequestsPerConnection: 1_000,
    })
  })
})

describe('CALLER_KEEP_ALIVE_SECONDS', () => {
  it.each([
    ['5 by default', {}, 'timeout=5'],
    ['more than a balancer in front keeps its connections', { CALLER_KEEP_ALIVE_SECONDS: '125' }, 'timeout=125'],
  ])('is how long connections are kept, and clients are told: %s', async (_, change, told) => {
    const world = await aRunningProxy(change)
    const reply = await rawExchange(world.port, requestText())
    await world.stop()

    expect(reply.headers).toMatchObject({ connection: 'keep-alive', 'keep-alive': told })
  })
})

describe('with limits that a test can wait for', () => {
  let world: TestWorld
  let authorization = ''
  beforeAll(async () => {
    world = await aRunningProxy(
      {},
      {
        limits: {
          ...httpLimits,
          headersTimeoutInMs: 300,
          requestTimeoutInMs: 600,
          checkEveryInMs: 20,
          keepAliveTimeoutInMs: 50,
          mostHeaderBytes: 8_192,
          mostRequestsPerConnection: 3,
        },
      },
    )
    authorization = `Bearer ${await world.token()}`
  })
  afterAll(() => world.stop())

  /** Writes the next byte whenever the one before is sent, so that the connection is never idle. */
  const drip = ({ socket }: { readonly socket: Socket }, bytes: (n: number) => string): void => {
    let n = 0
    const timer = setInterval(() => socket.write(bytes(n++)), 5)
    socket.on('close', () => clearInterval(timer))
  }

  it('a client that does not send its headers, or not all of them, is told 408, and is on record', async () => {
    const newRecords = newRecordsOf(world)
    const clients = [
      ['nothing', '', undefined],
      ['a byte now and then', 'POST /', () => 'x'],
      ['without end', 'POST / HTTP/1.1\r\nHost: x\r\n', (n: number) => `X-${String(n)}: 1\r\n`],
    ] as const
    const told = await Promise.all(
      clients.map(async ([what, begin, next]) => {
        const connection = await aConnection(world.port)
        connection.socket.write(begin)
        if (next !== undefined) drip(connection, next)
        await connection.closed
        return [what, connection.statuses(), connection.codes()]
      }),
    )

    expect(told).toEqual(clients.map(([what]) => [what, [408], ['requestTimeout']]))
    expect(await newRecords(3)).toMatchObject(
      clients.map(() => ({
        kind: 'connection',
        code: 'requestTimeout',
        reason: 'ERR_HTTP_REQUEST_TIMEOUT',
        peer: '127.0.0.1',
      })),
    )
  })

  it('headers that do not come are waited for less long than a body', async () => {
    const order: Array<string> = []
    const newRecords = newRecordsOf(world)
    const body = await aConnection(world.port)
    body.socket.write(requestText({ authorization, body: '' }).replace('Content-Length: 0', 'Content-Length: 9'))
    const headers = await aConnection(world.port)
    await Promise.all([body.closed.then(() => order.push('body')), headers.closed.then(() => order.push('headers'))])

    expect(order).toEqual(['headers', 'body'])
    expect((await newRecords(2)).map(({ kind }) => kind)).toEqual(['connection', 'refusal'])
  })

  it('a body that does not come to an end is told 408; that of a caller who was refused already has one reply, and one record', async () => {
    const newRecords = newRecordsOf(world)
    const told = await Promise.all(
      [authorization, undefined].map(async (sent) => {
        const connection = await aConnection(world.port)
        connection.socket.write(
          requestText({ authorization: sent, body: '' }).replace('Content-Length: 0', 'Content-Length: 30000'),
        )
        drip(connection, () => ' ')
        await connection.closed
        return [connection.statuses(), connection.codes()]
      }),
    )

    expect(told).toEqual([
      [[408], ['requestTimeout']],
      [[401], ['tokenMissing']],
    ])
    const records = await newRecords(2)
    expect(records).toHaveLength(2)
    expect(records).toMatchObject([
      { kind: 'refusal', code: 'tokenMissing' },
      { kind: 'refusal', code: 'requestTimeout', reason: 'timeout', caller: { kind: 'application' } },
    ])
  })

  it('a body that hides in the extensions of its chunks is refused, and is on record with the caller', async () => {
    const newRecords = newRecordsOf(world)
    const connection = await aConnection(world.port)
    const head = requestText({ authorization, body: '' }).replace('Content-Length: 0', 'Transfer-Encoding: chunked')
    connection.socket.write(`${head}1;${'x'.repeat(20_000)}`)
    await connection.closed

    expect(connection.statuses()).toEqual([400])
    expect(await newRecords(1)).toMatchObject([
      { kind: 'refusal', code: 'malformedRequest', caller: { kind: 'application' } },
    ])
  })

  it('headers of more bytes than may be are told 431, and are on record', async () => {
    const newRecords = newRecordsOf(world)

    expect(await rawExchange(world.port, requestText({ more: [`X: ${'x'.repeat(8_192)}`] }))).toMatchObject({
      status: 431,
      headers: { connection: 'close' },
      error: { code: 'headersTooLarge' },
    })
    expect(await newRecords(1)).toMatchObject([{ kind: 'connection', reason: 'HPE_HEADER_OVERFLOW' }])
  })

  it('a connection on which nothing more is asked is closed, and is not on record', async () => {
    const newRecords = newRecordsOf(world)
    const connection = await aConnection(world.port)
    connection.socket.write(requestText())
    await connection.closed
    await rawExchange(world.port, requestText({ target: '/the-next' }))

    expect(connection.statuses()).toEqual([401])
    // In whole seconds: by itself Node would wait for 5.
    expect(connection.text()).toMatch(/\r\nKeep-Alive: timeout=0\r\n/)
    expect((await newRecords(2)).map(({ code }) => code)).toEqual(['tokenMissing', 'routeNotFound'])
  })

  it('the last request that a connection may carry has its own timeout told', async () => {
    const newRecords = newRecordsOf(world)
    const connection = await aConnection(world.port)
    connection.socket.write(requestText().repeat(2))
    connection.socket.write(requestText({ authorization, body: '' }).replace('Content-Length: 0', 'Content-Length: 9'))
    await connection.closed

    expect(connection.statuses()).toEqual([401, 401, 408])
    expect(connection.text().match(/Connection: close/g)).toHaveLength(1)
    const records = await newRecords(3)
    expect(records.filter(({ code }) => code === 'tokenMissing')).toHaveLength(2)
    expect(records.filter(({ caller, code }) => code === 'requestTimeout' && caller !== undefined)).toHaveLength(1)
  })

  it('what comes behind it is neither answered nor carried out', async () => {
    const newRecords = newRecordsOf(world)
    const connection = await aConnection(world.port)
    connection.socket.write(requestText().repeat(3) + requestText({ authorization }) + '\0')
    await connection.closed
    await rawExchange(world.port, requestText({ target: '/the-next' }))

    expect(connection.statuses()).toEqual([401, 401, 401])
    expect((await newRecords(4)).map(({ code }) => code)).toEqual([
      'tokenMissing',
      'tokenMissing',
      'tokenMissing',
      'routeNotFound',
    ])
  })
})

describe('behind the last request of a connection', () => {
  it('nothing more is read while that is under way: a flood would be kept, request for request', async () => {
    const conversations = new Conversations(1)
    let kept = 0
    let reply = (): void => undefined
    const server = nodeHttpServer(
      (request, response) => {
        kept++
        if (conversations.begin(request, response) !== undefined) reply = () => response.end('the last')
      },
      conversations,
      () => {
        throw new Error('nothing of this is refused')
      },
    )
    const port = Number(new URL(await listen(server, { host: '127.0.0.1', port: 0 })).port)
    const connection = await aConnection(port)
    connection.socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(20_000))
    await until(() => kept > 1)
    // More rounds than it would take to read it all.
    for (let round = 0; round < 100; round++) await new Promise(setImmediate)
    const keptSoFar = kept
    reply()
    await connection.closed
    await closeServer(server)

    expect(keptSoFar).toBeLessThan(10_000)
    expect(connection.text()).toMatch(/the last$/)
  })
})

describe('a client that does not read its reply', () => {
  it('is not waited for without end', async () => {
    const server = nodeHttpServer(
      // More than the system keeps for anyone.
      (_request, response) => response.end(Buffer.alloc(64 * 1024 * 1024)),
      new Conversations(),
      () => {
        throw new Error('nothing of this is refused')
      },
      { limits: { ...httpLimits, silenceTimeoutInMs: 100 } },
    )
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const client = connect(Number(new URL(await listen(server, { host: '127.0.0.1', port: 0 })).port), '127.0.0.1')
    client.on('error', () => undefined).pause()
    client.write('GET / HTTP/1.1\r\n\r\n')
    await once(await accepted, 'close')
    client.destroy()
    await closeServer(server)

    expect(client.bytesRead).toBeLessThan(64 * 1024 * 1024)
  })
})

describe('a request for another protocol', () => {
  let world: TestWorld
  let authorization = ''
  beforeAll(async () => {
    world = await aRunningProxy()
    authorization = `Bearer ${await world.token()}`
  })
  afterAll(() => world.stop())

  it.each([
    ['h2c', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA']],
    ['websocket', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']],
    ['h2c, unsaid in Connection', ['Upgrade: h2c']],
  ])('(%s) is answered in this one, whole, and as the last', async (_what, more) => {
    const newRecords = newRecordsOf(world)
    const connection = await aConnection(world.port)
    connection.socket.write(requestText({ authorization, more }))
    connection.socket.write(requestText({ authorization }))
    await connection.closed

    expect(connection.statuses()).toEqual([201])
    expect(connection.text()).toMatch(/\r\nConnection: close\r\n/)
    expect(connection.text()).not.toMatch(/\r\nUpgrade:/i)
    expect((await newRecords(2)).map(({ kind }) => kind)).toEqual(['intent', 'outcome'])
  })

  it.each([
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HPE_PAUSED_H2_UPGRADE'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'HPE_INVALID_METHOD'],
  ])('(%s) is refused, and on record', async (_what, bytes, reason) => {
    const newRecords = newRecordsOf(world)

    expect(await rawExchange(world.port, bytes)).toMatchObject({
      status: 400,
      headers: { connection: 'close' },
    })
    expect(await newRecords(1)).toMatchObject([{ kind: 'connection', code: 'malformedRequest', reason }])
  })

  it('is none where a client connects and says nothing, as a balancer does: that is not on record', async () => {
    const newRecords = newRecordsOf(world)
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const connection = await aConnection(world.port)
      connection.socket[leave]()
      await connection.closed
    }
    await rawExchange(world.port, requestText())

    expect(await newRecords(1)).toMatchObject([{ code: 'tokenMissing' }])
  })
})

describe('when more connections are open than may be', () => {
  it('those that come are closed, on record and counted; the admin port answers; once others are gone, calls are served', async () => {
    const world = await aRunningProxy({ CALLER_MAX_CONNECTIONS: '300', AUDIT_UNAUTHENTICATED_PER_MINUTE: '5' })
    const authorization = `Bearer ${await world.token()}`
    const newRecords = newRecordsOf(world)
    const idle = await Promise.all(Array.from({ length: 300 }, () => aConnection(world.port)))
    const tooMany = await Promise.all(Array.from({ length: 20 }, () => aConnection(world.port)))
    await Promise.all(tooMany.map(({ closed }) => closed))
    expect(tooMany.map(({ text }) => text())).toEqual(tooMany.map(() => ''))
    expect((await fetch(`${world.adminUrl}/readyz`)).status).toBe(200)
    const records = await newRecords(6)

    expect(records.slice(0, 5)).toMatchObject(
      Array.from({ length: 5 }, () => ({
        kind: 'connection',
        code: 'tooManyConnections',
        reason: 'CALLER_MAX_CONNECTIONS',
        peer: '127.0.0.1',
      })),
    )
    expect(records.slice(5)).toMatchObject([{ kind: 'refusals', total: 15, counts: [{ code: 'tooManyConnections' }] }])
    idle[0]?.socket.destroy()
    let status = 0
    while (status !== 201)
      status = await rawExchange(world.port, requestText({ authorization })).then(
        (reply) => reply.status,
        () => 0,
      )
    for (const { socket } of idle) socket.destroy()
    await world.stop()
  })
})

describe('a proxy that cannot listen', () => {
  it('says why, in one line that names the address', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()))
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''

    await expect(aRunningProxy({ ADMIN_PORT: port })).rejects.toThrow(
      `The proxy cannot listen on 127.0.0.1:${port}: another process listens there (EADDRINUSE).`,
    )
    // TEST-NET-1, RFC 5737, and its like of IPv6, RFC 3849: nobody has these.
    await expect(listen(createHttpServer(), { host: '192.0.2.1', port: 0 })).rejects.toThrow(
      '192.0.2.1:0: this machine has no such address (EADDRNOTAVAIL)',
    )
    await expect(listen(createHttpServer(), { host: '2001:db8::1', port: 8080 })).rejects.toThrow(
      /^\[2001:db8::1\]:8080: (?:this machine has no such address|is it an address of this machine\?) \(E\w+\)$/,
    )
    taken.close()
  })
})

describe.skipIf(skippedAloud(process.platform !== 'win32', 'limits of a process: Windows has none'))(
  'a process that may have little',
  () => {
    let around: Surroundings
    beforeAll(async () => {
      around = await surroundings()
    })
    afterAll(() => around.stop())

    const aLimitedProxy = async (more: Readonly<Record<string, string>>, under: ReadonlyArray<string> = []) => {
      const directory = mkdtempSync(join(around.folder, 'ledger-'))
      const proxy = await aProxyProcess({ ...around.environment, AUDIT_DIRECTORY: directory, ...more }, under)
      await untilReady(proxy)
      return proxy
    }

    it('of files open at once sheds connections, and recovers', async () => {
      const proxy = await aLimitedProxy({}, ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'])
      const token = await around.token()
      const agent = new Agent({ keepAlive: true })
      expect(await callOver(agent, proxy, { token })).toMatchObject({ status: 201 })
      const flood = await Promise.all(Array.from({ length: 200 }, () => aConnection(proxy.port)))
      // It may not have so many open.
      await Promise.race(flood.map(({ closed }) => closed))
      const during = await callOver(agent, proxy, { token })
      for (const { socket } of flood) socket.destroy()
      await Promise.all(flood.map(({ closed }) => closed))
      const after = await callOver(agent, proxy, { token })

      expect(during === undefined || during.status === 201 || during.status === 503).toBe(true)
      expect(after).toMatchObject({ status: 201 })
      agent.destroy()
      expect(await proxy.stop()).toEqual({ code: 0, signal: null })
    })

    it('of memory holds out against a flood of bodies', async () => {
      const proxy = await aLimitedProxy({ NODE_OPTIONS: '--max-old-space-size=64' })
      const token = await around.token()
      const agent = new Agent({ keepAlive: true, maxSockets: 100 })
      const bodies = [`{"deviceName":"${'x'.repeat(32_000)}"}`, ' '.repeat(32_768), 'x'.repeat(40_000)]
      const told = await Promise.all(
        Array.from({ length: 600 }, (_, n) => callOver(agent, proxy, { token, body: bodies[n % bodies.length] ?? '' })),
      )
      const statuses = new Set(told.map((one) => one?.status))

      expect([...statuses].every((status) => [400, 413, 503, undefined].includes(status))).toBe(true)
      expect(await callOver(agent, proxy, { token })).toMatchObject({ status: 201 })
      agent.destroy()
      expect(await proxy.stop()).toEqual({ code: 0, signal: null })
    })
  },
)
