import { createServer } from 'node:net'
import { documentedExample } from '@device-install-state/model/fields'
import { afterEach, describe, expect, it } from 'vitest'
import { httpResponse, type Script, type ScriptedServer, scriptedServer } from '../../test/scripted-server.js'
import type { GraphRequest } from '../domain/graph-answer.js'
import { undiciConnector } from './undici-connector.js'
import { undiciGraph } from './undici-graph.js'

const request: GraphRequest = {
  method: 'POST',
  path: '/beta/deviceAppManagement/managedEBooks/B1/deviceStates',
  json: documentedExample.request,
  token: 'the.upstream.token',
  auditId: '01900000-0000-7000-8000-000000000001',
  traceparent: '00-01900000000070008000000000000001-00f067aa0ba902b7-00',
}

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

  it('is not sent when TLS cannot be had', async () => {
    const server = await scriptedServer(
      () => undefined,
      (socket) => socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    )
    const result = await graphAt(server.url.replace('http:', 'https:')).send(within(5_000))(request)()

    expect(result).toMatchObject({ left: { _tag: 'GraphTlsFailed' } })
    await server.stop()
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

  it('is not sent when no connection comes free before the deadline', async () => {
    const server = await scriptedServer(() => undefined)
    const graph = graphAt(server.url, 1)
    const first = graph.send(within(300))(request)()
    const second = await graph.send(within(100))(request)()
    await first

    expect(second).toMatchObject({ left: { _tag: 'GraphTimedOut', sent: false } })
    expect(server.received.join('').match(/POST /g)).toHaveLength(1)
    await server.stop()
  })

  it.each<[string, Script, object]>([
    ['never answers', () => undefined, { _tag: 'GraphTimedOut', sent: true, status: undefined }],
    [
      'drips its body',
      (socket) => socket.write('HTTP/1.1 201 Created\r\nrequest-id: r7\r\nContent-Length: 423\r\n\r\n{'),
      { _tag: 'GraphTimedOut', sent: true, status: 201, requestId: 'r7' },
    ],
    ['resets the connection', (socket) => socket.resetAndDestroy(), { _tag: 'GraphConnectionLost' }],
    ['closes the connection', (socket) => socket.end(), { _tag: 'GraphConnectionLost' }],
    [
      'cuts its body off',
      (socket) => socket.end('HTTP/1.1 201 Created\r\nContent-Length: 423\r\n\r\n{'),
      { _tag: 'GraphAnswerUnreadable', status: 201 },
    ],
    [
      'cuts a chunked body off',
      (socket) => socket.end('HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{'),
      { _tag: 'GraphAnswerUnreadable', status: 201 },
    ],
    [
      'speaks no HTTP',
      (socket) => socket.end('220 smtp.example.com ESMTP\r\n'),
      { _tag: 'GraphAnswerUnreadable', status: undefined },
    ],
    [
      'says two lengths',
      (socket) => socket.end('HTTP/1.1 201 Created\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x'),
      { _tag: 'GraphAnswerUnreadable', status: undefined },
    ],
    [
      'answers more than 256 KiB',
      (socket) => socket.end(httpResponse('201 Created', {}, 'x'.repeat(300_000))),
      { _tag: 'GraphAnswerUnreadable', status: 201, what: 'it is larger than 256 KiB' },
    ],
  ])('may have been done when Graph %s', async (_, script, error) => {
    const { result } = await send(script, 300)

    expect(result).toMatchObject({ _tag: 'Left', left: error })
  })

  it('follows no redirect, and hands every status on', async () => {
    const { result, server } = await send((socket) =>
      socket.write(httpResponse('307 Temporary Redirect', { Location: 'http://169.254.169.254/' }, '')),
    )

    expect(result).toMatchObject({ right: { status: 307 } })
    expect(server.received).toHaveLength(1)
  })

  it('is not confused by what comes before the answer', async () => {
    const { result } = await send((socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${created}`))

    expect(result).toMatchObject({ right: { status: 201, headers: { 'request-id': 'r1' } } })
  })
})
