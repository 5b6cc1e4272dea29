import type { IdentityProvider } from '@device-install-state/identity-provider'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { aConnectionTo, type Connection, otherEnds, type OtherEnds } from '../a-connection.js'
import { bookPath } from '../a-request.js'
import { aRunningProxy, creates, requestText, type TestWorld } from '../a-running-proxy.js'
import { finiteRequestsIn } from '../finite-language.js'
import { aBattery, type Battery, type Refusal } from './what-is-owed.js'
import { until } from '../until.js'

let world: TestWorld
let battery: Battery
let ends: OtherEnds
let authorization = ''
beforeAll(async () => {
  ends = otherEnds()
  world = await aRunningProxy()
  authorization = `Bearer ${await world.token()}`
  battery = aBattery(world)
})
afterEach(() => world.scriptGraph(creates))
afterAll(async () => {
  ends.stop()
  await world.stop()
})

const expectRefusal: Battery['expectRefusal'] = (...row) => battery.expectRefusal(...row)
const expectNothingElse = (): void => battery.expectNothingElse()

const whole = (): string => requestText({ authorization })
const withoutBody = (...more: ReadonlyArray<string>): string => requestText({ authorization, more }).split('{')[0] ?? ''
const inChunks = (): string =>
  `${withoutBody().replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')}a\r\n{"errorCod\r\n`

/** What came of a request whose client cannot be told. */
const recordsSince = (before: number): ReadonlyArray<Readonly<Record<string, unknown>>> => world.records(before)

const untilRecords = async ({ records }: TestWorld, count: number): Promise<void> => {
  await until(() => records().length >= count)
}

const reset = async (connection: Connection): Promise<void> => {
  const gone = ends.gone(connection)
  connection.socket.resetAndDestroy()
  await gone()
}

/** Lets Graph hold its answer until it is released. */
const aSlowGraph = ({ scriptGraph }: TestWorld) => {
  const arrived = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  scriptGraph((socket, request) => {
    arrived.resolve()
    void released.promise.then(() => creates(socket, request))
  })
  return { arrived: arrived.promise, release: () => released.resolve() }
}

const neverCame: Refusal = {
  status: 408,
  code: 'requestTimeout',
  closes: true,
  record: { reason: 'clientClosed', caller: expect.anything() },
}

describe('a client that resets its connection', () => {
  it.each([
    ['at once', ''],
    ['within the first line', 'POST /x HT'],
    ['within the headers', `POST ${bookPath} HTTP/1.1\r\nHost: loc`],
  ])('(%s) asked for nothing', async (_, sent) => {
    const before = world.records().length
    const connection = await aConnectionTo(world.port)
    connection.send(sent)
    await ends.read(connection, sent.length)
    await reset(connection)

    expect(recordsSince(before)).toEqual([])
  })

  it.each([
    ['before its body', () => withoutBody()],
    ['within its body', () => whole().slice(0, -50)],
    ['within a chunk', () => `${inChunks()}5\r\nab`],
    ['between two chunks', inChunks],
  ])('(%s) is refused, since nothing was sent', async (_, request) => {
    const before = world.records().length
    const connection = await aConnectionTo(world.port)
    connection.send(request())
    await ends.read(connection, request().length)
    await reset(connection)
    await untilRecords(world, before + 1)

    expect(recordsSince(before)).toMatchObject([
      { kind: 'refusal', code: 'requestTimeout', reason: 'clientClosed', caller: { kind: 'application' } },
    ])
    battery.owe(1)
  })

  it('(when it is asked for its body) is refused', async () => {
    const before = world.records().length
    const connection = await aConnectionTo(world.port)
    connection.send(withoutBody('Expect: 100-continue'))
    await new Promise((resolve) => connection.socket.once('data', resolve))
    await reset(connection)
    await untilRecords(world, before + 1)

    expect(recordsSince(before)).toMatchObject([{ kind: 'refusal', code: 'requestTimeout', reason: 'clientClosed' }])
    battery.owe(1)
  })

  it('(while Graph is asked) has its call finished, and the outcome says that it was gone', async () => {
    const before = world.records().length
    const graph = aSlowGraph(world)
    const connection = await aConnectionTo(world.port)
    connection.send(whole())
    await graph.arrived
    await reset(connection)
    graph.release()
    await untilRecords(world, before + 2)

    expect(recordsSince(before)).toMatchObject([
      { kind: 'intent' },
      { kind: 'outcome', outcome: 'applied', graphStatus: 201, clientGone: true },
    ])
    expect(battery.sentSince()).toHaveLength(1)
    battery.owe(2)
  })

  it('(while Graph is asked for two at once) has both on record', async () => {
    const before = world.records().length
    const graph = aSlowGraph(world)
    const connection = await aConnectionTo(world.port)
    connection.send(whole().repeat(2))
    await graph.arrived
    await untilRecords(world, before + 2)
    await reset(connection)
    graph.release()
    await untilRecords(world, before + 4)

    const outcomes = recordsSince(before).filter(({ kind }) => kind === 'outcome')
    expect(outcomes).toMatchObject(outcomes.map(() => ({ clientGone: true })))
    expect(outcomes).toHaveLength(2)
    battery.sentSince()
    battery.owe(4)
  })
})

