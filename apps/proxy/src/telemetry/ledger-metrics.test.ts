import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { aScriptedHand } from '../../test/a-scripted-hand.js'
import { intent, noneTold, outcome, storeOn } from '../../test/an-audit-store.js'
import { timersByHand, turns } from '../../test/timers-by-hand.js'
import { watchedLedger } from '../audit/watched-ledger.js'
import { ledgerMetrics } from './ledger-metrics.js'

/** A store whose commit of this number hangs, and the figures of it. */
const aStore = (hangs: number) => {
  const counted = new Map<string, number>()
  let unsettled = (): number | undefined => undefined
  const told = ledgerMetrics({
    measure: () => undefined,
    count: (name, { kind = '' } = {}, by = 1) =>
      counted.set(`${name} ${kind}`, (counted.get(`${name} ${kind}`) ?? 0) + by),
    watch: (_name, value) => {
      unsettled = value
    },
  })
  const timers = timersByHand()
  const hand = aScriptedHand((commit) => (commit === hangs ? 'hangs' : 'none'))
  const store = storeOn(
    { ...hand.opened, writer: watchedLedger(hand.opened.writer, timers.monotonicNowInMs, told) },
    noneTold(),
    { after: timers.after, monotonicNowInMs: timers.monotonicNowInMs },
  )
  return { store, hand, timers, unsettled: () => unsettled(), counted }
}

describe('the figures of a ledger', () => {
  it('have a call whose end was slow, and so was written twice, as one that has ended once', async () => {
    const { counted, hand, store, timers, unsettled } = aStore(1)
    const auditId = uuidv7()
    await store.append(intent(auditId))()
    expect(unsettled()).toBe(1)
    const ended = store.append(outcome(auditId))()
    await turns()
    await timers.pass(3_000)
    expect(E.isLeft(await ended)).toBe(true)
    // As `recordOutcome` does.
    store.owe(outcome(auditId))
    hand.release()
    await timers.pass(10_000)

    expect(hand.kept.filter(({ kind }) => kind === 'outcome')).toHaveLength(1)
    expect(unsettled()).toBe(0)
    expect(counted.get('records outcome')).toBe(1)
    await store.close()
  })

  it('have a call whose intent was slow, and which is not sent, as one that has ended', async () => {
    const { hand, store, timers, unsettled } = aStore(0)
    const begun = store.append(intent(uuidv7()))()
    await turns()
    await timers.pass(3_000)
    expect(E.isLeft(await begun)).toBe(true)
    hand.release()
    await timers.pass(10_000)

    expect(hand.kept.filter(({ kind }) => kind === 'outcome')).toHaveLength(1)
    expect(unsettled()).toBe(0)
    await store.close()
  })
})
