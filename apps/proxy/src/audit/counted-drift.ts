import * as E from 'fp-ts/lib/Either.js'
import type * as IO from 'fp-ts/lib/IO.js'
import type { Drift } from '../domain/differences.js'
import type { LifecycleRecord } from './audit-record.js'
import type { AuditStore } from './audit-store.js'

export interface CountedDrift {
  readonly count: (drift: ReadonlyArray<Drift>) => IO.IO<void>
  /** How often each kind and place was seen, for the record of the stop. */
  readonly counts: IO.IO<LifecycleRecord['detail']>
}

interface CountedDriftSettings {
  readonly store: Pick<AuditStore, 'append'>
  readonly newId: IO.IO<string>
  readonly now: IO.IO<Date>
  readonly alarm: (what: string, detail: Readonly<Record<string, unknown>>) => void
  readonly info: (what: string, detail: Readonly<Record<string, unknown>>) => void
  readonly recordLost: (record: LifecycleRecord, cause: unknown) => void
}

// The places are Graph's to choose.
const mostPlaces = 50

const isPowerOfTen = (count: number): boolean => /^10+$/.test(String(count))

/**
 * Counts how answers differ from what is documented. Each kind and place is told once, as an alarm and a record of its own,
 * and from then on in the log alone, at the tenth, the hundredth, the thousandth time. Beyond 50 of them new places are `other`.
 * Nobody waits for the record: one that cannot be written is told to the log.
 */
export const countedDrift = (settings: CountedDriftSettings): CountedDrift => {
  const { alarm, info, newId, now, recordLost, store } = settings
  const seen = new Map<string, number>()

  const told = (one: Drift): Drift =>
    seen.has(`${one.kind} ${one.place}`) || seen.size < mostPlaces ? one : { ...one, place: 'other' }

  const record = async (detail: LifecycleRecord['detail']): Promise<void> => {
    const first: LifecycleRecord = {
      kind: 'lifecycle',
      event: 'driftSeen',
      auditId: newId(),
      at: now().toISOString(),
      detail,
    }
    const appended = await store.append(first)()
    if (E.isLeft(appended)) recordLost(first, appended.left)
  }

  const countOne = (one: Drift): void => {
    const { kind, place } = told(one)
    const name = `${kind} ${place}`
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    const detail = { drift: kind, place }
    if (count === 1) {
      alarm('Graph’s answers are no longer as documented', detail)
      void record(detail)
    } else if (isPowerOfTen(count)) info('Graph’s answers are still not as documented', { ...detail, count })
  }

  return {
    count: (drift) => () => drift.forEach(countOne),
    counts: () => Object.fromEntries([...seen].map(([name, count]) => [`drift ${name}`, count])),
  }
}
