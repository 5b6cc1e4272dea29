import canonicalize from 'canonicalize'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, deepestCanonicalJson } from './canonical-json.js'

const right = (text: string) => ({ _tag: 'Right', right: text })
const left = (reason: string) => ({ _tag: 'Left', left: reason })

const doubleOf = (bits: string): number => new DataView(new BigUint64Array([BigInt(`0x${bits}`)]).buffer).getFloat64(0)
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const numberOf = (bits: string): number => {
  const bytes = bits.match(/../g) ?? []
  return doubleOf((littleEndian ? bytes.toReversed() : bytes).join(''))
}

/** What JSON can say, with the strings and names that are hard to escape and to sort. */
const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 })

describe('canonical JSON', () => {
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('prints the number %s as RFC 8785 does in appendix B', (bits, text) => {
    expect(canonicalJson(numberOf(bits))).toEqual(right(text))
  })

  it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])('has no text for the number %s', (bits) => {
    expect(canonicalJson({ a: [numberOf(bits)] })).toEqual(left('notFinite'))
  })

  it('prints the example of RFC 8785 §3.2.2 as it is there', () => {
    const value = JSON.parse(
      String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
        "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    )

    expect(canonicalJson(value)).toEqual(
      right(
        String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
      ),
    )
  })

  it('sorts the example of RFC 8785 §3.2.3 by UTF-16 code units, a pair of surrogates before U+FB33', () => {
    const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6']
    const text = canonicalJson(Object.fromEntries(names.map((name) => [name, ''])))

    expect(text).toEqual(right(`{"\\r":"","1":"","\u0080":"","ö":"","€":"","😀":"","\ufb33":""}`))
  })

  it('sorts names that look like numbers as text, and many names as few', () => {
    const many = Array.from({ length: 40 }, (_, n) => String((n * 7) % 40))
    const text = canonicalJson(Object.fromEntries(many.map((name) => [name, 0])))

    expect(text).toEqual(
      right(
        `{${many
          .toSorted()
          .map((name) => `"${name}":0`)
          .join()}}`,
      ),
    )
  })

  it('is what another implementation makes of it, for any JSON', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(value)).toEqual(right(canonicalize(value) ?? ''))
      }),
      { numRuns: 1_000 },
    )
  })

  it('says all that was said: parsing it gives the value again', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value)
        // JSON has no -0, so that is 0 here, too.
        expect(text._tag === 'Right' && JSON.parse(text.right)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('does not depend on the order in which members were set', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed())
        expect(canonicalJson(turned)).toEqual(canonicalJson(value))
      }),
    )
  })

  it('leaves out members that are undefined, first, last and all', () => {
    expect(canonicalJson({ a: undefined, b: 1, c: undefined, d: 2, e: undefined })).toEqual(right('{"b":1,"d":2}'))
    expect(canonicalJson({ a: undefined })).toEqual(right('{}'))
  })

  it('keeps a member named __proto__', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1},"z":{}}'))).toEqual(right('{"__proto__":{"a":1},"z":{}}'))
  })

  it('takes plain data of any origin', () => {
    expect(canonicalJson(Object.assign(Object.create(null), { a: structuredClone({ b: [] }) }))).toEqual(
      right('{"a":{"b":[]}}'),
    )
  })

  it('goes on telling names right when more than are kept were seen', () => {
    for (let n = 0; n < 3_000; n++) expect(canonicalJson({ [`n${n}`]: n })).toEqual(right(`{"n${n}":${n}}`))
    const long = 'n'.repeat(1_000)
    expect(canonicalJson({ [long]: 1 })).toEqual(right(`{"${long}":1}`))
  })
})

describe('what has no canonical JSON', () => {
  const selfContaining: Record<string, unknown> = {}
  selfContaining['a'] = selfContaining
  selfContaining['b'] = [selfContaining]

  const nested = (levels: number): unknown => {
    let value: unknown = 1
    for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { value }
    return value
  }

  let shared: unknown = 'x'.repeat(1_024)
  for (let level = 0; level < 24; level++) shared = [shared, shared]

  class Money {
    readonly euros = 1
  }

  it.each([
    ['a lone high surrogate', '\ud800', 'loneSurrogate'],
    ['a lone low surrogate in the middle', { a: 'x\udc00y' }, 'loneSurrogate'],
    ['a lone surrogate in a name', { '\udfff': 1 }, 'loneSurrogate'],
    ['a bigint', { a: 1n }, 'notJson'],
    ['a function', { a: () => 1 }, 'notJson'],
    ['a symbol', [Symbol('a')], 'notJson'],
    ['undefined', undefined, 'notJson'],
    ['undefined in an array', [undefined], 'notJson'],
    ['a hole in an array', Array.from({ length: 1 }).concat(Array(1)), 'notJson'],
    ['a date, though it has toJSON', { at: new Date(0) }, 'notJson'],
    ['a map', new Map([['a', 1]]), 'notJson'],
    ['an object of a class', [new Money()], 'notJson'],
    ['a boxed string', [Object('a')], 'notJson'],
    ['a value that contains itself', selfContaining, 'tooDeep'],
    ['one level too many', nested(deepestCanonicalJson + 1), 'tooDeep'],
    ['parts shared so often that the text would fill the memory', shared, 'tooLong'],
    [
      'a getter that throws',
      Object.defineProperty({}, 'a', {
        enumerable: true,
        get: () => {
          throw new Error('trap')
        },
      }),
      'unreadable',
    ],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('trap')
          },
        },
      ),
      'unreadable',
    ],
  ])('%s is refused', (_, value, reason) => {
    expect(canonicalJson(value)).toEqual(left(reason))
  })

  it('is not the deepest value that is allowed', () => {
    expect(canonicalJson(nested(deepestCanonicalJson))._tag).toBe('Right')
  })

  it('is never a toJSON that is called', () => {
    expect(canonicalJson({ a: { toJSON: () => 'harmless' } })).toEqual(left('notJson'))
  })
})
