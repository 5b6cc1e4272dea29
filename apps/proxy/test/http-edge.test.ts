import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bookPath } from './a-request.js'
import { aRunningProxy, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'

let world: TestWorld
let authorization = ''
beforeAll(async () => {
  world = await aRunningProxy()
  authorization = `Bearer ${await world.token()}`
})
afterAll(() => world.stop())

const send = (request: Parameters<typeof requestText>[0]) =>
  rawExchange(world.port, requestText({ authorization, ...request }))

const recordsOf = (reply: { readonly headers: Readonly<Record<string, string>> }) =>
  world.recordsOf(String(reply.headers['audit-id']))

const auditId = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('a request target', () => {
  it.each(['', '/'])('of either route, with %j at its end, reaches Graph in one form', async (slash) => {
    const before = world.graph.received.length
    for (const target of [bookPath, bookPath.replace('/deviceStates', '/userStateSummary/S1/deviceStates')]) {
      expect(await send({ target: `${target}${slash}` })).toMatchObject({
        status: 201,
        body: documentedExample.response,
      })
    }
    const lines = world.graph.received.join('').match(/POST .*/g)

    expect(lines?.slice(-2)).toEqual([
      `POST ${bookPath} HTTP/1.1`,
      `POST ${bookPath.replace('/deviceStates', '/userStateSummary/S1/deviceStates')} HTTP/1.1`,
    ])
    expect(world.graph.received.length).toBeGreaterThanOrEqual(before)
  })

  it.each<[string, number, string]>([
    [bookPath.toUpperCase(), 404, 'routeNotFound'],
    [bookPath.replace('deviceAppManagement', 'deviceappmanagement'), 404, 'routeNotFound'],
    [`/${bookPath}`, 404, 'routeNotFound'],
    [bookPath.replace('/B1/', '//B1/'), 404, 'routeNotFound'],
    [`${bookPath}//`, 404, 'routeNotFound'],
    [bookPath.replace('B1', ''), 404, 'routeNotFound'],
    ['/', 404, 'routeNotFound'],
    ['*', 404, 'routeNotFound'],
    ['/livez', 404, 'routeNotFound'],
    [bookPath.replace('B1', '..'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '.'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '%2e%2e'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '.%2e'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '%2E.'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '%2f'), 400, 'malformedPathId'],
    [bookPath.replace('B1', 'a%2Fb'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '%252f'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '%25%32%66'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '%5c'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '..\\..\\users'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '%zz'), 400, 'malformedPathId'],
    [bookPath.replace('B1', '%c0%af'), 400, 'malformedPathId'],
    [bookPath.replace('B1', 'x'.repeat(129)), 400, 'malformedPathId'],
    [bookPath.replace('B1', 'x'.repeat(9000)), 414, 'targetTooLong'],
    [`http://169.254.169.254${bookPath}`, 400, 'malformedRequest'],
    [`${bookPath}?`, 400, 'malformedRequest'],
  ])('%.90s is refused with %i %s, recorded, and not sent', async (target, status, code) => {
    const sent = world.graph.received.join('').length
    const reply = await send({ target })

    expect(reply).toMatchObject({
      status,
      error: { code, innerError: { outcome: 'notSent', auditId: expect.stringMatching(auditId) } },
    })
    expect(recordsOf(reply)).toMatchObject([{ kind: 'refusal', code, status }])
    expect(world.graph.received.join('')).toHaveLength(sent)
  })

  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'])('takes no %s', async (method) => {
    expect(await send({ method })).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
      error: { code: 'methodNotAllowed' },
    })
  })
})

describe('a refusal', () => {
  it('has what is known of it on record: method, and which id was malformed', async () => {
    expect(recordsOf(await send({ method: 'DELETE' }))).toMatchObject([{ code: 'methodNotAllowed', method: 'DELETE' }])
    expect(recordsOf(await send({ target: bookPath.replace('B1', '..') }))).toMatchObject([
      { code: 'malformedPathId', reason: 'managedEBookId' },
    ])
  })

  it('has no name on record that its sender made up', async () => {
    const [extra, twice] = [
      await send({ body: '{"Ada Lovelace":1}' }),
      await send({ body: '{"Ada Lovelace":1,"Ada Lovelace":2}' }),
    ]

    expect(extra).toMatchObject({ status: 400, error: { code: 'bodyInvalid' } })
    expect(twice).toMatchObject({ status: 400, error: { code: 'bodyInvalid' } })
    expect(JSON.stringify([recordsOf(extra), recordsOf(twice), world.logged])).not.toContain('Lovelace')
  })
})

describe('every reply', () => {
  it('has the ids of the call: ours, Graph’s, and the caller’s own if it sent a GUID', async () => {
    const mine = '7E0F6E3C-7A0B-4C57-9E7D-0A3B1C2D3E4F'
    const reply = await send({ more: [`client-request-id: ${mine}`] })

    expect(reply.headers).toMatchObject({
      'audit-id': expect.stringMatching(auditId),
      'request-id': 'graph-1',
      'client-request-id': mine,
      'content-type': 'application/json',
    })
    expect(world.graph.received.join('')).toContain(`client-request-id: ${reply.headers['audit-id'] ?? ''}`)
    expect(recordsOf(reply)).toMatchObject([
      { kind: 'intent', callerRequestId: mine },
      { kind: 'outcome', graphRequestId: 'graph-1' },
    ])
    expect((await send({ more: ['client-request-id: {"not":"a guid"}'] })).headers['client-request-id']).toMatch(
      auditId,
    )
  })

  it('passes nothing else of Graph’s headers on', async () => {
    world.scriptGraph((socket) =>
      socket.write(
        `HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 423\r\nSet-Cookie: a=b\r\nLocation: http://x\r\nServer: y\r\nrequest-id: ${'z'.repeat(65)}\r\n\r\n${documentedExample.response}`,
      ),
    )
    const reply = await send({})

    expect(Object.keys(reply.headers).toSorted()).toEqual(
      [
        'audit-id',
        'cache-control',
        'client-request-id',
        'connection',
        'content-length',
        'content-type',
        'date',
        'keep-alive',
        'request-id',
      ].toSorted(),
    )
    expect(reply.headers['request-id']).toBe(reply.headers['audit-id'])
  })
})

