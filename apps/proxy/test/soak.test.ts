import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, expect, describe, it } from 'vitest'
import type { LedgerWriter } from '../src/audit/ledger-writer.js'
import { openSqliteLedgerWriter } from '../src/audit/sqlite-ledger-writer.js'
import { type Asked, asked, aPipeOn, type Outcome } from './a-pipe-on-a-store.js'
import { numbersFrom, seedOf } from './a-proxy-process.js'
import { provedLedger } from './a-proved-ledger.js'
import { noneTold, spare, storeOn } from './an-audit-store.js'
import { until } from './until.js'
import { figures } from './process-figures.js'

const calls = Number(process.env['SOAK'] ?? 2_000)
const callers = 64
/** Of each fault, of the calls and of the commits. */
const share = 0.01

let directory = ''
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** A hand that now and then fails, or takes longer than it may. */
const unreliable = (writer: LedgerWriter, random: () => number, faults: { count: number }): LedgerWriter => {
  let commits = 0
  const failed = { _tag: 'Failed', message: 'an error of the disk' } as const
  return {
    ...writer,
    commit: async (batch) => {
      commits++
      // One of each at least, however short it is.
      const chance = commits === 10 ? 0 : commits === 20 ? share : random()
      if (chance < 2 * share) faults.count++
      if (chance < share) return failed
      const committed = await writer.commit(batch)
      if (chance < 2 * share) await setTimeout(700)
      return committed
    },
  }
}

const whatIsAsked = (random: () => number): Asked => {
  const chance = random()
  return asked.find((_, index) => chance < (index + 1) * share) ?? 'applied'
}

const expectTheTruth = (
  outcomes: ReadonlyArray<Pick<Outcome, 'auditId'>>,
  hits: ReadonlyArray<{ readonly auditId: string }>,
): void => {
  const { faults, open, records } = provedLedger(directory)
  expect(faults).toEqual([])
  expect(open).toEqual([])
  const ends = new Map<string, number>()
  for (const { auditId, kind } of records)
    if (kind === 'outcome' || kind === 'refusal' || kind === 'replay')
      ends.set(String(auditId), (ends.get(String(auditId)) ?? 0) + 1)
  const missing = outcomes.filter(({ auditId }) => !ends.has(auditId)).length
  const missingAsTold = records
    .filter(({ event }) => event === 'gap')
    .reduce((sum, { detail }) => sum + Number((detail as Record<string, unknown>)['unrecordedRefusals']), 0)
  expect(Math.max(...new Set(ends.values()))).toBe(1)
  expect(missingAsTold).toBe(missing)
  const intents = new Set(records.filter(({ kind }) => kind === 'intent').map(({ auditId }) => auditId))
  expect(hits.every(({ auditId }) => intents.has(auditId))).toBe(true)
}

describe(`a proxy's pipe that has ${String(calls)} calls, with 1 % of each fault`, () => {
  it(
    'keeps nothing of them but what is on record, and has one end for each',
    async () => {
      directory = mkdtempSync(join(tmpdir(), 'soak-'))
      const opened = await openSqliteLedgerWriter({
        directory,
        writer: uuidv7(),
        newLedgerId: uuidv7(),
        checkpointEveryRecords: 1_000,
        reserveInBytes: 0,
        digestKeys: ['aaaaaaaa'],
        spare,
        ended: () => undefined,
      })
      if (E.isLeft(opened)) throw new Error(opened.left)
      const random = numbersFrom(seedOf('soak'))
      const faults = { count: 0 }
      const told = noneTold()
      const store = storeOn({ settled: 0, writer: unreliable(opened.right.writer, random, faults) }, told, {
        deadlineInMs: 500,
      })
      const pipe = aPipeOn(store, {
        isOnRecord: () => true,
        monotonicNowInMs: () => performance.now(),
        untilGraphAnswers: () => new Promise(setImmediate),
      })
      const outcomes: Array<Pick<Outcome, 'auditId'>> = []
      let left = calls
      const caller = async (): Promise<void> => {
        while (left-- > 0) {
          // While calls are refused nobody learns anything from more of them.
          while (store.problem() !== undefined) await setTimeout(10)
          const { auditId } = await pipe.ask(whatIsAsked(random))
          outcomes.push({ auditId })
        }
      }
      const all = async (): Promise<void> => void (await Promise.all(Array.from({ length: callers }, caller)))
      left = Math.ceil(calls / 10)
      await all()
      await until(() => store.problem() === undefined)
      const before = figures()
      left = calls
      await all()
      await until(() => store.problem() === undefined)
      // To look at the file opens it, and what is closed of it stays open until the ledger is.
      const { descriptors, timers } = figures()
      const count = outcomes.length
      expectTheTruth(outcomes, pipe.hits)
      outcomes.length = 0
      pipe.hits.length = 0
      pipe.lost.length = 0
      const after = { ...figures(), descriptors, timers }
      expect(await store.close()).toMatchObject({ isClosed: true, lost: [] })

      process.stderr.write(
        `soak: ${String(count)} calls, ${String(faults.count)} faults of the ledger, ` +
          `before ${JSON.stringify(before)}, after ${JSON.stringify(after)}\n`,
      )
      expect(after.timers).toBeLessThanOrEqual(before.timers)
      expect(after.descriptors).toBeLessThanOrEqual(before.descriptors)
      expect(after.heapInMiB - before.heapInMiB).toBeLessThan(8)
    },
    60_000 + 20 * calls,
  )
})
