import * as E from 'fp-ts/lib/Either.js'
import type * as IO from 'fp-ts/lib/IO.js'
import type * as T from 'fp-ts/lib/Task.js'
import type { RefusalsRecord } from './audit-record.js'
import type { AuditStore } from './audit-store.js'
import { type Countable, type Counted, RefusalFlood } from './refusal-flood.js'

export interface CountedRefusals {
  /** True when the refusal is counted; false when it is to have a record of its own. */
  readonly count: (refusal: Countable) => IO.IO<boolean>
  /** Writes what is counted. From then on nothing is: each refusal is to have its record. */
  readonly stop: T.Task<void>
}

interface CountedRefusalsSettings {
  /** How many refusals have a record each. */
  readonly perMinute: number
  readonly store: AuditStore
  readonly newId: IO.IO<string>
  readonly now: IO.IO<Date>
  readonly monotonicNowInMs: IO.IO<number>
}

// Of a process that a flood kills, something is on record all the same.
const firstAfterInMs = 1_000
const everyInMs = 60_000

/**
 * Counts refusals that come too fast for a record each, and writes the counts: a second after the first, then once a
 * minute for as long as there are any. A record that could not be written, or may have been, is written again as it is, in
 * its turn: the store keeps one of an id, so nothing is lost, and nothing counts twice.
 */
export const countedRefusals = (settings: CountedRefusalsSettings): CountedRefusals => {
  const { monotonicNowInMs, newId, now, perMinute, store } = settings
  const flood = new RefusalFlood(perMinute)
  let unwritten: RefusalsRecord | undefined
  let lastTriedInMs = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()
  let isStopped = false

  const recordOf = (counted: Counted): RefusalsRecord => ({
    kind: 'refusals',
    auditId: newId(),
    at: now().toISOString(),
    ...counted,
  })

  const drained = (): RefusalsRecord | undefined => {
    const counted = flood.drain()
    return counted && recordOf(counted)
  }

  const write = async (): Promise<void> => {
    unwritten ??= drained()
    if (unwritten === undefined) return
    lastTriedInMs = monotonicNowInMs()
    if (E.isRight(await store.append(unwritten)())) unwritten = undefined
    schedule()
  }

  /** Does nothing while it waits already. A turn that finds nothing to write is the last, until something is counted. */
  const schedule = (): void => {
    if (timer !== undefined || isStopped) return
    const delayInMs = Math.max(firstAfterInMs, lastTriedInMs + everyInMs - monotonicNowInMs())
    timer = setTimeout(() => {
      timer = undefined
      writing = writing.then(write)
    }, delayInMs)
    timer.unref()
  }

  const count = (refusal: Countable) => (): boolean => {
    if (isStopped || !flood.admit(refusal, monotonicNowInMs())) return false
    schedule()
    return true
  }

  const stop = async (): Promise<void> => {
    isStopped = true
    clearTimeout(timer)
    await writing
    for (const record of [unwritten, drained()]) {
      if (record !== undefined && E.isLeft(await store.append(record)())) store.owe(record)
    }
    unwritten = undefined
  }

  return { count, stop }
}
