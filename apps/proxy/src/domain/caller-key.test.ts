import { describe, expect, it } from 'vitest'
import type { Caller } from './caller.js'
import { callerKey } from './caller-key.js'

const ada: Caller = { kind: 'user', issuer: 'i', tenantId: 't1', objectId: 'ada', appId: 'portal', keyId: 'k' }
const { tenantId: _, ...withoutTenant } = ada

const isOne = (by: 'caller' | 'application', one: Caller, other: Caller): boolean =>
  callerKey(by)(one) === callerKey(by)(other)

describe('who counts as one', () => {
  it('is a caller, by tenant and object, whichever token it shows', () => {
    expect(isOne('caller', ada, { ...ada, appId: 'other', keyId: 'k2', issuer: 'i2' })).toBe(true)
    expect(isOne('caller', ada, { ...ada, objectId: 'bob' })).toBe(false)
    expect(isOne('caller', ada, { ...ada, tenantId: 't2' })).toBe(false)
  })

  it('is a caller of an issuer where there are no tenants', () => {
    expect(isOne('caller', withoutTenant, { ...withoutTenant, issuer: 'i2' })).toBe(false)
  })

  it('is an application of a tenant, if so configured', () => {
    expect(isOne('application', ada, { ...ada, objectId: 'bob' })).toBe(true)
    expect(isOne('application', ada, { ...ada, tenantId: 't2' })).toBe(false)
  })
})
