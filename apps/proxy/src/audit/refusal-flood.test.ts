import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Countable, type Counted, RefusalFlood } from './refusal-flood.js'

const aRefusal = (change: Partial<Countable> = {}): Countable => ({
  at: '2026-11-23T12:00:00.000Z',
  code: 'tokenMissing',
  peer: '203.0.113.7',
  ...change,
})

/** Whether each of some refusals, at these milliseconds, is counted. */
const counted = (perMinute: number, times: ReadonlyArray<number>): ReadonlyArray<boolean> => {
  const flood = new RefusalFlood(perMinute)
  return times.map((nowInMs) => flood.admit(aRefusal(), nowInMs))
}

const sum = (counts: Counted['counts']): number => counts.reduce((total, { count }) => total + count, 0)

describe('refusals up to a rate', () => {
  it('have a record each, so many a minute, and the minute begins with the first', () => {
    expect(counted(2, [5, 6, 7, 60_004, 60_005, 60_006, 60_007, 500_000])).toEqual([
      false,
      false,
      true,
      true,
      false,
      false,
      true,
      false,
    ])
  })

  it('have none when the rate is 0', () => {
    expect(counted(0, [0, 60_000, 120_000])).toEqual([true, true, true])
  })
})

describe('refusals above the rate', () => {
  it('are counted by code, reason and network, the most frequent first, from the first to the last', () => {
    const flood = new RefusalFlood(0)
    const refusals = [
      aRefusal({ at: '2026-11-23T12:00:02.000Z' }),
      aRefusal({ code: 'tokenInvalid', reason: 'expired' }),
      aRefusal({ code: 'tokenInvalid', reason: 'expired', peer: '203.0.113.99', at: '2026-11-23T12:00:09.000Z' }),
      aRefusal({ code: 'tokenInvalid', reason: 'expired', peer: '::ffff:203.0.113.5' }),
      aRefusal({ code: 'tokenInvalid', reason: 'issuer' }),
      aRefusal({ peer: '2001:db8::1', at: '2026-11-23T12:00:01.000Z' }),
      aRefusal({ peer: '2001:db8:0:ffff::1' }),
      aRefusal({ peer: '' }),
    ]
    for (const refusal of refusals) flood.admit(refusal, 0)

    expect(flood.drain()).toEqual({
      from: '2026-11-23T12:00:00.000Z',
      to: '2026-11-23T12:00:09.000Z',
      total: 8,
      counts: [
        { code: 'tokenInvalid', reason: 'expired', prefix: '203.0.113.0/24', count: 3 },
        { code: 'tokenMissing', prefix: '2001:db8::/48', count: 2 },
        { code: 'tokenMissing', prefix: '203.0.113.0/24', count: 1 },
        { code: 'tokenInvalid', reason: 'issuer', prefix: '203.0.113.0/24', count: 1 },
        { code: 'tokenMissing', prefix: 'unknown', count: 1 },
      ],
    })
    expect(flood.drain()).toBeUndefined()
  })

  it('from more networks than are kept apart are counted by code alone, the total being right', () => {
    const flood = new RefusalFlood(0)
    for (let n = 0; n < 5_000; n++) {
      const peer = `10.${String(n >> 8)}.${String(n & 0xff)}.1`
      flood.admit(aRefusal({ peer, code: n % 2 === 0 ? 'tokenMissing' : 'tokenInvalid', reason: 'expired' }), 0)
    }
    const { counts = [], total } = flood.drain() ?? {}

    expect(total).toBe(5_000)
    expect(sum(counts)).toBe(5_000)
    expect(counts).toHaveLength(902)
    expect(counts.slice(0, 2)).toEqual([
      { code: 'tokenMissing', prefix: 'other', count: 2_050 },
      { code: 'tokenInvalid', prefix: 'other', count: 2_050 },
    ])
  })

  it('take 1,000 rows at most, even if there were codes without end', () => {
    const flood = new RefusalFlood(0)
    for (let n = 0; n < 5_000; n++) flood.admit(aRefusal({ code: `code${String(n)}` }), 0)
    const { counts = [] } = flood.drain() ?? {}

    expect(counts).toHaveLength(1_000)
    expect(sum(counts)).toBe(5_000)
    expect(counts[0]).toEqual({ code: 'other', prefix: 'other', count: 4_001 })
  })

  it('have the beginning of a long reason, well formed', () => {
    const flood = new RefusalFlood(0)
    flood.admit(aRefusal({ reason: `${'x'.repeat(126)}😀${'x'.repeat(500)}` }), 0)
    flood.admit(aRefusal({ reason: 'x'.repeat(128) }), 0)
    const reasons = flood.drain()?.counts.map(({ reason }) => reason) ?? []

    expect(reasons[0]).toHaveLength(128)
    expect(reasons[0]?.endsWith('…')).toBe(true)
    expect(reasons[0]?.isWellFormed()).toBe(true)
    expect(reasons[1]).toBe('x'.repeat(128))
    flood.admit(aRefusal({ reason: 'half a pair: \ud83d' }), 0)
    expect(flood.drain()?.counts[0]?.reason?.isWellFormed()).toBe(true)
  })
})

describe('whatever comes whenever', () => {
  const refusals = fc.record({
    at: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
    code: fc.constantFrom('tokenMissing', 'tokenInvalid', 'routeNotFound', 'other'),
    peer: fc.oneof(fc.constantFrom('203.0.113.7', '203.0.113.8'), fc.ipV4(), fc.ipV6(), fc.string()),
    reason: fc.option(fc.string({ maxLength: 200 }), { nil: undefined }),
  })
  const steps = fc.array(
    fc.oneof(
      { weight: 9, arbitrary: fc.record({ refusal: refusals, waitInMs: fc.oneof(fc.nat(10), fc.nat(90_000)) }) },
      { weight: 1, arbitrary: fc.constant('drain' as const) },
    ),
    { maxLength: 300 },
  )
  const asCountable = ({
    at,
    code,
    peer,
    reason,
  }: {
    at: string
    code: string
    peer: string
    reason?: string | undefined
  }) => aRefusal({ at, code, peer, ...(reason === undefined ? {} : { reason }) })

  it('no refusal is lost or counted twice, and no more have a record than may in so many minutes', () => {
    fc.assert(
      fc.property(fc.nat(5), steps, (perMinute, story) => {
        const flood = new RefusalFlood(perMinute)
        const drained: Array<Counted> = []
        let [nowInMs, came, recorded] = [0, 0, 0]
        for (const step of story) {
          if (step === 'drain') drained.push(...[flood.drain()].flatMap((counts) => counts ?? []))
          else {
            nowInMs += step.waitInMs
            came++
            if (!flood.admit(asCountable(step.refusal), nowInMs)) recorded++
          }
        }
        drained.push(...[flood.drain()].flatMap((counts) => counts ?? []))

        expect(recorded + drained.reduce((all, { total }) => all + total, 0)).toBe(came)
        expect(recorded).toBeLessThanOrEqual(perMinute * (Math.floor(nowInMs / 60_000) + 1))
        for (const { counts, from, to, total } of drained) {
          expect(sum(counts)).toBe(total)
          expect(from <= to).toBe(true)
          expect(counts.every(({ count }) => count > 0)).toBe(true)
          expect(new Set(counts.map(({ code, prefix, reason }) => JSON.stringify([code, reason, prefix]))).size).toBe(
            counts.length,
          )
        }
      }),
    )
  })
})
