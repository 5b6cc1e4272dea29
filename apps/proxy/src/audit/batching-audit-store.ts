import * as E from 'fp-ts/lib/Either.js'
import { boundedRecord } from './bounded-record.js'
import type { AuditRecord, LifecycleRecord } from './audit-record.js'
import type { Appended, AuditNotWritten, AuditStore, WithRecord } from './audit-store.js'
import { canonicalJson } from './canonical-json.js'
import { endOf, rowWith, writtenLate } from './ledger-records.js'
import type { Batch, Committed, LedgerWriter, Row, Spare, WriteFailed } from './ledger-writer.js'

export interface BatchingSettings {
  /** How long a record may take to be durable before it counts as not written. */
  readonly deadlineInMs: number
  readonly mostWaiting: number
  readonly checkpointEveryInMs: number
  /** Records older than this are pruned; without it none are. */
  readonly retentionInMs?: number
  readonly now: () => Date
  readonly newId: () => string
  readonly monotonicNowInMs: () => number
  /** Waits, without keeping the process alive. Gives the means to stop waiting. */
  readonly after: (ms: number, then: () => void) => () => void
  /** Done when the event loop has handled what had come by now. */
  readonly whenIdle: () => Promise<void>
  /** Told what the operator must know at once. */
  readonly alarm: (what: string, detail: Readonly<Record<string, unknown>>) => void
  /** Told when it works again. */
  readonly info: (what: string, detail: Readonly<Record<string, unknown>>) => void
  /** Told of each checkpoint, so that it is kept elsewhere, too. */
  readonly checkpoint: (note: string) => void
}

export interface BatchingAuditStore extends AuditStore {
  /** How many records wait for the next batch, and how many are owed. */
  readonly queue: () => { readonly waiting: number; readonly owed: number }
}

interface Waiting {
  readonly row: Row
  /** It is with the hand: whether it gets to the disk, only the hand's answer tells. */
  isHandedOver: boolean
  /** Its deadline passed before that: it is not written any more. */
  isGivenUp: boolean
  readonly settle: (result: E.Either<AuditNotWritten, Appended>) => void
}

interface Owed {
  readonly record: AuditRecord
  readonly more: WithRecord
}

const lookEveryInMs = 1_000
const pruneEveryInMs = 3_600_000

/** What is left of an end that has no canonical JSON: that it was one. Of an intent nothing is, since nothing is sent. */
const leastOf = (record: AuditRecord, why: string): AuditRecord | undefined => {
  const { at, auditId } = record
  const reason = `this record could not be written as it was: ${why}`
  if (record.kind === 'outcome')
    return { kind: 'outcome', auditId, at, outcome: record.outcome, code: 'unserialisable', reason }
  return record.kind === 'refusal'
    ? { kind: 'refusal', auditId, at, code: 'unserialisable', status: record.status, reason, peer: '', method: '' }
    : undefined
}

const rowOf = (record: AuditRecord, more: WithRecord): E.Either<string, Row> => {
  const json = canonicalJson(boundedRecord(record))
  if (E.isRight(json)) return E.right({ ...rowWith(record, json.right), ...more })
  const least = leastOf(record, json.left)
  return least === undefined ? json : rowOf(least, more)
}

const written: Appended = { _tag: 'Written' }

/**
 * An audit store on a ledger's hand. Whatever waits when a commit ends shares the next one; there is no timer. A record
 * that is not durable within the deadline counts as not written. While the ledger fails, one try a second writes what is
 * owed and a record of the gap, and everything else is refused.
 */
