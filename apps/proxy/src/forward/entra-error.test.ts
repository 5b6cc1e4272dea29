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

describe('what Entra may say', () => {
  it.each([
    'access_denied',
    'consent_required',
    'interaction_required',
    'invalid_client',
    'invalid_grant',
    'invalid_request',
    'invalid_resource',
    'invalid_scope',
    'invalid_target',
    'login_required',
    'server_error',
    'temporarily_unavailable',
    'unauthorized_client',
    'unsupported_grant_type',
    'unsupported_response_type',
  ])('is told by its word: %s', (error) => {
    expect(wordsOfAnswer(answer({ error }))).toBe(error)
  })

  it.each([
    'additional_action',
    'bad_token',
    'basic_action',
    'client_mismatch',
    'consent_required',
    'device_authentication_failed',
    'message_only',
    'protection_policy_required',
    'token_expired',
    'user_password_expired',
  ])('is told with its second word: %s', (suberror) => {
    expect(wordsOfAnswer(answer({ error: 'invalid_grant', suberror }))).toBe(`invalid_grant ${suberror}`)
  })

  it.each<[string, ReadonlyArray<unknown>]>([
    ['AADSTS10000', [9_999, 10_000]],
    ['AADSTS99999999', [99_999_999, 100_000_000]],
    ['AADSTS50001 AADSTS50002 AADSTS50003', [50_001, 50_002, 50_003, 50_004]],
    ['AADSTS50001', ['50002', [50_003], 50_001]],
  ])('has its codes told, three at most: %s', (told, codes) => {
    expect(wordsOfAnswer(answer({ error: 'invalid_grant', error_codes: codes }))).toBe(`invalid_grant ${told}`)
  })

  it.each<[string, object]>([
    ['a code in the middle of a sentence', { error_description: 'see AADSTS50013' }],
    ['a code in a list', { error_description: ['AADSTS50013'] }],
    ['a trace in a list', { trace_id: [trace] }],
    ['a trace with more before it', { trace_id: `secret ${trace}` }],
    ['a trace with more behind it', { trace_id: `${trace} secret` }],
  ])('and nothing of what it says otherwise: %s', (_, said) => {
    expect(wordsOfAnswer(answer({ error: 'invalid_grant', ...said }))).toBe('invalid_grant')
  })

  it.each([
    ['nothing', ' \n'],
    ['something else', 'not <html> at all'],
  ])('and is no answer at all: %s', (kind, text) => {
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
    ...['secret SystemError', 'Error secret', 'secretError', 'system Error'].map((name): [string, unknown] => [
      'Error',
      Object.assign(new Error('x'), { name }),
    ]),
    ...['secret ENOENT', 'ENOENT secret', 'ERR_TLS_X secret', 'secret ERR_TLS_X', 'ERR_', 'E1', 7, ['ENOENT']].map(
      (code): [string, unknown] => ['Error', Object.assign(new Error('x'), { code })],
    ),
    ...['ERR_TLS_CERT_ALTNAME_INVALID', 'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'SELF_SIGNED_CERT_IN_CHAIN'].map(
      (code): [string, unknown] => [`Error ${code}`, Object.assign(new Error('x'), { code })],
    ),
    ['Error', Object.assign(new Error('x'), { name: ['TypeError'] })],
    ['Error', new Error('answered more than 256 KiB of a secret')],
    ['Error', new Error('an unexpected redirect')],
    ['Error', new Error('unexpected redirect to a secret')],
    [
      'TypeError: RangeError: SyntaxError',
      new TypeError('x', { cause: new RangeError('x', { cause: new SyntaxError('x', { cause: new Error('x') }) }) }),
    ],
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
