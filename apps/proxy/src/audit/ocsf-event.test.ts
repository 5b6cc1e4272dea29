import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryReader, recordsOfHappenings, somethingHappened } from '../../test/a-ledger.js'
import { intent, outcome } from '../../test/an-audit-store.js'
import type { AuditRecord } from './audit-record.js'
import { findCalls, type FoundCall } from './find-calls.js'
import { ocsfEventOf } from './ocsf-event.js'

type Json = unknown
type Event = Readonly<Record<string, unknown>>

const isObject = (value: Json): value is Event => typeof value === 'object' && value !== null

interface Schema {
  readonly required: Readonly<Record<string, ReadonlyArray<string>>>
  readonly atLeastOne: Readonly<Record<string, ReadonlyArray<string>>>
  readonly enums: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly siblings: Readonly<Record<string, string>>
  readonly integers: ReadonlyArray<string>
  readonly known: ReadonlyArray<string>
}

const schema: Schema = JSON.parse(
  readFileSync(new URL('../../test/ocsf/api-activity-1.8.0.json', import.meta.url), 'utf8'),
)

/** All values at a path, as far as they are there. */
const at = (event: Event, path: string): ReadonlyArray<Json> => {
  let values: ReadonlyArray<Json> = [event]
  for (const step of path === '' ? [] : path.split('.')) {
    values = values.flatMap((one) => {
      const next = isObject(one) ? one[step] : undefined
      if (next === undefined) return []
      return Array.isArray(next) ? next : [next]
    })
  }
  return values
}

const objectsAt = (event: Event, path: string): ReadonlyArray<Event> => at(event, path).filter(isObject)

const around = (path: string): string => path.split('.').slice(0, -1).join('.')
const nameIn = (path: string): string => path.split('.').at(-1) ?? ''

/** Required attributes that are missing, values that no enumeration has, names that do not fit them. */
const faultsOf = (event: Event): ReadonlyArray<string> => [
  ...Object.entries(schema.required).flatMap(([path, names]) =>
    objectsAt(event, path).flatMap((object) =>
      names.filter((name) => object[name] === undefined).map((name) => `${path}.${name}`),
    ),
  ),
  ...Object.entries(schema.atLeastOne).flatMap(([path, names]) =>
    objectsAt(event, path).flatMap((object) =>
      names.some((name) => object[name] !== undefined) ? [] : [`${path}: none of them`],
    ),
  ),
  ...Object.entries(schema.enums).flatMap(([path, members]) =>
    objectsAt(event, around(path)).flatMap((object) => {
      const value = object[nameIn(path)]
      const sibling = schema.siblings[path] ?? ''
      const member = members[JSON.stringify(value) ?? '']
      return value === undefined || (member !== undefined && member === object[sibling]) ? [] : [path]
    }),
  ),
  ...schema.integers.filter((path) => at(event, path).some((value) => !Number.isSafeInteger(value))),
  ...Object.keys(event).filter((name) => !schema.known.includes(name)),
  ...(event['type_uid'] === Number(event['class_uid']) * 100 + Number(event['activity_id']) ? [] : ['type_uid']),
  ...(at(event, 'metadata.version')[0] === '1.8.0' ? [] : ['metadata.version']),
]

const foundIn = async (records: ReadonlyArray<AuditRecord>): Promise<ReadonlyArray<FoundCall>> => {
  const page = await findCalls(memoryReader(records))({ conditions: [] }, { limit: 1_000, mostLookedAt: 1_000 })()
  return E.isRight(page) ? page.right.found : []
}

const eventsOf = async (...records: ReadonlyArray<AuditRecord>): Promise<ReadonlyArray<Event>> =>
  (await foundIn(records)).map((found): Event => JSON.parse(JSON.stringify(ocsfEventOf('1.2.3')(found))))

describe('an event of OCSF', () => {
  it('has what its class asks for, whatever the call', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(somethingHappened, { maxLength: 30 }), async (happenings) => {
        for (const event of await eventsOf(...recordsOfHappenings(happenings))) expect(faultsOf(event)).toEqual([])
      }),
    )
  })

  it.each([
    ['applied', 1],
    ['refused', 2],
    ['notSent', 2],
    ['indeterminate', 0],
  ] as const)('tells %s as status %d', async (kind, status) => {
    const call = intent()
    const [event] = await eventsOf(call, { ...outcome(call.auditId), outcome: kind, reason: 'r' })

    expect(event).toMatchObject({ status_id: status, status_detail: `${kind}: r` })
  })

  it('tells of a call without end that nothing is known', async () => {
    const [event] = await eventsOf(intent())

    expect(event).toMatchObject({ status_id: 0, status_detail: 'open' })
  })

  it('tells the time in milliseconds, who, what for, and how it can be found in Graph', async () => {
    const call = intent()
    const [event] = await eventsOf(call, {
      ...outcome(call.auditId),
      graphRequestId: 'g',
      graphStatus: 201,
      durationInMs: 1.6,
    })

    expect(event).toMatchObject({
      time: Date.parse('2026-11-23T12:00:00.000Z'),
      duration: 2,
      status_code: '201',
      actor: { user: { uid: 'o', type: 'Service' } },
      api: { operation: 'createManagedEBookDeviceState', request: { uid: call.auditId }, response: { code: 201 } },
      src_endpoint: { ip: '127.0.0.1' },
      resources: [
        { uid: 'B1', type: 'managedEBook' },
        { uid: 'x', type: 'deviceInstallState' },
      ],
      unmapped: { outcome: 'applied', graphRequestId: 'g', fields: call.fields },
    })
  })

  it('of a call that was only validated is a success, and no create', async () => {
    const { bodyBytes: _size, bodyDigest: _digest, fields: _fields, upstream: _name, ...asked } = intent()
    const [event] = await eventsOf({ ...asked, kind: 'refusal', code: 'validatedOnly', status: 200, method: 'POST' })

    expect(event).toMatchObject({
      activity_id: 99,
      type_uid: 600_399,
      severity_id: 1,
      status_id: 1,
      status_detail: 'validation',
      http_response: { code: 200 },
      unmapped: { kind: 'validation' },
    })
  })

  it('of a connection that never was a request says that it is not known what it wanted', async () => {
    const [event] = await eventsOf({
      kind: 'connection',
      auditId: intent().auditId,
      at: '2026-11-23T12:00:00.000Z',
      code: 'malformedRequest',
      reason: 'x',
      peer: '',
    })

    expect(event).toMatchObject({ activity_id: 0, type_uid: 600_300, status_id: 2, src_endpoint: { name: 'unknown' } })
    expect(faultsOf(event ?? {})).toEqual([])
  })

  it('is held against the schema by a test that can fail', () => {
    expect(faultsOf({ activity_id: 7, observables: [{ type_id: 3 }], colour: 'red' })).toEqual(
      expect.arrayContaining([
        '.actor',
        'activity_id',
        'observables.type_id',
        'colour',
        'type_uid',
        'metadata.version',
      ]),
    )
  })
})
