import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { aConnectionTo } from './a-connection.js'
import { aRunningProxy, creates, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'
import { until } from './until.js'

const aWorld = () => aRunningProxy({ AUDIT_UNAUTHENTICATED_PER_MINUTE: '10000' })

let lasting: TestWorld
beforeAll(async () => {
  lasting = await aWorld()
})
afterAll(() => lasting.stop())

/** The one that a test looks at, and how many records it had before. */
let world: TestWorld
let recordsBefore = 0
let authorization = ''
const lookAt = async (one: TestWorld): Promise<void> => {
  world = one
  world.scriptGraph(creates)
  recordsBefore = world.records().length
  authorization = `Bearer ${await world.token()}`
}
beforeEach(() => lookAt(lasting))

/** For tests that stop theirs. */
const aWorldOfItsOwn = (): void => {
  beforeEach(async () => lookAt(await aWorld()))
  afterEach(() => world.stop())
}

const aConnection = () => aConnectionTo(world.port)

/** Lets Graph hold its answer until it is released. */
const aSlowGraph = () => {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let hasArrived = false
  world.scriptGraph((socket, request) => {
    hasArrived = true
    void released.then(() => creates(socket, request))
  })
  return { release: () => release(), arrived: () => until(() => hasArrived) }
}

const newRecords = () =>
  world.records(recordsBefore).map(({ code, event, kind, outcome }) => [kind, code ?? outcome ?? event])

const sorted = (records: ReadonlyArray<ReadonlyArray<unknown>>) =>
  records.toSorted(([a], [b]) => String(a).localeCompare(String(b)))

describe('what comes behind a call that Graph is still busy with', () => {
  it('(garbage) is recorded, and does not stand in the place of the call’s own answer', async () => {
    const graph = aSlowGraph()
    const { closed, socket, statuses } = await aConnection()
    socket.write(requestText({ authorization }))
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await graph.arrived()
    socket.write('\0\r\n\r\n')
    await until(() => newRecords().some(([kind]) => kind === 'connection'))
    graph.release()
    await closed()

    expect(statuses()).toEqual([201, 404])
    expect(sorted(newRecords())).toEqual(
      sorted([
        ['intent', undefined],
        ['refusal', 'routeNotFound'],
        ['connection', 'malformedRequest'],
        ['outcome', 'applied'],
      ]),
    )
  })

  it('(a request that never comes whole) gets its own answer, after the call’s', async () => {
    const graph = aSlowGraph()
    const { closed, socket, statuses } = await aConnection()
    socket.write(requestText({ authorization }))
    socket.write(requestText({ body: '' }).replace('Content-Length: 0', 'Content-Length: 50'))
    await graph.arrived()
    socket.end()
    await until(() => newRecords().some(([kind]) => kind === 'refusal'))
    graph.release()
    await closed()

    expect(statuses()).toEqual([201, 401])
    expect(sorted(newRecords()).map(([kind]) => kind)).toEqual(['intent', 'outcome', 'refusal'])
  })

  it('(CONNECT) is recorded, and does not stand in the place of the call’s own answer', async () => {
    const graph = aSlowGraph()
    const { closed, socket, statuses } = await aConnection()
    socket.write(requestText({ authorization }))
    socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')
    await graph.arrived()
    await until(() => newRecords().some(([kind]) => kind === 'connection'))
    graph.release()
    await closed()

    expect(statuses()).toEqual([201])
  })

  it('(a refusal that ends the connection, and a call behind it) is not carried out', async () => {
    const graph = aSlowGraph()
    const { closed, socket, statuses } = await aConnection()
    socket.write(requestText({ authorization }))
    socket.write(requestText({ body: '' }).replace('Content-Length: 0', 'Transfer-Encoding: chunked'))
    await graph.arrived()
    await until(() => newRecords().some(([kind]) => kind === 'refusal'))
    socket.write('1\r\nx\r\n0\r\n\r\n')
    socket.write(requestText({ authorization }))
    graph.release()
    await closed()

    expect(statuses()).toEqual([201, 401])
    expect(newRecords().filter(([kind]) => kind === 'intent')).toHaveLength(1)
  })

  it('(many requests) is answered in order, each with its record, the thousandth saying that it is the last', async () => {
    const { closed, statuses, socket, text } = await aConnection()
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_010))
    await closed()

    expect(statuses()).toEqual(Array.from({ length: 1_000 }, () => 404))
    expect(text().split('HTTP/1.1 404').at(-1)).toMatch(/\r\nConnection: close\r\n/)
    expect(text().match(/Connection: close/g)).toHaveLength(1)
    expect(newRecords().map(([kind]) => kind)).toEqual(Array.from({ length: 1_000 }, () => 'refusal'))
  })
})

