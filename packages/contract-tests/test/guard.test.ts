import { type EventEmitter, once } from 'node:events'
import { Agent, createServer as createHttpServer, get, request, type Server } from 'node:http'
import { request as requestTls } from 'node:https'
import { connect, createServer, type LookupFunction, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { http, passthrough } from 'msw'
import { setupServer } from 'msw/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { guardTraffic, type TrafficGuard, type TrafficGuardOptions, TrafficSlipped } from '../src/guard/index.js'
import { elsewhere } from './support/elsewhere.js'

// All of it stays on this machine: the guards are told that this machine is out of bounds as well, and what is elsewhere is
// held back before its name is looked up.

let server: Server
let url: string
let reached = 0
const guards: Array<TrafficGuard> = []

beforeEach(async () => {
  reached = 0
  server = createHttpServer((_request, response) => {
    reached += 1
    response.end('here')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`
})
afterEach(() => {
  for (const guard of guards.splice(0)) {
    try {
      guard.stop()
    } catch {
      // What it saw has been looked at.
    }
  }
  server.close()
  server.closeAllConnections()
})

const guarded = (options: TrafficGuardOptions): TrafficGuard => {
  const guard = guardTraffic(options)
  guards.push(guard)
  return guard
}
const strict = () => guarded({ loopback: false })

const failureOf = async (doing: Promise<unknown>): Promise<unknown> =>
  doing.then(
    () => 'nothing failed',
    (error: unknown) => error,
  )

const errorOf = async (emitter: EventEmitter): Promise<unknown> => (await once(emitter, 'error'))[0]

const saying =
  (address: string): LookupFunction =>
  (_host, { all }, answer) =>
    all === true ? answer(null, [{ address, family: 4 }]) : answer(null, address, 4)

const overHttp = async (agent: Agent): Promise<string> => {
  const asked = request(url, { agent }).end()
  const [response] = await once(asked, 'response')
  return text(response)
}

describe('a guard', () => {
  it('fails the test even though the code took the failure for an outage', async () => {
    const guard = strict()

    await failureOf(fetch(url))

    expect(() => guard.check()).toThrow(TrafficSlipped)
  })

  it('says where it was going, and the line that asked', () => {
    const guard = strict()

    const socket = connect({ host: 'graph.example', port: 443 })
    socket.on('error', () => undefined)

    expect(() => guard.check()).toThrow(/graph\.example:443, a new connection, from .*guard\.test\.ts/)
  })

  it('tells the code too, as a failure of the connection', async () => {
    strict()

    expect(await errorOf(connect({ host: 'graph.example', port: 443 }))).toMatchObject({
      name: 'TrafficSlipped',
      code: 'TRAFFIC_SLIPPED',
      slips: [{ to: 'graph.example:443', how: 'connection' }],
    })
    expect(await failureOf(fetch(url))).toMatchObject({ cause: { code: 'TRAFFIC_SLIPPED' } })
  })

  it('lets nothing leave', async () => {
    strict()

    await failureOf(fetch(url))

    expect(reached).toBe(0)
  })

  it('tells once what two copies of this package hold back', async () => {
    const guard = strict()
    // As a second copy of the module would: it has wrapped what this one wrapped, and holds back first.
    const heldBack = { host: 'held-back.invalid', port: 1, lookup: saying('127.0.0.1') }
    const marked = { ...heldBack, [Symbol.for('@device-install-state/contract-tests/guard: held back')]: true }

    await errorOf(connect(marked))

    expect(guard.slips()).toEqual([])
  })

  it('forgets what it has told', async () => {
    const guard = strict()
    await failureOf(fetch(url))

    expect(() => guard.check()).toThrow(TrafficSlipped)

    expect(guard.slips()).toEqual([])
    expect(() => guard.check()).not.toThrow()
  })

  it('counts each attempt of a client that tries again', async () => {
    const guard = strict()

    await failureOf(fetch(url))
    await failureOf(fetch(url))

    expect(guard.slips()).toHaveLength(2)
  })

  it('is content where nothing slipped', () => {
    expect(() => strict().check()).not.toThrow()
  })
})

describe('where traffic may go', () => {
  it('to this machine, unless that is out of bounds', async () => {
    const guard = guarded({})

    expect(await (await fetch(url)).text()).toBe('here')
    expect(guard.slips()).toEqual([])
  })

  it.each([
    ['a host', (port: string) => [`127.0.0.1`, port]],
    ['a host and its port', (port: string) => [`127.0.0.1:${port}`, port]],
  ])('to %s that is allowed', async (_what, allowedOf) => {
    const { port } = new URL(url)
    const [allowed = ''] = allowedOf(port)
    const guard = guarded({ loopback: false, allow: [allowed] })

    expect(await (await fetch(url)).text()).toBe('here')
    expect(guard.slips()).toEqual([])
  })

  it('not to another port than the one that is allowed', async () => {
    const guard = guarded({ loopback: false, allow: ['127.0.0.1:1'] })

    await failureOf(fetch(url))

    expect(guard.slips()).toHaveLength(1)
  })

  it.each([
    ['[::1]', { host: '::1', port: 1 }],
    ['[::1]:1', { host: '::1', port: 1 }],
    ['::1', { host: '::1', port: 1 }],
    ['[0:0:0:0:0:0:0:1]:1', { host: '::1', port: 1 }],
    ['::1', { host: '0:0::1', port: 1 }],
    ['LocalHost', { port: 1 }],
    ['localhost.', { host: 'localhost', port: 1 }],
  ])('%s is read as the host it is', async (allowed, to) => {
    const guard = guarded({ loopback: false, allow: [allowed] })

    await errorOf(connect(to))

    expect(guard.slips()).toEqual([])
  })

  it.each([
    'https://graph.microsoft.com',
    '',
    'a b',
    'host:port',
    '[nothing]:1',
    'host:1:2',
    'user@host',
    'host/path',
    'host:0',
    'host:65536',
  ])('not to %o, which is no host: all that is wrong is named at once', (allowed) => {
    expect(() => guardTraffic({ allow: ['fine.example', allowed, 'a/b'] })).toThrow(
      new TypeError(`\`allow\` takes "host" and "host:port", and this is neither: ${JSON.stringify(allowed)}, "a/b"`),
    )
  })

  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::', 'localhost', 'graph.localhost'])(
    '%s is this machine',
    async (host) => {
      const guard = guarded({})

      const socket: Socket = connect({
        host,
        port: 1,
        lookup: (_host, _options, answer) => answer(null, '127.0.0.1', 4),
      })
      await errorOf(socket)

      expect(guard.slips()).toEqual([])
    },
  )

  it.each(elsewhere)('%s is another machine', async (host) => {
    const guard = guarded({})

    await errorOf(connect({ host, port: 1 }))

    expect(guard.slips()).toHaveLength(1)
  })

  it('not to where a lookup of one’s own says that localhost is', async () => {
    const guard = guarded({})

    const error = await errorOf(connect({ host: 'localhost', port: 1, lookup: saying('192.0.2.1') }))

    expect(error).toMatchObject({ code: 'TRAFFIC_SLIPPED' })
    expect(guard.slips()).toMatchObject([{ to: '192.0.2.1:1' }])
  })

  it('not from a socket whose connect somebody has wrapped', async () => {
    const guard = guarded({})
    const socket = new Socket()
    const { connect: wrapped } = socket
    socket.connect = (...args: ReadonlyArray<unknown>) => Reflect.apply(wrapped, socket, args)

    await errorOf(socket.connect({ host: 'graph.example', port: 443 }))

    expect(guard.slips()).toHaveLength(1)
  })

  it.skipIf(process.platform === 'win32')('to a socket in the file system, which is this machine', async () => {
    const path = join(tmpdir(), `guard-${String(process.pid)}-${String(Math.random()).slice(2)}.sock`)
    const listener = createServer((socket) => socket.end('here')).listen(path)
    await once(listener, 'listening')
    const guard = guarded({})

    const read = await text(connect(path))
    const slipped = strict()
    await errorOf(connect(path))
    listener.close()

    expect(read).toBe('here')
    expect(guard.slips()).toEqual([])
    expect(slipped.slips()).toMatchObject([{ to: path }])
  })
})

