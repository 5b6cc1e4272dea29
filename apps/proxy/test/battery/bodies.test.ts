import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { installStates } from '@device-install-state/model'
import { deviceInstallStateCreate, nearMissCreate } from '@device-install-state/model/arbitrary'
import { deviceInstallStateFields, documentedExample } from '@device-install-state/model/fields'
import { createManagedEBookDeviceState } from '@device-install-state/model/operations'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeBody } from '../../src/decode/decode-request.js'
import { bookPath } from '../a-request.js'
import {
  aRunningProxy,
  creates,
  rawExchange,
  type RawReply,
  recordsFor,
  requestText,
  type TestWorld,
} from '../a-running-proxy.js'

// Class B of the battery: bodies, after a good token, over raw sockets. Tables; each row is named for what is odd in it.
// What a model takes is in packages/model; here is what a caller is told, what is written down, and what reaches Graph.

let world: TestWorld
let authorization = ''
/** Bodies as they reached Graph. */
const arrived: Array<string> = []
const replies: Array<RawReply> = []

beforeAll(async () => {
  world = await aRunningProxy()
  world.scriptGraph((socket, request) => {
    arrived.push(request)
    creates(socket, request)
  })
  authorization = `Bearer ${await world.token()}`
})
afterAll(() => world.stop())

/** Nobody else writes this, so that wherever it turns up it came out of a body. */
const mark = 'MARK'

const bodyWith = (change: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    deviceName: `${mark}-name`,
    deviceId: `${mark}-id`,
    lastSyncDateTime: '2017-01-01T00:02:49.3205976-08:00',
    installState: 'installed',
    errorCode: `${mark}-error`,
    osVersion: `${mark}-os`,
    osDescription: null,
    userName: `${mark}-user`,
    ...change,
  })

const good = bodyWith()

/** A good body and one member more, as text: it may be one that it has already. */
const bodyAnd = (member: string): string => `${good.slice(0, -1)},${member}}`

/** A good body whose deviceName is this text. */
const named = (text: string): string => good.replace(`"${mark}-name"`, () => text)

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8')

/** A good body whose deviceName has these bytes in it. */
const namedInBytes = (...bytes: ReadonlyArray<number>): Buffer => {
  const [before = '', after = ''] = good.split(`${mark}-name`)
  return Buffer.concat([utf8(before), Buffer.from(bytes), utf8(after)])
}

/** Where its deviceName begins. */
const placeOfName = good.indexOf(`${mark}-name`)

interface Framing {
  readonly contentType?: string | null
  readonly more?: ReadonlyArray<string>
  /** In place of Content-Length. */
  readonly framing?: string
}

const exchange = async (body: string | Uint8Array, { framing, ...sent }: Framing = {}): Promise<RawReply> => {
  const bytes = typeof body === 'string' ? utf8(body) : body
  const head = requestText({ authorization, body: '', ...sent }).replace(
    'Content-Length: 0',
    framing ?? `Content-Length: ${String(bytes.byteLength)}`,
  )
  const reply = await rawExchange(world.port, [head, bytes])
  replies.push(reply)
  return reply
}

type ProblemTold = readonly [code: string, pointer: string]

const fields = Object.keys(createManagedEBookDeviceState.body.fields)

/** The one answer to a body that is not taken: the caller reads why, one record says who, what and where, Graph hears nothing. */
const refusal = async (
  body: string | Uint8Array,
  framing?: Framing,
): Promise<{ readonly code: unknown; readonly problems: ReadonlyArray<ProblemTold>; readonly message: string }> => {
  const before = arrived.length
  const reply = await exchange(body, framing)
  const { code, details = [], innerError, message } = reply.error
  const problems = (details as ReadonlyArray<{ code: string; target: string }>).map(
    (detail): ProblemTold => [detail.code, detail.target],
  )
  expect(reply.status).toBe(400)
  expect(innerError).toMatchObject({ code, source: 'gateway', outcome: 'notSent', retry: 'never' })
  expect(recordsFor(world, reply)).toEqual([
    expect.objectContaining({
      kind: 'refusal',
      status: 400,
      code,
      caller: expect.objectContaining({ kind: 'application' }),
      operation: 'createManagedEBookDeviceState',
      ...(code === 'bodyInvalid'
        ? {
            problems: problems.map(([problem, pointer]) =>
              pointer === '' || Object.hasOwn(deviceInstallStateFields, pointer.slice(1))
                ? { code: problem, pointer }
                : { code: problem },
            ),
          }
        : { reason: expect.any(String) }),
    }),
  ])
  expect(arrived).toHaveLength(before)
  return { code, problems, message: String(message) }
}

const expectMalformed = async (body: string | Uint8Array, what: RegExp | string = ''): Promise<void> => {
  const { code, message } = await refusal(body)
  expect(code).toBe('malformedJson')
  expect(message).toMatch(what)
}

const expectInvalid = async (
  body: string | Uint8Array,
  ...problems: ReadonlyArray<ProblemTold>
): Promise<{ readonly message: string }> => {
  const told = await refusal(body)
  expect(told).toMatchObject({ code: 'bodyInvalid', problems })
  return told
}

