import type { Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { bookPath } from '../a-request.js'
import { aRunningProxy, creates, rawExchange, requestText } from '../a-running-proxy.js'
import { httpResponse, type Script, type ScriptedServer, scriptedServer } from '../scripted-server.js'
import {
  applied,
  call,
  type Exchanged,
  expectOwed,
  type Owed,
  says,
  saysAndEnds,
  tokenOf,
} from './what-is-owed-of-graph.js'

// What can go wrong with an answer of Graph, byte by byte: each row is a fault, and what the caller and the ledger are
// owed for it. The way there is in ways-to-graph.test.ts; throttling, and a Graph
// that is left alone, in pace.test.ts.

const checkFirst = { outcome: 'indeterminate', retry: 'check-first' }
const some = (graphStatus: number | undefined) => (graphStatus === undefined ? {} : { graphStatus })
const lost: Owed = { status: 502, code: 'upstreamError', ...checkFirst }
const late = (graphStatus?: number): Owed => ({
  status: 504,
  code: 'upstreamTimeout',
  ...checkFirst,
  ...some(graphStatus),
})
const unreadable = (graphStatus?: number): Owed => ({
  status: 502,
  code: 'upstreamInvalidResponse',
  ...checkFirst,
  ...some(graphStatus),
})
const redirect = (graphStatus: number): Owed => ({ status: 502, code: 'upstreamRedirect', ...checkFirst, graphStatus })
const failed = (graphStatus: number, status = 502, code = 'upstreamError'): Owed => ({
  status,
  code,
  ...checkFirst,
  graphStatus,
})
const refused = (graphStatus: number, code: string, status = graphStatus): Owed => ({
  status,
  code,
  outcome: 'refused',
  retry: 'never',
  graphStatus,
})

type Row = readonly [name: string, graph: Script, owed: Owed]

const json = { 'Content-Type': 'application/json', 'request-id': 'graph-1' }
const entity = documentedExample.response
const length = String(Buffer.byteLength(entity))
const created = httpResponse('201 Created', json, entity)
const createdWith = (headers: Readonly<Record<string, string>>, body = entity) =>
  httpResponse('201 Created', { ...json, ...headers }, body)
const head = (status: string, ...lines: ReadonlyArray<string>): string =>
  [`HTTP/1.1 ${status}`, 'Content-Type: application/json', ...lines, '', ''].join('\r\n')
const inChunks = (...chunks: ReadonlyArray<string>): string =>
  chunks.map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('')
const refusal = (status: string, code = 'NotSo', headers = {}) =>
  httpResponse(status, { ...json, ...headers }, JSON.stringify({ error: { code, message: 'No.' } }))
/** The documented entity, with blanks behind it up to so many bytes. */
const padded = (bytes: number): string => entity.padEnd(bytes, ' ')

const secondsOf103 = 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n'

const cutOff: ReadonlyArray<Row> = [
  ['a reset after the request', (socket) => socket.resetAndDestroy(), lost],
  ['an end after the request', (socket) => socket.end(), lost],
  ['an end amid the headers', saysAndEnds('HTTP/1.1 201 Created\r\nContent-Type: appl'), lost],
  ['a body shorter than its length', saysAndEnds(head('201 Created', 'Content-Length: 500'), entity), unreadable(201)],
  [
    'a reset amid the body',
    (s) => s.write(head('201 Created', 'Content-Length: 500'), () => setImmediate(() => s.resetAndDestroy())),
    unreadable(201),
  ],
  ['a chunk that is cut', saysAndEnds(head('201 Created', 'Transfer-Encoding: chunked'), 'ff\r\n{'), unreadable(201)],
  ['no last chunk', saysAndEnds(head('201 Created', 'Transfer-Encoding: chunked'), inChunks(entity)), unreadable(201)],
  [
    'a chunk whose length is none',
    saysAndEnds(head('201 Created', 'Transfer-Encoding: chunked'), 'xyz\r\n{}\r\n0\r\n\r\n'),
    unreadable(201),
  ],
  ['a body that ends with the connection, and is whole', saysAndEnds(head('201 Created'), entity), applied],
  ['one that is not whole', saysAndEnds(head('201 Created'), entity.slice(0, -2)), unreadable(201)],
  ['nothing of it', saysAndEnds(head('201 Created')), unreadable(201)],
  ['HTTP/1.0, with a length', saysAndEnds(created.replace('HTTP/1.1', 'HTTP/1.0')), applied],
  ['HTTP/1.0, without', saysAndEnds(head('201 Created').replace('HTTP/1.1', 'HTTP/1.0'), entity), applied],
  [
    'chunks with extensions and a trailer',
    says(
      head('201 Created', 'Transfer-Encoding: chunked'),
      `${Number(length).toString(16)};a=b\r\n${entity}\r\n0\r\nrequest-id: x\r\n\r\n`,
    ),
    applied,
  ],
  [
    'a refusal that is cut off',
    saysAndEnds(head('403 Forbidden', 'Content-Length: 500'), '{"error":'),
    unreadable(403),
  ],
]

const notHttp: ReadonlyArray<Row> = [
  [
    'two lengths',
    saysAndEnds(head('201 Created', 'Content-Length: 2', `Content-Length: ${length}`), entity),
    unreadable(),
  ],
  [
    'two lengths in one',
    saysAndEnds(head('201 Created', `Content-Length: ${length}, ${length}`), entity),
    unreadable(),
  ],
  [
    'a length and chunks',
    saysAndEnds(head('201 Created', `Content-Length: ${length}`, 'Transfer-Encoding: chunked'), inChunks(entity, '')),
    unreadable(),
  ],
  ['a length below nothing', saysAndEnds(head('201 Created', 'Content-Length: -1'), entity), unreadable()],
  [
    'a length beyond all numbers',
    saysAndEnds(head('201 Created', `Content-Length: ${'9'.repeat(30)}`), entity),
    unreadable(),
  ],
  ['another protocol', saysAndEnds('220 smtp.example.com ESMTP\r\n'), unreadable()],
  ['HTTP/0.9', saysAndEnds(entity), unreadable()],
  ['HTTP/2', saysAndEnds(Buffer.from('000012040000000000000300000064', 'hex')), unreadable()],
  ['a version that is none', saysAndEnds(created.replace('HTTP/1.1', 'HTTP/9.9')), unreadable()],
  ['garbage', saysAndEnds(Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 37) % 256))), unreadable()],
  ['status 099', says(created.replace('201', '099')), unreadable()],
  ['status 20', says(created.replace('201', '20')), unreadable()],
  ['status 2010', says(created.replace('201', '2010')), unreadable()],
  ['status 600', says(created.replace('201', '600')), unreadable(600)],
  ['status 999', says(created.replace('201', '999')), unreadable(999)],
  ['2,000 times 103', says(secondsOf103.repeat(2_000), created), unreadable()],
  ['103 ten times, and then the answer', says(secondsOf103.repeat(10), created), applied],
  ['102, and then the answer', says('HTTP/1.1 102 Processing\r\n\r\n', created), applied],
  // undici does not take what it did not ask for.
  ['100, though nobody waits for it', says('HTTP/1.1 100 Continue\r\n\r\n', created), unreadable()],
  ['100, and then silence', says('HTTP/1.1 100 Continue\r\n\r\n'), unreadable()],
  ['101', says('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'), unreadable()],
  ['a header of 20 KB', says(createdWith({ 'X-Long': 'x'.repeat(20_000) })), unreadable()],
  [
    '2,000 headers',
    says(createdWith(Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`X-${String(n)}`, 'xxxx'])))),
    unreadable(),
  ],
  ['a header with a NUL', saysAndEnds(createdWith({ 'X-Nul': 'a\0b' })), unreadable()],
  ['a header with a bare CR', saysAndEnds(createdWith({ 'X-Cr': 'a\rSet-Cookie: b' })), unreadable()],
  ['a header over two lines', saysAndEnds(createdWith({ 'X-Folded': 'a\r\n b' })), unreadable()],
  ['a blank before the colon', saysAndEnds(created.replace('request-id:', 'request-id :')), unreadable()],
]

