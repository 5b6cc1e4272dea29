import * as fc from 'fast-check'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { entraErrorOf, wordsOfAnswer, wordsOfFault } from './entra-error.js'

const trace = '0b1c2d3e-0000-4000-8000-000000000001'

const answer = (body: unknown, status = 400) => ({ status, text: JSON.stringify(body) })

const claimsIn = (claims: unknown) =>
  O.toUndefined(entraErrorOf(answer({ error: 'interaction_required', claims })))?.claims

describe('what is told of an answer of Entra', () => {
  it.each<[string, unknown]>([
    [
      `invalid_client AADSTS7000215 (trace ${trace})`,
      {
        error: 'invalid_client',
        error_description: 'AADSTS7000215: Invalid client secret provided: a-secret. Trace ID: x',
        error_codes: [7000215],
        trace_id: trace,
      },
    ],
    [
      'invalid_grant consent_required AADSTS65001',
      { error: 'invalid_grant', suberror: 'consent_required', error_codes: [65001] },
    ],
    ['invalid_grant AADSTS50013', { error: 'invalid_grant', error_description: 'AADSTS50013: Assertion failed' }],
    ['consent_required', { error: 'consent_required', suberror: 'consent_required' }],
    [
      'an unknown OAuth error',
      { error: 'a-secret', suberror: 'a-secret', trace_id: 'a-secret', error_codes: ['a-secret'] },
    ],
    ['invalid_scope', { error: 'invalid_scope', error_codes: [1.5, -1, 1e30, null], suberror: 7, trace_id: [] }],
  ])('is its error, codes and trace: %s', (words, body) => {
    expect(wordsOfAnswer(answer(body))).toBe(words)
  })

  it.each([
    ['HTML', '<!DOCTYPE html><html><body>a-secret</body></html>'],
    ['HTML', '  <html>'],
    ['nothing', ''],
    ['other JSON', '{"statusCode":400,"message":"a-secret"}'],
    ['other JSON', '["invalid_client"]'],
    ['other JSON', 'null'],
    ['something else', 'Bad Gateway'],
  ])('that is none is its kind and status: %s', (kind, text) => {
    expect(wordsOfAnswer({ status: 502, text })).toBe(`no OAuth answer came, but ${kind} with status 502`)
  })
})

describe('the claims of an answer', () => {
  const wanted = '{"access_token":{"capolids":{"essential":true,"values":["c1"]}}}'

  it('are kept as they came', () => {
    expect(claimsIn(wanted)).toBe(wanted)
  })

  it.each<[string, unknown]>([
    ['that are no text', { access_token: {} }],
    ['that are no JSON', '{"access_token"'],
    ['that are no object', '[1]'],
    ['that are null', 'null'],
    ['with a line end', '{"a":\n1}'],
    ['beyond ASCII', '{"a":"é"}'],
    ['that are too long', JSON.stringify({ a: 'x'.repeat(4_096) })],
    ['that are empty', ''],
  ])('%s are dropped', (_, claims) => {
    expect(claimsIn(claims)).toBeUndefined()
  })
})

describe('what is told of a fault', () => {
  it.each<[string, unknown]>([
    [
      'TypeError: Error ECONNREFUSED',
      new TypeError('x', { cause: Object.assign(new Error('y'), { code: 'ECONNREFUSED' }) }),
    ],
    ['TypeError: the answer is a redirect', new TypeError('fetch failed', { cause: new Error('unexpected redirect') })],
    ['the answer is too large', new Error('https://login.example answered more than 256 KiB')],
    ['Error', Object.assign(new Error('a secret'), { name: 'a secret', code: 'a secret' })],
    ['Error ENOENT', Object.assign(new Error('no such file /a/secret'), { code: 'ENOENT' })],
    ['an unknown fault', 'a secret'],
  ])('is names and codes alone: %s', (words, fault) => {
    expect(wordsOfFault(fault)).toBe(words)
  })
})

describe('whatever the login service answers', () => {
  // Longer than any word of ours, and no GUID.
  const secret = fc.stringMatching(/^[A-Za-z0-9~._-]{17,48}$/)
  const shape = (secret_: string) => {
    const text = fc.constantFrom(secret_, `x ${secret_} y`, `AADSTS700016: ${secret_}`, `<html>${secret_}`)
    const value = fc.oneof(text, fc.json(), fc.integer(), fc.array(text), fc.dictionary(text, text))
    const body = fc.record(
      {
        error: fc.oneof(text, fc.constantFrom('invalid_grant', 'invalid_client', 'interaction_required')),
        suberror: value,
        error_description: value,
        error_codes: value,
        trace_id: value,
        claims: value,
        [secret_]: value,
      },
      { requiredKeys: [] },
    )
    return fc.tuple(
      fc.constant(secret_),
      fc.oneof(
        body.map((each) => JSON.stringify(each)),
        text,
        fc.json(),
      ),
    )
  }

  it('no secret and no assertion is told', () => {
    fc.assert(
      fc.property(secret.chain(shape), fc.integer({ min: 200, max: 599 }), ([hidden, text], status) => {
        expect(wordsOfAnswer({ status, text })).not.toContain(hidden)
      }),
    )
  })

  it('nor of a fault', () => {
    fc.assert(
      fc.property(secret, fc.boolean(), (hidden, deep) => {
        const fault = Object.assign(new Error(hidden), { name: hidden, code: hidden, error: hidden })
        expect(wordsOfFault(deep ? new TypeError(hidden, { cause: fault }) : fault)).not.toContain(hidden)
      }),
    )
  })
})
