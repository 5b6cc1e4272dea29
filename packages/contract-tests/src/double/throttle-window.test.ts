import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CountedWrite,
  countWrite,
  limitsOfIntuneBooks,
  type ThrottleLimits,
  type Usage,
} from './throttle-window.js'

/** The writes one after the other, each with its verdict. */
const judged = (limits: ThrottleLimits, writes: ReadonlyArray<CountedWrite>) => {
  const count = countWrite(limits)
  let usage: Usage = []
  const verdicts = writes.map((write) => {
    const counted = count(usage, write)
    usage = counted.usage
    return { ...write, verdict: counted.verdict }
  })
  return { usage, verdicts }
}

const times = (count: number, write: CountedWrite): ReadonlyArray<CountedWrite> =>
  Array.from({ length: count }, () => write)

const ours = (atInMs: number): CountedWrite => ({ application: 'ours', atInMs })
const theirs = (atInMs: number): CountedWrite => ({ application: 'theirs', atInMs })

const verdictAfter = (limits: ThrottleLimits, ...writes: ReadonlyArray<CountedWrite>) =>
  judged(limits, writes).verdicts.at(-1)?.verdict

describe('the limits of Intune’s books', () => {
  it('let an application write 100 times in 20 seconds', () => {
    const writes = times(100, ours(0))

    expect(verdictAfter(limitsOfIntuneBooks, ...writes)).toEqual({ _tag: 'Taken' })
    expect(verdictAfter(limitsOfIntuneBooks, ...writes, ours(19_999))).toMatchObject({ by: 'application' })
    expect(verdictAfter(limitsOfIntuneBooks, ...writes, ours(20_000))).toEqual({ _tag: 'Taken' })
  })

  it('let all applications of a tenant write 200 times', () => {
    const writes = ['a', 'b', 'c', 'd'].flatMap((application) => times(50, { application, atInMs: 0 }))

    expect(verdictAfter(limitsOfIntuneBooks, ...writes)).toEqual({ _tag: 'Taken' })
    expect(verdictAfter(limitsOfIntuneBooks, ...writes, ours(1))).toEqual({
      _tag: 'Throttled',
      by: 'tenant',
      inMs: 19_999,
    })
  })

  it('count what is throttled, so that one who does not wait waits longer', () => {
    const full = times(100, ours(0))
    const impatient = times(100, ours(10_000))

    expect(verdictAfter(limitsOfIntuneBooks, ...full, ours(20_000))).toEqual({ _tag: 'Taken' })
    expect(verdictAfter(limitsOfIntuneBooks, ...full, ...impatient, ours(20_000))).toEqual({
      _tag: 'Throttled',
      by: 'application',
      inMs: 10_000,
    })
  })
})

describe('fixed windows', () => {
  const limits: ThrottleLimits = { windowInMs: 1000, ofApplication: 2, ofTenant: 3, kind: 'fixed' }

  it('begin anew, whenever the writes of the one before were', () => {
    expect(verdictAfter(limits, ours(999), ours(999), ours(999))).toMatchObject({ by: 'application', inMs: 1 })
    expect(verdictAfter(limits, ours(999), ours(999), ours(1000), ours(1000))).toEqual({ _tag: 'Taken' })
    expect(verdictAfter(limits, theirs(0), theirs(0), ours(0), ours(400))).toMatchObject({ by: 'tenant', inMs: 600 })
  })
})

describe('any limits, whoever writes when', () => {
  const anyLimits: fc.Arbitrary<ThrottleLimits> = fc.record({
    windowInMs: fc.integer({ min: 1, max: 100 }),
    ofApplication: fc.integer({ min: 1, max: 5 }),
    ofTenant: fc.integer({ min: 1, max: 8 }),
    kind: fc.constantFrom('sliding', 'fixed'),
  })
  const anyWrites = fc
    .array(fc.record({ application: fc.constantFrom('ours', 'theirs', 'another'), atInMs: fc.nat(300) }), {
      minLength: 1,
      maxLength: 60,
    })
    .map((writes) => writes.sort((one, other) => one.atInMs - other.atInMs))

  const startOf = ({ kind, windowInMs }: ThrottleLimits, atInMs: number): number =>
    kind === 'sliding' ? atInMs - windowInMs + 1 : Math.floor(atInMs / windowInMs) * windowInMs

  it('take a write if, and only if, there are fewer in the window', () => {
    fc.assert(
      fc.property(anyLimits, anyWrites, (limits, writes) => {
        judged(limits, writes).verdicts.forEach(({ application, atInMs, verdict }, index) => {
          const before = writes.slice(0, index).filter((write) => write.atInMs >= startOf(limits, atInMs))
          const own = before.filter((write) => write.application === application)
          const isFree = own.length < limits.ofApplication && before.length < limits.ofTenant
          expect(verdict._tag).toBe(isFree ? 'Taken' : 'Throttled')
        })
      }),
    )
  })

  it('say exactly when a write will be taken', () => {
    fc.assert(
      fc.property(anyLimits, anyWrites, (limits, writes) => {
        const { usage, verdicts } = judged(limits, writes)
        const last = verdicts.at(-1)
        fc.pre(last?.verdict._tag === 'Throttled')
        if (last?.verdict._tag !== 'Throttled') return
        const again = (inMs: number) =>
          countWrite(limits)(usage, { application: last.application, atInMs: last.atInMs + inMs }).verdict._tag
        expect(again(last.verdict.inMs)).toBe('Taken')
        expect(again(last.verdict.inMs - 1)).toBe('Throttled')
      }),
    )
  })

  it('keep no more than what still counts', () => {
    fc.assert(
      fc.property(anyLimits, anyWrites, (limits, writes) => {
        const { usage } = judged(limits, writes)
        const start = startOf(limits, writes.at(-1)?.atInMs ?? 0)
        expect(usage).toEqual(writes.filter(({ atInMs }) => atInMs >= start))
      }),
    )
  })
})
