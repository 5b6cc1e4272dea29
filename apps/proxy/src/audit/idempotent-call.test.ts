import { documentedExample } from '@device-install-state/model/fields'
import { DeviceInstallStateCreate } from '@device-install-state/model'
import { matchRoute, type Route } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { aCreateRequest } from '../../test/a-request.js'
import type { Call } from '../domain/call.js'
import { claimOf, earlierAnswer, type IdempotencyPorts } from './idempotent-call.js'

const ports: IdempotencyPorts = {
  digestsOf: (field, value) => [`new ${field} ${value}`, `old ${field} ${value}`],
  sealAnswer: (secret, answer) => JSON.stringify([secret, answer]),
  openAnswer: (secret, sealed) => (sealed.startsWith(JSON.stringify([secret]).slice(0, -1)) ? answer : undefined),
}
const answer = { status: 201, body: '{}' }

const body = DeviceInstallStateCreate.decode(JSON.parse(documentedExample.request))
if (E.isLeft(body)) throw new Error('the documented example is one')

const routeOf = (path: string): Route => {
  const match = matchRoute(['v1.0', 'beta'], path)
  if (match._tag !== 'Matched') throw new Error(`there is no route ${path}`)
  return match.route
}

const call: Call = {
  request: aCreateRequest({ auditId: '01a2096c-cf37-722a-840a-913983bb7ae3' }),
  route: routeOf('/beta/deviceAppManagement/managedEBooks/B1/deviceStates'),
  caller: { kind: 'user', issuer: 'https://a', tenantId: 't1', objectId: 'o1', keyId: 'k' },
  upstream: { kind: 'application' },
  body: body.right,
  json: documentedExample.request,
}
const formsOf = (change: Partial<Call> = {}, key = 'key') => claimOf(ports, { ...call, ...change }, key)?.forms ?? []
const { caller } = call

describe('the claim of a call to its idempotency key', () => {
  it('has a form for each key of digests, the newest first', () => {
    expect(formsOf().map((form) => form.key.slice(0, 3))).toEqual(['new', 'old'])
    expect(formsOf().map(({ fingerprint }) => fingerprint.slice(0, 3))).toEqual(['new', 'old'])
  })

  it.each<[what: string, change: Partial<Call>]>([
    ['user', { caller: { ...caller, objectId: 'o2' } }],
    ['tenant', { caller: { ...caller, tenantId: 't2' } }],
  ])('is to another key when another %s makes it', (_what, change) => {
    expect(formsOf(change)[0]?.key).not.toBe(formsOf()[0]?.key)
  })

  it('is to the same key with the next token of the same caller', () => {
    expect(formsOf({ caller: { ...caller, keyId: 'k2', tokenId: 'u2' } })).toEqual(formsOf())
  })

  it.each<[what: string, change: Partial<Call>]>([
    ['operation', { route: routeOf('/beta/deviceAppManagement/managedEBooks/B1/userStateSummary/S1/deviceStates') }],
    ['version', { route: routeOf('/v1.0/deviceAppManagement/managedEBooks/B1/deviceStates') }],
    ['book', { route: routeOf('/beta/deviceAppManagement/managedEBooks/B2/deviceStates') }],
    ['body', { body: { ...body.right, installState: 'failed' } }],
  ])('asks for something else when the %s is another', (_what, change) => {
    expect(formsOf(change)[0]?.key).toBe(formsOf()[0]?.key)
    expect(formsOf(change)[0]?.fingerprint).not.toBe(formsOf()[0]?.fingerprint)
  })
})

describe('a call whose key another call holds', () => {
  const sealed = ports.sealAnswer(JSON.stringify(['t1', 'o1']) + '\0key', answer)
  const holder = { auditId: 'a', form: 0, isSameCall: true, outcome: 'applied', answer: sealed } as const
  const decided = (change: object) => earlierAnswer(ports, call, 'key', { ...holder, ...change })

  it('gets its answer, or is told why there is none', () => {
    expect(decided({})).toEqual(E.right({ auditId: 'a', answer }))
    const errors = [
      { isSameCall: false },
      { outcome: undefined },
      { answer: undefined },
      { answer: 'of another secret' },
    ]
    expect(errors.map((change) => decided(change))).toMatchObject(
      ['IdempotencyKeyReused', 'DuplicateInProgress', 'DuplicateOfIndeterminate', 'DuplicateOfIndeterminate'].map(
        (_tag) => E.left({ _tag, earlierAuditId: 'a' }),
      ),
    )
  })
})
