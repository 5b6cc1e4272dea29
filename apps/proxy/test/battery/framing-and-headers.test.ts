import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aConnectionTo } from '../a-connection.js'
import { bookPath } from '../a-request.js'
import { aRunningProxy, requestText, type TestWorld } from '../a-running-proxy.js'
import { aBattery, type Battery, type Refusal } from './what-is-owed.js'

let world: TestWorld
let battery: Battery
let authorization = ''
beforeAll(async () => {
  world = await aRunningProxy({
    AUDIT_UNAUTHENTICATED_PER_MINUTE: '10000',
  })
  authorization = `Bearer ${await world.token()}`
  battery = aBattery(world)
})
afterAll(() => world.stop())

const body = documentedExample.request
const size = String(Buffer.byteLength(body))
const hexSize = Buffer.byteLength(body).toString(16)

/** A good request, with lines more. */
const withLines = (...more: ReadonlyArray<string>): string => requestText({ authorization, more })
/** The good header lines, but for how long the body is. */
const goodLines = (): ReadonlyArray<string> => [
  'Host: localhost',
  `Authorization: ${authorization}`,
  'Content-Type: application/json',
]
const requestOf = (lines: ReadonlyArray<string>, sent = body): string =>
  [`POST ${bookPath} HTTP/1.1`, ...lines, '', sent].join('\r\n')
const inChunks = (chunks: string, ...more: ReadonlyArray<string>): string =>
  requestOf([...goodLines(), 'Transfer-Encoding: chunked', ...more], chunks)
const wholeChunks = `${hexSize}\r\n${body}\r\n0\r\n\r\n`

const malformed: Refusal = { status: 400, code: 'malformedRequest' }
const unreadable: Refusal = { ...malformed, kind: 'connection' }
const duplicate = (name: string): Refusal => ({ status: 400, code: 'duplicateHeader', record: { reason: name } })
const tooLarge: Refusal = { status: 431, code: 'headersTooLarge' }
const unknownCoding: Refusal = {
  ...malformed,
  record: { reason: 'No other Transfer-Encoding than chunked is understood.' },
}
/** In the body: by then the caller is known. */
const unreadableBody: Refusal = { ...malformed, closes: true, record: { caller: expect.anything() } }

const expectRefused: Battery['expectRefused'] = (...row) => battery.expectRefused(...row)
const expectDone = (bytes: string) => battery.expectDone(bytes, bookPath)
const expectDoneBy: Battery['expectDoneBy'] = (...row) => battery.expectDoneBy(...row)
const expectRefusal: Battery['expectRefusal'] = (...row) => battery.expectRefusal(...row)
const expectNothingElse = (): void => battery.expectNothingElse()

describe('a Content-Length', () => {
  it.each([
    '+374',
    '-1',
    '-0',
    '0x176',
    '374, 374',
    '374,374',
    '374;',
    '374.0',
    '3e2',
    '3 74',
    '',
    'abc',
    '\u00b2',
    '18446744073709551616',
    '9'.repeat(40),
  ])('may not be %j', async (length) => {
    await expectRefused(requestOf([...goodLines(), `Content-Length: ${length}`]), unreadable)
  })

  it.each([`00${size}`, ` ${size}`, `${size} `, `${size}\t`])('may be %j', async (length) => {
    await expectDone(requestOf([...goodLines(), `Content-Length: ${length}`]))
  })

  it.each(['32769', '4294967670', '9007199254740993'])('may not be as large as %s', async (length) => {
    await expectRefused(requestOf([...goodLines(), `Content-Length: ${length}`], ''), {
      status: 413,
      code: 'bodyTooLarge',
      closes: true,
      record: { bodyBytesRead: 0 },
    })
  })

  it.each([size, '5', '0'])('may not come a second time (%s)', async (length) => {
    await expectRefused(withLines(`Content-Length: ${length}`), unreadable)
    await expectRefused(withLines(`content-length: ${length}`), unreadable)
  })

  it('may not stand beside chunks, in either order', async () => {
    await expectRefused(inChunks(wholeChunks, `Content-Length: ${size}`), unreadable)
    await expectRefused(
      requestOf([...goodLines(), `Content-Length: ${size}`, 'Transfer-Encoding: chunked'], wholeChunks),
      unreadable,
    )
  })

  it('that is missing, without chunks, stands for no body', async () => {
    await expectRefused(requestOf(goodLines(), ''), {
      status: 400,
      code: 'malformedJson',
      record: { reason: 'it is empty' },
    })
  })

  it('with another sign in its name is not looked at', async () => {
    await expectDone(withLines('Content_Length: 5', 'Transfer_Encoding: chunked'))
  })
})