/** A body that is taken; gives what reached Graph, which came once and with its true length. */
const taken = async (body: string | Uint8Array, framing?: Framing): Promise<string> => {
  const before = arrived.length
  const reply = await exchange(body, framing)
  expect(reply).toMatchObject({ status: 201, body: documentedExample.response })
  expect(arrived).toHaveLength(before + 1)
  const [head = '', json = ''] = arrived.at(-1)?.split('\r\n\r\n') ?? []
  expect(head).toMatch(`POST ${bookPath} HTTP/1.1\r\n`)
  expect(head.toLowerCase()).toContain(`content-length: ${String(Buffer.byteLength(json))}`)
  expect(head.toLowerCase()).not.toContain('transfer-encoding')
  return json
}

const expectTaken = async (body: string | Uint8Array, value: string = String(body)): Promise<void> => {
  expect(JSON.parse(await taken(body))).toEqual(JSON.parse(value))
}

describe('a body that is not there', () => {
  it.each([
    ['it is of no bytes', 'Content-Length: 0'],
    ['neither length nor chunks are told', 'X-Nothing: 1'],
    ['it has no chunk', 'Transfer-Encoding: chunked'],
  ])('is malformed: %s', async (_, framing) => {
    const { code, message } = await refusal(framing.startsWith('Transfer') ? '0\r\n\r\n' : '', { framing })

    expect(code).toBe('malformedJson')
    expect(message).toContain('it is empty')
  })
})

describe('a body that is JSON and no object', () => {
  it.each(['null', 'true', 'false', '0', '-0', '1e400', '"installed"', '""', '[]', '[[]]', `[${good}]`])(
    'is wrong as a whole: %.12s',
    async (body) => {
      await expectInvalid(body, ['type', ''])
    },
  )
})

describe('a body that is no JSON', () => {
  it.each<[string, string, number]>([
    ['blanks alone', ' \t\r\n', 4],
    ['cut off', good.slice(0, -1), good.length - 1],
    ['cut off in a word', '{"deviceName":nul', 14],
    ['a brace too many', `${good}}`, good.length],
    ['two values', `${good}${good}`, good.length],
    ['two values with a blank', `${good} {}`, good.length + 1],
    ['two lines', `${good}\n${good}`, good.length + 1],
    ['two values with a comma', `${good},{}`, good.length],
    ['a sequence, RFC 7464', `\u001e${good}\n`, 0],
    ['a comment', good.replace('{', '{/* x */'), 1],
    ['a comment to the end of a line', `${good}// x`, good.length],
    ['a comma too many', `${good.slice(0, -1)},}`, good.length],
    ['a comma too few', '{"deviceName":null "deviceId":null}', 19],
    ['a colon too few', '{"deviceName" null}', 14],
    ['a name without quotes', '{deviceName:null}', 1],
    ['single quotes', "{'deviceName':null}", 1],
    ['a number for a name', '{1:null}', 1],
    ['undefined', '{"deviceName":undefined}', 14],
    ['a prefix against scripts', `)]}',\n${good}`, 0],
    ['XML', '<deviceInstallState/>', 0],
    ['a form', 'deviceName=x&installState=installed', 0],
    ['a string that does not end', '{"deviceName":"x', 16],
    ['an escape that is none', String.raw`{"deviceName":"\x41"}`, 15],
    ['an escape of three digits', String.raw`{"deviceName":"\u041"}`, 15],
    ['a zero in front', '{"deviceName":01}', 15],
    ['a plus', '{"deviceName":+1}', 14],
    ['a minus alone', '{"deviceName":-}', 14],
    ['a point at the end', '{"deviceName":1.}', 15],
    ['a point at the beginning', '{"deviceName":.5}', 14],
    ['an exponent of nothing', '{"deviceName":1e}', 15],
    ['a hexadecimal number', '{"deviceName":0x1}', 15],
    ['digits in groups', '{"deviceName":1_000}', 15],
    ['NaN', '{"deviceName":NaN}', 14],
    ['Infinity', '{"deviceName":Infinity}', 14],
    ['minus Infinity', '{"deviceName":-Infinity}', 14],
    ['a place after characters of two, three and four bytes', '{"é€😀":1,}', 1 + 1 + 9 + 1 + 3],
  ])('is told where it stops to be: %s', async (_, body, offset) => {
    await expectMalformed(body, `a syntax error at byte ${String(offset)}.`)
  })
})

describe('what stands around a body', () => {
  it.each([
    ['blanks, tabs and line ends', ' \t\r\n'],
    ['10,000 blanks', ' '.repeat(10_000)],
  ])('may be %s', async (_, around) => {
    await expectTaken(`${around}${good}${around}`)
  })

  it.each([
    ['NUL', '\u0000'],
    ['a vertical tab', '\u000b'],
    ['a form feed', '\u000c'],
    ['NEL', '\u0085'],
    ['a no-break space', '\u00a0'],
    ['a zero width space', '\u200b'],
    ['a line separator', '\u2028'],
    ['an ideographic space', '\u3000'],
    ['the end of a file, of old', '\u001a'],
  ])('may not be %s', async (_, around) => {
    await expectMalformed(`${around}${good}`, 'a syntax error at byte 0.')
    await expectMalformed(`${good}${around}`, `a syntax error at byte ${String(good.length)}.`)
  })
})

