import { describe, expect, it } from 'vitest'
import { readUnverified } from './unverified-token.js'

const read = readUnverified({ algorithms: ['RS256'], tokenTypes: ['JWT'] })

const part = (value: string | object | Uint8Array): string =>
  Buffer.from(typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)).toString(
    'base64url',
  )

const header = { alg: 'RS256', typ: 'JWT', kid: 'k1' }
const token = (
  payload: Parameters<typeof part>[0] = { iss: 'i' },
  head: Parameters<typeof part>[0] = header,
  signature = 'c2ln',
): string => `${part(head)}.${part(payload)}.${signature}`

const whyNot = (text: string): string | undefined => {
  const result = read(text)
  return result._tag === 'Left' ? result.left : undefined
}

describe('a token that is well formed', () => {
  it('is read, and nothing of it believed', () => {
    expect(read(token({ iss: 'i', aud: 'a' }))).toEqual({
      _tag: 'Right',
      right: {
        token: token({ iss: 'i', aud: 'a' }),
        algorithm: 'RS256',
        keyId: 'k1',
        issuer: 'i',
        payload: { iss: 'i', aud: 'a' },
      },
    })
  })

  it('may have x5t in its header, as v1.0 tokens have, and none of an issuer in its payload', () => {
    expect(whyNot(token({}, { ...header, x5t: 't' }))).toBeUndefined()
    expect(read(token({ iss: 1 }))).toMatchObject({ right: { issuer: undefined } })
  })

  it('has 8,192 characters at most', () => {
    const [head, payload] = token().split('.')
    const signature = (length: number): string => 'A'.repeat(length - `${head ?? ''}.${payload ?? ''}.`.length)
    // Lengths of which one character would be too many, or too few, for whole bytes.
    const of = (length: number): string => `${head ?? ''}.${payload ?? ''}.${signature(length)}`

    expect([8_190, 8_191, 8_192].map((length) => whyNot(of(length))).filter((why) => why === 'tooLong')).toEqual([])
    expect(whyNot(of(8_193))).toBe('tooLong')
  })
})

describe('the ends of a token', () => {
  it.each(['x.', '\n', ' '])('have nothing before them: %j', (before) => {
    expect(whyNot(`${before}${token()}`)).toBe('notAJws')
  })

  it.each(['.x', '\n', ' '])('and nothing behind: %j', (behind) => {
    expect(whyNot(`${token()}${behind}`)).toBe('notAJws')
  })

  it('may be of any bytes, of which base64url prints some otherwise than base64', () => {
    // Their base64 has `+` and `/`.
    expect(read(token({ iss: '>>>???' }))).toMatchObject({ right: { issuer: '>>>???' } })
  })

  it('name a key in 256 characters at most', () => {
    expect(whyNot(token({}, { ...header, kid: 'k'.repeat(256) }))).toBeUndefined()
  })
})

describe('a part that is no canonical base64url', () => {
  // Of two characters the second has 4 bits to spare, of three the third 2; one alone is no byte at all.
  it.each(['AA', 'AQ', 'Ag', 'Aw', '_w', 'AAA', 'AAE', 'AAI', 'AA8', 'AAAA'])('(%s) is one', (signature) => {
    expect(whyNot(token({}, header, signature))).toBeUndefined()
  })

  it.each(['A', 'AB', 'AP', 'Ah', 'A_', 'AAB', 'AAD', 'AA-', 'AAAAA', 'AA==', 'AA=', 'A+A', 'A/A', 'A A', '', 'Ä'])(
    '(%j) is refused, in each part',
    (bad) => {
      const [head = '', payload = '', signature = ''] = token().split('.')

      expect(
        [`${bad}.${payload}.${signature}`, `${head}.${bad}.${signature}`, `${head}.${payload}.${bad}`].map(whyNot),
      ).toEqual(['notAJws', 'notAJws', 'notAJws'])
    },
  )
})

describe('a header', () => {
  it.each([
    ['jku', { jku: 'https://evil.example' }],
    ['x5u', { x5u: 'https://evil.example' }],
    ['x5c', { x5c: [] }],
    ['jwk', { jwk: {} }],
    ['cty', { cty: 'JWT' }],
    ['crit', { crit: [] }],
    ['b64', { b64: true }],
    ['enc', { enc: 'A256GCM' }],
    ['nonce', { nonce: 'x' }],
    ['zip', { zip: 'DEF' }],
    ['an empty key name', { kid: '' }],
    ['a long key name', { kid: 'k'.repeat(257) }],
    ['a key name that is none', { kid: ['k1'] }],
    ['no key name', { kid: undefined }],
    ['another algorithm', { alg: 'rs256' }],
    ['another type', { typ: 'jwt' }],
  ])('with %s is refused', (_, change) => {
    expect(whyNot(token({}, { ...header, ...change }))).toBe('header')
  })
})

describe('a payload', () => {
  it.each<[string, Parameters<typeof part>[0]]>([
    ['that is no UTF-8, inside a text', new Uint8Array([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')])],
    ['that is overlong UTF-8', new Uint8Array([...Buffer.from('{"a":"'), 0xc0, 0xaf, ...Buffer.from('"}')])],
    ['with a byte order mark', '\uFEFF{}'],
    ['with half of a surrogate pair', '{"a":"\\ud800"}'],
    ['with a member twice', '{"a":1,"a":1}'],
    ['with a member twice, once by an escape', '{"a":1,"\\u0061":1}'],
    ['with a member twice deep inside', '{"a":[{"b":1,"b":2}]}'],
    ['that is text', '"{}"'],
    ['that is a list', '[]'],
    ['that is null', 'null'],
    ['with a comma too many', '{"a":1,}'],
    ['with something behind it', '{} {}'],
    ['that is 17 levels deep', `{"a":${'['.repeat(17)}${']'.repeat(17)}}`],
  ])('%s is refused', (_, payload) => {
    expect(whyNot(token(payload))).toBe('payload')
  })
})
