import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diagnoseJson } from './json-diagnosis.js'

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const faultAt = (text: string) => diagnoseJson(text).faultAt
const placesOf = (text: string) => diagnoseJson(text).duplicates.map(({ pointer }) => pointer)

describe('where a text stops being JSON', () => {
  it.each<[string, number]>([
    ['', 0],
    [' ', 1],
    ['{', 1],
    ['[', 1],
    ['[1', 2],
    ['[1,', 3],
    ['[1,]', 3],
    ['[,1]', 1],
    ['[1}', 2],
    ['{"a":1]', 6],
    ['{"a"}', 4],
    ['{"a":}', 5],
    ['{"a":1,}', 7],
    ['{"a":1 "b":2}', 7],
    ['{a:1}', 1],
    ['[1 2]', 3],
    ['1 2', 2],
    ['01', 1],
    ['1.', 1],
    ['-', 0],
    ['tru', 0],
    ['truex', 4],
    ['"a', 2],
    ['"a\nb"', 2],
    ['"a\\x"', 2],
    ['"a\\u00g0"', 2],
    ['"a\\', 2],
    ['["é", x]', 7],
    ['["😀", x]', 9],
    ['\u00a01', 0],
    ['['.repeat(20_000), 20_000],
    ['{"":'.repeat(20_000), 80_000],
  ])('%.20j, that is after %i bytes', (text, offset) => {
    expect(faultAt(text)).toBe(offset)
  })

  it('is nowhere in what JSON.parse takes, and somewhere in all else', () => {
    const pieces = fc.constantFrom(
      ...'{}[],:"\\ \n\t\0\u00a001-eé'.split(''),
      ...'"a" "" \\" \\u0061 .5 E+1 true null 😀 \ud83d /**/'.split(' '),
    )
    const texts = fc.oneof(
      fc.json(),
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.tuple(fc.json(), fc.nat(), pieces).map(([text, seed, piece]) => {
        const at = seed % (text.length + 1)
        return `${text.slice(0, at)}${piece}${text.slice(at)}`
      }),
      fc.tuple(fc.json(), fc.nat()).map(([text, seed]) => text.slice(0, seed % (text.length + 1))),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const offset = faultAt(text)

        expect(offset === undefined).toBe(isJson(text))
        expect(offset ?? 0).toBeLessThanOrEqual(Buffer.byteLength(text))
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('members of one name', () => {
  it.each<[string, ReadonlyArray<string>]>([
    ['{"a":1,"b":2}', []],
    ['{"a":1,"a":2}', ['/a']],
    ['{"a":1,"a":2,"a":3}', ['/a', '/a']],
    ['{"a":1,"\\u0061":2}', ['/a']],
    ['{"":1,"":2}', ['/']],
    ['{"a/b~":1,"a/b~":2}', ['/a~1b~0']],
    ['[{"a":1},{"a":1}]', []],
    ['[0,[],{"a":{"b":[1,{"c":1,"c":2}]}}]', ['/2/a/b/1/c']],
    ['{"a":{"a":1,"a":2},"a":[]}', ['/a/a', '/a']],
    ['{"a":{},"b":[],"b":{"c":1}}', ['/b']],
    ['{"__proto__":1,"__proto__":2}', ['/__proto__']],
    ['{"a":"\\"a\\":1,\\"a\\":2"}', []],
  ])('in %s are at %j', (text, places) => {
    expect(placesOf(text)).toEqual(places)
  })

  it.each([
    ['{}', 'object'],
    ['[1]', 'array'],
    ['"x"', 'string'],
    ['true', 'boolean'],
    ['false', 'boolean'],
    ['null', 'null'],
    ['-1', 'number'],
  ])('are told with the kind of the second: %s', (value, kind) => {
    expect(diagnoseJson(`{"a":0,"a": ${value}}`).duplicates).toEqual([{ pointer: '/a', received: kind }])
  })

  it('are told up to 32', () => {
    expect(placesOf(`{${'"a":1,'.repeat(1_000)}"a":1}`)).toHaveLength(32)
  })
})