describe('a Transfer-Encoding', () => {
  it.each(['chunked', 'Chunked', 'CHUNKED', ' chunked '])('may be %j', async (coding) => {
    const { sent } = await expectDone(requestOf([...goodLines(), `Transfer-Encoding: ${coding}`], wholeChunks))

    expect(JSON.parse(sent.json)).toEqual(JSON.parse(body))
  })

  it.each(['gzip, chunked', 'identity, chunked', ',chunked', 'x, chunked', 'deflate,gzip,chunked'])(
    'may not be %j, although its end can be found',
    async (coding) => {
      await expectRefused(requestOf([...goodLines(), `Transfer-Encoding: ${coding}`], wholeChunks), unknownCoding)
    },
  )

  it.each(['gzip', 'identity', 'xchunked', 'chunkedx', 'chunked;q=1', '"chunked"', 'chun ked', 'deflate'])(
    'may not be %j, whose end is nowhere',
    async (coding) => {
      await expectRefused(requestOf([...goodLines(), `Transfer-Encoding: ${coding}`], wholeChunks), {
        ...unknownCoding,
        closes: true,
      })
    },
  )

  it.each(['chunked,', 'chunked, chunked', 'chunked,identity', 'chunked, gzip', '', '\u000bchunked', 'chunked\0'])(
    'may not be %j, which is not readable',
    async (coding) => {
      await expectRefused(requestOf([...goodLines(), `Transfer-Encoding: ${coding}`], wholeChunks), unreadable)
    },
  )

  it.each(['identity', 'xchunked', 'gzip', ''])('of %j may not stand beside a Content-Length', async (coding) => {
    await expectRefused(withLines(`Transfer-Encoding: ${coding}`), unreadable)
  })

  it('may not come twice', async () => {
    await expectRefused(inChunks(wholeChunks, 'Transfer-Encoding: chunked'), unreadable)
    await expectRefused(inChunks(wholeChunks, 'Transfer-Encoding: identity'), unreadable)
    await expectRefused(
      requestOf([...goodLines(), 'Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], wholeChunks),
      duplicate('transfer-encoding'),
    )
  })
})

describe('a chunk', () => {
  it.each([
    ['in capitals', `${hexSize.toUpperCase()}\r\n${body}\r\n0\r\n\r\n`],
    ['with zeros before it', `${'0'.repeat(100)}${hexSize}\r\n${body}\r\n0\r\n\r\n`],
    ['with an extension', `${hexSize};a=b\r\n${body}\r\n0\r\n\r\n`],
    ['with a quoted extension', `${hexSize};a="b\\"c"\r\n${body}\r\n0\r\n\r\n`],
    ['with an extension of 10 KB', `${hexSize};${'a'.repeat(10_000)}\r\n${body}\r\n0\r\n\r\n`],
    ['for each byte', `${Array.from(body, (byte) => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`],
  ])('may be told %s', async (_, chunks) => {
    const { sent } = await expectDone(inChunks(chunks))

    expect(JSON.parse(sent.json)).toEqual(JSON.parse(body))
  })

  it.each([
    ['is negative', `-${hexSize}\r\n${body}\r\n0\r\n\r\n`],
    ['has a sign', `+${hexSize}\r\n${body}\r\n0\r\n\r\n`],
    ['has a prefix', `0x${hexSize}\r\n${body}\r\n0\r\n\r\n`],
    ['has an underscore', `1_76\r\n${body}\r\n0\r\n\r\n`],
    ['is no number', `xyz\r\n${body}\r\n0\r\n\r\n`],
    ['is empty', `\r\n${body}\r\n0\r\n\r\n`],
    ['has a blank before it', ` ${hexSize}\r\n${body}\r\n0\r\n\r\n`],
    ['has a blank behind it', `${hexSize} \r\n${body}\r\n0\r\n\r\n`],
    ['is more than 64 bits', `ffffffffffffffffff\r\n${body}\r\n0\r\n\r\n`],
    ['is too large for what comes', `${(Number(size) + 1).toString(16)}\r\n${body}\r\n0\r\n\r\n`],
    ['is too small for what comes', `${(Number(size) - 1).toString(16)}\r\n${body}\r\n0\r\n\r\n`],
    ['ends with a bare LF', `${hexSize}\n${body}\r\n0\r\n\r\n`],
    ['has data that end with a bare LF', `${hexSize}\r\n${body}\n0\r\n\r\n`],
    ['has data that end with a bare CR', `${hexSize}\r\n${body}\r0\r\n\r\n`],
    ['has an extension with a bare LF', `${hexSize};a\nb\r\n${body}\r\n0\r\n\r\n`],
    ['has an extension with a bare CR', `${hexSize};a\rb\r\n${body}\r\n0\r\n\r\n`],
    ['has an extension with half a quotation', `${hexSize};a="b\r\n${body}\r\n0\r\n\r\n`],
    ['has an extension of 20 KB', `${hexSize};${'a'.repeat(20_000)}\r\n${body}\r\n0\r\n\r\n`],
    ['is the last, with a bare LF', `${hexSize}\r\n${body}\r\n0\n\n`],
    ['is the last, and the end is a bare LF', `${hexSize}\r\n${body}\r\n0\r\n\n`],
  ])('may not be one whose size %s', async (_, chunks) => {
    await expectRefused(inChunks(chunks), unreadableBody)
  })

  it('of more than 32 KiB is refused when so much has come', async () => {
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`

    await expectRefused(inChunks(chunk.repeat(3)), {
      status: 413,
      code: 'bodyTooLarge',
      closes: true,
      record: { caller: { kind: 'application' }, bodyBytesRead: 3 * 0x4000 },
    })
  })

  it.each(['7fffffff', 'ffffffffffffffff'])('of %s bytes that do not come is a body that never came', async (told) => {
    const connection = await aConnectionTo(world.port)
    connection.send(inChunks(`${told}\r\n${body}`))
    connection.socket.end()
    await connection.closed()

    expectRefusal(connection.answers()[0], {
      status: 408,
      code: 'requestTimeout',
      closes: true,
      record: { reason: 'clientClosed', caller: expect.anything() },
    })
  })
})

describe('trailers', () => {
  it.each([
    ['X: y'],
    ['Authorization: Bearer trailer', 'Host: evil', 'Content-Type: text/plain', 'Content-Encoding: gzip'],
    ['client-request-id: 7E0F6E3C-7A0B-4C57-9E7D-0A3B1C2D3E4F', 'Idempotency-Key: trailer', 'Expect: 200-ok'],
    Array.from({ length: 100 }, (_, index) => `X${String(index)}: y`),
  ])('(%s, …) are not looked at', async (...trailers) => {
    const { answer, sent } = await expectDone(
      inChunks(`${hexSize}\r\n${body}\r\n0\r\n${trailers.join('\r\n')}\r\n\r\n`),
    )

    expect(answer.headers['client-request-id']).toBe(answer.headers['audit-id'])
    expect(JSON.stringify([sent, world.recordsOf(sent.auditId)])).not.toMatch(/trailer|evil/)
  })

  it.each([['Content-Length: 5'], ['Transfer-Encoding: chunked'], ['X y'], ['X : y'], ['X: y\0']])(
    '(%j) that would have the body end elsewhere are refused',
    async (trailer) => {
      await expectRefused(inChunks(`${hexSize}\r\n${body}\r\n0\r\n${trailer}\r\n\r\n`), unreadableBody)
    },
  )

  it('of 20 KB are too large', async () => {
    await expectRefused(inChunks(`${hexSize}\r\n${body}\r\n0\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`), {
      ...tooLarge,
      closes: true,
    })
  })
})

describe('a second header', () => {
  it.each([
    ['host', 'Host: localhost'],
    ['host', 'Host: other'],
    ['host', 'HOST:'],
    ['authorization', 'Authorization: Bearer x'],
    ['authorization', 'AUTHORIZATION: Basic x'],
    ['content-type', 'Content-Type: application/json'],
    ['content-type', 'content-type: text/plain'],
  ])('%s (%s) is one too many', async (name, line) => {
    await expectRefused(withLines(line), duplicate(name))
  })

  it('authorization with the same token is one too many', async () => {
    await expectRefused(withLines(`Authorization: ${authorization}`), duplicate('authorization'))
  })

  it.each([
    ['content-encoding', 'gzip', 'identity'],
    ['content-encoding', 'identity', 'identity'],
    ['client-request-id', '7E0F6E3C-7A0B-4C57-9E7D-0A3B1C2D3E4F', '7E0F6E3C-7A0B-4C57-9E7D-0A3B1C2D3E4F'],
    ['client-request-id', 'a', 'b'],
    ['idempotency-key', 'a', 'a'],
    ['idempotency-key', 'a', 'b'],
  ])('%s (%s, %s) is one too many', async (name, one, other) => {
    await expectRefused(withLines(`${name}: ${one}`, `${name}: ${other}`), duplicate(name))
  })

  it.each(['100-continue', '200-ok'])('expect (%s) is one too many, and nobody waits for its body', async (second) => {
    await expectRefused(
      requestOf([...goodLines(), `Content-Length: ${size}`, 'Expect: 100-continue', `Expect: ${second}`], ''),
      {
        ...duplicate('expect'),
        closes: true,
      },
    )
  })

  it('of a kind that may come more than once is no matter', async () => {
    await expectDone(
      withLines('Accept: a', 'Accept: b', 'Cookie: a', 'Cookie: b', 'X-Forwarded-For: a', 'X-Forwarded-For: b'),
    )
  })
})

describe('a Host', () => {
  const withHost = (...lines: ReadonlyArray<string>): string =>
    requestOf([...lines, ...goodLines().slice(1), `Content-Length: ${size}`])

  it.each(['localhost', 'LOCALHOST:8080', '127.0.0.1:1', '[::1]', '[::1]:80', 'a_b.c-d.example.', 'localhost:'])(
    'may be %s',
    async (host) => {
      await expectDone(withHost(`Host: ${host}`))
    },
  )

  it('may not be missing', async () => {
    await expectRefused(withHost(), malformed)
    await expectRefused(withHost('X-Forwarded-Host: localhost'), malformed)
  })

  it.each([
    '',
    ' ',
    'a b',
    'a\tb',
    'user@host',
    'a,b',
    'a, a',
    'a/b',
    '../x',
    'a?b',
    'a#b',
    'a%0d',
    'a:b',
    'a:1:2',
    'a:123456',
    '::1',
    '[::1',
    '[a]b',
    '<script>',
    'http://localhost',
    '\u00e9',
  ])('may not be %j', async (host) => {
    await expectRefused(withHost(`Host: ${host}`), malformed)
  })
})

describe('a header line', () => {
  it.each([
    'X: y',
    'X:y',
    'X:',
    'X:    ',
    'X: y\tz',
    'X: \u00e9',
    'X: \u0080\u00ff',
    '__proto__: x',
    'constructor: x',
    'toString:',
  ])('may be %j', async (line) => {
    await expectDone(withLines(line))
  })

  it.each([
    ['a blank before the colon', 'X : y'],
    ['a tab before the colon', 'X\t: y'],
    ['a blank before its name', ' X: y'],
    ['no name', ': y'],
    ['nothing but a colon', ':'],
    ['no colon', 'X'],
    ['a blank and no colon', 'X y'],
    ['a NUL in its name', 'X\0: y'],
    ['a quoted name', '"X": y'],
    ['brackets in its name', 'X[]: y'],
    ['a parenthesis in its name', 'X(: y'],
    ['an at sign in its name', 'X@: y'],
    ['a name beyond ASCII', 'X\u00e9: y'],
    ['a bare CR', 'X: y\rz'],
    ['two bare CRs', 'X: y\r\rz'],
    ['a bare LF', 'X: y\nZ: z'],
    ['a fold', 'X: y\r\n z'],
    ['a fold with a tab', 'X: y\r\n\tz'],
    ['a line end and a header in its value', 'client-request-id: 7E0F6E3C-7A0B-4C57-9E7D-0A3B1C2D3E4F\r\n x'],
  ])('may not have %s', async (_, line) => {
    await expectRefused(withLines(line), unreadable)
  })

  it('may not be the first and be folded', async () => {
    await expectRefused(requestOf([' Folded: x', ...goodLines(), `Content-Length: ${size}`]), unreadable)
  })

  it('may have no control character in its value but the tab', async () => {
    const controls = Array.from({ length: 33 }, (_, index) => (index === 32 ? 0x7f : index))
    await Promise.all(
      controls
        .filter((control) => control !== 0x09)
        .map((control) => expectRefused(withLines(`X: y${String.fromCharCode(control)}z`), unreadable)),
    )
  })

  it('may be one of 64', async () => {
    const fill = (count: number): ReadonlyArray<string> =>
      Array.from({ length: count }, (_, index) => `X${String(index)}: y`)

    await expectDone(withLines(...fill(60)))
    for (const count of [61, 100, 1_000, 2_100]) await expectRefused(withLines(...fill(count)), tooLarge)
  })

  it('may be large, but not with the others larger than 16 KiB', async () => {
    await expectDone(withLines(`X: ${'y'.repeat(12_000)}`))
    for (const long of [17_000, 40_000])
      await expectRefused(withLines(`X: ${'y'.repeat(long)}`), { ...tooLarge, kind: 'connection' })
  })
})

describe('the lines of a request', () => {
  it.each([
    ['LF alone', (text: string) => text.replaceAll('\r\n', '\n')],
    ['CR alone', (text: string) => text.replaceAll('\r\n', '\r')],
    ['LF alone, the first', (text: string) => text.replace('HTTP/1.1\r\n', 'HTTP/1.1\n')],
    ['LF alone, one of them', (text: string) => text.replace('localhost\r\n', 'localhost\n')],
    ['LF alone, the last two', (text: string) => text.replace('\r\n\r\n', '\n\n')],
    ['LF alone, the last', (text: string) => text.replace('\r\n\r\n', '\r\n\n')],
  ])('may not end with %s', async (_, change) => {
    await expectRefused(change(withLines()), unreadable)
  })

  it('may have empty ones before them', async () => {
    await expectDone(`\r\n\r\n${withLines()}`)
  })

  it.each([
    ['a blank before it', (text: string) => ` ${text}`],
    ['a blank behind it', (text: string) => text.replace('HTTP/1.1\r\n', 'HTTP/1.1 \r\n')],
    ['a tab in it', (text: string) => text.replace(' HTTP/1.1', '\tHTTP/1.1')],
    ['a blank in its target', (text: string) => text.replace('/B1/', '/B 1/')],
    ['a word more', (text: string) => text.replace(' HTTP/1.1', ' x HTTP/1.1')],
    ['a word less', (text: string) => text.replace(bookPath, '')],
  ])('may not begin with one that has %s', async (_, change) => {
    await expectRefused(change(withLines()), unreadable)
  })
})

describe('another version of HTTP', () => {
  const otherVersion: Refusal = { ...malformed, closes: true, record: { reason: 'Only HTTP/1.1 is understood here.' } }

  it.each(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0'])('(%s) is not understood', async (version) => {
    await expectRefused(withLines().replace('HTTP/1.1', version), otherVersion)
  })

  it('(1.0, and its connection kept alive) is not understood, and the connection ends', async () => {
    await expectRefused(withLines('Connection: keep-alive').replace('HTTP/1.1', 'HTTP/1.0'), otherVersion)
    await expectRefused(inChunks(wholeChunks, 'Connection: keep-alive').replace('HTTP/1.1', 'HTTP/1.0'), otherVersion)
  })

  it('(1.0, and a request behind it) has nothing behind it looked at', async () => {
    const first = withLines('Connection: keep-alive').replace('HTTP/1.1', 'HTTP/1.0')

    await expectRefused(`${first}${withLines()}`, otherVersion)
  })

  it.each([`GET ${bookPath}`, `POST ${bookPath}`])('(0.9: %s) is not understood', async (line) => {
    await expectRefused(`${line}\r\n\r\n`, otherVersion)
  })

  it.each([
    'HTTP/1.2',
    'HTTP/1.9',
    'HTTP/3.9',
    'HTTP/1',
    'HTTP/11',
    'HTTP/1.10',
    'HTTP/01.1',
    'http/1.1',
    'HTTPS/1.1',
    'HTTP /1.1',
  ])('(%s) is not readable', async (version) => {
    await expectRefused(withLines().replace('HTTP/1.1', version), unreadable)
  })

  it('(2, by its preface) is not readable', async () => {
    await expectRefused('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', unreadable)
  })

  it('(a greeting of TLS) is not readable', async () => {
    await expectRefused(`\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003${'\0'.repeat(100)}`, unreadable)
  })
})

describe('a request to change the protocol', () => {
  it.each([
    ['HTTP/2', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA']],
    [
      'a websocket',
      ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: eA=='],
    ],
    ['something without saying so in Connection', ['Upgrade: h2c']],
    ['two things', ['Connection: upgrade', 'Upgrade: foo', 'Upgrade: bar']],
  ])('(to %s) is answered as if it were none, and the connection ends', async (_, lines) => {
    const { answer } = await expectDone(withLines(...lines))

    expect(answer.headers).toMatchObject({ connection: 'close' })
    expect(answer.headers).not.toHaveProperty('upgrade')
  })

  it('has nothing behind it looked at', async () => {
    const { answer } = await expectDone(
      `${withLines('Connection: Upgrade', 'Upgrade: h2c')}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    )

    expect(answer.headers).toMatchObject({ connection: 'close' })
  })
})

describe('an Expect', () => {
  const expecting = (what: string): string =>
    requestOf([...goodLines(), `Content-Length: ${size}`, `Expect: ${what}`], '')

  it.each(['100-continue', '100-Continue', ' 100-continue '])(
    'of %j has the body asked for, when the caller is known',
    async (what) => {
      const connection = await aConnectionTo(world.port)
      connection.send(expecting(what))
      await new Promise((resolve) => connection.socket.once('data', resolve))
      expect(connection.text()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
      connection.send(body)
      await connection.answered()
      connection.socket.end()
      await connection.closed()

      expectDoneBy(connection.answers(), bookPath)
    },
  )

  it('has the body of a caller that is not known never asked for', async () => {
    const unknown = expecting('100-continue').replace(/Authorization.*\r\n/, '')

    await expectRefused(unknown, { status: 401, code: 'tokenMissing', closes: true })
  })

  it.each([
    '200-ok',
    '100-continue, 200-ok',
    '100-continue, 100-continue',
    '100-continue;x',
    '100',
    '"100-continue"',
    '',
  ])('may not be %j', async (what) => {
    await expectRefused(expecting(what), { status: 417, code: 'expectationFailed', closes: true })
  })
})

describe('what a Connection says', () => {
  it.each([
    'authorization, content-type',
    'Authorization',
    'content-length',
    'Transfer-Encoding',
    'host',
    'client-request-id',
    ',,,',
    '',
    'keep-alive',
  ])('(%s) takes no header away', async (tokens) => {
    const { answer } = await expectDone(withLines(`Connection: ${tokens}`))

    expect(answer.headers).toMatchObject({ connection: 'keep-alive' })
  })

  it.each([['close'], ['close, x'], ['x, Close'], ['keep-alive, close']])('(%s) ends it', async (tokens) => {
    const { answer } = await expectDone(withLines(`Connection: ${tokens}`))

    expect(answer.headers).toMatchObject({ connection: 'close' })
  })
})

describe('what Graph is told', () => {
  it('is nothing of what a caller tells besides', async () => {
    const { sent } = await expectDone(
      withLines(
        'Cookie: a=SECRET',
        'Proxy-Authorization: Basic SECRET',
        'Keep-Alive: timeout=SECRET',
        'TE: trailers',
        'Trailer: SECRET',
        'Forwarded: for=SECRET',
        'X-Forwarded-For: SECRET',
        'X-Forwarded-Host: SECRET',
        'X-Forwarded-Proto: SECRET',
        'X-Original-URL: /SECRET',
        'X-Rewrite-URL: /SECRET',
        'X-Real-IP: SECRET',
        'X-MS-SECRET: x',
        'Via: 1.1 SECRET',
        'ConsistencyLevel: SECRET',
        'Prefer: SECRET',
        'If-Match: "SECRET"',
        'If-None-Match: *',
        'Range: bytes=0-1',

        'Accept: text/html',
        'Accept-Encoding: br',
        'Accept-Language: SECRET',
        'User-Agent: SECRET',
        'Origin: https://SECRET',
        'Referer: https://SECRET',
        'OData-Version: SECRET',
        'tracestate: SECRET=1',
        `baggage: ${'SECRET'.repeat(1_000)}`,
      ),
    )

    expect(world.graph.received.join('')).not.toContain('SECRET')
    expect(sent.token).not.toBe(authorization.replace('Bearer ', ''))
    expect(JSON.stringify([world.records(), world.logged])).not.toContain('SECRET')
  })

  it('is a trace that begins anew where the caller has sent two, or one that is none', async () => {
    const [one, other] = ['1', '2'].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`)
    const anew = async (...lines: ReadonlyArray<string>): Promise<void> => {
      const { sent } = await expectDone(withLines(...lines))
      expect(sent.traceparent).toMatch(new RegExp(`^00-${sent.auditId.replaceAll('-', '')}-[0-9a-f]{16}-00$`))
    }
    await anew()
    await anew(`traceparent: ${one ?? ''}`, `traceparent: ${one ?? ''}`)
    await anew(`traceparent: ${one ?? ''}`, `traceparent: ${other ?? ''}`)
    for (const none of [
      '',
      'x',
      `ff-${'1'.repeat(32)}-${'1'.repeat(16)}-01`,
      `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
    ])
      await anew(`traceparent: ${none}`)
    for (const none of [`00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`, `00-${'A'.repeat(32)}-${'1'.repeat(16)}-01`])
      await anew(`traceparent: ${none}`)

    const { sent } = await expectDone(withLines(`traceparent: ${one ?? ''}`))
    expect(sent.traceparent).toMatch(/^00-1{32}-(?!1{16})[0-9a-f]{16}-01$/)
  })
})

