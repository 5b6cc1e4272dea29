import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseStrictJson } from './strict-json.js'

const faultOf = (text: string) => {
  const json = parseStrictJson(text)
  return json._tag === 'Fault' ? json.fault : undefined
}

describe('strict JSON', () => {
  it.each(['', ' ', '{', '{"a":1}x', '{"a":1,}', "{'a':1}", 'NaN', '// x\n1', '\uFEFF{}', '[1 2]', '"\n"'])(
    'is not %j',
    (text) => {
      expect(faultOf(text)).toBe('notJson')
    },
  )

  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":1}',
    '{"x":{"a":1,"b":[{"c":1,"c":1}]}}',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
    '{"a" : "x:\\"a\\":", "a"\n:2}',
  ])('has no member twice: %s', (text) => {
    expect(faultOf(text)).toBe('duplicateMember')
  })

  it.each([
    '{"a":"\\"a\\":1,\\"a\\":2"}',
    '["a",":","a",":"]',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"\\\\":1,"\\"":2}',
  ])('may say the same word in other places: %s', (text) => {
    expect(parseStrictJson(text)).toEqual({ _tag: 'Json', value: JSON.parse(text) })
  })

  it.each(['"\\ud800"', '{"\\udfff":1}', '["a\\udc00b"]'])('has no half of a surrogate pair: %s', (text) => {
    expect(faultOf(text)).toBe('loneSurrogate')
  })

  it('has at most 16 levels, and 10,000 are no harm', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

    expect(faultOf(nested(17))).toBeUndefined()
    expect(faultOf(nested(18))).toBe('tooDeep')
    expect(faultOf(nested(10_000))).toBe('tooDeep')
    expect(faultOf(`[${'1,'.repeat(200_000)}1]`)).toBeUndefined()
  })

  it('is whatever JSON.stringify prints of a shallow, well-formed value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value)

        expect(parseStrictJson(text)).toEqual({ _tag: 'Json', value: JSON.parse(text) })
      }),
    )
  })

  it('finds a member that was put in again, wherever', () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 8 })
    fc.assert(
      fc.property(fc.dictionary(word, fc.jsonValue({ maxDepth: 2 }), { minKeys: 1 }), fc.nat(), (value, seed) => {
        const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${JSON.stringify(member)}`)
        const again = members[seed % members.length] ?? ''

        expect(faultOf(`{${[...members, again].join(',')}}`)).toBe('duplicateMember')
      }),
    )
  })
})