const noEntity: ReadonlyArray<Row> = [
  ...[
    '300 Multiple Choices',
    '301 Moved Permanently',
    '302 Found',
    '303 See Other',
    '304 Not Modified',
    '307 Temporary Redirect',
    '308 Permanent Redirect',
  ].map(
    (status): Row => [
      status,
      (socket) => socket.write(httpResponse(status, { Location: elsewhere.url }, '')),
      redirect(Number(status.slice(0, 3))),
    ],
  ),
  ['HTML', says(createdWith({ 'Content-Type': 'text/html' }, '<html>a portal</html>')), unreadable(201)],
  ['an entity that calls itself HTML', says(createdWith({ 'Content-Type': 'text/html' })), unreadable(201)],
  ['text/json', says(createdWith({ 'Content-Type': 'text/json' })), unreadable(201)],
  ['application/jsonp', says(createdWith({ 'Content-Type': 'application/jsonp' })), unreadable(201)],
  ['no type', says(httpResponse('201 Created', {}, entity)), unreadable(201)],
  [
    'two types',
    saysAndEnds(head('201 Created', `Content-Length: ${length}`, 'Content-Type: text/html'), entity),
    unreadable(201),
  ],
  ['a charset', says(createdWith({ 'Content-Type': 'application/json; charset=utf-8' })), applied],
  [
    'the type that Graph says',
    says(
      createdWith({
        'Content-Type':
          'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
      }),
    ),
    applied,
  ],
  ['a type in capitals', says(createdWith({ 'Content-Type': 'Application/JSON' })), applied],
  ['nothing', says(createdWith({}, '')), unreadable(201)],
  ['blanks', says(createdWith({}, ' \r\n')), unreadable(201)],
  ['202', says(created.replace('201', '202')), unreadable(202)],
  ['204', says('HTTP/1.1 204 No Content\r\n\r\n'), unreadable(204)],
  ['204 with an entity behind it', says(created.replace('201', '204')), unreadable(204)],
  ['205', says(httpResponse('205 Reset Content', json, '')), unreadable(205)],
  ['206', says(createdWith({ 'Content-Range': `bytes 0-9/${length}` }).replace('201', '206')), unreadable(206)],
  [
    'gzip',
    says(
      head('201 Created', 'Content-Encoding: gzip', `Content-Length: ${String(gzipSync(entity).length)}`),
      gzipSync(entity),
    ),
    unreadable(201),
  ],
  [
    'brotli',
    says(
      head('201 Created', 'Content-Encoding: br', `Content-Length: ${String(brotliCompressSync(entity).length)}`),
      brotliCompressSync(entity),
    ),
    unreadable(201),
  ],
  [
    'a bomb',
    (socket) => {
      socket.end(
        Buffer.concat([Buffer.from(head('201 Created', 'Content-Encoding: gzip')), gzipSync(Buffer.alloc(20_000_000))]),
      )
    },
    unreadable(201),
  ],
  ['an entity that calls itself gzip', says(createdWith({ 'Content-Encoding': 'gzip' })), unreadable(201)],
  ['identity', says(createdWith({ 'Content-Encoding': 'identity' })), applied],
  ['256 KiB', says(createdWith({}, padded(262_144))), applied],
  ['one byte more', says(createdWith({}, padded(262_145))), unreadable(201)],
  ['10 MB', says(createdWith({}, padded(10_000_000))), unreadable(201)],
  [
    '10 MB in chunks',
    says(
      head('201 Created', 'Transfer-Encoding: chunked'),
      inChunks(...Array.from({ length: 160 }, () => ' '.repeat(65_536))),
    ),
    unreadable(201),
  ],
  [
    'what is not UTF-8',
    saysAndEnds(head('201 Created'), Buffer.from(entity.replace('Device Name', 'Ger\xe4t'), 'latin1')),
    unreadable(201),
  ],
  ['UTF-16', saysAndEnds(head('201 Created'), Buffer.from(entity, 'utf16le')), unreadable(201)],
  ['a byte order mark', saysAndEnds(head('201 Created'), '\ufeff', entity), unreadable(201)],
  ['an entity with two ids', says(createdWith({}, entity.replace('{', '{"id":"another",'))), unreadable(201)],
  ['another entity', says(createdWith({}, '{"displayName":"A book"}')), unreadable(201)],
  ['two entities', saysAndEnds(head('201 Created'), entity, entity), unreadable(201)],
  ['an entity in a list', saysAndEnds(head('201 Created'), '[', entity, ']'), unreadable(201)],
  ['null', says(createdWith({}, 'null')), unreadable(201)],
  ['JSON 5,000 deep', says(createdWith({}, '['.repeat(5_000) + ']'.repeat(5_000))), unreadable(201)],
]

