import { installStates } from '@device-install-state/model'
import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleWith } from './a-create.js'
import { errorIn, exchange } from './support/exchange.js'
import { expectRefused } from './support/expect-refused.js'
import { startSystem, type System } from './support/start-system.js'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.stop())

const example = documentedExample.request

/** The text of a body with one member more, which may be one that it has already. */
const exampleAnd = (member: string): string => example.replace(/\r\n}$/, `,${member}}`)

const detailsOf = async (body: string) => {
  const refused = await exchange(system, { body })
  expectRefused(refused, 400, 'bodyInvalid')
  return { details: errorIn(refused.answer).details, recorded: refused.records[0]?.['problems'], refused }
}

describe('a body that is not JSON', () => {
  it.each([
    ['is empty', ''],
    ['is blank', ' \r\n'],
    ['stops too early', example.slice(0, -1)],
    ['goes on after its end', `${example}x`],
    ['is two', `${example}${example}`],
    ['has a comment', example.replace('{', '{ // here')],
    ['has a comma too many', example.replace(/\r\n}$/, ',}')],
    ['has single quotes', example.replaceAll('"', "'")],
    ['has a number that is none', exampleAnd('"id":NaN')],
    ['begins with a byte order mark', `\uFEFF${example}`],
    ['is nested beyond all reason', '['.repeat(5000)],
    ['holds half a character', exampleAnd('"id":"\\ud800"')],
  ])('(it %s) is answered 400, without a word of it', async (_, body) => {
    const refused = await exchange(system, { body })

    expectRefused(refused, 400, 'malformedJson')
    expect(refused.answer.text).not.toMatch(/value|Device Name/)
  })

  it('is told where it stops to be JSON, in bytes', async () => {
    const { answer } = await exchange(system, { body: '{"deviceName": "é", x}' })

    expect(errorIn(answer).message).toContain('at byte 21')
  })
})

describe('a body that is JSON, but no object', () => {
  it.each(['null', 'true', '1', '"installed"', '[]', `[${example}]`])('(%s) is answered 400', async (body) => {
    const { details } = await detailsOf(body)

    expect(details).toMatchObject([{ code: 'type', target: '' }])
  })
})

describe('a property that is there twice', () => {
  it.each([
    ['spelled alike', '"installState":"failed"'],
    ['with the same value', '"installState":"installed"'],
    ['spelled with an escape', '"install\\u0053tate":"failed"'],
  ])('(%s) is answered 400, and named', async (_, member) => {
    const { details, recorded } = await detailsOf(exampleAnd(member))

    expect(details).toMatchObject([{ code: 'duplicate', target: '/installState' }])
    expect(recorded).toEqual([{ code: 'duplicate', pointer: '/installState' }])
  })
})

describe('a property that is not one of ours', () => {
  it.each([
    ['__proto__', '"__proto__":{"polluted":true}'],
    ['constructor', '"constructor":{"prototype":{"polluted":true}}'],
    ['prototype', '"prototype":{}'],
    ['toString', '"toString":"x"'],
    ['foo', '"foo":1'],
    ['DeviceName', '"DeviceName":"x"'],
    ['deviceName@odata.type', '"deviceName@odata.type":"#String"'],
    ['@odata.id', '"@odata.id":"x"'],
    ['managedEBook@odata.bind', '"managedEBook@odata.bind":"x"'],
    ['a/b~c', '"a/b~c":1'],
  ])('(%s) is answered 400, and named to the caller alone', async (name, member) => {
    const { details, recorded } = await detailsOf(exampleAnd(member))

    const target = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    expect(details).toMatchObject([{ code: 'extra', target }])
    expect(recorded).toEqual([{ code: 'extra' }])
    expect({}).not.toHaveProperty('polluted')
  })

  it('comes back with the one that may be meant', async () => {
    const { details } = await detailsOf(exampleAnd('"deviceNme":"x"'))

    expect(details).toMatchObject([{ message: expect.stringContaining('Did you mean deviceName?') }])
  })
})