describe('a refused request whose body never comes', () => {
  it('has one reply and one record', async () => {
    const { closed, socket, statuses } = await aConnection()
    socket.write(requestText({ body: '' }).replace('Content-Length: 0', 'Content-Length: 100'))
    await until(() => statuses().length > 0)
    socket.end()
    await closed()

    expect(statuses()).toEqual([401])
    expect(newRecords()).toEqual([['refusal', 'tokenMissing']])
  })
})

describe('garbage that comes in pieces', () => {
  it('has one reply and one record', async () => {
    const { closed, socket, statuses } = await aConnection()
    socket.setNoDelay(true)
    for (const piece of ['GARB\r\n', 'AGE\r\n', 'x\r\n']) {
      socket.write(piece)
      await new Promise(setImmediate)
    }
    await closed()

    expect(statuses()).toEqual([400])
    expect(newRecords()).toEqual([['connection', 'malformedRequest']])
  })
})

describe('CONNECT', () => {
  it('and a reset right behind it do no harm', async () => {
    for (let n = 0; n < 20; n++) {
      const { closed, socket } = await aConnection()
      socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')
      if (n % 2 === 0) await until(() => newRecords().length > n)
      socket.resetAndDestroy()
      await closed()
    }
    const { socket, statuses } = await aConnection()
    socket.write(requestText({ authorization }))
    await until(() => statuses().length > 0)

    expect(statuses()).toEqual([201])
    socket.destroy()
  })
})

describe('a client that never closes', () => {
  it('is closed upon, whatever it has said', async () => {
    const isClosedUpon = async (bytes: string): Promise<void> => {
      const socket = connect({ port: world.port, host: '127.0.0.1', allowHalfOpen: true })
      socket.on('error', () => undefined)
      const ended = new Promise((resolve) => socket.on('end', resolve))
      socket.write(bytes)
      socket.resume()
      await ended
      // Our half is still open: a write meets a connection that is gone only if the proxy has let go of it.
      const gone = new Promise((resolve) => socket.on('close', resolve))
      const writing = setInterval(() => socket.write('x'), 50)
      await gone
      clearInterval(writing)
      expect(socket.destroyed).toBe(true)
    }

    await Promise.all(['GARBAGE\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'].map(isClosedUpon))
  })
})

describe('when the proxy is stopped', () => {
  aWorldOfItsOwn()

  it('the outcome of a call whose client is gone is on record first', async () => {
    const graph = aSlowGraph()
    const { closed, socket } = await aConnection()
    socket.write(requestText({ authorization }))
    await graph.arrived()
    socket.resetAndDestroy()
    await closed()
    const stopped = world.stopProxy()
    graph.release()

    expect(await stopped).toBe('finished')
    expect(newRecords()).toEqual([
      ['intent', undefined],
      ['outcome', 'applied'],
      ['lifecycle', 'stopped'],
    ])
  })

  it('what waits behind a call is answered, too, the last reply being the one that says so', async () => {
    const graph = aSlowGraph()
    const { closed, socket, statuses, text } = await aConnection()
    socket.write(requestText({ authorization }).repeat(3))
    await graph.arrived()
    const stopped = world.stopProxy()
    graph.release()
    await closed()

    expect(await stopped).toBe('finished')
    expect(statuses()).toEqual([201, 201, 201])
    expect(text().match(/Connection: close/g)).toHaveLength(1)
  })

  it('half a request does not keep it waiting', async () => {
    const half = await aConnection()
    half.socket.write('POST /x HT')
    const bodiless = await aConnection()
    bodiless.socket.write(requestText({ authorization }).slice(0, -10))
    // What is asked after these is answered after they were taken in.
    await rawExchange(world.port, requestText())

    expect(await world.stopProxy()).toBe('finished')
    await Promise.all([half.closed(), bodiless.closed()])
    expect(bodiless.statuses()).toEqual([503])
    expect(newRecords()).toEqual([
      ['refusal', 'tokenMissing'],
      ['refusal', 'draining'],
      ['lifecycle', 'stopped'],
    ])
  })
})
