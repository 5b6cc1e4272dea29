import { documentedExample } from '@device-install-state/model/fields'
import * as fc from 'fast-check'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { Reply } from '../src/domain/reply.js'
import { aPipeOn, type Asked, asked, type Outcome } from './a-pipe-on-a-store.js'
import { aScriptedHand, type CommitFault, type ScriptedHand } from './a-scripted-hand.js'
import { noneTold, storeOn } from './an-audit-store.js'
import { timersByHand, turns } from './timers-by-hand.js'

/** The pipe on the real engine, over a hand that does as it is told. */
const aProxyOn = (faultOf: (commit: number) => CommitFault) => {
  const timers = timersByHand()
  const hand = aScriptedHand(faultOf)
  const told = noneTold()
  const store = storeOn(hand.opened, told, { after: timers.after, monotonicNowInMs: timers.monotonicNowInMs })
  const pipe = aPipeOn(store, {
    isOnRecord: (auditId) => hasIntent(hand, auditId),
    monotonicNowInMs: timers.monotonicNowInMs,
    untilGraphAnswers: turns,
  })
  return { ...pipe, hand, store, timers, told }
}

type Proxy = ReturnType<typeof aProxyOn>

const codeOf = ({ body }: Reply): string | undefined =>
  (JSON.parse(body) as { error?: { code: string; innerError?: { code?: string } } }).error?.innerError?.code

const endsOf = ({ kept }: ScriptedHand, auditId: string) =>
  kept.filter((record) => record['auditId'] === auditId && record['kind'] !== 'intent')
const hasIntent = ({ kept }: ScriptedHand, auditId: string): boolean =>
  kept.some((record) => record['auditId'] === auditId && record['kind'] === 'intent')
const toldMissing = ({ kept }: ScriptedHand): number =>
  kept
    .filter(({ event }) => event === 'gap')
    .reduce((sum, { detail }) => sum + Number((detail as Record<string, unknown>)['unrecordedRefusals']), 0)

const statusWhenWell: Readonly<Record<Asked, number>> = {
  applied: 201,
  'refused by Graph': 403,
  lost: 502,
  'with a key': 201,
  'bad body': 400,
  'no token': 401,
}
const outcomeWhenSent: Readonly<Partial<Record<Asked, string>>> = {
  applied: 'applied',
  'refused by Graph': 'refused',
  lost: 'indeterminate',
  'with a key': 'applied',
}

/** Whatever hangs meanwhile does so for longer than any deadline, then goes on. */
const letHang = async <A>({ hand, timers }: Proxy, asking: Promise<A>): Promise<A> => {
  let isDone = false
  const done = asking.finally(() => (isDone = true))
  await turns()
  while (!isDone) {
    await timers.pass(2_500)
    hand.release()
    await turns()
  }
  return done
}

/** Everybody asks, once all together, once one after the other, while the ledger does what it is told; then it is well. */
const asEverybodyAsks = async (proxy: Proxy): Promise<ReadonlyArray<Outcome>> => {
  const key = uuidv7()
  const all = [
    ...asked.map((what) => proxy.ask(what, what === 'with a key' ? key : undefined)),
    proxy.ask('applied'),
    proxy.ask('bad body'),
  ]
  const outcomes = [...(await letHang(proxy, Promise.all(all)))]
  for (const what of asked)
    outcomes.push(await letHang(proxy, proxy.ask(what, what === 'with a key' ? key : undefined)))
  // Also what is only told of with the next look.
  for (let round = 0; round < 60 && (round < 10 || proxy.store.problem() !== undefined); round++) {
    proxy.hand.release()
    await proxy.timers.pass(1_500)
  }
  return outcomes
}

