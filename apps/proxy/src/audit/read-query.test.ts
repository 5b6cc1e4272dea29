import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { digestsOf } from '../../test/a-ledger.js'
import { readQuery } from './read-query.js'

const now = new Date('2026-11-23T12:00:00.000Z')
const read = readQuery({ now, digestsOf })

const problemsOf = (...asked: ReadonlyArray<readonly [string, string]>): ReadonlyArray<string> => {
  const query = read(asked)
  return E.isLeft(query) ? query.left.map(({ name }) => name) : []
}

describe('a query', () => {
  it.each([
    ['2026-11-23T12:00:00Z', '2026-11-23T12:00:00.000Z', '2026-11-23T12:00:00.000Z'],
    ['2026-11-23T14:30:00.5+02:30', '2026-11-23T12:00:00.500Z', '2026-11-23T12:00:00.500Z'],
    ['2026-11-23', '2026-11-23T00:00:00.000Z', '2026-11-23T23:59:59.999Z'],
    ['90m', '2026-11-23T10:30:00.000Z', '2026-11-23T10:30:00.000Z'],
    ['24h', '2026-11-22T12:00:00.000Z', '2026-11-22T12:00:00.000Z'],
    ['7d', '2026-11-16T12:00:00.000Z', '2026-11-16T12:00:00.000Z'],
    ['2w', '2026-11-09T12:00:00.000Z', '2026-11-09T12:00:00.000Z'],
  ])('knows the time %s', (text, since, until) => {
    expect(read([['since', text]])).toEqual(E.right({ conditions: [], since }))
    expect(read([['until', text]])).toEqual(E.right({ conditions: [], until }))
  })

  it.each([
    '',
    'now',
    '2026-11-31',
    '2026-02-29T12:00:00Z',
    '2026-11-23T12:00:00',
    '2026-11-23T25:00:00Z',
    '7y',
    '-7d',
    '999999w',
  ])('knows no time %j', (text) => {
    expect(problemsOf(['since', text])).toEqual(['since'])
  })

  it('looks for a value by each key there was, and as it is', () => {
    expect(read([['userName', 'Ada']])).toEqual(
      E.right({ conditions: [{ name: 'field:userName', forms: [...digestsOf('userName', 'Ada'), 'Ada'] }] }),
    )
    expect(read([['installState', 'failed']])).toEqual(
      E.right({ conditions: [{ name: 'field:installState', forms: ['failed'] }] }),
    )
  })

  it('takes a digest for what it is, with and without a key', () => {
    const digest = `hmac-sha256:0123abcd:${'x'.repeat(43)}`
    const expected = E.right({ conditions: [{ name: 'field:deviceId', forms: [digest] }] })

    expect(read([['deviceId', digest]])).toEqual(expected)
    expect(readQuery({ now, digestsOf: undefined })([['deviceId', digest]])).toEqual(expected)
    expect(E.isRight(read([['idempotencyKey', digest]]))).toBe(true)
    expect(problemsOf(['idempotencyKey', 'secret'])).toEqual(['idempotencyKey'])
  })

  it('says that a key is needed where there is none', () => {
    const query = readQuery({ now, digestsOf: undefined })([['userName', 'Ada']])

    expect(E.isLeft(query) && query.left).toEqual([
      { name: 'userName', message: 'stands in the ledger as a digest, and the key of the digests is not there' },
    ])
  })

  it('tells everything that is not understood, and no value', () => {
    const query = read([
      ['outcome', 'secret-1'],
      ['callerKind', 'secret-2'],
      ['operation', 'secret-3'],
      ['version', 'secret-4'],
      ['auditId', 'secret-5'],
      ['refusals', 'secret-6'],
      ['colour', 'secret-7'],
      ['book', ''],
    ])

    expect(E.isLeft(query) && query.left.map(({ name }) => name)).toEqual([
      'outcome',
      'callerKind',
      'operation',
      'version',
      'auditId',
      'refusals',
      'colour',
      'book',
    ])
    expect(JSON.stringify(query)).not.toContain('secret')
  })

  it('cannot want what excludes each other', () => {
    expect(problemsOf(['calls', 'true'], ['refusals', 'true'])).toEqual(['refusals'])
    expect(problemsOf(['calls', 'true'], ['refusals', 'false'])).toEqual([])
    expect(problemsOf(['since', '1d'], ['until', '2d'])).toEqual(['since'])
  })
})