describe('a body in another encoding', () => {
  const swapped = (bytes: Buffer, size: 2 | 4): Buffer => (size === 2 ? bytes.swap16() : bytes.swap32())
  const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')
  const utf32 = (text: string): Buffer =>
    Buffer.from(Uint32Array.from(Array.from(text, (character) => character.codePointAt(0) ?? 0)).buffer)

  it.each<[string, Buffer, string]>([
    ['UTF-8 with a byte order mark', utf8(`\ufeff${good}`), 'a byte order mark at byte 0.'],
    ['UTF-8 with two', utf8(`\ufeff\ufeff${good}`), 'a byte order mark at byte 0.'],
    ['UTF-8 with one at its end', utf8(`${good}\ufeff`), `a syntax error at byte ${String(good.length)}.`],
    ['a byte order mark alone', utf8('\ufeff'), 'a byte order mark at byte 0.'],
    ['UTF-16, little end first, with a mark', utf16(`\ufeff${good}`), 'it is not UTF-8 at byte 0.'],
    ['UTF-16, big end first, with a mark', swapped(utf16(`\ufeff${good}`), 2), 'it is not UTF-8 at byte 0.'],
    ['UTF-16, little end first', utf16(good), 'a syntax error at byte 1.'],
    ['UTF-16, big end first', swapped(utf16(good), 2), 'a syntax error at byte 0.'],
    ['UTF-32, little end first, with a mark', utf32(`\ufeff${good}`), 'it is not UTF-8 at byte 0.'],
    ['UTF-32, big end first, with a mark', swapped(utf32(`\ufeff${good}`), 4), 'it is not UTF-8 at byte 2.'],
    ['UTF-32, little end first', utf32(good), 'a syntax error at byte 1.'],
    ['UTF-32, big end first', swapped(utf32(good), 4), 'a syntax error at byte 0.'],
    ['Latin-1', Buffer.from(named('"é"'), 'latin1'), `it is not UTF-8 at byte ${String(placeOfName)}.`],
    ['gzip, without a word of it', gzipSync(good), 'it is not UTF-8 at byte 1.'],
  ])('is no UTF-8, or no JSON: %s', async (_, body, what) => {
    await expectMalformed(body, what)
  })

  it.each<[string, ReadonlyArray<number>]>([
    ['a byte that comes nowhere', [0xff]],
    ['a continuation alone', [0x80]],
    ['NUL in two bytes', [0xc0, 0x80]],
    ['a slash in two bytes', [0xc0, 0xaf]],
    ['a letter in two bytes', [0xc1, 0xa5]],
    ['a slash in three bytes', [0xe0, 0x80, 0xaf]],
    ['a slash in four bytes', [0xf0, 0x80, 0x80, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['the other half', [0xed, 0xbf, 0xbf]],
    ['a surrogate pair, as CESU-8', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['more than U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['a character of which the rest is missing', [0xf0, 0x9f, 0x98]],
  ])('is no UTF-8 in one place, which is told: %s', async (_, bytes) => {
    await expectMalformed(namedInBytes(...bytes), `it is not UTF-8 at byte ${String(placeOfName)}.`)
  })

  it.each([1, 2, 3])('is cut off after %i of four bytes', async (kept) => {
    await expectMalformed(Buffer.concat([utf8('{"a":"'), utf8('😀').subarray(0, kept)]), 'it is not UTF-8 at byte 6.')
  })
})

describe('characters of a string', () => {
  const controls = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))

  it.each(controls.map((control) => [JSON.stringify(control), control]))('may not be %s raw', async (_, control) => {
    await expectMalformed(named(`"a${control}b"`), `a syntax error at byte ${String(placeOfName + 1)}.`)
  })

  it.each([
    [
      'every control character, escaped',
      controls.map((control) => `\\u00${control.charCodeAt(0).toString(16).padStart(2, '0')}`).join(''),
    ],
    ['every short escape', String.raw`\"\\\/\b\f\n\r\t`],
    ['NUL, escaped', String.raw`\u0000`],
    ['DEL and C1 controls', '\u007f\u0080\u009f'],
    ['line and paragraph separators', '\u2028\u2029'],
    ['a byte order mark', 'a\ufeffb'],
    ['characters that turn the text around', '\u202eevil\u202c'],
    ['U+FFFD', '\ufffd'],
    ['noncharacters', '\ufdd0\ufffe\uffff\u{1ffff}\u{10ffff}'],
    ['noncharacters, escaped', String.raw`\ufdd0\uFFFE\uffff`],
    ['a surrogate pair, escaped', String.raw`\ud83d\uDE00`],
    ['characters beyond U+FFFF', '😀𝒳\u{e0001}'],
    ['both forms of é', 'é e\u0301'],
    ['private use', '\ue000\u{f0000}'],
    ['nothing', ''],
  ])('reach Graph as they were: %s', async (_, text) => {
    await expectTaken(named(`"${text}"`))
  })

  it.each([
    ['a high one', String.raw`\ud800`],
    ['a low one', String.raw`\udfff`],
    ['two in the wrong order', String.raw`\ude00\ud83d`],
    ['two high ones', String.raw`\ud83d\ud83d\ude00`],
    ['one half escaped, the other cut off', String.raw`\ud83d\u0041`],
  ])('may not be half of a surrogate pair: %s', async (_, text) => {
    await expectMalformed(named(`"${text}"`), 'half of a surrogate pair')
    await expectMalformed(bodyAnd(`"${text}":1`), 'half of a surrogate pair')
    await expectMalformed(bodyAnd(`"a":[{"b":"${text}"}]`), 'half of a surrogate pair')
  })
})

const nullable = ['deviceName', 'deviceId', 'errorCode', 'osVersion', 'osDescription', 'userName']
const required = ['lastSyncDateTime', 'installState', ...nullable]
const inOrder = (names: ReadonlyArray<string>): ReadonlyArray<string> => fields.filter((name) => names.includes(name))

describe('every property at once', () => {
  it.each([
    ['0', 'number'],
    ['-0', 'number'],
    ['1E+2', 'number'],
    ['0.1', 'number'],
    ['1e400', 'number'],
    ['-1e400', 'number'],
    ['1'.repeat(400), 'number'],
    ['9007199254740993', 'number'],
    ['true', 'boolean'],
    ['false', 'boolean'],
    ['{}', 'object'],
    [`{"a":"${mark}"}`, 'object'],
    ['{"__proto__":{"polluted":true}}', 'object'],
    ['{"toString":null,"length":1}', 'object'],
    ['[]', 'array'],
    [`["${mark}"]`, 'array'],
  ])('is of a wrong type: %.20s', async (text, kind) => {
    const body = `{${fields.map((name) => `${JSON.stringify(name)}:${text}`).join(',')}}`
    const before = replies.length

    await expectInvalid(body, ...fields.map((name): ProblemTold => ['type', `/${name}`]))
    const details = replies[before]?.error['details'] as ReadonlyArray<{ message: string }>
    expect(details.every(({ message }) => message.includes(`, got ${kind}.`))).toBe(true)
  })

  it('is null, which four may not be', async () => {
    const wrong = fields.filter((name) => !nullable.includes(name))

    await expectInvalid(
      bodyWith(Object.fromEntries(fields.map((name) => [name, null]))),
      ...wrong.map((name): ProblemTold => ['type', `/${name}`]),
    )
    await expectTaken(bodyWith(Object.fromEntries(nullable.map((name) => [name, null]))))
  })

  it('is missing, which two may be', async () => {
    await expectInvalid('{}', ...inOrder(required).map((name): ProblemTold => ['missing', `/${name}`]))
  })

  it('has something wrong of its own, and all is told', async () => {
    const body = bodyWith({
      deviceName: [mark],
      deviceId: undefined,
      lastSyncDateTime: mark,
      installState: mark,
      osVersion: mark.repeat(1025),
      [mark.toLowerCase()]: mark,
    })

    await expectInvalid(
      body,
      ['type', '/deviceName'],
      ['missing', '/deviceId'],
      ['format', '/lastSyncDateTime'],
      ['enum', '/installState'],
      ['extra', `/${mark.toLowerCase()}`],
      ['length', '/osVersion'],
    )
  })
})

describe('a name that is not quite one', () => {
  it.each([
    ['in another case', 'DeviceName'],
    ['in capitals', 'DEVICENAME'],
    ['with a blank before', ' deviceName'],
    ['with a blank behind', 'deviceName '],
    ['with NUL behind', 'deviceName\u0000'],
    ['with a character of no width', 'device\u200bName'],
    ['with letters of full width', 'ｄeviceName'],
    ['with a dotless i', 'devıceName'],
    ['with a Cyrillic letter', 'deviсeName'],
    ['composed', 'd\u00e9viceName'],
    ['decomposed', 'de\u0301viceName'],
    ['with a point', 'value.deviceName'],
    ['as a path', '/deviceName'],
    ['with an underscore', 'device_name'],
  ])('is one that nobody knows, and the other is missed: %s', async (_, name) => {
    await expectInvalid(
      good.replace('"deviceName"', () => JSON.stringify(name)),
      ['missing', '/deviceName'],
      ['extra', `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`],
    )
  })

  it('is the name all the same where it is only escaped', async () => {
    await expectTaken(good.replace('"installState"', String.raw`"\u0069nstall\u0053tate"`))
  })

  it('is two, where one is composed and the other decomposed', async () => {
    await expectInvalid(bodyAnd('"\u00e9":1,"e\u0301":2'), ['extra', '/\u00e9'], ['extra', '/e\u0301'])
  })

  it('comes back with the one that may be meant', async () => {
    const before = replies.length

    await expectInvalid(bodyAnd('"deviceNme":1'), ['extra', '/deviceNme'])
    expect(replies[before]?.body).toContain('Did you mean deviceName?')
  })

  it('is told escaped, as pointers are, and cut', async () => {
    await expectInvalid(bodyAnd('"a/b~c":1'), ['extra', '/a~1b~0c'])
    await expectInvalid(bodyAnd('"":1'), ['extra', '/'])
    await expectInvalid(bodyAnd(`"${'x'.repeat(1_000)}":1`), ['extra', `/${'x'.repeat(64)}`])
  })
})

describe('a member that is there twice', () => {
  it.each<[string, string, string]>([
    ['with another value', bodyAnd('"installState":"failed"'), '/installState'],
    ['with the same value', bodyAnd('"installState":"installed"'), '/installState'],
    ['of another type', bodyAnd('"installState":{"a":[1]}'), '/installState'],
    ['once escaped', bodyAnd(String.raw`"\u0069nstallState":"failed"`), '/installState'],
    ['once escaped, before', good.replace('{', String.raw`{"install\u0053tate":"failed",`), '/installState'],
    ['of a name that nobody knows', bodyAnd(`"a":1,"a":2`), '/a'],
    ['of no name', bodyAnd('"":1,"":2'), '/'],
    ['escaped, of an astral name', bodyAnd(String.raw`"😀":1,"\ud83d\ude00":2`), '/😀'],
    ['in a value', named('{"a":1,"a":2}'), '/deviceName/a'],
    ['in a list', named('[{},{"a":1,"a":2}]'), '/deviceName/1/a'],
    ['as __proto__', bodyAnd('"__proto__":1,"__proto__":2'), '/__proto__'],
    ['as __proto__, once escaped', bodyAnd(String.raw`"__proto__":1,"\u005f_proto__":2`), '/__proto__'],
    ['behind many blanks', bodyAnd(`"a":1,"a"${' '.repeat(5_000)}:2`), '/a'],
  ])('is told by its place: %s', async (_, body, pointer) => {
    await expectInvalid(body, ['duplicate', pointer])
  })

  it('is not one that looks like it within a string', async () => {
    await expectTaken(named(String.raw`"\"installState\":\"failed\",\"installState\":1"`))
  })
})

describe('a name that objects have by themselves', () => {
  const names = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'valueOf',
    'toJSON',
    'hasOwnProperty',
    '__defineGetter__',
    'then',
    'length',
  ]
  const values = ['{"polluted":true}', '{"prototype":{"polluted":true}}', '{"__proto__":{"polluted":true}}', 'null']

  it.each(names)('(%s) is one that nobody knows, at the top or further down, and changes nothing', async (name) => {
    const before = Reflect.ownKeys(Object.prototype).length
    for (const value of values) await expectInvalid(bodyAnd(`"${name}":${value}`), ['extra', `/${name}`])
    await expectInvalid(named(`{"${name}":{"polluted":true}}`), ['type', '/deviceName'])

    expect({}).not.toHaveProperty('polluted')
    expect(Reflect.ownKeys(Object.prototype)).toHaveLength(before)
  })

  it('does not stand in for a property that is missing', async () => {
    await expectInvalid(
      `{"__proto__":${good}}`,
      ...inOrder(required).map((name): ProblemTold => ['missing', `/${name}`]),
      ['extra', '/__proto__'],
    )
  })
})

describe('nesting', () => {
  const nested = (open: string, inmost: string, close: string, times: number): string =>
    `${open.repeat(times - 1)}${inmost}${close.repeat(times - 1)}`

  it.each([
    ['arrays', '[', '[]', ']', 1],
    ['objects', '{"a":', '{}', '}', 1],
    ['objects of no name', '{"":', '{}', '}', 1],
    ['both by turns', '[{"a":', '[{}]', '}]', 2],
  ])('of %s is read down to 16 levels below the top', async (_, open, inmost, close, levels) => {
    const times = 16 / levels

    await expectInvalid(named(nested(open, inmost, close, times)), ['type', '/deviceName'])
    await expectMalformed(named(nested(open, inmost, close, times + 1)), 'nested deeper than 16 levels')
    await expectMalformed(named(nested(open, inmost, close, 2_500)), 'nested deeper than 16 levels')
    await expectMalformed(open.repeat(5_000), `a syntax error at byte ${String(open.length * 5_000)}.`)
  })

  it('of 16 levels below the top is the most for the whole, too', async () => {
    await expectInvalid(nested('[', '[]', ']', 17), ['type', ''])
    await expectMalformed(nested('[', '[]', ']', 18), 'nested deeper than 16 levels')
    await expectMalformed(nested('[', '[]', ']', 16_000), 'nested deeper than 16 levels')
  })
})

describe('a great number', () => {
  const problemsOf = async (body: string) => (await refusal(body)).problems

  it.each([64, 3_000])('of members that nobody knows (%i) is told by the first of them', async (count) => {
    const members = Array.from({ length: count }, (_, index) => `"k${String(index)}":1`)
    const problems = await problemsOf(`{${members.join(',')}}`)

    expect(problems).toHaveLength(32)
    expect(problems).toContainEqual(['extra', '/k0'])
  })

  it('of members of one name is told by the first of them', async () => {
    expect(await problemsOf(`{${Array.from({ length: 5_000 }, () => '"a":1').join(',')}}`)).toEqual(
      Array.from({ length: 32 }, () => ['duplicate', '/a']),
    )
  })

  it('of members, 10,000, is more than a body may hold', async () => {
    const members = Array.from({ length: 10_000 }, (_, index) => `"k${String(index)}":1`)

    expect(await exchange(`{${members.join(',')}}`)).toMatchObject({ status: 413, error: { code: 'bodyTooLarge' } })
  })

  it('of items is one thing of a wrong type', async () => {
    await expectInvalid(named(`[${'1,'.repeat(16_000)}1]`), ['type', '/deviceName'])
  })
})

describe('a body of 32 KiB', () => {
  const limit = 32 * 1024
  const full = `${good}${' '.repeat(limit - good.length)}`

  const inChunks = (text: string, size: number): string =>
    `${[...text.matchAll(new RegExp(`[^]{1,${String(size)}}`, 'g'))]
      .map(([chunk]) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
      .join('')}0\r\n\r\n`

  it('is the largest that is taken', async () => {
    await expectTaken(full)
  })

  it.each([1, 1_000, limit])('may come in chunks of %i', async (size) => {
    expect(JSON.parse(await taken(inChunks(full, size), { framing: 'Transfer-Encoding: chunked' }))).toEqual(
      JSON.parse(good),
    )
  })

  it('and one byte is refused, whether its length was told or not', async () => {
    const before = arrived.length
    const replied = [
      await exchange(`${full} `),
      await exchange(inChunks(`${full} `, 1_000), { framing: 'Transfer-Encoding: chunked' }),
      await exchange(inChunks(`${full} `, 1), { framing: 'Transfer-Encoding: chunked' }),
      await exchange('', { framing: 'Content-Length: 9007199254740991' }),
    ]

    for (const reply of replied) {
      expect(reply).toMatchObject({ status: 413, error: { code: 'bodyTooLarge', innerError: { outcome: 'notSent' } } })
      expect(recordsFor(world, reply)).toMatchObject([{ kind: 'refusal', code: 'bodyTooLarge', status: 413 }])
    }
    expect(arrived).toHaveLength(before)
  })
})

describe('a length that is not the body’s', () => {
  it('and too small cuts it off', async () => {
    const { code, message } = await refusal(good, { framing: `Content-Length: ${String(good.length - 1)}` })

    expect(code).toBe('malformedJson')
    expect(message).toContain(`at byte ${String(good.length - 1)}.`)
  })

  it('and leaves out but a blank makes one call, and what is behind it is none', async () => {
    expect(JSON.parse(await taken(`${good} {}`, { framing: `Content-Length: ${String(good.length)}` }))).toEqual(
      JSON.parse(good),
    )
  })
})

describe('a string', () => {
  it.each([
    ['of 4,096 characters', 'x'.repeat(4_096)],
    ['of 4,096 that are written as escapes', '\\u0041'.repeat(4_096)],
    ['of 2,048 characters beyond U+FFFF, which are two units each', '😀'.repeat(2_048)],
    ['of 4,096 characters of three bytes', '€'.repeat(4_096)],
  ])('%s is taken', async (_, text) => {
    await expectTaken(named(`"${text}"`))
  })

  it.each([
    ['of 4,097 characters', 'x'.repeat(4_097)],
    ['of 2,049 characters beyond U+FFFF', '😀'.repeat(2_049)],
    ['of 4,096 and half an accent', `${'x'.repeat(4_096)}\u0301`],
    ['of 30,000 characters', 'x'.repeat(30_000)],
  ])('%s is too long', async (_, text) => {
    await expectInvalid(named(`"${text}"`), ['length', '/deviceName'])
  })

  it('that is too long is told of each property that has one', async () => {
    const long = 'x'.repeat(4_097)

    await expectInvalid(
      bodyWith({ deviceName: long, userName: long, id: long }),
      ['length', '/deviceName'],
      ['length', '/userName'],
      ['length', '/id'],
    )
    await expectInvalid(
      bodyWith({ installState: long, lastSyncDateTime: long }),
      ['format', '/lastSyncDateTime'],
      ['enum', '/installState'],
    )
  })
})

describe('an installState', () => {
  it.each(installStates)('may be %s', async (installState) => {
    await expectTaken(bodyWith({ installState }))
  })

  it.each([
    'Installed',
    'INSTALLED',
    ' installed',
    'installed ',
    'installed\u0000',
    'unknownFutureValue',
    '1',
    '',
    'null',
  ])('may not be "%s", and the six are told', async (installState) => {
    const before = replies.length

    await expectInvalid(bodyWith({ installState }), ['enum', '/installState'])
    expect(replies[before]?.body).toContain(`Expected one of: ${installStates.join(', ')}.`)
  })
})

interface DateVectors {
  readonly vectors: ReadonlyArray<{
    readonly input: string
    readonly abnf: boolean
    readonly graphOpenApiPattern: boolean
    readonly calendarValid: boolean | null
    readonly dotnetExpected: boolean | null
  }>
  readonly nonStringVectors: ReadonlyArray<{ readonly json: unknown }>
}

describe('a lastSyncDateTime', () => {
  const { nonStringVectors, vectors }: DateVectors = JSON.parse(
    readFileSync(new URL('../../../../packages/model/test/vectors/date-time-offset.json', import.meta.url), 'utf8'),
  )
  const isTaken = ({ abnf, calendarValid, dotnetExpected, graphOpenApiPattern }: DateVectors['vectors'][number]) =>
    abnf && graphOpenApiPattern && calendarValid === true && dotnetExpected === true
  const more = [
    '2017-01-01T00:02:49.3205976-08:00',
    '2017-01-01T00:02:49Z',
    ...[1, 2, 3, 4, 5, 6, 7].map((digits) => `2017-01-01T00:02:49.${'0'.repeat(digits)}Z`),
    '2017-01-01T00:02:49+00:00',
    '2017-01-01T00:02:49-00:00',
    '2017-01-01T00:02:49+14:00',
    '9999-12-31T23:59:59.9999999Z',
    '0001-01-01T00:00:00Z',
  ]

  it.each([...new Set([...vectors.filter(isTaken).map(({ input }) => input), ...more])])(
    'reaches Graph byte for byte: %s',
    async (lastSyncDateTime) => {
      expect(await taken(bodyWith({ lastSyncDateTime }))).toContain(`"lastSyncDateTime":"${lastSyncDateTime}"`)
    },
  )

  it.each([
    ...vectors.filter((vector) => !isTaken(vector)).map(({ input }) => input),
    '2017-02-30T00:00:00Z',
    '2017-01-01T24:00:00Z',
    '2017-01-01T23:59:60Z',
    '2017-01-01T00:00:00+25:00',
    '2017-01-01T00:00:00.12345678Z',
    '2017-01-01T00:00:00',
    '0000-01-01T00:00:00Z',
    '10000-01-01T00:00:00Z',
    '2017-01-01t00:00:00z',
    '1483257769',
    ' 2017-01-01T00:00:00Z',
    '2017-01-01T00:00:00Z\n',
  ])('is refused when it is %j', async (lastSyncDateTime) => {
    await expectInvalid(bodyWith({ lastSyncDateTime }), ['format', '/lastSyncDateTime'])
  })

  it.each(nonStringVectors.map(({ json }) => JSON.stringify(json)))(
    'is refused when it is %s, and no string',
    async (json) => {
      await expectInvalid(bodyWith({ lastSyncDateTime: JSON.parse(json) }), ['type', '/lastSyncDateTime'])
    },
  )

  it('that is written with escapes is the same one', async () => {
    const escaped = good.replace('49.3205976-08:00', String.raw`49\u002e3205976\u002d08:00`)

    expect(await taken(escaped)).toContain('"lastSyncDateTime":"2017-01-01T00:02:49.3205976-08:00"')
  })
})

describe('an annotation', () => {
  it('@odata.type may be left out, and may be the one that it is', async () => {
    await expectTaken(bodyWith({ '@odata.type': '#microsoft.graph.deviceInstallState' }))
    await expectTaken(bodyWith())
  })

  it.each([
    'microsoft.graph.deviceInstallState',
    '#microsoft.graph.user',
    '#Microsoft.Graph.DeviceInstallState',
    '#microsoft.graph.deviceInstallState ',
    '#microsoft.graph.deviceInstallStates',
    'https://graph.microsoft.com/beta/$metadata#microsoft.graph.deviceInstallState',
    '',
  ])('@odata.type may not be %j', async (type) => {
    await expectInvalid(bodyWith({ '@odata.type': type }), ['enum', '/@odata.type'])
  })

  it.each([
    '@type',
    '@odata.id',
    '@id',
    '@odata.bind',
    'managedEBook@odata.bind',
    'deviceName@odata.type',
    'deviceName@odata.navigationLink',
    '@odata.context',
    '@odata.etag',
    '@odata.editLink',
    '@odata.removed',
    '@microsoft.graph.conflictBehavior',
    '@Org.OData.Core.V1.Description',
  ])('is none of ours: %s', async (name) => {
    await expectInvalid(bodyAnd(`"${name}":"${mark}"`), ['extra', `/${name}`])
  })
})

describe('an id in the body', () => {
  it.each(['b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9', 'x', '', '.', '..', '../../users', '%2e%2e', 'B1', '\u0000'])(
    '(%j) reaches Graph as it is, and nowhere but there',
    async (id) => {
      await expectTaken(bodyWith({ id }))
    },
  )
})

describe('the same body a hundred times at once', () => {
  it('is a hundred calls, each with an intent and an end', async () => {
    const before = arrived.length
    const replied = await Promise.all(Array.from({ length: 100 }, () => exchange(good)))

    expect(new Set(replied.map(({ status }) => status))).toEqual(new Set([201]))
    expect(arrived).toHaveLength(before + 100)
    expect(new Set(replied.map(({ headers }) => headers['audit-id']))).toHaveProperty('size', 100)
    for (const reply of replied)
      expect(recordsFor(world, reply)).toMatchObject([{ kind: 'intent' }, { outcome: 'applied' }])
  })
})

describe('a media type', () => {
  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json ; charset=utf-8',
    'application/json; Charset="UTF-8"',
    '\tapplication/json',
    'application/json  ',
  ])('may be %j', async (contentType) => {
    expect(JSON.parse(await taken(good, { contentType }))).toEqual(JSON.parse(good))
  })

  const expectUnsupported = async (framing: Framing, body: string | Uint8Array = good): Promise<void> => {
    const before = arrived.length
    const reply = await exchange(body, framing)

    expect(reply).toMatchObject({
      status: 415,
      headers: { 'accept-post': 'application/json' },
      error: { code: 'unsupportedMediaType', innerError: { outcome: 'notSent', retry: 'never' } },
    })
    expect(recordsFor(world, reply)).toMatchObject([
      { kind: 'refusal', status: 415, code: 'unsupportedMediaType', method: 'POST' },
    ])
    expect(arrived).toHaveLength(before)
  }

  it.each([
    null,
    '',
    'json',
    'text/plain',
    'text/json',
    'application/x-json',
    'application/jsonp',
    'application/json+x',
    'application/vnd.api+json',
    'application/merge-patch+json',
    'application/problem+json',
    'application/json-seq',
    'application/x-ndjson',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json, text/plain',
    'application/json, application/json',
    'application/json;',
    'application/json;\t',
    'application/json; ',
    'application/json\t;charset=utf-8',
    'application/json;\tcharset=utf-8',
    'application/json; charset',
    'application/json; charset=',
    'application/json; charset=utf8',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8, utf-16',
    'application/json; charset=latin1',
    'application/json; charset="utf-8',
    "application/json; charset='utf-8'",
    'application/json; charset = utf-8',
    'application/json; charset=utf-8; charset=utf-8',
    'application/json; charset=utf-8; charset=utf-16',
    'application/json; charset=utf-8;',
    'application/json; odata.metadata=minimal',
    'application/json; q=1',
    'application /json',
    'application/json\u00a0',
    '*/*',
  ])('may not be %j', async (contentType) => {
    await expectUnsupported({ contentType })
  })

  it.each(['gzip', 'br', 'deflate', 'zstd', 'identity', 'gzip, gzip', 'aws-chunked', ''])(
    'may not come in an encoding: %j',
    async (encoding) => {
      await expectUnsupported({ more: [`Content-Encoding: ${encoding}`] }, encoding === 'gzip' ? gzipSync(good) : good)
    },
  )

  it.each(['Content-Type: application/json', 'Content-Type: text/plain'])('may not come twice: %s', async (line) => {
    expect(await exchange(good, { more: [line] })).toMatchObject({ status: 400, error: { code: 'duplicateHeader' } })
  })
})