describe('every way to say where', () => {
  it.each([
    ['a port', () => connect(1), 'localhost:1'],
    ['a port and a host', () => connect(1, '127.0.0.1'), '127.0.0.1:1'],
    ['a port as text', () => connect('1' as unknown as number, '127.0.0.1'), '127.0.0.1:1'],
    ['options', () => connect({ port: 1, host: '::1' }), '[::1]:1'],
    ['a path', () => connect('/nowhere.sock'), '/nowhere.sock'],
    ['a path in options', () => connect({ path: '/nowhere.sock' }), '/nowhere.sock'],
    ['a listener beside it', () => connect({ port: 1 }, () => undefined), 'localhost:1'],
  ])('%s', async (_way, connecting, to) => {
    const guard = strict()

    await errorOf(connecting())

    expect(guard.slips()).toMatchObject([{ to, how: 'connection' }])
  })
})

describe('a connection that was open before the guard', () => {
  it('is seen when fetch uses it again, and that is all that fails', async () => {
    await (await fetch(url)).text()
    // `fetch` gives a connection back in a later turn.
    await setImmediate()
    const guard = strict()

    const failure = await failureOf(fetch(url))

    expect(failure).toMatchObject({ cause: { code: 'TRAFFIC_SLIPPED' } })
    expect(guard.slips()).toMatchObject([{ to: new URL(url).host, how: 'request' }])
    expect(reached).toBe(1)
  })

  it('is seen when an agent of http uses it again', async () => {
    const agent = new Agent({ keepAlive: true })
    await overHttp(agent)
    const guard = strict()

    const failure = await failureOf(overHttp(agent))
    agent.destroy()

    expect(failure).toMatchObject({ code: 'TRAFFIC_SLIPPED' })
    expect(guard.slips()).toMatchObject([{ to: new URL(url).host, how: 'request' }])
    expect(reached).toBe(1)
  })

  it('may be used where it leads to a host that is allowed', async () => {
    const agent = new Agent({ keepAlive: true })
    await overHttp(agent)
    await (await fetch(url)).text()
    const guard = guarded({})

    await overHttp(agent)
    await (await fetch(url)).text()
    agent.destroy()

    expect(guard.slips()).toEqual([])
    expect(reached).toBe(4)
  })
})