const beyondTheEnd: ReadonlyArray<Row> = [
  ['more than its length', says(`${created}and more`), applied],
  ['two answers at once', says(`${created}${created}`), applied],
]

const statuses: ReadonlyArray<Row> = [
  ['400', says(refusal('400 Bad Request')), refused(400, 'upstreamRejected')],
  [
    'no such route',
    says(refusal('400 Bad Request', 'No method match route template')),
    refused(400, 'upstreamRouteUnsupported', 502),
  ],
  ['401, twice', says(refusal('401 Unauthorized')), { ...refused(401, 'upstreamAuthRejected', 502), seen: 2 }],
  ['403', says(refusal('403 Forbidden')), refused(403, 'upstreamForbidden')],
  [
    '403 in gzip',
    says(refusal('403 Forbidden', 'NotSo', { 'Content-Encoding': 'gzip' })),
    refused(403, 'upstreamForbidden'),
  ],
  [
    '403 that is not UTF-8',
    saysAndEnds(head('403 Forbidden'), Buffer.from([0x7b, 0xff, 0x7d])),
    refused(403, 'upstreamForbidden'),
  ],
  ['404', says(refusal('404 Not Found')), refused(404, 'upstreamNotFound')],
  ...[409, 410, 412, 423].map(
    (status): Row => [String(status), says(refusal(`${String(status)} Conflict`)), refused(status, 'upstreamConflict')],
  ),
  ...[405, 407, 408, 418, 451, 499].map(
    (status): Row => [
      String(status),
      says(refusal(`${String(status)} No`)),
      status === 405 ? refused(405, 'upstreamError', 502) : unreadable(status),
    ],
  ),
  ...[500, 501, 502, 505, 507, 599].map(
    (status): Row => [String(status), says(refusal(`${String(status)} No`)), failed(status)],
  ),
  ['504', says(refusal('504 Gateway Timeout')), failed(504, 504, 'upstreamTimeout')],
  ['503 that says no time', says(refusal('503 Service Unavailable')), failed(503)],
]