describe('whatever is sent', () => {
  /** JSON text of a value in many a form: blanks between, characters escaped or not. */
  const printed = (value: object, blank: string, escapes: boolean): string => {
    const text = (part: unknown): string => {
      const json = JSON.stringify(part)
      return escapes && typeof part === 'string'
        ? `"${Array.from({ length: part.length }, (_, at) => `\\u${part.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
        : json
    }
    const members = Object.entries(value).map(([name, member]) => `${text(name)}${blank}:${blank}${text(member)}`)
    return `${blank}{${blank}${members.join(`${blank},${blank}`)}${blank}}${blank}`
  }

  it('and is taken reaches Graph as the value that it was, and its date byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        deviceInstallStateCreate(),
        fc.constantFrom('', ' ', '\r\n\t'),
        fc.boolean(),
        async (value, blank, escapes) => {
          const json = await taken(printed(value, blank, escapes))

          expect(JSON.parse(json)).toEqual(value)
          expect(json).toContain(`"lastSyncDateTime":"${value.lastSyncDateTime}"`)
        },
      ),
      { numRuns: 60 },
    )
  })

  const holdsHalfAPair = (value: object): boolean => {
    let isFound = false
    JSON.stringify(value, (name: string, member: unknown) => {
      if (!name.isWellFormed() || (typeof member === 'string' && !member.isWellFormed())) isFound = true
      return member
    })
    return isFound
  }

  it('and is wrong in one place is told of that place', async () => {
    await fc.assert(
      fc.asyncProperty(nearMissCreate(), async ({ code, pointer, value }) => {
        const told = await refusal(JSON.stringify(value))

        if (holdsHalfAPair(value)) expect(told.code).toBe('malformedJson')
        else expect(told).toMatchObject({ code: 'bodyInvalid', problems: [[code, pointer]] })
      }),
      { numRuns: 60 },
    )
  })

  const { body: codec } = createManagedEBookDeviceState

  /** Does a pointer lead somewhere? Names longer than 64 characters are cut in it, so that it may lead to one that begins so. */
  const leadsSomewhere = (value: unknown, pointer: string): boolean =>
    pointer === '' ||
    (typeof value === 'object' &&
      value !== null &&
      Object.keys(value).some(
        (name) => pointer === `/${name.slice(0, 64).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`,
      ))

  const json = fc.oneof(
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    nearMissCreate().map(({ value }) => JSON.stringify(value)),
    fc
      .tuple(deviceInstallStateCreate(), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })))
      .map(([value, more]) => JSON.stringify({ ...value, ...more })),
    fc
      .tuple(nearMissCreate(), nearMissCreate())
      .map(([one, other]) => JSON.stringify({ ...one.value, [other.pointer.slice(1)]: 1 })),
  )

  it('and is JSON is taken, or refused by places that are there, or missed', () => {
    fc.assert(
      fc.property(json, (text) => {
        const decoded = decodeBody(codec, utf8(text))
        if (decoded._tag === 'Right') {
          expect(decoded.right).toEqual(JSON.parse(text))
          return
        }
        if (decoded.left._tag === 'JsonMalformed') return
        const problems = decoded.left._tag === 'BodyInvalid' ? decoded.left.problems : []
        expect(problems.length).toBeGreaterThan(0)
        for (const { code, pointer } of problems)
          if (code !== 'duplicate') expect(leadsSomewhere(JSON.parse(text), pointer)).toBe(code !== 'missing')
      }),
      { numRuns: 2_000 },
    )
  })

  it('and differs from a good body in a few bytes is taken or refused, and what is taken is what JSON.parse reads', () => {
    const change = fc.record({
      at: fc.nat({ max: good.length }),
      cut: fc.nat({ max: 3 }),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '\\u00', '\\ud800', '"a":1,').map(utf8),
      ),
    })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let bytes = utf8(good)
        for (const { at, cut, put } of changes)
          bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)])
        const decoded = decodeBody(codec, bytes)

        if (decoded._tag === 'Right') expect(decoded.right).toEqual(JSON.parse(bytes.toString('utf8')))
        else if (decoded.left._tag === 'JsonMalformed')
          expect(decoded.left.offset ?? 0).toBeLessThanOrEqual(bytes.byteLength)
        else expect(decoded.left._tag).toBe('BodyInvalid')
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('after all of it', () => {
  it('no value of a body is in the ledger, in the log, or in a refusal', () => {
    const texts = [
      Buffer.concat(readdirSync(world.directory).map((file) => readFileSync(join(world.directory, file)))).toString(
        'latin1',
      ),
      inspect(world.logged, { depth: null, maxArrayLength: null, maxStringLength: null }),
      ...replies.filter(({ status }) => status !== 201).map(({ body }) => body),
    ]

    expect(replies.length).toBeGreaterThan(300)
    expect(texts.filter((text) => text.includes(mark))).toEqual([])
  })

  it('no reply was a mistake of ours', () => {
    expect(replies.filter(({ status }) => status >= 500)).toEqual([])
  })
})