const nullable = ['deviceName', 'deviceId', 'errorCode', 'osVersion', 'osDescription', 'userName']
const properties = ['@odata.type', 'id', 'lastSyncDateTime', 'installState', ...nullable]

describe.each(properties)('the property %s', (name) => {
  const wrong = [7, true, {}, [], ['x'], ...(nullable.includes(name) ? [] : [null])]

  it.each(wrong.map((value) => JSON.stringify(value)))('is refused when it is %s', async (text) => {
    const { details, recorded } = await detailsOf(exampleWith({ [name]: JSON.parse(text) }))

    expect(details).toMatchObject([{ code: 'type', target: `/${name}` }])
    expect(recorded).toEqual([{ code: 'type', pointer: `/${name}` }])
  })
})

describe('a property that must be there', () => {
  it.each(['lastSyncDateTime', 'installState', ...nullable])('(%s) is missed', async (name) => {
    const { details } = await detailsOf(exampleWith({ [name]: undefined }))

    expect(details).toMatchObject([{ code: 'missing', target: `/${name}` }])
  })

  it('is missed together with all others', async () => {
    const { details } = await detailsOf('{}')

    expect(details).toHaveLength(8)
  })
})

describe('an installState', () => {
  it.each([
    ['Installed', ' Did you mean installed?'],
    ['INSTALLED', ' Did you mean installed?'],
    [' installed', ' Did you mean installed?'],
    ['installed ', ' Did you mean installed?'],
    ['installed\u0000', ' Did you mean installed?'],
    ['unknownFutureValue', ''],
    ['', ''],
  ])('is refused when it is "%s", with the six that there are', async (installState, suggestion) => {
    const { details } = await detailsOf(exampleWith({ installState }))

    expect(details).toEqual([
      { code: 'enum', target: '/installState', message: `Expected one of: ${installStates.join(', ')}.${suggestion}` },
    ])
  })
})

describe('a lastSyncDateTime', () => {
  it.each([
    '2017-02-30T00:00:00Z',
    '2017-01-01T24:00:00Z',
    '2017-01-01T00:00:00+25:00',
    '2017-01-01T00:00:00.12345678Z',
    '2017-01-01T00:00:00',
    '2017-01-01',
    '10000-01-01T00:00:00Z',
  ])('is refused when it is %s', async (lastSyncDateTime) => {
    const { details, refused } = await detailsOf(exampleWith({ lastSyncDateTime }))

    expect(details).toMatchObject([{ code: 'format', target: '/lastSyncDateTime' }])
    expect(refused.answer.text).not.toContain(lastSyncDateTime)
  })
})

describe('a body that is too much', () => {
  it('in one string is refused by its property', async () => {
    const { details } = await detailsOf(exampleWith({ osDescription: 'x'.repeat(4097) }))

    expect(details).toMatchObject([{ code: 'length', target: '/osDescription' }])
  })

  it('as a whole is answered 413', async () => {
    expectRefused(await exchange(system, { body: ' '.repeat(32 * 1024 + 1) }), 413, 'bodyTooLarge')
  })
})

describe('a body of another media type', () => {
  it.each([
    'text/plain',
    'application/vnd.api+json',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
    'application/json, text/plain',
  ])('(%s) is answered 415', async (type) => {
    expectRefused(await exchange(system, { headers: { 'Content-Type': type } }), 415, 'unsupportedMediaType')
  })

  it('or in an encoding is answered 415', async () => {
    expectRefused(await exchange(system, { headers: { 'Content-Encoding': 'gzip' } }), 415, 'unsupportedMediaType')
  })
})

describe('several things that are wrong', () => {
  it('are told at once, and no value is', async () => {
    const body = exampleWith({ deviceName: 7, installState: 'here', userName: ['a person'], extra: 'a secret' })
    const { details, recorded, refused } = await detailsOf(body)

    expect(details).toMatchObject([
      { target: '/deviceName' },
      { target: '/installState' },
      { target: '/userName' },
      { target: '/extra' },
    ])
    expect(recorded).toHaveLength(4)
    expect(refused.answer.text).not.toMatch(/a person|a secret|here"/)
  })
})