const otherAnswers: ReadonlyArray<Row> = [
  [
    'the id of another request',
    says(createdWith({ 'client-request-id': '01900000-0000-7000-8000-00000000ffff' })),
    unreadable(),
  ],
  ['that, and a refusal', says(refusal('403 Forbidden', 'NotSo', { 'client-request-id': 'another' })), unreadable()],
  ['that, and a 401', says(refusal('401 Unauthorized', 'NotSo', { 'client-request-id': 'another' })), unreadable()],
  [
    'our id, and another',
    (socket, request) =>
      socket.write(createdWith({ 'client-request-id': `${idIn(request)}\r\nclient-request-id: another` })),
    unreadable(),
  ],
  ['our id', (socket, request) => socket.write(createdWith({ 'client-request-id': idIn(request) })), applied],
  [
    'our id in capitals',
    (socket, request) => socket.write(createdWith({ 'client-request-id': idIn(request).toUpperCase() })),
    applied,
  ],
  ['no id in the header for it', says(createdWith({ 'client-request-id': '' })), applied],
]

const silences: ReadonlyArray<Row> = [
  ['no answer', () => undefined, late()],
  ['half a status line', says('HTTP/1.1 2'), late()],
  ['half the headers', says('HTTP/1.1 201 Created\r\nContent-'), late()],
  ['a body that drips', drip(head('201 Created', `Content-Length: ${length}`), entity), late(201)],
  ['a body that drips, and ends with the connection', drip(head('201 Created'), entity), late(201)],
  ['headers that drip', drip('', created), late()],
  [
    'chunks without end',
    (socket) => pour(socket, head('201 Created', 'Transfer-Encoding: chunked'), `1;${'x'.repeat(100)}\r\n \r\n`),
    late(201),
  ],
  ['103, and then silence', says(secondsOf103), late()],
]