describe('beside msw', () => {
  it('what a handler lets pass has slipped, whichever was there first', async () => {
    const msw = setupServer(http.all('*', () => passthrough()))
    msw.listen()
    const guard = strict()

    const failure = await failureOf(fetch(url))
    msw.close()

    expect(failure).toMatchObject({ cause: { code: 'TRAFFIC_SLIPPED' } })
    expect(guard.slips()).toMatchObject([{ to: new URL(url).host }])
    expect(reached).toBe(0)
  })

  it('what msw was not shown tells the line that asked, though msw connects later', async () => {
    const msw = setupServer()
    msw.listen()
    const guard = strict()

    await errorOf(requestTls('https://graph.example/').end())
    msw.close()

    expect(() => guard.check()).toThrow(/graph\.example:443, a new connection, from .*guard\.test\.ts/)
  })

  it('what a handler lets pass to an allowed host arrives', async () => {
    const msw = setupServer(http.all('*', () => passthrough()))
    const guard = guarded({})
    msw.listen()

    const answer = await (await fetch(url)).text()
    msw.close()

    expect(answer).toBe('here')
    expect(guard.slips()).toEqual([])
  })
})

describe('several guards', () => {
  it('each know what was not theirs to allow', async () => {
    const lenient = guarded({})
    const guard = strict()

    await failureOf(fetch(url))

    expect([lenient.slips().length, guard.slips().length]).toEqual([0, 1])
  })

  it('end one by one', async () => {
    const lenient = guarded({})
    const first = strict()
    const second = strict()
    first.stop()
    await failureOf(fetch(url))
    expect([first.slips().length, second.slips().length]).toEqual([0, 1])

    expect(() => second.stop()).toThrow(TrafficSlipped)

    expect(await (await fetch(url)).text()).toBe('here')
    expect(lenient.slips()).toEqual([])
  })

  it('end for good: to stop again does nothing', async () => {
    const guard = strict()
    guard.stop()
    const other = strict()
    guard.stop()

    await failureOf(fetch(url))

    expect(other.slips()).toHaveLength(1)
  })
})

it('a guard that is stopped tells what nobody has looked at', async () => {
  const guard = strict()
  const failed = errorOf(get(url))
  await failed

  expect(() => guard.stop()).toThrow(new URL(url).host)
})