/** What must hold whatever the ledger did. `isExact`: it never said that it failed when it had not. */
const expectTheTruth = (
  { hand, hits, lost, store, told }: Proxy,
  outcomes: ReadonlyArray<Outcome>,
  isExact: boolean,
): void => {
  expect(store.problem()).toBeUndefined()
  expect(hits.every(({ wasOnRecord }) => wasOnRecord)).toBe(true)
  const hit = new Set(hits.map(({ auditId }) => auditId))
  expect(hits).toHaveLength(hit.size)
  let ends = 0
  for (const { auditId, reply, what } of outcomes) {
    const records = endsOf(hand, auditId)
    ends += records.length
    if (hit.has(auditId)) {
      // Graph's word is passed on, whatever became of the record; and the record is there in the end.
      expect([what, reply.status]).toEqual([what, statusWhenWell[what]])
      expect(records).toMatchObject([{ kind: 'outcome', outcome: outcomeWhenSent[what] }])
    } else if (hasIntent(hand, auditId)) {
      expect(codeOf(reply)).toBe('auditUnavailable')
      expect(records).toMatchObject([{ kind: 'outcome', outcome: 'notSent' }])
    } else {
      expect(records.length).toBeLessThanOrEqual(1)
      if (records.length === 0) expect(lost.some((record) => record.auditId === auditId)).toBe(true)
      expect(records.map(({ kind }) => kind)).not.toContain('outcome')
    }
  }
  const accounted = ends + toldMissing(hand)
  if (isExact) expect(accounted).toBe(outcomes.length)
  else expect(accounted).toBeGreaterThanOrEqual(outcomes.length)
  expect(told.infos.length).toBeGreaterThanOrEqual(told.alarms.length)
}

const close = async (proxy: Proxy): Promise<void> => {
  await letHang(proxy, proxy.store.close())
}

describe('when the ledger fails at one of its commits', () => {
  it('the battery below meets every commit that it makes', async () => {
    const proxy = aProxyOn(() => 'none')
    const outcomes = await asEverybodyAsks(proxy)
    const commits = proxy.hand.batches.length
    expectTheTruth(proxy, outcomes, true)
    await close(proxy)

    expect(commits).toBeGreaterThan(8)
    expect(commits).toBeLessThan(20)
    const kinds = new Set(proxy.hand.kept.map(({ kind }) => String(kind)))
    expect([...kinds].sort()).toEqual(['intent', 'outcome', 'refusal', 'replay'])
  })

  const places = Array.from({ length: 20 }, (_, place) => place)

  it.each<CommitFault>(['fails', 'ambiguous', 'hangs'])(
    '(%s) Graph is hit after a durable intent alone, callers get the truth, and each call has one end',
    async (fault) => {
      for (const place of places) {
        const proxy = aProxyOn((commit) => (commit === place ? fault : 'none'))
        expectTheTruth(proxy, await asEverybodyAsks(proxy), fault !== 'ambiguous')
        await close(proxy)
      }
    },
  )

  it.each<CommitFault>(['fails', 'ambiguous', 'hangs'])(
    '(%s) and goes on failing for a while, the same',
    async (fault) => {
      for (const place of places) {
        const proxy = aProxyOn((commit) => (commit >= place && commit < place + 4 ? fault : 'none'))
        expectTheTruth(proxy, await asEverybodyAsks(proxy), fault !== 'ambiguous')
        await close(proxy)
      }
    },
  )

  it('in whatever way and however often, the same', async () => {
    const faults = fc.array(fc.constantFrom<CommitFault>('none', 'none', 'fails', 'ambiguous', 'hangs'), {
      maxLength: 24,
    })
    await fc.assert(
      fc.asyncProperty(faults, async (script) => {
        const proxy = aProxyOn((commit) => script[commit] ?? 'none')
        expectTheTruth(proxy, await asEverybodyAsks(proxy), !script.includes('ambiguous'))
        await close(proxy)
      }),
      { numRuns: Number(process.env['STORE_FAULTS'] ?? 100) },
    )
  })
})

describe('when the outcome of a call that Graph has made cannot be written', () => {
  it('the caller gets its 201, the log has the record, new calls are refused, and it is written when it can be', async () => {
    let isBroken = false
    const proxy = aProxyOn(() => (isBroken ? 'fails' : 'none'))
    const asking = proxy.ask('applied')
    while (proxy.hits.length === 0) await new Promise(setImmediate)
    isBroken = true
    const { auditId, reply } = await asking

    expect(reply).toMatchObject({ status: 201, body: documentedExample.response })
    expect(proxy.lost).toMatchObject([{ kind: 'outcome', auditId, outcome: 'applied' }])
    expect(proxy.store.problem()).toBeDefined()
    expect(codeOf((await proxy.ask('applied')).reply)).toBe('auditUnavailable')
    expect(proxy.hits).toHaveLength(1)

    isBroken = false
    await proxy.timers.pass(2_000)
    expect(proxy.store.problem()).toBeUndefined()
    expect(endsOf(proxy.hand, auditId)).toMatchObject([{ outcome: 'applied' }])
    await close(proxy)
  })
})
