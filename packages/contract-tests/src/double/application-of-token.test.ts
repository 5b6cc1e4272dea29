import { UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { applicationOfToken } from './application-of-token.js'

describe('the application whose writes are counted', () => {
  it('is the one that a token names', () => {
    expect(applicationOfToken(new UnsecuredJWT({ azp: 'app-1' }).encode())).toBe('app-1')
    expect(applicationOfToken(new UnsecuredJWT({ appid: 'app-2' }).encode())).toBe('app-2')
  })

  it.each(['a-token', 'a.b.c', `a.${btoa('null')}.c`, new UnsecuredJWT({ sub: 'nobody' }).encode()])(
    'is the token itself where it names none: %s',
    (token) => expect(applicationOfToken(token)).toBe(token),
  )
})
