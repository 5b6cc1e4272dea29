import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, describe, expect, it } from 'vitest'
import { aScriptedHand, type CommitFault, type ScriptedHand } from '../../test/a-scripted-hand.js'
import { intent, noneTold, outcome, refusal, storeOn, type Told } from '../../test/an-audit-store.js'
import { until } from '../../test/until.js'
import { timersByHand, turns } from '../../test/timers-by-hand.js'
import type { AuditStore } from './audit-store.js'
import type { BatchingSettings } from './batching-audit-store.js'
import type { Batch } from './ledger-writer.js'

let told: Told = noneTold()
let store: AuditStore | undefined
let hand: ScriptedHand | undefined
afterEach(async () => {
  hand?.release()
  await store?.close()
  store = undefined
  hand = undefined
  told = noneTold()
})

const aStore = (faultOf: (commit: number, batch: Batch) => CommitFault, change: Partial<BatchingSettings> = {}) => {
  const timers = timersByHand()
  const scripted = aScriptedHand(faultOf)
  const opened = storeOn(scripted.opened, told, {
    after: timers.after,
    monotonicNowInMs: timers.monotonicNowInMs,
    ...change,
  })
  hand = scripted
  store = opened
  return { hand: scripted, store: opened, timers }
}

const gapsIn = ({ kept }: ScriptedHand) => kept.filter(({ event }) => event === 'gap')
const unrecordedIn = (scripted: ScriptedHand): number =>
  gapsIn(scripted).reduce(
    (sum, { detail }) => sum + Number((detail as Record<string, unknown>)['unrecordedRefusals']),
    0,
  )
const endsIn = ({ kept }: ScriptedHand, auditId: string) =>
  kept.filter((record) => record['auditId'] === auditId && record['kind'] !== 'intent')

/** A call up to its intent, and its refusal when that is not on record; as `handleRequest` does. */
const begin = async (auditStore: AuditStore, auditId: string): Promise<boolean> => {
  const appended = await auditStore.append(intent(auditId))()
  if (E.isRight(appended)) return true
  await auditStore.append(refusal(auditId))()
  return false
}

describe('while the hand of the ledger hangs', () => {
  it('whatever comes to be owed meanwhile is written, however often a try was due', async () => {
    const { hand: scripted, store: opened, timers } = aStore((commit) => (commit === 0 ? 'hangs' : 'none'))
    const sent = Array.from({ length: 40 }, () => uuidv7())
    const first = opened.append(refusal())()
    await turns()
    // The first wait behind it and are late one after the other, so that a try is due again and again; none can begin.
    for (const auditId of sent) {
      void opened
        .append(outcome(auditId))()
        .then((result) => {
          if (E.isLeft(result)) opened.owe(outcome(auditId))
        })
      await timers.pass(300)
    }
    await first
    scripted.release()
    await timers.pass(10_000)

    expect(opened.problem()).toBeUndefined()
    for (const auditId of sent) expect(endsIn(scripted, auditId)).toEqual([outcome(auditId)])
    expect(gapsIn(scripted)).toHaveLength(1)
  })

  it('each request that came has one end on record, or is told of by the record of the gap, never both', async () => {
    const { hand: scripted, store: opened, timers } = aStore((commit) => (commit === 0 ? 'hangs' : 'none'))
    const calls = Array.from({ length: 10 }, () => uuidv7())
    const refused = Array.from({ length: 10 }, () => uuidv7())
    const begun = [
      ...calls.slice(0, 5).map((auditId) => begin(opened, auditId)),
      ...refused.slice(0, 5).map((auditId) => opened.append(refusal(auditId))()),
    ]
    await turns()
    begun.push(
      ...calls.slice(5).map((auditId) => begin(opened, auditId)),
      ...refused.slice(5).map((auditId) => opened.append(refusal(auditId))()),
    )
    await timers.pass(5_000)
    await Promise.all(begun)
    scripted.release()
    await timers.pass(10_000)

    const ends = [...calls, ...refused].map((auditId) => endsIn(scripted, auditId).length)
    expect(ends.every((count) => count <= 1)).toBe(true)
    expect(ends.reduce((sum, count) => sum + count, 0) + unrecordedIn(scripted)).toBe(20)
    for (const auditId of calls) {
      const isIntentKept = scripted.kept.some((record) => record['auditId'] === auditId && record['kind'] === 'intent')
      expect(endsIn(scripted, auditId)).toMatchObject(isIntentKept ? [{ outcome: 'notSent' }] : [])
    }
  })

  it('that is noticed although nobody calls', async () => {
    const { hand: scripted, store: opened, timers } = aStore((commit) => (commit === 0 ? 'hangs' : 'none'))
    await timers.pass(1_500)
    expect(opened.problem()).toBeUndefined()
    await timers.pass(2_000)
    expect(opened.problem()).toContain('did not answer within 2000 ms')

    scripted.release()
    await timers.pass(3_000)
    expect(opened.problem()).toBeUndefined()
    expect(gapsIn(scripted)).toHaveLength(1)
  })

  it('takes calls again only once all that is owed is written', async () => {
    const { hand: scripted, store: opened, timers } = aStore((commit) => (commit === 0 ? 'hangs' : 'none'))
    const late = uuidv7()
    void begin(opened, late)
    // It is with the hand before the first look comes, which writes a checkpoint.
    await turns()
    await timers.pass(4_000)
    scripted.release()
    await until(() => opened.problem() === undefined)

    expect(endsIn(scripted, late)).toMatchObject([{ outcome: 'notSent' }])
    expect(told.alarms).toHaveLength(1)
    expect(told.infos).toHaveLength(1)
  })
})

