import { describe, expect, it } from 'vitest'
import { tell } from './tell-error.js'

const challengeOf = (error: Parameters<typeof tell>[0]) => tell(error).headers?.['WWW-Authenticate']

describe('a caller on whose behalf no token came', () => {
  it('is told the claims that Entra wants, as its own SDKs read them', () => {
    const claims = '{"access_token":{"capolids":{"essential":true,"values":["c1"]}}}'
    const [, told = ''] =
      /^Bearer error="insufficient_claims", claims="([A-Za-z0-9+/=]+)"$/.exec(
        challengeOf({ _tag: 'UserMustInteract', claims, cause: 'x' }) ?? '',
      ) ?? []

    expect(Buffer.from(told, 'base64').toString()).toBe(claims)
  })

  it('is told to interact where no claims are known', () => {
    expect(challengeOf({ _tag: 'UserMustInteract', claims: undefined, cause: 'x' })).toBe(
      'Bearer error="interaction_required"',
    )
  })

  it('is told that its token is not taken, or that no other token would help', () => {
    expect(challengeOf({ _tag: 'AssertionRefused', consentMissing: false, cause: 'x' })).toBe(
      'Bearer error="invalid_token"',
    )
    expect(challengeOf({ _tag: 'AssertionRefused', consentMissing: true, cause: 'x' })).toBeUndefined()
  })
})
