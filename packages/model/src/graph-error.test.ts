import { describe, expect, it } from 'vitest'
import { GraphError } from './index.js'

describe('an error that Graph answers', () => {
  it.each([
    ['an empty code', { error: { code: '', message: 'x' } }],
    ['a code with blanks and an empty message', { error: { code: 'No method match route template', message: '' } }],
    ['innerError with more members', { error: { code: 'x', message: 'y', innerError: { date: 'z', status: '429' } } }],
    [
      'null for what may be left out',
      { error: { code: 'x', message: 'y', target: null, details: null, innerError: null } },
    ],
    ['innererror in the older spelling', { error: { code: 'x', message: 'y', innererror: { code: 'z' } } }],
  ])('may have %s', (_, body) => {
    expect(GraphError.decode(body)).toEqual({ _tag: 'Right', right: body })
  })

  it.each([null, {}, { error: null }, { error: 'x' }, { error: { code: 1, message: 'x' } }, { error: { code: 'x' } }])(
    'is not %j',
    (body) => {
      expect(GraphError.is(body)).toBe(false)
    },
  )
})
