import { describe, expect, it } from 'vitest'
import { claimsInChallenge, claimsRequestIn } from './claims-challenge.js'

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
const encoded = Buffer.from(claims).toString('base64')

describe('the claims that a challenge asks for', () => {
  it.each([
    [
      'as Graph sends it',
      `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="${encoded}"`,
    ],
    ['in another order', `Bearer claims="${encoded}", error="insufficient_claims"`],
    ['with blanks around the signs', `Bearer error = "insufficient_claims" , claims =  "${encoded}"`],
    ['beside another challenge', `PoP nonce="x", Bearer error="insufficient_claims",claims="${encoded}"`],
    [
      'in base64url, where that differs',
      `Bearer error="insufficient_claims", claims="${Buffer.from(claims.replace(/\}$/, ',"u":"?>?>"}')).toString('base64url')}"`,
    ],
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
    ['claims without end', `Bearer error="insufficient_claims", claims="${btoa(`{"a":"${'x'.repeat(5_000)}"}`)}"`],
    ['a parameter that only ends so', `Bearer error="insufficient_claims", my_claims="${encoded}"`],
  ])('are none in %s', (_, header) => {
    expect(claimsInChallenge(header)).toBeUndefined()
  })

  it.each([
    [claims, claims],
    [
      '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}',
      '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}',
    ],
    [
      '{"access_token":{"polids":{"essential":true,"values":["5ce770ea-8690-4747-aa73-c5b3cd509cd4"]}}}',
      '{"access_token":{"polids":{"essential":true,"values":["5ce770ea-8690-4747-aa73-c5b3cd509cd4"]}}}',
    ],
    ...[
      '{"access_token":{"xms_rp_ipaddr":{"value":"2a02:8109:9c80:1234:5c1f:a9b2:77d3:1e4f"}}}',
      '{"access_token":{"xms_rp_ipaddr":{"values":["::1","fe80::1","::ffff:192.0.2.128","192.0.2.1"]}}}',
      '{"access_token":{"nbf":{"essential":true,"value":1604106651},"xms_caeerror":{"value":"10012"}}}',
      '{"access_token":{"amr":{"values":["http://schemas.microsoft.com/claims/multipleauthn"]}}}',
    ].map((text): [string, string] => [text, text]),
    ['{"id_token":{"auth_time":null},"you_sent":"a secret"}', '{"id_token":{"auth_time":null}}'],
    [' {"access_token":{"x":{"value":"y","you_sent":"z"}}}\r\n', '{"access_token":{"x":{"value":"y"}}}'],
  ])('are printed anew from what is understood: %s', (text, expected) => {
    expect(claimsRequestIn(text)).toBe(expected)
  })

  it.each([
    ['a secret', '{"access_token":{"x":{"value":"Kx28Q~abcdefghijklmnopqrstuvwxyz0123456789"}}}'],
    ['a token', '{"access_token":{"x":{"values":["eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl"]}}}'],
    ['a token for a name', '{"access_token":{"eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl":null}}'],
    ['blanks and quotes', '{"access_token":{"x":{"value":"a \\" b"}}}'],
    ['another type', '{"access_token":{"x":{"value":1.5}}}'],
    ['forty digits of hex behind colons', `{"access_token":{"x":{"value":"a:b:${'0123456789'.repeat(4)}"}}}`],
    ['forty digits of hex', `{"access_token":{"x":{"value":"${'0123456789abcdef'.repeat(3).slice(0, 40)}"}}}`],
    ['nothing', '{}'],
    ['nothing that is understood', '{"you_sent":"a secret"}'],
    ['no object', '["a"]'],
    ['no JSON', '{'],
  ])('are none where there is %s', (_, text) => {
    expect(claimsRequestIn(text)).toBeUndefined()
  })

  it('are none of what is no text', () => {
    expect([undefined, null, {}, 1].map(claimsRequestIn)).toEqual([undefined, undefined, undefined, undefined])
  })
})