describe('when the ledger is closed', () => {
  it('in the midst of a look, that look writes nothing any more', async () => {
    const { hand: scripted, store: opened, timers } = aStore(() => 'none', { checkpointEveryInMs: 500 })
    const passed = timers.pass(1_000)
    await opened.close()
    await passed
    const written = scripted.batches.length
    await timers.pass(5_000)

    expect(scripted.batches).toHaveLength(written)
    expect(told.alarms).toEqual([])
  })

  it('says that it is, to whoever comes later, and raises no alarm', async () => {
    const { store: opened } = aStore(() => 'none')
    await opened.close()

    expect(await opened.append(refusal())()).toMatchObject({ left: { _tag: 'StoreFailing' } })
    expect(told.alarms).toEqual([])
  })

  it.each<CommitFault>(['none', 'fails', 'ambiguous'])(
    'while records wait and others are owed, and the last commit goes as %s, nothing is lost in silence',
    async (fault) => {
      const { hand: scripted, store: opened } = aStore((_, { checkpoint }) => (checkpoint === 'now' ? fault : 'fails'))
      const [waiting, owed] = [uuidv7(), uuidv7()]
      const appended = opened
        .append(outcome(waiting))()
        .then((result) => {
          if (E.isLeft(result)) opened.owe(outcome(waiting))
        })
      opened.owe(outcome(owed))
      const { isClosed, lost } = await opened.close()
      await appended

      expect(isClosed).toBe(true)
      expect(scripted.isClosed()).toBe(true)
      const gone = new Set(lost.map(({ auditId }) => auditId))
      for (const auditId of [waiting, owed])
        expect([endsIn(scripted, auditId).length, gone.has(auditId)]).toEqual(
          fault === 'none' ? [1, false] : [fault === 'ambiguous' ? 1 : 0, true],
        )
    },
  )

  it('twice, it is closed once', async () => {
    const { store: opened } = aStore(() => 'none')
    await opened.append(refusal())()

    expect(await opened.close()).toEqual({ isClosed: true, lost: [] })
    expect(await opened.close()).toEqual({ isClosed: true, lost: [] })
    expect(told.alarms).toEqual([])
  })

  it('leaves no timer', async () => {
    const { store: opened, timers } = aStore((commit) => (commit === 0 ? 'fails' : 'none'))
    await opened.append(refusal())()
    await opened.close()

    expect(timers.waiting()).toBe(0)
  })
})

describe('when the ledger can be written again but the disk is nearly full', () => {
  it('no call is taken in between', async () => {
    const { hand: scripted, store: opened, timers } = aStore((commit) => (commit === 0 ? 'fails' : 'none'))
    await opened.append(refusal())()
    scripted.setRoom({ _tag: 'Checked', refuse: 'nearly full' })
    const problems: Array<string | undefined> = []
    for (let tenth = 0; tenth < 30; tenth++) {
      await timers.pass(100)
      problems.push(opened.problem())
    }

    expect(problems.at(-1)).toBe('nearly full')
    expect(problems).not.toContain(undefined)
    expect(await opened.append(outcome())()).toMatchObject({ right: { _tag: 'Written' } })
    expect(await opened.append(intent())()).toMatchObject({ left: { _tag: 'StoreFailing' } })
  })
})

describe('from time to time', () => {
  it('old records are pruned, once an hour, to their end', async () => {
    const { hand: scripted, timers } = aStore(() => 'none', { retentionInMs: 1 })
    await timers.pass(1_000)
    const first = scripted.pruned()
    await timers.pass(3_500_000)
    const before = scripted.pruned()
    await timers.pass(200_000)

    expect([first, before, scripted.pruned()]).toEqual([3, 3, 6])
  })

  it('a checkpoint is asked for: at once, then as often as was said', async () => {
    const { hand: scripted, timers } = aStore(() => 'none', { checkpointEveryInMs: 60_000 })
    const asked = () => scripted.batches.filter(({ checkpoint }) => checkpoint === 'now').length
    await timers.pass(1_000)
    const first = asked()
    await timers.pass(50_000)
    const before = asked()
    await timers.pass(20_000)

    expect([first, before, asked()]).toEqual([1, 1, 2])
  })
})

describe('an intent that gets to the disk after its deadline', () => {
  it('ends as not sent, and its idempotency key is free', async () => {
    const { hand: scripted, store: opened, timers } = aStore((commit) => (commit === 0 ? 'hangs' : 'none'))
    const late = uuidv7()
    const claim = { forms: [{ key: 'k', fingerprint: 'f' }] } as const
    const appended = opened.append(intent(late), { claim })()
    await turns()
    await timers.pass(2_500)
    scripted.release()
    await timers.pass(2_500)

    expect(await appended).toMatchObject(E.left({ _tag: 'TooSlow' }))
    expect(endsIn(scripted, late)).toMatchObject([{ outcome: 'notSent' }])
    expect(await opened.append(intent(), { claim })()).toEqual(E.right({ _tag: 'Written' }))
  })
})
