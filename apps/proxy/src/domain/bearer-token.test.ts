import { describe, expect, it } from 'vitest'
import { bearerToken } from './bearer-token.js'

describe('an Authorization header', () => {
  it.each(['Bearer a.b.c', 'bearer a.b.c', 'BEARER a.b.c'])('%j holds a token', (header) => {
    expect(bearerToken(header)).toEqual({ _tag: 'Right', right: 'a.b.c' })
  })

  it.each([undefined, '', 'Basic dXNlcjpwYXNz', 'Bearera.b.c', 'DPoP a.b.c'])('%j holds none', (header) => {
    expect(bearerToken(header)).toMatchObject({ left: { _tag: 'TokenMissing' } })
  })

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer  a.b.c',
    'Bearer\ta.b.c',
    'Bearer a.b.c,',
    'Bearer a.b.c d',
    'Bearer ,',
    'Bearer a.b.c ',
  ])('%j is malformed', (header) => {
    expect(bearerToken(header)).toMatchObject({ left: { _tag: 'CredentialsMalformed' } })
  })
})
