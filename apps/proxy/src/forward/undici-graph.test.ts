import { EventEmitter, once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { documentedExample } from '@device-install-state/model/fields'
import { afterEach, describe, expect, it } from 'vitest'
import { aGraphRequest as request } from '../../test/a-graph-request.js'
import { httpResponse, type Script, type ScriptedServer, scriptedServer } from '../../test/scripted-server.js'
import { undiciConnector } from './undici-connector.js'
import { undiciGraph } from './undici-graph.js'

const created = httpResponse(
  '201 Created',
  { 'Content-Type': 'application/json', 'Request-Id': 'r1' },
  documentedExample.response,
)

const stops: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const graphAt = (origin: string, connections = 4) => {
  const connect = undiciConnector({ timeoutInMs: 500, proxy: undefined })
  const graph = undiciGraph({ origin, userAgent: 'test/1', connect, connections })
  stops.push(graph.close)
  return graph
}

const within = (inMs: number) => ({ atInMs: performance.now() + inMs })

const send = async (script: Script, deadlineInMs = 5_000) => {
  const server: ScriptedServer = await scriptedServer(script)
  const result = await graphAt(server.url).send(within(deadlineInMs))(request)()
  await server.stop()
  return { result, server }
}

describe('a call to Graph', () => {
  it('is one POST with a constant set of headers, and the body as it is', async () => {
    const { result, server } = await send((socket) => socket.write(created))

    expect(result).toMatchObject({
      _tag: 'Right',
      right: { status: 201, text: documentedExample.response, headers: { 'request-id': 'r1' } },
    })
    const [head = '', body] = (server.received[0] ?? '').split('\r\n\r\n')
    expect(body).toBe(documentedExample.request)
    expect(head.split('\r\n').toSorted()).toEqual(
      [
        'POST /beta/deviceAppManagement/managedEBooks/B1/deviceStates HTTP/1.1',
        `host: 127.0.0.1:${String(server.port)}`,
        'connection: keep-alive',
        'authorization: Bearer the.upstream.token',
        'accept: application/json',
        'traceparent: 00-01900000000070008000000000000001-00f067aa0ba902b7-00',
        'accept-encoding: identity',
        'content-type: application/json',
        'content-length: 374',
        'client-request-id: 01900000-0000-7000-8000-000000000001',
        'user-agent: test/1',
      ].toSorted(),
    )
  })

  it('goes over a connection that is used again', async () => {
    const server = await scriptedServer((socket) => socket.write(created))
    const graph = graphAt(server.url, 1)
    await graph.send(within(5_000))(request)()
    await graph.send(within(5_000))(request)()

    expect(server.connections()).toBe(1)
    await server.stop()
  })

  it('is not sent when nobody listens', async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address()
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
      })
    })

    expect(await graphAt(`http://127.0.0.1:${String(port)}`).send(within(5_000))(request)()).toMatchObject({
      left: { _tag: 'GraphUnreachable' },
    })
  })

  it('is not sent when the host has no address', async () => {
    expect(await graphAt('http://no-such-host.invalid').send(within(5_000))(request)()).toMatchObject({
      left: { _tag: 'GraphUnreachable' },
    })
  })

  it('is not sent when its deadline has passed already, though a connection is there', async () => {
    const server = await scriptedServer((socket) => socket.write(created))
    const graph = graphAt(server.url, 1)
    await graph.send(within(5_000))(request)()
    const late = await graph.send(within(-1))(request)()

    expect(late).toMatchObject({ left: { _tag: 'GraphTimedOut', sent: false } })
    expect(server.received.join('').match(/POST /g)).toHaveLength(1)
    await server.stop()
  })

  it('is not sent when no connection comes free before the deadline, nor when one does later', async () => {
    const first = new EventEmitter()
    const server = await scriptedServer((socket) => {
      if (server.received.join('').split('POST ').length > 2) socket.write(created)
      else first.on('answer', () => socket.write(created))
    })
    const graph = graphAt(server.url, 1)
    const others = [graph.send(within(5_000))(request)()]
    const late = await graph.send(within(50))(request)()
    others.push(graph.send(within(5_000))(request)())
    first.emit('answer')

    expect(late).toMatchObject({ left: { _tag: 'GraphTimedOut', sent: false } })
    expect(await Promise.all(others)).toMatchObject([{ right: { status: 201 } }, { right: { status: 201 } }])
    // The connection has come to it before the last one, and it has not gone out.
    expect(server.received.join('').match(/POST /g)).toHaveLength(2)
    await server.stop()
  })

  it('is not sent to a path that is none of ours, which is a mistake of our own', async () => {
    const server = await scriptedServer((socket) => socket.write(created))
    const { send: sendTo } = graphAt(server.url)

    for (const path of [
      '/beta/deviceAppManagement/managedEBooks/B1/deviceStates/',
      '/beta/deviceAppManagement/managedEBooks/../deviceStates',
      '/beta/deviceAppManagement/managedEBooks/B%31/deviceStates',
      '/beta/deviceAppManagement/managedEBooks/B1/deviceStates?$select=id',
      '/beta/deviceAppManagement/managedEBooks/B1/deviceStates HTTP/1.1\r\nX: y\r\n',
      '/v2.0/deviceAppManagement/managedEBooks/B1/deviceStates',
      'http://169.254.169.254/beta/deviceAppManagement/managedEBooks/B1/deviceStates',
      '//169.254.169.254/beta/deviceAppManagement/managedEBooks/B1/deviceStates',
      '/beta/users',
      '',
    ]) {
      await expect(sendTo(within(5_000))({ ...request, path })()).rejects.toThrow('none of the operations')
    }
    expect(server.connections()).toBe(0)
    await server.stop()
  })

  it('that is answered before it was read may have been done, or was, as Graph says', async () => {
    const server = await scriptedServer(
      () => undefined,
      (socket) => socket.once('data', () => socket.write(created, () => socket.resetAndDestroy())),
    )
    const result = await graphAt(server.url).send(within(5_000))(request)()

    expect(result._tag === 'Right' ? result.right.status : result.left._tag).toSatisfy((what) =>
      [201, 'GraphConnectionLost', 'GraphAnswerUnreadable'].includes(what),
    )
    await server.stop()
  })

  it('that a connection was reset under may have been done, and is not made again', async () => {
    const server = await scriptedServer((socket, text) => {
      if (server.received.join('').split('POST ').length > 2) socket.resetAndDestroy()
      else socket.write(created)
      expect(text).toContain('POST')
    })
    const graph = graphAt(server.url, 1)
    await graph.send(within(5_000))(request)()

    expect(await graph.send(within(5_000))(request)()).toMatchObject({ left: { _tag: 'GraphConnectionLost' } })
    expect(server.connections()).toBe(1)
    expect(server.received.join('').split('POST ')).toHaveLength(3)
    await server.stop()
  })
})

