import * as TE from 'fp-ts/lib/TaskEither.js'
import { describe, expect, it } from 'vitest'
import type { AuditRecord } from './audit-record.js'
import type { AuditNotWritten } from './audit-store.js'
import { countedDrift } from './counted-drift.js'

const setUp = (failure?: AuditNotWritten) => {
  const alarms: Array<unknown> = []
  const lines: Array<unknown> = []
  const records: Array<AuditRecord> = []
  const lost: Array<unknown> = []
  const drift = countedDrift({
    store: {
      append: (record) => {
        records.push(record)
        return failure === undefined ? TE.right({ _tag: 'Written' }) : TE.left(failure)
      },
    },
    newId: () => 'id',
    now: () => new Date('2026-11-23T12:00:00Z'),
    alarm: (_, detail) => alarms.push(detail),
    info: (_, detail) => lines.push(detail),
    recordLost: (record, cause) => lost.push([record, cause]),
  })
  return { ...drift, alarms, lines, records, lost }
}

const newProperty = (place: string) => ({ kind: 'newProperty', place }) as const

describe('an answer that is not as documented', () => {
  it('is told once for each kind and place, as an alarm and on record', () => {
    const { alarms, count, records } = setUp()
    for (let times = 0; times < 5; times++) count([newProperty('a'), { kind: 'newInstallState', place: 'a' }])()

    expect(alarms).toEqual([
      { drift: 'newProperty', place: 'a' },
      { drift: 'newInstallState', place: 'a' },
    ])
    expect(records).toMatchObject([
      { kind: 'lifecycle', event: 'driftSeen', detail: { drift: 'newProperty', place: 'a' } },
      { kind: 'lifecycle', event: 'driftSeen', detail: { drift: 'newInstallState', place: 'a' } },
    ])
  })

  it('is counted from then on, and told in the log ever more seldom', () => {
    const { count, counts, lines, records } = setUp()
    for (let times = 0; times < 1_234; times++) count([newProperty('a')])()

    expect(counts()).toEqual({ 'drift newProperty a': 1_234 })
    expect(lines).toEqual([10, 100, 1_000].map((times) => ({ drift: 'newProperty', place: 'a', count: times })))
    expect(records).toHaveLength(1)
  })

  it('has no more than some fifty names, however many Graph comes up with', () => {
    const { count, counts, records } = setUp()
    for (let index = 0; index < 1_000; index++) count([newProperty(`p${String(index)}`)])()
    count([newProperty('p0'), { kind: 'newInstallState', place: 'x' }])()

    expect(records).toHaveLength(52)
    expect(counts()).toMatchObject({
      'drift newProperty p0': 2,
      'drift newProperty other': 950,
      'drift newInstallState other': 1,
    })
  })

  it('is told to the log whole where it cannot be put on record', async () => {
    const { count, lost } = setUp({ _tag: 'StoreFailed', cause: 'disk full' })
    count([newProperty('a')])()
    await new Promise(setImmediate)

    expect(lost).toMatchObject([[{ event: 'driftSeen' }, { _tag: 'StoreFailed' }]])
  })
})