function drip(first: string, text: string): Script {
  return (socket) => {
    socket.write(first)
    let at = 0
    const timer = setInterval(() => socket.write(text.charAt(at++ % (text.length - 1))), 20)
    socket.on('close', () => clearInterval(timer))
  }
}

/** Slowly, and for ever. */
function pour(socket: Socket, first: string, again: string): void {
  socket.write(first)
  const timer = setInterval(() => socket.write(again), 20)
  socket.on('close', () => clearInterval(timer))
}

const idIn = (request: string): string => /client-request-id: (\S+)/i.exec(request)?.[1] ?? ''

let elsewhere: ScriptedServer
beforeAll(async () => {
  elsewhere = await scriptedServer(creates)
})
afterAll(() => elsewhere.stop())

/** A world whose Graph does for each book what its row says. */
const aWorldOf = async (rows: ReadonlyArray<Row>, environment: Readonly<Record<string, string>> = {}) => {
  const world = await aRunningProxy(environment)
  world.scriptGraph((socket, request) => {
    const row = rows[Number(/managedEBooks\/R(\d+)\//.exec(request)?.[1])]
    if (row === undefined) creates(socket, request)
    else row[1](socket, request)
  })
  return {
    world,
    /** Makes the call of a row; with how often Graph saw it. */
    exchange: async (name: string): Promise<Exchanged & { readonly seen: number }> => {
      const book = `R${String(rows.findIndex(([other]) => other === name))}`
      const exchanged = await call(world, book)
      return { ...exchanged, seen: world.graph.received.join('').split(`/managedEBooks/${book}/`).length - 1 }
    },
  }
}

const spoilsConnections = new Set([...cutOff, ...notHttp, ...otherAnswers, ...beyondTheEnd].map(([name]) => name))
const byAnswer = [...beyondTheEnd, ...cutOff, ...notHttp, ...noEntity, ...statuses, ...otherAnswers]

describe('an answer of Graph', () => {
  let rows: Awaited<ReturnType<typeof aWorldOf>>
  beforeAll(async () => {
    rows = await aWorldOf(byAnswer)
  })
  afterAll(() => rows.world.stop())

  it.each(byAnswer)('(%s) is told as what it proves, and the call is not made again', async (name, _, owed) => {
    const exchanged = await rows.exchange(name)

    expectOwed(exchanged, owed)
    expect(exchanged.seen).toBe(owed.seen ?? 1)
    // Whatever was wrong with the connection, the next call is none the worse for it.
    if (spoilsConnections.has(name)) expectOwed(await call(rows.world, 'B1'), applied)
  })

  it('is asked for in one request of constant form, whatever the caller sends along', async () => {
    const { graph, port, scriptGraph } = rows.world
    const [date, book] = ['1999-12-31T23:59:59.1234500-08:00', 'well-formed']
    const body = JSON.stringify({ ...JSON.parse(documentedExample.request), lastSyncDateTime: date }, undefined, 3)
    scriptGraph(creates)
    await rawExchange(
      port,
      requestText({
        authorization: `Bearer ${await tokenOf(rows.world)}`,
        target: bookPath.replace('B1', book),
        body,
        more: [
          'Connection: authorization, x-hop',
          'Cookie: a=b',
          'X-Hop: 1',
          'X-HTTP-Method-Override: DELETE',
          'X-Forwarded-Host: evil.example',
          'X-MS-Client: x',
          'If-Match: *',
          'ConsistencyLevel: eventual',
          'Accept-Encoding: br',
          'tracestate: a=b',
        ],
      }),
    )
    const text = graph.received.join('')
    const [sent = '', sentBody = ''] = text
      .slice(text.indexOf(`POST ${bookPath.replace('B1', book)} HTTP/1.1`))
      .split('\r\n\r\n')
    const [line, ...lines] = sent.split('\r\n')

    expect(line).toBe(`POST ${bookPath.replace('B1', book)} HTTP/1.1`)
    expect(lines.map((header) => header.slice(0, header.indexOf(':')).toLowerCase()).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'authorization',
      'client-request-id',
      'connection',
      'content-length',
      'content-type',
      'host',
      'traceparent',
      'user-agent',
    ])
    expect(lines).toContain(`host: 127.0.0.1:${String(graph.port)}`)
    expect(lines).toContain('connection: keep-alive')
    expect(lines).toContain(`content-length: ${String(Buffer.byteLength(sentBody))}`)
    expect(sentBody).toContain(`"lastSyncDateTime":"${date}"`)
    expect(sentBody).not.toMatch(/\s{2}/)
    expect(JSON.parse(sentBody)).toEqual(JSON.parse(body))
  })

  it('sends nobody elsewhere', () => {
    expect(elsewhere.connections()).toBe(0)
  })

  it('brings no header along but its request-id, if that looks like one', async () => {
    const { scriptGraph } = rows.world
    const hidden = { 'Set-Cookie': 'a=b', Server: 'x', 'X-MS-Diagnostics': 'y', Location: elsewhere.url, Via: 'z' }
    scriptGraph((socket) => socket.write(createdWith({ ...hidden, 'request-id': 'a\tb' })))
    const { reply } = await call(rows.world, 'B1')

    expect(reply.status).toBe(201)
    expect(Object.keys(reply.headers)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(?:set-cookie|server|x-ms-.*|location|via)$/)]),
    )
    expect(reply.headers['request-id']).not.toContain('\t')
  })

  it('is waited for by a clock that does not jump', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    try {
      for (const jumpInMs of [3_600_000, -7_200_000]) {
        rows.world.scriptGraph((socket, request) => {
          vi.setSystemTime(Date.now() + jumpInMs)
          creates(socket, request)
        })
        expectOwed(await call(rows.world, 'B1'), applied)
      }
    } finally {
      vi.useRealTimers()
    }
  })
})

describe.concurrent('an answer of Graph that does not come to its end', () => {
  let rows: Awaited<ReturnType<typeof aWorldOf>>
  beforeAll(async () => {
    rows = await aWorldOf(silences, { UPSTREAM_DEADLINE_MS: '1000' })
    // It has its token by then.
    await call(rows.world, 'B1')
  })
  afterAll(() => rows.world.stop())

  it.each(silences)('(%s) is waited for until the deadline', async (name, _, owed) => {
    const exchanged = await rows.exchange(name)

    expectOwed(exchanged, owed)
    expect(exchanged.seen).toBe(1)
  })
})