/** A Graph that holds its answers until it is told to give them. */
const aSlowGraph = async () => {
  const waiting: Array<(answer: string) => void> = []
  const arrivals: Array<Socket> = []
  const asked = new EventEmitter()
  const server = await scriptedServer((socket) => {
    arrivals.push(socket)
    waiting.push((answer) => socket.write(answer))
    asked.emit('asked')
  })
  const graph = graphAt(server.url, 8)
  stops.push(server.stop)
  return {
    close: graph.close,
    /** The connections that calls came over, in order. */
    arrivals,
    /** Makes a call, and waits until it is there. */
    call: async () => {
      const isThere = once(asked, 'asked')
      const result = graph.send(within(20_000))(request)()
      await isThere
      const answer = waiting.at(-1)
      return { answer: (text: string) => answer?.(text), result }
    },
  }
}

const unavailable = httpResponse('503 Service Unavailable', { 'Retry-After': '1' }, '{}')
const ofAnother = httpResponse('201 Created', { 'client-request-id': 'another' }, documentedExample.response)

describe.each([
  ['after a 503', unavailable, { right: { status: 503 } }],
  [
    'after the answer to another request',
    ofAnother,
    { left: { _tag: 'GraphAnswerUnreadable', status: undefined, what: 'it is the answer to another request' } },
  ],
])('%s', (_, bad, told) => {
  it('calls go over new connections, and those in flight end where they are', async () => {
    const graph = await aSlowGraph()
    const [held, idle, failing] = [await graph.call(), await graph.call(), await graph.call()]
    idle.answer(created)
    await idle.result
    failing.answer(bad)
    expect(await failing.result).toMatchObject(told)

    const next = await graph.call()
    next.answer(created)
    held.answer(created)
    expect(await next.result).toMatchObject({ right: { status: 201 } })
    expect(await held.result).toMatchObject({ right: { status: 201 } })
    const [ofHeld, ofIdle, ofFailing, ofNext] = graph.arrivals
    // All but the new one end, each when its call has.
    for (const socket of [ofHeld, ofIdle, ofFailing]) if (socket?.closed === false) await once(socket, 'close')
    expect(ofNext?.closed).toBe(false)
    const last = await graph.call()
    last.answer(created)
    await last.result
    expect(graph.arrivals[4]).toBe(ofNext)
  })

  it('and another over a connection of before, the new ones stay', async () => {
    const graph = await aSlowGraph()
    const [first, second] = [await graph.call(), await graph.call()]
    first.answer(bad)
    await first.result
    const [one, two] = [await graph.call(), await graph.call()]
    one.answer(created)
    await one.result
    second.answer(bad)
    expect(await second.result).toMatchObject(told)

    const last = await graph.call()
    last.answer(created)
    two.answer(created)
    await Promise.all([last.result, two.result])
    expect(graph.arrivals[4]).toBe(graph.arrivals[2])
  })

  it('the end of all connections is the end of those that calls still go over', async () => {
    const graph = await aSlowGraph()
    const [held, failing] = [await graph.call(), await graph.call()]
    failing.answer(bad)
    await failing.result
    await graph.close()

    expect(await held.result).toMatchObject({ left: { _tag: 'GraphTimedOut', sent: true, why: 'the process ends' } })
  })
})

it('an answer that was left over on a connection is not taken for that to the next call', async () => {
  let count = 0
  const server = await scriptedServer((socket, text) => {
    const answer = httpResponse(
      '201 Created',
      { 'client-request-id': /client-request-id: (\S+)/.exec(text)?.[1] ?? '' },
      documentedExample.response,
    )
    count++
    if (count === 1) {
      socket.write(answer)
      // What somebody smuggled in comes when the next call has gone out.
      socket.prependOnceListener('data', () => socket.write(answer))
    }
  })
  const graph = graphAt(server.url, 1)
  const first = await graph.send(within(5_000))(request)()
  const second = await graph.send(within(5_000))({ ...request, auditId: '01900000-0000-7000-8000-000000000002' })()

  expect(first).toMatchObject({ right: { status: 201 } })
  expect(second).toMatchObject({ left: { _tag: 'GraphAnswerUnreadable', status: undefined } })
  await server.stop()
})
