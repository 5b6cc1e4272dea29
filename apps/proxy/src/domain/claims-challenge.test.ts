import { describe, expect, it } from 'vitest'
import { claimsInChallenge, isClaimsRequest } from './claims-challenge.js'

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
const encoded = Buffer.from(claims).toString('base64')

describe('the claims that a challenge asks for', () => {
  it.each([
    [
      'as Graph sends it',
      `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="${encoded}"`,
    ],
    ['in another order', `Bearer claims="${encoded}", error="insufficient_claims"`],
    ['beside another challenge', `PoP nonce="x", Bearer error="insufficient_claims",claims="${encoded}"`],
    ['in base64url', `Bearer error="insufficient_claims", claims="${Buffer.from(claims).toString('base64url')}"`],
  ])('are read %s', (_, header) => {
    expect(claimsInChallenge(header)).toBe(claims)
  })

  it.each([
    ['no challenge', undefined],
    ['another error', `Bearer error="invalid_token", claims="${encoded}"`],
    ['no claims', 'Bearer error="insufficient_claims"'],
    ['claims that are no base64', 'Bearer error="insufficient_claims", claims="***"'],
    ['claims that are no JSON', `Bearer error="insufficient_claims", claims="${btoa('{"a":')}"`],
    ['claims that are no object', `Bearer error="insufficient_claims", claims="${btoa('["a"]')}"`],
    ['claims with a line end', `Bearer error="insufficient_claims", claims="${btoa('{"a":\r\n1}')}"`],
    ['claims without end', `Bearer error="insufficient_claims", claims="${btoa(`{"a":"${'x'.repeat(5_000)}"}`)}"`],
    ['a parameter that only ends so', `Bearer error="insufficient_claims", my_claims="${encoded}"`],
  ])('are none in %s', (_, header) => {
    expect(claimsInChallenge(header)).toBeUndefined()
  })

  it('are an object in printable ASCII', () => {
    expect([claims, '{}', 'null', '1', undefined, '{"ä":1}'].map(isClaimsRequest)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })
})
