import { describe, expect, it } from 'vitest'
import type { Caller } from '../domain/caller.js'
import { lruCallerRates } from './lru-caller-rates.js'

const ada: Caller = { kind: 'user', issuer: 'i', tenantId: 't1', objectId: 'ada', appId: 'portal', keyId: 'k' }
const bob: Caller = { ...ada, objectId: 'bob' }
const otherAda: Caller = { ...ada, tenantId: 't2' }

const ratesBy = (by: 'caller' | 'application') => {
  const rates = lruCallerRates({ limit: { calls: 1, seconds: 60 }, by, now: () => 0 })
  return (caller: Caller) => rates(caller)().isAllowed
}

describe('calls counted', () => {
  it('by caller: each has its own, by tenant and object', () => {
    const allows = ratesBy('caller')

    expect([ada, ada, bob, otherAda, bob].map(allows)).toEqual([true, false, true, true, false])
  })

  it('by application: those who call through one share them', () => {
    const allows = ratesBy('application')

    expect([ada, bob, otherAda, { ...ada, appId: 'other' }].map(allows)).toEqual([true, false, true, true])
  })
})
