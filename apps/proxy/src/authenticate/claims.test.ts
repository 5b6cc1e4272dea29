import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anEntraIssuer } from '../../test/a-trusted-issuer.js'
import { callerOfClaims } from './claims.js'
import type { TokenRules } from './token-rules.js'
import type { TrustedIssuer } from './trusted-issuer.js'

const now = new Date('2026-11-23T12:00:00Z')
const nowInSeconds = now.getTime() / 1000

const rules: TokenRules = {
  audiences: ['a1', 'api://a1'],
  graphAudiences: ['https://graph.example'],
  scope: 'DeviceStates.Create',
  role: 'DeviceStates.Create.All',
  appIds: undefined,
  algorithms: ['RS256'],
  tokenTypes: ['JWT'],
  longestLifeInSeconds: 28 * 3600,
}
const v2 = anEntraIssuer
const v1: TrustedIssuer = { ...v2, issuer: 'https://sts.example/t1/', version: '1.0' }
const openId: TrustedIssuer = {
  kind: 'openid',
  issuer: 'https://issuer.example',
  discovery: 'https://issuer.example',
}

const times = { iat: nowInSeconds - 60, nbf: nowInSeconds - 60, exp: nowInSeconds + 3600 }
const ofApplication = {
  ...times,
  iss: v2.issuer,
  aud: 'a1',
  ver: '2.0',
  tid: 't1',
  sub: 'o1',
  oid: 'o1',
  azp: 'c1',
  uti: 'u1',
  idtyp: 'app',
  roles: ['DeviceStates.Create.All'],
}
const ofUser = {
  ...ofApplication,
  sub: 'pairwise',
  idtyp: 'user',
  scp: 'openid DeviceStates.Create',
  roles: undefined,
}

const judge = (payload: object, trusted: TrustedIssuer = v2, asked: Partial<TokenRules> = {}) => {
  const result = callerOfClaims({ ...rules, ...asked }, trusted, now)({ keyId: 'k1', payload })
  if (result._tag === 'Right') return result.right.caller
  return result.left._tag === 'TokenInvalid' ? result.left.reason : result.left._tag
}