// What is in it, its size, its type and its encoding: battery/bodies.test.ts.
describe('a body', () => {
  it('larger than 32 KiB is refused before it is read, and the connection ends', async () => {
    const head = requestText({ authorization, body: '' }).replace('Content-Length: 0', 'Content-Length: 1000000')

    expect(await rawExchange(world.port, head)).toMatchObject({
      status: 413,
      headers: { connection: 'close' },
      error: { code: 'bodyTooLarge' },
    })
  })

  it('may come in chunks, and goes to Graph with its length', async () => {
    const head = requestText({ authorization, body: '' }).replace('Content-Length: 0', 'Transfer-Encoding: chunked')
    const chunks = `${(374).toString(16)};x=y\r\n${documentedExample.request}\r\n0\r\nAuthorization: Bearer trailer\r\n\r\n`

    expect(await rawExchange(world.port, [head, chunks])).toMatchObject({ status: 201 })
    expect(world.graph.received.join('')).not.toContain('trailer')
  })

  it('that is refused leaves the connection open for the next request', async () => {
    const refused = requestText({ body: '{"a":1}', authorization: undefined })
    const reply = await rawExchange(world.port, `${refused}${refused}`)

    expect(reply.body).toContain('tokenMissing')
    expect(reply.headers['connection']).toBe('keep-alive')
  })

  it('that its client never finishes is a refusal, and nothing is sent', async () => {
    const sent = world.graph.received.join('').length
    const before = world.records().length
    const { connect } = await import('node:net')
    const socket = connect(world.port, '127.0.0.1')
    socket.write(
      requestText({ authorization, body: documentedExample.request.slice(0, -50) }).replace(
        'Content-Length: 324',
        'Content-Length: 374',
      ),
    )
    socket.end()
    while (world.records().length === before) await new Promise(setImmediate)

    expect(world.records().at(-1)).toMatchObject({ kind: 'refusal', code: 'requestTimeout', reason: 'clientClosed' })
    expect(world.graph.received.join('')).toHaveLength(sent)
  })

  it('is asked for with 100 Continue only when the caller is known', async () => {
    const expecting = (token: string | undefined) =>
      requestText({ authorization: token, body: '', more: ['Expect: 100-continue'] }).replace(
        'Content-Length: 0',
        'Content-Length: 374',
      )

    expect(await rawExchange(world.port, expecting(undefined))).toMatchObject({
      status: 401,
      headers: { connection: 'close' },
    })
    expect(await rawExchange(world.port, [expecting(authorization), documentedExample.request])).toMatchObject({
      status: 201,
    })
    expect(await send({ more: ['Expect: 200-ok'] })).toMatchObject({
      status: 417,
      error: { code: 'expectationFailed' },
    })
  })
})

describe('what Node’s parser refuses', () => {
  it.each<[string, string, number, string]>([
    ['a method in lower case', requestText({ method: 'post' }), 400, 'malformedRequest'],
    ['two lengths', requestText({ more: ['Content-Length: 5'] }), 400, 'malformedRequest'],
    ['a length and chunks', requestText({ more: ['Transfer-Encoding: chunked'] }), 400, 'malformedRequest'],
    ['a blank in the target', requestText({ target: '/a b c' }), 400, 'malformedRequest'],
    ['HTTP/3.9', requestText().replace('HTTP/1.1', 'HTTP/3.9'), 400, 'malformedRequest'],
    ['headers of 20 KB', requestText({ more: [`X: ${'x'.repeat(20_000)}`] }), 431, 'headersTooLarge'],
    [
      'CONNECT',
      'CONNECT graph.microsoft.com:443 HTTP/1.1\r\nHost: graph.microsoft.com:443\r\n\r\n',
      405,
      'methodNotAllowed',
    ],
  ])('(%s) is answered in Graph’s shape, and recorded', async (_, text, status, code) => {
    const reply = await rawExchange(world.port, text)

    expect(reply).toMatchObject({
      status,
      headers: { connection: 'close' },
      error: { code, innerError: { outcome: 'notSent' } },
    })
    expect(recordsOf(reply)).toMatchObject([{ kind: 'connection', code }])
  })

  it('or lets through but we do not: two hosts, 65 headers', async () => {
    expect(await send({ more: ['Host: other'] })).toMatchObject({ status: 400, error: { code: 'duplicateHeader' } })
    expect(await send({ more: Array.from({ length: 65 }, (_, index) => `X-${String(index)}: y`) })).toMatchObject({
      status: 431,
      error: { code: 'headersTooLarge' },
    })
  })
})

describe('the admin port', () => {
  it('tells that the process lives and can serve, and nothing else', async () => {
    expect(await (await fetch(`${world.adminUrl}/livez`)).json()).toEqual({ status: 'alive' })
    expect(await (await fetch(`${world.adminUrl}/readyz`)).json()).toMatchObject({ status: 'ready' })
    expect((await fetch(`${world.adminUrl}/readyz`, { method: 'POST' })).status).toBe(404)
  })
})
