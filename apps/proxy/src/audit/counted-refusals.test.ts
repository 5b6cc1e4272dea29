import * as E from 'fp-ts/lib/Either.js'
import * as T from 'fp-ts/lib/Task.js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuditRecord } from './audit-record.js'
import type { AuditNotWritten, AuditStore } from './audit-store.js'
import { countedRefusals } from './counted-refusals.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const at = '2026-11-23T12:00:00.000Z'

/** A store that fails as it is told to, and refusals that are counted into it, all of them. */
const aCount = () => {
  const tried: Array<{ readonly atInMs: number; readonly record: AuditRecord }> = []
  const kept = new Map<string, AuditRecord>()
  const owed: Array<AuditRecord> = []
  const state: { failure: AuditNotWritten | undefined } = { failure: undefined }
  const began = performance.now()
  let held = Promise.resolve()
  /** Until it is released, the store takes its time. */
  const hold = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    held = promise
    return resolve
  }
  const store: AuditStore = {
    append: (record) => async () => {
      tried.push({ atInMs: performance.now() - began, record })
      await held
      if (state.failure !== undefined) return E.left(state.failure)
      if (!kept.has(record.auditId)) kept.set(record.auditId, record)
      return E.right({ _tag: 'Written' as const })
    },
    owe: (record) => owed.push(record),
    problem: () => undefined,
    close: T.of({ isClosed: true, lost: [] }),
  }
  let ids = 0
  const { count, stop } = countedRefusals({
    perMinute: 0,
    store,
    newId: () => `id${String(++ids)}`,
    now: () => new Date(at),
    monotonicNowInMs: () => performance.now(),
  })
  const come = (times: number): ReadonlyArray<boolean> =>
    Array.from({ length: times }, () => count({ at, code: 'tokenMissing', peer: '203.0.113.7' })())
  const totals = () => [...kept.values()].map((record) => (record.kind === 'refusals' ? record.total : record.kind))
  return { come, hold, kept, owed, state, stop, totals, tried, times: () => tried.map(({ atInMs }) => atInMs) }
}

const failed: AuditNotWritten = { _tag: 'StoreFailed', cause: 'disk full' }

describe('refusals that are counted', () => {
  it('are written a second after the first, then once a minute while they come, then no more', async () => {
    const { come, kept, times, totals } = aCount()
    come(3)
    await vi.advanceTimersByTimeAsync(1_500)
    come(2)
    await vi.advanceTimersByTimeAsync(30_000)
    come(1)
    await vi.advanceTimersByTimeAsync(3_600_000)

    expect(totals()).toEqual([3, 3])
    expect(times()).toEqual([1_000, 61_000])
    expect(vi.getTimerCount()).toBe(0)
    expect([...kept.values()][0]).toEqual({
      kind: 'refusals',
      auditId: 'id1',
      at,
      from: at,
      to: at,
      total: 3,
      counts: [{ code: 'tokenMissing', prefix: '203.0.113.0/24', count: 3 }],
    })
  })

  it('are written a second after the first again when none has come for long', async () => {
    const { come, times } = aCount()
    come(1)
    await vi.advanceTimersByTimeAsync(300_000)
    come(1)
    await vi.advanceTimersByTimeAsync(300_000)

    expect(times()).toEqual([1_000, 301_000])
  })

  it('are written in the turns that follow when that fails, and come to what came', async () => {
    const { come, state, times, totals } = aCount()
    state.failure = failed
    come(3)
    await vi.advanceTimersByTimeAsync(2_000)
    come(4)
    await vi.advanceTimersByTimeAsync(60_000)
    state.failure = undefined
    await vi.advanceTimersByTimeAsync(3_600_000)

    expect(totals()).toEqual([3, 4])
    expect(times()).toEqual([1_000, 61_000, 121_000, 181_000])
  })

  it('are not written under another id when it is not known whether they were written', async () => {
    const { come, state, tried } = aCount()
    state.failure = { _tag: 'TooSlow', deadlineInMs: 2_000 }
    come(3)
    await vi.advanceTimersByTimeAsync(2_000)
    come(4)
    state.failure = undefined
    await vi.advanceTimersByTimeAsync(60_000)

    expect(tried.map(({ record }) => record)).toMatchObject([
      { auditId: 'id1', total: 3 },
      { auditId: 'id1', total: 3 },
    ])
  })
})

describe('when the proxy stops', () => {
  it('what is counted is written, and nothing is counted any more', async () => {
    const { come, stop, totals } = aCount()
    come(3)
    await stop()

    expect(totals()).toEqual([3])
    expect(come(1)).toEqual([false])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('nothing is written when nothing is counted', async () => {
    const { stop, tried } = aCount()
    await stop()

    expect(tried).toEqual([])
  })

  it('what could not be written before is written, too', async () => {
    const { come, owed, state, stop, totals } = aCount()
    state.failure = failed
    come(3)
    await vi.advanceTimersByTimeAsync(1_000)
    come(4)
    state.failure = undefined
    await stop()

    expect(totals()).toEqual([3, 4])
    expect(owed).toEqual([])
  })

  it('what is being written is written once, and waited for', async () => {
    const { come, hold, stop, totals, tried } = aCount()
    const release = hold()
    come(3)
    await vi.advanceTimersByTimeAsync(1_000)
    const stopped = stop()
    release()
    await stopped

    expect(totals()).toEqual([3])
    expect(tried).toHaveLength(1)
  })

  it('what cannot be written is owed: the store tries once more, and the log has the rest', async () => {
    const { come, owed, state, stop } = aCount()
    state.failure = failed
    come(3)
    await vi.advanceTimersByTimeAsync(1_000)
    come(4)
    await stop()

    expect(owed).toMatchObject([{ total: 3 }, { total: 4 }])
  })
})