describe('the claims of a proven token of Entra', () => {
  it('name the caller', () => {
    expect(judge(ofApplication)).toEqual({
      kind: 'application',
      issuer: v2.issuer,
      tenantId: 't1',
      objectId: 'o1',
      appId: 'c1',
      tokenId: 'u1',
      keyId: 'k1',
    })
  })

  it('name it in the dialect of v1.0, too', () => {
    const { azp: _, ...claims } = ofApplication

    expect(judge({ ...claims, iss: v1.issuer, ver: '1.0', appid: 'c1' }, v1)).toMatchObject({ appId: 'c1' })
  })

  it.each([
    ['an application, by idtyp, though it has scp', { ...ofApplication, scp: 'x' }, 'application'],
    ['an application, without idtyp, by a sub that is its oid', { ...ofApplication, idtyp: undefined }, 'application'],
    ['a user, by idtyp, with roles too', { ...ofUser, roles: ['DeviceStates.Create.All'] }, 'user'],
    ['a user, by scp alone', { ...ofUser, idtyp: undefined }, 'user'],
  ])('tell %s', (_, claims, kind) => {
    expect(judge(claims)).toMatchObject({ kind })
  })

  it.each([
    ['no permission', { ...ofApplication, roles: undefined }],
    ['other roles', { ...ofApplication, roles: ['DeviceStates.Read'] }],
    [
      'a role that only contains it',
      { ...ofApplication, roles: ['DeviceStates.Create.All2', 'X.DeviceStates.Create.All'] },
    ],
    ['the scope in place of the role', { ...ofApplication, roles: ['DeviceStates.Create'] }],
    ['a user’s role in place of a scope', { ...ofUser, scp: undefined, roles: ['DeviceStates.Create.All'] }],
    ['the role in place of the scope', { ...ofUser, scp: 'DeviceStates.Create.All' }],
    ['a scope that only contains it', { ...ofUser, scp: 'Foo.DeviceStates.Create2 DeviceStates.Creat' }],
    ['a scope in other letters', { ...ofUser, scp: 'devicestates.create' }],
    ['a scope behind a tab', { ...ofUser, scp: 'openid\tDeviceStates.Create' }],
  ])('with %s lack the permission', (_, claims) => {
    expect(judge(claims)).toBe('ScopeMissing')
  })

  it.each([
    ['issuer', { iss: `${v2.issuer}/` }],
    ['issuer', { iss: 'https://login.example/{tenantid}/v2.0' }],
    ['audience', { aud: 'A1' }],
    ['audience', { aud: 'a2' }],
    ['audience', { aud: 'api://a1/' }],
    ['claims', { aud: ['a1'] }],
    ['claims', { aud: [] }],
    ['claims', { aud: undefined }],
    ['version', { ver: '1.0' }],
    ['claims', { ver: undefined }],
    ['tenant', { tid: 't2' }],
    ['claims', { tid: undefined }],
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
    ['claims', { nbf: 'soon' }],
    ['claims', { sub: '' }],
    ['claims', { oid: undefined }],
    ['claims', { oid: 'x'.repeat(257) }],
    ['claims', { roles: 'DeviceStates.Create.All' }],
    ['claims', { idtyp: 'device' }],
    ['claims', { scp: ['DeviceStates.Create'] }],
    ['kind', { idtyp: undefined, sub: 'pairwise', nonce: 'of an id token' }],
    ['boundToKey', { cnf: { jkt: 'x' } }],
    ['boundToKey', { cnf: null }],
  ])('are refused for their %s: %j', (reason, change) => {
    expect(judge({ ...ofApplication, ...change })).toBe(reason)
  })

  it('may be off by 60 seconds of clock', () => {
    expect(judge({ ...ofApplication, exp: nowInSeconds - 59 })).toMatchObject({ objectId: 'o1' })
    expect(judge({ ...ofApplication, nbf: nowInSeconds + 60, iat: nowInSeconds + 60 })).toMatchObject({
      objectId: 'o1',
    })
  })

  it('may have any of the audiences that are taken', () => {
    expect(judge({ ...ofApplication, aud: 'api://a1' })).toMatchObject({ objectId: 'o1' })
  })

  it('live no longer than is granted', () => {
    const minutes = (life: number) => ({
      ...ofApplication,
      iat: nowInSeconds,
      nbf: nowInSeconds,
      exp: nowInSeconds + life * 60,
    })

    expect(judge(minutes(91), v2, { longestLifeInSeconds: 90 * 60 })).toMatchObject({ objectId: 'o1' })
    expect(judge(minutes(92), v2, { longestLifeInSeconds: 90 * 60 })).toBe('livesTooLong')
  })

  it.each([
    [['c1', 'c2'], undefined],
    [['c2'], 'CallerNotAllowed'],
    [[''], 'CallerNotAllowed'],
  ])('must name one of the applications that may call: %j', (appIds, error) => {
    const judged = judge(ofApplication, v2, { appIds })

    if (error === undefined) expect(judged).toMatchObject({ appId: 'c1' })
    else expect(judged).toBe(error)
    expect(judge({ ...ofApplication, azp: undefined, appid: 'c1' }, v2, { appIds })).toBe('CallerNotAllowed')
  })
})

