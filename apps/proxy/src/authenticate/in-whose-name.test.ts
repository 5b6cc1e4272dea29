import { describe, expect, it } from 'vitest'
import type { Caller } from '../domain/caller.js'
import { inWhoseName, type UpstreamPolicy } from './in-whose-name.js'

const application: Caller = { kind: 'application', issuer: 'i', tenantId: 't1', objectId: 'app', keyId: 'k' }
const user: Caller = { kind: 'user', issuer: 'i', tenantId: 't1', objectId: 'ada', keyId: 'k' }
const guest: Caller = { ...user, tenantId: 't2' }

const own = { kind: 'application', clientId: 'own' } as const
const adas = { kind: 'user', clientId: 'c', tenantId: 't1', objectId: 'ada' }

const named = (mode: UpstreamPolicy['mode'], caller: Caller): unknown => {
  const result = inWhoseName({ mode, own, clientId: 'c', tenantId: 't1' })(caller)
  if (result._tag === 'Right') return result.right
  return result.left._tag === 'CallerNotAllowed' ? result.left.why : result.left._tag
}

describe('Graph is called', () => {
  it.each<[UpstreamPolicy['mode'], string, Caller, unknown]>([
    ['app', 'an application', application, own],
    ['app', 'a user', user, own],
    ['app', 'a user of another tenant', guest, own],
    ['on-behalf-of', 'a user', user, adas],
    ['on-behalf-of', 'an application', application, 'userNeeded'],
    ['on-behalf-of', 'a user of another tenant', guest, 'otherTenant'],
    ['by-caller', 'a user', user, adas],
    ['by-caller', 'an application', application, own],
    ['by-caller', 'a user of another tenant', guest, 'otherTenant'],
  ])('with UPSTREAM_AUTH=%s for %s in the right name, or not at all', (mode, _, caller, expected) => {
    expect(named(mode, caller)).toEqual(expected)
  })

  it('in the name of a machine that has no client id', () => {
    expect(inWhoseName({ mode: 'app', own: { kind: 'application' } })(user)).toEqual({
      _tag: 'Right',
      right: { kind: 'application' },
    })
  })
})