describe('a client that ends its own half of a connection', () => {
  const afterEnding = async (sent: string): Promise<Connection> => {
    const connection = await aConnectionTo(world.port)
    connection.send(sent)
    connection.socket.end()
    await connection.closed()
    return connection
  }

  it('at once asked for nothing', async () => {
    const { text } = await afterEnding('')

    expect(text()).toBe('')
  })

  it.each(['POST /x HT', `POST ${bookPath} HTTP/1.1\r\nHost: loc`])(
    'within the head (%j) is answered',
    async (sent) => {
      const { answers } = await afterEnding(sent)

      expectRefusal(answers()[0], { status: 408, code: 'requestTimeout', kind: 'connection' })
    },
  )

  it('right behind what is no request is answered', async () => {
    const { answers } = await afterEnding('GARBAGE\r\n\r\n')

    expectRefusal(answers()[0], { status: 400, code: 'malformedRequest', kind: 'connection' })
  })

  it.each([
    ['before its body', () => withoutBody()],
    ['within its body', () => whole().slice(0, -50)],
    ['between two chunks', inChunks],
  ])('%s is answered', async (_, request) => {
    const { answers } = await afterEnding(request())

    expectRefusal(answers()[0], neverCame)
  })

  it('after its request is answered, and was not gone', async () => {
    const graph = aSlowGraph(world)
    const connection = await aConnectionTo(world.port)
    connection.send(whole())
    connection.socket.end()
    await graph.arrived
    graph.release()
    await connection.closed()

    const { sent } = battery.expectDoneBy(connection.answers(), bookPath)
    expect(world.recordsOf(sent.auditId).at(-1)).not.toHaveProperty('clientGone')
  })
})

describe('after all of these', () => {
  it('nothing is on record, and nothing is with Graph, but what was owed', () => {
    expectNothingElse()
  })
})

const asJson = { 'content-type': 'application/json' }

const keysOf = async ({ issuer }: IdentityProvider): Promise<string> => {
  const discovered: unknown = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
  return (await fetch((discovered as { readonly jwks_uri: string }).jwks_uri)).text()
}

describe('a client that is gone before anything was sent', () => {
  let other: TestWorld | undefined
  afterEach(async () => {
    vi.useRealTimers()
    await other?.stop()
    other = undefined
  })

  it('(when it was not known yet who it is) is refused: there is no intent', async () => {
    other = await aRunningProxy()
    const { port, provider, records, token } = other
    await provider.rotateSigningKey()
    const fresh = await token()
    // The keys are fetched anew when a token names one that is not known, but not within half a minute.
    vi.useFakeTimers({ toFake: ['performance'] })
    vi.advanceTimersByTime(600_000)
    const keys = await keysOf(provider)
    const asked = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    provider.intercept((request, response) => {
      if (request.url?.includes('/keys') !== true) return false
      asked.resolve()
      void released.promise.then(() => response.writeHead(200, asJson).end(keys))
      return true
    })
    const before = records().length
    const connection = await aConnectionTo(port)
    connection.send(requestText({ authorization: `Bearer ${fresh}` }))
    await asked.promise
    await reset(connection)
    released.resolve()
    await untilRecords(other, before + 1)

    expect(records(before)).toMatchObject([
      { kind: 'refusal', code: 'requestTimeout', reason: 'clientClosed', caller: { kind: 'application' } },
    ])
    expect(other.graph.received.join('')).toBe('')
  })

  it('(when a token for Graph was waited for) has an outcome that says so', async () => {
    other = await aRunningProxy()
    const { graph, port, provider, records, token } = other
    const request = requestText({ authorization: `Bearer ${await token()}` })
    const asked = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    provider.intercept((posted, response) => {
      if (posted.method !== 'POST') return false
      asked.resolve()
      const issued = JSON.stringify({ token_type: 'Bearer', expires_in: 3_600, access_token: 'a.b.c' })
      void released.promise.then(() => response.writeHead(200, asJson).end(issued))
      return true
    })
    const before = records().length
    const connection = await aConnectionTo(port)
    connection.send(request)
    await asked.promise
    await reset(connection)
    released.resolve()
    await untilRecords(other, before + 2)

    expect(records(before)).toMatchObject([
      { kind: 'intent' },
      {
        kind: 'outcome',
        outcome: 'notSent',
        code: 'requestTimeout',
        reason: 'clientClosed',
        attempts: 0,
        clientGone: true,
      },
    ])
    expect(graph.received.flatMap((text) => finiteRequestsIn(text))).toEqual([])
  })
})