describe('the claims of a proven token of another provider', () => {
  const claims = {
    ...times,
    iss: openId.issuer,
    aud: 'a1',
    sub: 's1',
    client_id: 'c1',
    jti: 'j1',
    scope: 'x DeviceStates.Create',
  }

  it('name a user by its subject', () => {
    expect(judge(claims, openId)).toEqual({
      kind: 'user',
      issuer: openId.issuer,
      objectId: 's1',
      appId: 'c1',
      tokenId: 'j1',
      keyId: 'k1',
    })
  })

  it.each([
    ['scope, as RFC 9068 has it', {}],
    ['a list of scopes', { scope: undefined, scp: ['DeviceStates.Create'] }],
    ['scopes in scp', { scope: undefined, scp: 'DeviceStates.Create' }],
    ['a role', { scope: undefined, roles: ['DeviceStates.Create.All'] }],
    ['scope, its client being called azp', { client_id: undefined, azp: 'c1' }],
  ])('name an application, which is its own subject, permitted by %s', (_, change) => {
    expect(judge({ ...claims, sub: 'c1', ...change }, openId)).toMatchObject({ kind: 'application', objectId: 'c1' })
  })

  it.each([
    { scope: undefined },
    { scope: undefined, roles: ['DeviceStates.Create.All'] },
    { scope: 'DeviceStates.Create.All' },
  ])('of a user with %j lack the permission', (change) => {
    expect(judge({ ...claims, ...change }, openId)).toBe('ScopeMissing')
  })
})

describe('claims of every kind', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('t1', 'a1', 'o1', '1.0', '2.0', 'app', v2.issuer, v1.issuer, 1e10),
  )
  const claims = fc.dictionary(fc.constantFrom(...Object.keys({ ...ofApplication, scp: 0, appid: 0, nonce: 0 })), value)

  const clientIds = ['c1']

  it('of Entra name a caller only if each that matters is as it must be', () => {
    fc.assert(
      fc.property(claims, fc.constantFrom(v1, v2), (change, trusted) => {
        const payload: Record<string, unknown> = { ...ofApplication, ...change }
        const judged = judge(payload, trusted, { appIds: clientIds })
        if (typeof judged === 'string') return
        expect(payload).toMatchObject({ iss: trusted.issuer, tid: 't1', ver: trusted.version, oid: judged.objectId })
        expect(rules.audiences).toContain(payload['aud'])
        expect(clientIds).toContain(payload[trusted.version === '1.0' ? 'appid' : 'azp'])
        expect(judged.kind === 'user' ? String(payload['scp']).split(' ') : payload['roles']).toContain(
          judged.kind === 'user' ? rules.scope : rules.role,
        )
        expectInTime(payload)
      }),
      { numRuns: 2_000 },
    )
  })

  it('of another provider name a caller only if each that matters is as it must be', () => {
    const base = { ...times, iss: openId.issuer, aud: 'a1', sub: 's1', client_id: 'c1', scope: 'DeviceStates.Create' }
    const changes = fc.dictionary(fc.constantFrom(...Object.keys({ ...base, azp: 0, scp: 0, roles: 0, jti: 0 })), value)
    fc.assert(
      fc.property(changes, (change) => {
        const payload: Record<string, unknown> = { ...base, ...change }
        const judged = judge(payload, openId, { appIds: clientIds })
        if (typeof judged === 'string') return
        expect(payload).toMatchObject({ iss: openId.issuer, sub: judged.objectId })
        expect(rules.audiences).toContain(payload['aud'])
        expect(clientIds).toContain(payload['client_id'] ?? payload['azp'])
        expect(JSON.stringify([payload['scope'], payload['scp'], payload['roles']])).toContain('DeviceStates.Create')
        expectInTime(payload)
      }),
      { numRuns: 2_000 },
    )
  })

  const expectInTime = ({ exp, iat, nbf = iat }: Record<string, unknown>): void => {
    expect(exp).toBeGreaterThan(nowInSeconds - 60)
    expect(iat).toBeLessThanOrEqual(nowInSeconds + 60)
    expect(nbf).toBeLessThanOrEqual(nowInSeconds + 60)
    expect(Number(exp) - Number(iat)).toBeLessThanOrEqual(rules.longestLifeInSeconds + 60)
  }
})