describe('a client-request-id', () => {
  it('that is a GUID is answered again, and on record', async () => {
    const mine = '7E0F6E3C-7A0B-4C57-9E7D-0A3B1C2D3E4F'
    const { answer, sent } = await expectDone(withLines(`client-request-id: ${mine}`))

    expect(answer.headers).toMatchObject({ 'client-request-id': mine })
    expect(world.recordsOf(sent.auditId)[0]).toMatchObject({ kind: 'intent', callerRequestId: mine })
    expect(world.recordsOf(sent.auditId)[0]).not.toHaveProperty('callerRequestIdIgnored')
  })

  it.each(['', 'x', '{"not":"a guid"}', '{7E0F6E3C-7A0B-4C57-9E7D-0A3B1C2D3E4F}', 'y'.repeat(10_000), '\u00e9'])(
    'that is none (%.40j) is ignored, and on record as that',
    async (none) => {
      const { answer, sent } = await expectDone(withLines(`client-request-id: ${none}`))

      expect(answer.headers).toMatchObject({ 'client-request-id': sent.auditId })
      expect(world.recordsOf(sent.auditId)[0]).toMatchObject({ kind: 'intent', callerRequestIdIgnored: true })
      expect(world.recordsOf(sent.auditId)[0]).not.toHaveProperty('callerRequestId')
    },
  )

  it('is on record with a refusal, too', async () => {
    const unknown = requestText({ more: ['client-request-id: x'] })

    await expectRefused(unknown, { status: 401, code: 'tokenMissing', record: { callerRequestIdIgnored: true } })
  })
})

