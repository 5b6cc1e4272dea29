import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { preferencesIn } from './preferences.js'

const read = (text: string) => {
  const preferences = preferencesIn(text)
  return preferences === undefined ? undefined : Object.fromEntries(preferences)
}

describe('the preferences of a caller', () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ['', {}],
    ['respond-async', { 'respond-async': '' }],
    ['handling=lenient', { handling: 'lenient' }],
    ['Handling=Lenient', { handling: 'Lenient' }],
    ['handling = lenient', { handling: 'lenient' }],
    ['handling\t=\t"lenient"', { handling: 'lenient' }],
    ['foo=""', { foo: '' }],
    ['foo="a, b; c=\\"d\\""', { foo: 'a, b; c="d"' }],
    ['foo="\u00e9"', { foo: '\u00e9' }],
    ['return=minimal; foo="some, parameter"; bar, wait=10', { return: 'minimal', wait: '10' }],
    ['a;', { a: '' }],
    ['a ; ; b = c ;d,e', { a: '', e: '' }],
    [' , ,a,, b ,\t,', { a: '', b: '' }],
    ['a=1, A=2, a', { a: '1' }],
    ['__proto__=1', { ['__proto__']: '1' }],
  ])('(%j) are %j', (text, preferences) => {
    expect(read(text)).toEqual(preferences)
  })

  it.each([
    '=a',
    'a=',
    'a=,b',
    'a=b=c',
    'a b',
    'a=b c',
    '"a"=b',
    'a="b',
    'a="b\\"',
    'a="\n"',
    'a="\u0100"',
    'a=b;c=',
    'a;=c',
    ';a',
    'a/b',
    'a=b/c',
    '\u00e9',
  ])('are malformed: %j', (text) => {
    expect(read(text)).toBeUndefined()
  })

  it('are read back as they were printed, whatever stands between', () => {
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}$/)
    const text = fc.stringMatching(/^[\t !-~\u0080-\u00ff]{0,8}$/)
    const quoted = (value: string): string => `"${value.replaceAll(/["\\]/g, '\\$&')}"`
    const blank = fc.constantFrom('', ' ', '\t', ' \t')
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(token, text), { selector: ([name]) => name.toLowerCase() }),
        token,
        blank,
        blank,
        (pairs, parameter, before, after) => {
          const printed = pairs.map(
            ([name, value]) =>
              `${name}${before}=${after}${quoted(value)}${before};${after}${parameter}=${quoted(name)}`,
          )

          expect([...(preferencesIn(printed.join(`${after},${before}`)) ?? [])]).toEqual(
            pairs.map(([name, value]) => [name.toLowerCase(), value]),
          )
        },
      ),
    )
  })
})
