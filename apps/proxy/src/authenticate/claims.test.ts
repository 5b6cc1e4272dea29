import { describe, expect, it } from 'vitest'
import { callerOfClaims, type TokenRules } from './claims.js'

const now = new Date('2026-11-23T12:00:00Z')
const nowInSeconds = now.getTime() / 1000
const rules: TokenRules = {
  issuer: 'https://issuer.example/t1/v2.0',
  audience: 'a1',
  tenantId: 't1',
  permission: 'DeviceStates.Create',
}
const claims = {
  iss: rules.issuer,
  aud: 'a1',
  tid: 't1',
  iat: nowInSeconds - 60,
  nbf: nowInSeconds - 60,
  exp: nowInSeconds + 3600,
  sub: 's1',
  oid: 'o1',
  azp: 'c1',
  uti: 'u1',
  idtyp: 'app',
  roles: ['DeviceStates.Create'],
}

const judge = (change: object) => {
  const result = callerOfClaims(rules, now)({ keyId: 'k1', payload: { ...claims, ...change } })
  if (result._tag === 'Right') return result.right
  return result.left._tag === 'TokenInvalid' ? result.left.reason : result.left._tag
}

describe('the claims of a proven token', () => {
  it('name the caller', () => {
    expect(judge({})).toEqual({
      kind: 'application',
      issuer: rules.issuer,
      tenantId: 't1',
      objectId: 'o1',
      appId: 'c1',
      tokenId: 'u1',
      keyId: 'k1',
    })
  })

  it.each([
    ['an application, by idtyp, though it has scp', { idtyp: 'app', scp: 'x' }, 'application'],
    ['an application, without idtyp', { idtyp: undefined }, 'application'],
    ['a user, by idtyp, with roles too', { idtyp: 'user', scp: 'DeviceStates.Create' }, 'user'],
    ['a user, by scp alone', { idtyp: undefined, scp: 'openid DeviceStates.Create' }, 'user'],
  ])('tell %s', (_, change, kind) => {
    expect(judge(change)).toMatchObject({ kind })
  })

  it.each([
    ['no permission', { roles: undefined }],
    ['other roles', { roles: ['DeviceStates.Read'] }],
    ['a role that only contains it', { roles: ['DeviceStates.Create2', 'X.DeviceStates.Create'] }],
    ['a user’s role in place of a scope', { idtyp: 'user' }],
    ['a scope that only contains it', { idtyp: 'user', scp: 'Foo.DeviceStates.Create2 DeviceStates.Creat' }],
    ['an id token’s nonce and nothing else', { roles: undefined, idtyp: undefined, nonce: 'n' }],
  ])('with %s lack the permission', (_, change) => {
    expect(judge(change)).toBe('ScopeMissing')
  })

  it.each([
    ['issuer', { iss: `${rules.issuer}/` }],
    ['issuer', { iss: 'https://issuer.example/{tenantid}/v2.0' }],
    ['audience', { aud: 'A1' }],
    ['audience', { aud: 'a2' }],
    ['claims', { aud: ['a1'] }],
    ['claims', { aud: undefined }],
    ['tenant', { tid: 't2' }],
    ['tenant', { tid: undefined }],
    ['expired', { exp: nowInSeconds - 60 }],
    ['notYetValid', { nbf: nowInSeconds + 61 }],
    ['issuedInFuture', { iat: nowInSeconds + 61, exp: nowInSeconds + 3600 }],
    ['livesTooLong', { exp: nowInSeconds + 10 * 365 * 86_400 }],
    ['livesTooLong', { exp: nowInSeconds * 1000 }],
    ['claims', { exp: undefined }],
    ['claims', { exp: 1e308 }],
    ['claims', { exp: nowInSeconds + 0.5 }],
    ['claims', { exp: String(nowInSeconds + 60) }],
    ['claims', { exp: null }],
    ['claims', { exp: -1 }],
    ['claims', { iat: undefined }],
    ['claims', { sub: '' }],
    ['claims', { oid: 'x'.repeat(257) }],
    ['claims', { roles: 'DeviceStates.Create' }],
  ])('are refused for their %s: %j', (reason, change) => {
    expect(judge(change)).toBe(reason)
  })

  it('may be off by 60 seconds of clock', () => {
    expect(judge({ exp: nowInSeconds - 59 })).toMatchObject({ objectId: 'o1' })
    expect(judge({ nbf: nowInSeconds + 60, iat: nowInSeconds + 60 })).toMatchObject({ objectId: 'o1' })
  })
})
