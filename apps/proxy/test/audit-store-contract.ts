import { createHash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditReader } from '../src/audit/audit-reader.js'
import type { AuditStore } from '../src/audit/audit-store.js'
import type { BatchingSettings } from '../src/audit/batching-audit-store.js'
import { genesisOf, originOf, readEntry } from '../src/audit/entry-chain.js'
import type { OpenedLedger } from '../src/audit/ledger-writer.js'
import { termOf } from '../src/audit/record-terms.js'
import {
  allRecords,
  intent,
  noneTold,
  outcome,
  recordsOf as recordsIn,
  refusal,
  storeOn,
  type Told,
} from './an-audit-store.js'
import { until } from './until.js'

/** A ledger of its own for each test, and what can be done to it from outside. */
export interface LedgerUnderTest {
  readonly open: (change?: { readonly checkpointEveryRecords?: number }) => Promise<E.Either<string, OpenedLedger>>
  readonly reader: () => Promise<AuditReader>
  /** Makes every INSERT of a record fail, from outside, until it is restored. */
  readonly breakWrites: (message: string) => Promise<{ readonly restore: () => Promise<void> }>
  /** Holds up every write, from outside, until it is released. */
  readonly holdWrites: () => Promise<{ readonly release: () => Promise<void> }>
  readonly remove: () => Promise<void>
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64')

/** What every adapter of the ledger owes. */
export const auditStoreContract = (name: string, aLedger: () => Promise<LedgerUnderTest>): void => {
  let ledger: LedgerUnderTest
  let reader: AuditReader | undefined
  let stores: Array<AuditStore> = []
  let told: Told = noneTold()

  beforeEach(async () => {
    ledger = await aLedger()
    stores = []
    told = noneTold()
  })
  afterEach(async () => {
    for (const store of stores) await store.close()
    await reader?.close()
    reader = undefined
    await ledger.remove()
  })

  const open = async (
    change: Partial<BatchingSettings> = {},
    ofLedger: { readonly checkpointEveryRecords?: number } = {},
  ) => {
    const opened = await ledger.open(ofLedger)
    if (E.isLeft(opened)) throw new Error(opened.left)
    const store = storeOn(opened.right, told, change)
    stores.push(store)
    return { store, settled: opened.right.settled }
  }
  const close = async (store: AuditStore) => {
    stores = stores.filter((other) => other !== store)
    return store.close()
  }
  const reading = async (): Promise<AuditReader> => {
    reader ??= await ledger.reader()
    return reader
  }
  const recordsOf = async (auditId: string) => recordsIn(await reading(), auditId)
  const written = { _tag: 'Right', right: { _tag: 'Written' } }

  describe(`the ${name} ledger`, () => {
    it('keeps what is appended, in order, readable beside the writer', async () => {
      const { store } = await open()
      const auditId = uuidv7()

      expect(await store.append(intent(auditId))()).toEqual(written)
      expect(await recordsOf(auditId)).toEqual([intent(auditId)])
      await store.append(outcome(auditId))()
      expect(await recordsOf(auditId)).toEqual([intent(auditId), outcome(auditId)])
    })

    it('lets many records share a commit, and loses none', async () => {
      const { store } = await open()
      const ids = Array.from({ length: 2_000 }, () => uuidv7())
      const results = await Promise.all(ids.map((auditId) => store.append(intent(auditId))()))

      expect(results.every(E.isRight)).toBe(true)
      const kept = (await allRecords(await reading())).filter(({ kind }) => kind === 'intent')
      expect(kept.map(({ auditId }) => auditId)).toEqual(ids)
    })

    it('chains each entry to the one before, the first to the name of the ledger', async () => {
      const { store } = await open()
      for (let count = 0; count < 3; count++) await store.append(refusal())()
      await close(store)
      const again = await open()
      await again.store.append(refusal())()

      const ledgerId = await (await reading()).ledgerId()
      const entries = await (await reading()).entries(1, 1, 100)()
      if (E.isLeft(entries) || E.isLeft(ledgerId)) throw new Error('unreadable')
      let before = genesisOf(sha256, originOf(ledgerId.right, 1)).hash
      for (const { entry, hash } of entries.right) {
        expect(readEntry(entry)?.previous).toBe(before)
        expect(sha256(entry)).toBe(hash)
        before = hash
      }
      expect(entries.right.map(({ sequence }) => sequence)).toEqual(entries.right.map((_, index) => index + 1))
    })

    it('keeps the first end of a call', async () => {
      const { store } = await open()
      const auditId = uuidv7()
      await store.append(outcome(auditId))()

      expect(await store.append({ ...outcome(auditId), outcome: 'indeterminate' })()).toEqual(written)
      expect(await store.append(refusal(auditId))()).toEqual(written)
      expect(await recordsOf(auditId)).toEqual([outcome(auditId)])
    })

    it('takes no second intent for a call, and says so', async () => {
      const { store } = await open()
      const auditId = uuidv7()
      await store.append(intent(auditId))()

      expect(await store.append(intent(auditId))()).toMatchObject({ left: { _tag: 'StoreFailed' } })
    })

    it('settles, once, the intents that ended processes left open', async () => {
      const first = await open()
      const [left, done] = [uuidv7(), uuidv7()]
      for (const record of [intent(left), intent(done), outcome(done)]) await first.store.append(record)()
      await close(first.store)

      const second = await open()
      expect(second.settled).toBe(1)
      expect(await recordsOf(left)).toEqual([
        intent(left),
        expect.objectContaining({ kind: 'outcome', outcome: 'indeterminate', code: 'writerEnded' }),
      ])
      expect(await recordsOf(done)).toEqual([intent(done), outcome(done)])
      await close(second.store)

      expect((await open()).settled).toBe(0)
    })

    it('refuses a record that has no canonical JSON, and goes on', async () => {
      const { store } = await open()

      expect(await store.append({ ...intent(), bodyDigest: '\ud800' })()).toMatchObject({
        left: { _tag: 'Unserialisable' },
      })
      expect(await store.append(refusal())()).toEqual(written)
    })

    it('keeps at least what came of a call, and that it was refused, when there is no canonical JSON of the rest', async () => {
      const { store } = await open()
      const [call, refused] = [uuidv7(), uuidv7()]
      await store.append(intent(call))()
      await store.append({ ...outcome(call), createdId: '\ud800' })()
      await store.append({ ...refusal(refused), reason: '\ud800' })()
      const least = { code: 'unserialisable', reason: expect.stringContaining('loneSurrogate') }

      expect(await recordsOf(call)).toEqual([intent(call), expect.objectContaining({ outcome: 'applied', ...least })])
      expect(await recordsOf(refused)).toEqual([expect.objectContaining({ kind: 'refusal', status: 400, ...least })])
    })

    it('cuts strings that are too long, and says which', async () => {
      const { store } = await open()
      const auditId = uuidv7()
      await store.append({ ...refusal(auditId), reason: 'x'.repeat(5_000) })()

      expect(await recordsOf(auditId)).toEqual([
        { ...refusal(auditId), reason: 'x'.repeat(2_048), truncated: ['/reason 5000'] },
      ])
    })
  })

  describe(`checkpoints of the ${name} ledger`, () => {
    const checkpoints = async () => (await allRecords(await reading())).filter(({ kind }) => kind === 'checkpoint')

    it('are written after so many records, when asked, and at the end, and told each time', async () => {
      const { store } = await open({}, { checkpointEveryRecords: 3 })
      for (let count = 0; count < 3; count++) await store.append(refusal())()
      expect(await checkpoints()).toHaveLength(1)
      await store.append(refusal())()
      await close(store)

      expect(await checkpoints()).toHaveLength(2)
      expect(told.checkpoints).toEqual((await checkpoints()).map(({ note }) => note))
    })

    it('say how many entries there are before them, and what the last one’s hash is', async () => {
      const { store } = await open()
      await store.append(refusal())()
      await close(store)
      const entries = await (await reading()).entries(1, 1, 10)()
      const ledgerId = await (await reading()).ledgerId()
      if (E.isLeft(entries) || E.isLeft(ledgerId)) throw new Error('unreadable')

      expect(told.checkpoints.at(-1)?.split('\n').slice(0, 3)).toEqual([
        originOf(ledgerId.right, 1),
        '1',
        entries.right[0]?.hash,
      ])
    })

    it('are not written when there is nothing new', async () => {
      const { store } = await open()
      await store.append(refusal())()
      await close(store)
      await close((await open()).store)

      expect(await checkpoints()).toHaveLength(1)
    })

    it('tell from where on intents may be open', async () => {
      const { store } = await open()
      const [first, second] = [uuidv7(), uuidv7()]
      for (const record of [refusal(), intent(first), intent(second), outcome(second)]) await store.append(record)()
      await close(store)

      expect(await checkpoints()).toEqual([expect.objectContaining({ openFrom: 2 })])
    })
  })

  describe(`an idempotency key in the ${name} ledger`, () => {
    const forms = (key: string, fingerprint = 'same') => ({ claim: { forms: [{ key, fingerprint }] as const } })

    it('is held by the first call that claims it, in and after one commit', async () => {
      const { store } = await open()
      const [first, second, third] = [uuidv7(), uuidv7(), uuidv7()]
      const results = await Promise.all([
        store.append(intent(first), forms('k'))(),
        store.append(intent(second), forms('k'))(),
      ])
      const holder = { auditId: first, form: 0, isSameCall: true, outcome: undefined, answer: undefined }

      expect(results).toEqual([written, { _tag: 'Right', right: { _tag: 'KeyHeld', holder } }])
      expect(await store.append(intent(third), forms('k', 'other'))()).toEqual({
        _tag: 'Right',
        right: { _tag: 'KeyHeld', holder: { ...holder, isSameCall: false } },
      })
      expect(await recordsOf(second)).toEqual([])
      expect(await recordsOf(third)).toEqual([])
    })

    const today = (auditId: string = uuidv7()) => ({ ...intent(auditId), at: new Date().toISOString() })

    it('gives the answer that was kept with the outcome, also to the next process', async () => {
      const first = await open()
      const auditId = uuidv7()
      await first.store.append(today(auditId), forms('k'))()
      await first.store.append(outcome(auditId), { kept: { key: 'k', answer: 'sealed' } })()
      await close(first.store)
      const { store } = await open()

      expect(await store.append(today(), forms('k'))()).toMatchObject({
        right: { _tag: 'KeyHeld', holder: { auditId, isSameCall: true, outcome: 'applied', answer: 'sealed' } },
      })
    })

    it('tells that the call that held it was settled as indeterminate', async () => {
      const first = await open()
      const auditId = uuidv7()
      await first.store.append(today(auditId), forms('k'))()
      await close(first.store)
      const { store } = await open()

      expect(await store.append(today(), forms('k'))()).toMatchObject({
        right: { holder: { auditId, outcome: 'indeterminate', answer: undefined } },
      })
    })

    it('is free again when its call says so, and after a day', async () => {
      const { store } = await open()
      const [first, second] = [uuidv7(), uuidv7()]
      await store.append(intent(first), forms('k'))()
      await store.append({ ...outcome(first), outcome: 'notSent' }, { kept: { key: 'k', answer: undefined } })()
      expect(await store.append({ ...intent(second), at: '2026-11-23T12:00:00.000Z' }, forms('k'))()).toEqual(written)

      const justBefore = await store.append({ ...intent(), at: '2026-11-24T12:00:00.000Z' }, forms('k'))()
      expect(justBefore).toMatchObject({ right: { _tag: 'KeyHeld' } })
      expect(await store.append({ ...intent(), at: '2026-11-24T12:00:00.001Z' }, forms('k'))()).toEqual(written)
    })

    it('is free when its call was not sent, whoever has recorded that', async () => {
      const { store } = await open()
      const first = uuidv7()
      await store.append(intent(first), forms('k'))()
      await store.append({ ...outcome(first), outcome: 'notSent' })()

      expect(await store.append(intent(), forms('k'))()).toEqual(written)
    })

    it('is found by the forms of older keys', async () => {
      const { store } = await open()
      const auditId = uuidv7()
      await store.append(intent(auditId), forms('old', 'old-same'))()
      const claim = {
        forms: [
          { key: 'new', fingerprint: 'new-same' },
          { key: 'old', fingerprint: 'old-same' },
        ],
      } as const

      expect(await store.append(intent(), { claim })()).toMatchObject({
        right: { holder: { auditId, form: 1, isSameCall: true } },
      })
    })
  })

  describe(`when the ${name} ledger cannot be written`, () => {
    it('says so, takes nothing until it can, then writes what is owed and tells of the gap', async () => {
      const { store } = await open()
      const broken = await ledger.breakWrites('disk full')
      const [intentId, outcomeId] = [uuidv7(), uuidv7()]

      expect(await store.append(intent(intentId))()).toMatchObject({ left: { _tag: 'StoreFailed' } })
      expect(store.problem()).toContain('disk full')
      expect(await store.append(intent(intentId))()).toMatchObject({ left: { _tag: 'StoreFailing' } })
      expect(await store.append(refusal())()).toMatchObject({ left: { _tag: 'StoreFailing' } })
      store.owe(outcome(outcomeId))

      await broken.restore()
      await until(() => store.problem() === undefined)
      expect(await recordsOf(intentId)).toEqual([])
      expect(await recordsOf(outcomeId)).toEqual([outcome(outcomeId)])
      expect(await store.append(intent(intentId))()).toEqual(written)
      expect([told.alarms.length, told.infos.length]).toEqual([1, 1])
      const gaps = (await allRecords(await reading())).filter(({ event }) => event === 'gap')
      expect(gaps).toEqual([expect.objectContaining({ detail: expect.objectContaining({ unrecordedRefusals: 1 }) })])
    })

    it('writes what comes to be owed while it writes what was owed before', async () => {
      const { store } = await open()
      const held = await ledger.holdWrites()
      const [first, second] = [uuidv7(), uuidv7()]
      store.owe(outcome(first))
      // Timers of one delay run in the order they were set, so the first is under way then, and waits.
      await new Promise((resolve) => setTimeout(resolve))
      store.owe(outcome(second))
      await held.release()
      await until(() => store.problem() === undefined)

      expect(await recordsOf(first)).toEqual([outcome(first)])
      expect(await recordsOf(second)).toEqual([outcome(second)])
    })

    it('gives back what is still owed when it is closed', async () => {
      const { store } = await open()
      const broken = await ledger.breakWrites('disk full')
      store.owe(outcome())

      expect(await close(store)).toMatchObject({ isClosed: true, lost: [{ kind: 'outcome' }] })
      await broken.restore()
    })

    it('does not keep the process from ending when the disk hangs', async () => {
      const { store } = await open({ deadlineInMs: 50 })
      const held = await ledger.holdWrites()
      await store.append(intent())()
      store.owe(outcome())

      expect(await close(store)).toMatchObject({ isClosed: false, lost: [{ kind: 'outcome' }] })
      await held.release()
    })

    it('gives up on a record after its deadline, and settles the intent if it is written late', async () => {
      const { store } = await open({ deadlineInMs: 50 })
      const held = await ledger.holdWrites()
      const auditId = uuidv7()

      expect(await store.append(intent(auditId))()).toEqual({
        _tag: 'Left',
        left: { _tag: 'TooSlow', deadlineInMs: 50 },
      })
      expect(store.problem()).toBeDefined()

      await held.release()
      await until(() => store.problem() === undefined)
      expect(await recordsOf(auditId)).toEqual([
        intent(auditId),
        expect.objectContaining({ kind: 'outcome', outcome: 'notSent', code: 'auditUnavailable' }),
      ])
    })

    it('takes no more than its queue holds', async () => {
      const { store } = await open({ mostWaiting: 2 })
      const results = await Promise.all(Array.from({ length: 5 }, () => store.append(intent())()))

      expect(results.filter(E.isRight)).toHaveLength(2)
      expect(results.at(-1)).toEqual({ _tag: 'Left', left: { _tag: 'TooMuchWaiting' } })
    })

    it('takes outcomes however many wait, and tells how many refusals found no room', async () => {
      const { store } = await open({ mostWaiting: 2 })
      const refusals = Array.from({ length: 7 }, () => store.append(refusal())())
      const outcomes = Array.from({ length: 5 }, () => store.append(outcome())())

      expect((await Promise.all(refusals)).filter(E.isLeft)).toHaveLength(3)
      expect((await Promise.all(outcomes)).every(E.isRight)).toBe(true)
      await close(store)
      const gaps = (await allRecords(await reading())).filter(({ event }) => event === 'gap')
      expect(gaps).toEqual([expect.objectContaining({ detail: expect.objectContaining({ unrecordedRefusals: 3 }) })])
    })
  })

  describe(`old records of the ${name} ledger`, () => {
    const withRetention = { retentionInMs: 24 * 3_600_000 }
    const old = (record: ReturnType<typeof refusal>) => ({ ...record, at: '2020-01-01T00:00:00.000Z' })

    it('are pruned up to a checkpoint, which stays, and that is on record', async () => {
      const first = await open({ now: () => new Date('2020-01-01T00:00:00Z') }, { checkpointEveryRecords: 10 })
      const ids = Array.from({ length: 25 }, () => uuidv7())
      for (const auditId of ids) await first.store.append(old(refusal(auditId)))()
      await close(first.store)
      const second = await open(withRetention)
      await second.store.append(refusal())()
      await until(() => told.infos.includes('old records were pruned from the audit ledger'))

      const kept = await allRecords(await reading())
      expect(kept[0]).toMatchObject({ kind: 'checkpoint', at: '2020-01-01T00:00:00.000Z' })
      expect(kept.filter(({ auditId }) => ids.includes(String(auditId)))).toEqual([])
      expect(kept.filter(({ event }) => event === 'pruned')).toHaveLength(1)
    })

    it('stay when they are young enough', async () => {
      const { store } = await open(withRetention, { checkpointEveryRecords: 2 })
      for (let count = 0; count < 5; count++) await store.append({ ...refusal(), at: new Date().toISOString() })()
      await close(store)

      const kept = await allRecords(await reading())
      expect(kept.filter(({ kind }) => kind === 'refusal')).toHaveLength(5)
    })
  })

  describe(`finding in the ${name} ledger`, () => {
    it('gives the newest first, in pages, whether or not the part is indexed', async () => {
      const { store } = await open()
      const ids = Array.from({ length: 9_000 }, () => uuidv7())
      // Batches, so that a span is closed in between.
      for (let from = 0; from < ids.length; from += 1_000) {
        const some = ids.slice(from, from + 1_000)
        await Promise.all(
          some.map((auditId, index) =>
            store.append({ ...intent(auditId), ids: { managedEBookId: `B${String((from + index) % 3)}` } })(),
          ),
        )
      }
      const term = termOf('id:managedEBookId', 'B1')
      const found: Array<string> = []
      let cursor: string | undefined
      for (;;) {
        const hits = await (await reading()).seek({ term, limit: 700, ...(cursor === undefined ? {} : { cursor }) })()
        if (E.isLeft(hits)) throw new Error(hits.left.message)
        if (hits.right.length === 0) break
        found.push(...hits.right.map(({ auditId }) => auditId))
        cursor = hits.right.at(-1)?.cursor
      }

      expect(found).toEqual(ids.filter((_, index) => index % 3 === 1).toReversed())
    })

    it('looks within times, and gives calls alone without a term', async () => {
      const { store } = await open()
      const [early, late] = [uuidv7(), uuidv7()]
      for (const record of [
        { ...intent(early), at: '2026-01-01T00:00:00.000Z' },
        { ...outcome(early), at: '2026-01-01T00:00:01.000Z' },
        { ...refusal(late), at: '2026-02-01T00:00:00.000Z' },
      ])
        await store.append(record)()
      const within = async (since: string, upTo: string) => {
        const hits = await (await reading()).seek({ since, until: upTo, limit: 10 })()
        return E.isRight(hits) ? hits.right.map(({ auditId }) => auditId) : hits.left
      }

      expect(await within('2026-01-01T00:00:00.000Z', '2026-01-31T00:00:00.000Z')).toEqual([early])
      expect(await within('2026-01-01T00:00:00.500Z', '2026-02-01T00:00:00.000Z')).toEqual([late])
    })
  })
}