export const batchingAuditStore = (settings: BatchingSettings, ledger: LedgerWriter): BatchingAuditStore => {
  const { after, alarm, checkpoint, deadlineInMs, info, monotonicNowInMs, mostWaiting, newId, now, whenIdle } = settings
  let waiting: Array<Waiting> = []
  let owed: Array<Owed> = []
  let working: Promise<unknown> = Promise.resolve()
  let flushing: Promise<void> | undefined
  let problem: string | undefined
  /** Why no new calls are taken although what was begun can be written. */
  let noRoom: string | undefined
  let warned: string | undefined
  let failingSince: string | undefined
  let unrecorded = 0
  /** Calls that were refused while the hand had their intents; true once their refusal found no place on record. */
  const undecided = new Map<string, boolean>()
  let stopTrying: (() => void) | undefined
  let stopLooking: (() => void) | undefined
  // The first comes soon, so that there is something to keep elsewhere from the beginning on.
  let lastCheckpointInMs = Number.NEGATIVE_INFINITY
  let lastPruneInMs = Number.NEGATIVE_INFINITY
  let isClosing = false
  let isClosed = false

  const spare = (): Spare => ({ auditId: newId(), at: now().toISOString() })

  /** The hand does one thing at a time, and what came of it is taken in before the next. */
  const next = async <A>(work: () => Promise<A>): Promise<A> => {
    const before = working
    const mine = before.then(work)
    working = mine
    return mine
  }

  const fail = (message: string): void => {
    if (problem === undefined) alarm('the audit ledger cannot be written; calls are refused until it can', { message })
    problem = message
    failingSince ??= now().toISOString()
    if (!isClosing) stopTrying ??= after(lookEveryInMs, tryAgain)
  }

  const gap = (since: string): LifecycleRecord => ({
    kind: 'lifecycle',
    event: 'gap',
    auditId: newId(),
    at: now().toISOString(),
    detail: { failingSince: since, owed: owed.length, unrecordedRefusals: unrecorded },
  })

  const rowsOf = (records: ReadonlyArray<Owed>): ReadonlyArray<Row> =>
    records.flatMap(({ more, record }) => {
      const row = rowOf(record, more)
      return E.isRight(row) ? [row.right] : []
    })

  /** While the store fails, only this writes: what is owed, and a record that tells of the gap. */
  const tryAgain = (): void => {
    stopTrying = undefined
    void next(recover)
  }

  const recover = async (): Promise<void> => {
    // An earlier try may have had to wait for the hand, and then have done it.
    if (failingSince === undefined || isClosed) return
    // What comes to be owed meanwhile is written, too, before calls are taken again.
    do {
      const owing = owed.length
      const told = unrecorded
      const result = await write(rowsOf([...owed, { record: gap(failingSince), more: {} }]))
      if (result._tag === 'Failed') {
        fail(result.message)
        return
      }
      owed = owed.slice(owing)
      unrecorded -= told
      info('the audit ledger can be written again', { written: owing + 1, unrecordedRefusals: told })
    } while (owed.length > 0)
    // There may be room for what was begun alone.
    if (!(await look())) return
    problem = undefined
    failingSince = undefined
  }

  const write = async (rows: ReadonlyArray<Row>, when: Batch['checkpoint'] = 'whenDue') => {
    const result = await ledger.commit({ rows, checkpoint: when, spare: spare() })
    if (result._tag === 'Committed' && result.checkpoint !== undefined) {
      lastCheckpointInMs = monotonicNowInMs()
      checkpoint(result.checkpoint)
    }
    return result
  }

  const settleAll = (batch: ReadonlyArray<Waiting>, result: Committed | WriteFailed): void => {
    if (result._tag === 'Failed') {
      fail(result.message)
      for (const { settle } of batch) settle(E.left({ _tag: 'StoreFailed', cause: result.message }))
      return
    }
    const held = new Map(result.held)
    for (const [place, { settle }] of batch.entries()) {
      const holder = held.get(place)
      settle(E.right(holder === undefined ? written : { _tag: 'KeyHeld', holder }))
    }
  }

  const writeWaiting = async (): Promise<void> => {
    const batch = waiting.filter(({ isGivenUp }) => !isGivenUp)
    waiting = []
    if (batch.length === 0) return
    for (const one of batch) one.isHandedOver = true
    settleAll(batch, await write(batch.map(({ row }) => row)))
  }

  const flush = async (): Promise<void> => {
    await whenIdle()
    while (waiting.length > 0) {
      await next(writeWaiting)
      // Those who wait for this commit get to add to the next one before it begins.
      await whenIdle()
    }
    flushing = undefined
  }

  /** A refusal is not owed, since nothing hangs on it, but that it is missing is told by the record of the gap. */
  const append =
    (record: AuditRecord, more: WithRecord = {}) =>
    async (): Promise<E.Either<AuditNotWritten, Appended>> => {
      const result = await tryToAppend(record, more)
      if (E.isLeft(result) && mayBeMissing(record)) {
        if (undecided.has(record.auditId)) undecided.set(record.auditId, true)
        else unrecorded++
      }
      return result
    }

  const mayBeMissing = ({ kind }: AuditRecord): boolean => kind === 'refusal' || kind === 'connection'

  const whyNot = (record: AuditRecord): AuditNotWritten | undefined => {
    if (isClosed) return { _tag: 'StoreFailing', cause: 'the audit ledger is closed' }
    if (problem !== undefined) return { _tag: 'StoreFailing', cause: problem }
    // What was begun is written to its end for as long as there is room for it.
    if (noRoom !== undefined && record.kind === 'intent') return { _tag: 'StoreFailing', cause: noRoom }
    return waiting.length >= mostWaitingBefore(record) ? { _tag: 'TooMuchWaiting' } : undefined
  }

  /** No more outcomes and replays come than there were intents, so they always may. Refusals may still be told when no call is taken. */
  const mostWaitingBefore = (record: AuditRecord): number => {
    if (record.kind === 'intent') return mostWaiting
    return mayBeMissing(record) ? 2 * mostWaiting : Number.POSITIVE_INFINITY
  }

  const tryToAppend = (record: AuditRecord, more: WithRecord) =>
    new Promise<E.Either<AuditNotWritten, Appended>>((resolve) => {
      const not = whyNot(record)
      if (not !== undefined) {
        resolve(E.left(not))
        return
      }
      const row = rowOf(record, more)
      if (E.isLeft(row)) {
        resolve(E.left({ _tag: 'Unserialisable', why: row.left }))
        return
      }
      let isLate = false
      const inTime = after(deadlineInMs, () => {
        isLate = true
        one.isGivenUp = !one.isHandedOver
        if (one.isHandedOver && record.kind === 'intent') undecided.set(record.auditId, false)
        fail(`it did not take a record within ${String(deadlineInMs)} ms`)
        resolve(E.left({ _tag: 'TooSlow', deadlineInMs }))
      })
      const one: Waiting = {
        row: row.right,
        isHandedOver: false,
        isGivenUp: false,
        settle: (result) => {
          inTime()
          if (isLate) settleLate(record, more, E.isRight(result) && result.right._tag === 'Written')
          resolve(result)
        },
      }
      waiting.push(one)
      flushing ??= flush()
    })

  /** It was told to be missing. */
  const settleLate = (record: AuditRecord, more: WithRecord, isWritten: boolean): void => {
    if (mayBeMissing(record) && isWritten) unrecorded--
    if (record.kind !== 'intent') return
    if (isWritten) owe(neverSent(record.auditId), freed(more))
    else if (undecided.get(record.auditId) === true) unrecorded++
    undecided.delete(record.auditId)
  }

  /** For an intent that got to the disk after its caller had been told that nothing would be sent. */
  const neverSent = (auditId: string): AuditRecord => endOf(auditId, now().toISOString(), writtenLate)

  const freed = ({ claim }: WithRecord): WithRecord =>
    claim === undefined ? {} : { kept: { key: claim.forms[0].key, answer: undefined } }

  const owe = (record: AuditRecord, more: WithRecord = {}): void => {
    owed.push({ record, more })
    const isNew = problem === undefined
    if (isNew) fail('a record is owed')
    if (isNew && !isClosing) {
      stopTrying?.()
      stopTrying = after(0, tryAgain)
    }
  }

  /** False when the ledger is not what it was. */
  const look = async (): Promise<boolean> => {
    const result = await ledger.check()
    if (result._tag === 'Failed') {
      fail(result.message)
      return false
    }
    if (result.refuse !== undefined && noRoom === undefined)
      alarm('the audit ledger has no room for new calls; they are refused until it has', { message: result.refuse })
    if (result.refuse === undefined && noRoom !== undefined) info('the audit ledger has room again', {})
    if (result.checkpoint !== undefined) checkpoint(result.checkpoint)
    noRoom = result.refuse
    if (result.warning !== undefined && warned === undefined) alarm(result.warning, {})
    warned = result.warning
    return true
  }

  /** Refusals that found no room in the queue although all is well with the ledger. */
  const tellUnrecorded = async (): Promise<void> => {
    const told = unrecorded
    if (told === 0) return
    const result = await write(rowsOf([{ record: gap(now().toISOString()), more: {} }]))
    if (result._tag === 'Failed') fail(result.message)
    else unrecorded -= told
  }

  const isDue = (lastInMs: number, everyInMs: number): boolean => monotonicNowInMs() - lastInMs >= everyInMs

  const writeCheckpoint = async (): Promise<void> => {
    lastCheckpointInMs = monotonicNowInMs()
    const result = await write([], 'now')
    if (result._tag === 'Failed') fail(result.message)
  }

  const prune = async (retentionInMs: number): Promise<void> => {
    lastPruneInMs = monotonicNowInMs()
    const olderThan = new Date(now().getTime() - retentionInMs).toISOString()
    let records = 0
    for (;;) {
      const result = await next(() => ledger.prune(olderThan, [spare(), spare()]))
      if (result._tag === 'Failed') {
        fail(result.message)
        return
      }
      records += result.records
      if (result.checkpoint !== undefined) checkpoint(result.checkpoint)
      if (!result.more || isClosing) break
      // Calls go first.
      await whenIdle()
    }
    if (records > 0) info('old records were pruned from the audit ledger', { records, olderThan })
  }

  const isWell = (): boolean => problem === undefined && !isClosing

  /** A hand that hangs is noticed although nobody calls. */
  const watched = async (work: Promise<unknown>): Promise<void> => {
    const stop = after(deadlineInMs, () => fail(`it did not answer within ${String(deadlineInMs)} ms`))
    await work
    stop()
  }

  /** What is done now and then, one thing after the other, whether or not anyone calls. */
  const lookAfter = async (): Promise<void> => {
    await watched(next(look))
    if (isWell()) await watched(next(tellUnrecorded))
    if (isWell() && isDue(lastCheckpointInMs, settings.checkpointEveryInMs)) await watched(next(writeCheckpoint))
    if (isWell() && settings.retentionInMs !== undefined && isDue(lastPruneInMs, pruneEveryInMs))
      await prune(settings.retentionInMs)
    keepLooking()
  }
  const keepLooking = (): void => {
    if (!isClosing) stopLooking = after(lookEveryInMs, () => void lookAfter())
  }

  const close = async (): Promise<{ readonly isClosed: boolean; readonly lost: ReadonlyArray<AuditRecord> }> => {
    isClosing = true
    stopTrying?.()
    stopLooking?.()
    let inTime: (() => void) | undefined
    const late = new Promise<'late'>((resolve) => {
      inTime = after(2 * deadlineInMs, () => resolve('late'))
    })
    const closed = await Promise.race([writeAndClose(), late])
    inTime?.()
    return closed === 'late' ? { isClosed, lost: owed.map(({ record }) => record) } : { isClosed: true, lost: closed }
  }

  const writeAndClose = async (): Promise<ReadonlyArray<AuditRecord>> => {
    await flushing
    return next(lastWords)
  }

  const lastWords = async (): Promise<ReadonlyArray<AuditRecord>> => {
    if (isClosed) return []
    const gaps: ReadonlyArray<Owed> =
      unrecorded > 0 || failingSince !== undefined
        ? [{ record: gap(failingSince ?? now().toISOString()), more: {} }]
        : []
    const owing = owed.length
    const last = await write(rowsOf([...owed, ...gaps]), 'now')
    if (last._tag === 'Committed') owed = owed.slice(owing)
    isClosed = true
    await ledger.close()
    return owed.map(({ record }) => record)
  }

  keepLooking()
  return {
    append,
    owe,
    problem: () => problem ?? noRoom,
    queue: () => ({ waiting: waiting.length, owed: owed.length }),
    close,
  }
}