describe('what a caller wants to be answered', () => {
  it.each(['text/html', 'application/xml;q=1', 'image/*', '*/*;q=0', ''])('(Accept: %s) is JSON', async (accept) => {
    const { answer } = await expectDone(withLines(`Accept: ${accept}`))

    expect(answer.headers).toMatchObject({ 'content-type': 'application/json' })
    expect(answer.body).toBe(documentedExample.response)
  })
})

describe('a Content-Type', () => {
  const typed = (...lines: ReadonlyArray<string>): string =>
    requestOf(['Host: localhost', `Authorization: ${authorization}`, ...lines, `Content-Length: ${size}`])
  const unsupported: Refusal = {
    status: 415,
    code: 'unsupportedMediaType',
    headers: { 'accept-post': 'application/json' },
  }

  it.each([
    'text/plain',
    'application/json, text/plain',
    'application/json;\t',
    '',
    'application/json; charset=latin1',
    '\u00e9',
  ])('may not be %j', async (type) => {
    await expectRefused(typed(`Content-Type: ${type}`), unsupported)
  })

  it('may not be missing, and what it says may not be coded', async () => {
    await expectRefused(typed(), unsupported)
    for (const coding of ['gzip', 'identity', ''])
      await expectRefused(typed('Content-Type: application/json', `Content-Encoding: ${coding}`), unsupported)
  })
})

describe('requests that come at once', () => {
  it.each([2, 10, 100])('(%d) are answered in order, each with its record', async (count) => {
    const paths = Array.from({ length: count }, (_, index) => bookPath.replace('B1', `B${String(index)}`))
    const connection = await aConnectionTo(world.port)
    const asked = paths.map((target, index) =>
      index % 3 === 1 ? requestText({ target }) : requestText({ authorization, target }),
    )
    connection.send(asked.join(''))
    await connection.answered(count)
    connection.socket.end()
    await connection.closed()

    const sent = new Map(battery.sentSince().map((request) => [request.auditId, request.route.path]))
    const answers = connection.answers()
    expect(answers).toHaveLength(count)
    for (const [index, answer] of answers.entries())
      if (index % 3 === 1) battery.expectRefusal(answer, { status: 401, code: 'tokenMissing' })
      else {
        expect(sent.get(answer.headers['audit-id'] ?? '')).toBe(paths[index])
        battery.expectOutcome(answer)
      }
    expect(sent.size).toBe(answers.filter(({ status }) => status === 201).length)
  })
})

describe('after all of these', () => {
  it('nothing is on record, and nothing is with Graph, but what was owed', () => {
    expectNothingElse()
  })
})
