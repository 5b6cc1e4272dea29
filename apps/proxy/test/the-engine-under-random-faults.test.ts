import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { AuditRecord } from '../src/audit/audit-record.js'
import { type CommitFault, aScriptedHand } from './a-scripted-hand.js'
import { intent, noneTold, outcome, refusal, storeOn } from './an-audit-store.js'
import { timersByHand, turns } from './timers-by-hand.js'

type Step =
  | { readonly do: 'call'; readonly withKey: boolean }
  | { readonly do: 'refuse' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'release' }
  | { readonly do: 'room'; readonly is: 'none' | 'gone' | 'enough' }

const faults: fc.Arbitrary<ReadonlyArray<CommitFault>> = fc.array(
  fc.constantFrom<CommitFault>('none', 'none', 'none', 'fails', 'ambiguous', 'hangs'),
  { maxLength: 12 },
)

const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('call' as const), withKey: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant({ do: 'refuse' as const }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 999, 1_000, 2_000, 5_000) }),
    },
    { weight: 2, arbitrary: fc.constant({ do: 'release' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('room' as const),
        is: fc.constantFrom('none' as const, 'gone' as const, 'enough' as const),
      }),
    },
  ),
  { maxLength: 25 },
)

const rooms = {
  none: { _tag: 'Checked', refuse: 'no room' },
  gone: { _tag: 'Failed', message: 'it is gone' },
  enough: { _tag: 'Checked' },
} as const

/** What the world knows of one call, whatever the ledger says. */
interface Told {
  readonly auditId: string
  isSent: boolean
  /** Its end was owed before the store was closed; what is owed later, the process log has. */
  isOwed: boolean
}

describe('the engine, whatever its hand does', () => {
  it('keeps each record that it acknowledged, one end a call, and what is true of it; and closes in time', async () => {
    await fc.assert(
      fc.asyncProperty(faults, steps, fc.boolean(), async (script, moves, isReleasedAtEnd) => {
        const timers = timersByHand()
        const hand = aScriptedHand((commit) => script[commit] ?? 'none')
        const store = storeOn(hand.opened, noneTold(), {
          after: timers.after,
          monotonicNowInMs: timers.monotonicNowInMs,
          mostWaiting: 6,
          checkpointEveryInMs: 3_000,
        })
        const calls: Array<Told> = []
        const acknowledged: Array<AuditRecord> = []
        let unfinished = 0
        let closed: { readonly isClosed: boolean; readonly lost: ReadonlyArray<AuditRecord> } | undefined

        /** As `handleRequest` does. */
        const call = async (withKey: boolean): Promise<void> => {
          const auditId = uuidv7()
          const told: Told = { auditId, isSent: false, isOwed: false }
          calls.push(told)
          const forms = [{ key: 'key', fingerprint: 'same' }] as const
          const more = withKey ? { claim: { forms } } : {}
          const begun = await store.append(intent(auditId), more)()
          const isMine = E.isRight(begun) && begun.right._tag === 'Written'
          if (!isMine) {
            const end = refusal(auditId)
            if (E.isRight(await store.append(end)())) acknowledged.push(end)
            return
          }
          acknowledged.push(intent(auditId))
          told.isSent = true
          await turns()
          const end = outcome(auditId)
          const kept = withKey ? { kept: { key: 'key', answer: 'sealed' } } : {}
          if (E.isRight(await store.append(end, kept)())) {
            acknowledged.push(end)
          } else {
            told.isOwed = closed === undefined
            store.owe(end, kept)
          }
        }
        const refuse = async (): Promise<void> => {
          const record = refusal()
          if (E.isRight(await store.append(record)())) acknowledged.push(record)
        }
        const start = (work: () => Promise<void>): void => {
          unfinished++
          void work().finally(() => unfinished--)
        }

        for (const step of moves) {
          if (step.do === 'call') start(() => call(step.withKey))
          else if (step.do === 'refuse') start(refuse)
          else if (step.do === 'pass') await timers.pass(step.ms)
          else if (step.do === 'release') hand.release()
          else hand.setRoom(rooms[step.is])
          if (step.do !== 'call') await turns()
        }
        if (isReleasedAtEnd) hand.release()
        const closing = store.close()
        void closing.then((result) => {
          closed = result
        })
        // Twice the deadline of a record, and what is under way may take its own.
        for (let second = 0; second < 9; second++) {
          if (isReleasedAtEnd) hand.release()
          await timers.pass(1_000)
        }
        expect(closed).toBeDefined()
        expect(unfinished).toBe(0)

        const kept = hand.kept
        const of = (auditId: string) => kept.filter((record) => record['auditId'] === auditId)
        for (const record of acknowledged)
          expect(of(record.auditId).some(({ kind }) => kind === record.kind)).toBe(true)
        const places = kept.map(({ auditId, kind }) => `${String(auditId)} ${String(kind === 'intent')}`)
        expect(new Set(places).size).toBe(places.length)
        const lost = new Set((closed?.lost ?? []).map(({ auditId, kind }) => `${auditId} ${kind}`))
        const lastFault = script[hand.batches.length - 1] ?? 'none'
        const isWellEnded = closed?.isClosed === true && (lastFault === 'none' || lastFault === 'hangs')
        for (const { auditId, isOwed, isSent } of calls) {
          const ends = of(auditId).filter(({ kind }) => kind !== 'intent')
          expect(ends.length).toBeLessThanOrEqual(1)
          if (isSent) {
            // Nobody may say that it was not.
            expect(ends[0]?.['outcome'] ?? 'applied').toBe('applied')
            if (isOwed && ends.length === 0) expect(lost).toContain(`${auditId} outcome`)
          } else {
            expect(ends[0]?.['outcome'] ?? 'notSent').toBe('notSent')
            // An intent that is on record although its caller was refused has its end, if the last words were written.
            if (isWellEnded && of(auditId).length > 0 && ends.length === 0) expect(lost).toContain(`${auditId} outcome`)
          }
        }
        if (closed?.isClosed === true) expect(timers.waiting()).toBe(0)
      }),
      { numRuns: 300 },
    )
  }, 120_000)
})
