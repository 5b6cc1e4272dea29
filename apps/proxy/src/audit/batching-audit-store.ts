import * as E from 'fp-ts/lib/Either.js'
import { boundedRecord } from './bounded-record.js'
import type { AuditRecord, LifecycleRecord } from './audit-record.js'
import type { Appended, AuditNotWritten, AuditStore, WithRecord } from './audit-store.js'
import { canonicalJson } from './canonical-json.js'
import type { Batch, Committed, LedgerWriter, Row, Spare, WriteFailed } from './ledger-writer.js'
import { termsOf } from './record-terms.js'

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

interface Waiting {
  readonly row: Row
  readonly settle: (result: E.Either<AuditNotWritten, Appended>) => void
}

interface Owed {
  readonly record: AuditRecord
  readonly more: WithRecord
}

const lookEveryInMs = 1_000
const pruneEveryInMs = 3_600_000

const rowOf = (record: AuditRecord, more: WithRecord): E.Either<string, Row> => {
  const json = canonicalJson(boundedRecord(record))
  return E.isLeft(json)
    ? json
    : E.right({
        auditId: record.auditId,
        kind: record.kind,
        at: record.at,
        outcome: record.kind === 'outcome' ? record.outcome : null,
        record: json.right,
        terms: termsOf(record),
        ...more,
      })
}

const written: Appended = { _tag: 'Written' }

/**
 * An audit store on a ledger's hand. Whatever waits when a commit ends shares the next one; there is no timer. A record
 * that is not durable within the deadline counts as not written. While the ledger fails, one try a second writes what is
 * owed and a record of the gap, and everything else is refused.
 */
export const batchingAuditStore = (settings: BatchingSettings, ledger: LedgerWriter): AuditStore => {
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
  let stopTrying: (() => void) | undefined
  let stopLooking: (() => void) | undefined
  let lastCheckpointInMs = monotonicNowInMs()
  let lastPruneInMs = Number.NEGATIVE_INFINITY
  let isClosing = false

  const spare = (): Spare => ({ auditId: newId(), at: now().toISOString() })

  /** The hand does one thing at a time. */
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
    if (failingSince === undefined) return
    const owing = [...owed]
    const told = unrecorded
    void commit(rowsOf([...owing, { record: gap(failingSince), more: {} }])).then((result) => {
      if (result._tag === 'Failed') {
        fail(result.message)
        return
      }
      owed = owed.slice(owing.length)
      unrecorded -= told
      info('the audit ledger can be written again', { written: owing.length + 1, unrecordedRefusals: told })
      problem = undefined
      failingSince = undefined
      // What came while this was written is owed still.
      if (owed.length > 0) fail('records are owed')
    })
  }

  const commit = async (rows: ReadonlyArray<Row>, when: Batch['checkpoint'] = 'whenDue') => {
    const result = await next(() => ledger.commit({ rows, checkpoint: when, spare: spare() }))
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

  const flush = async (): Promise<void> => {
    await whenIdle()
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      settleAll(batch, await commit(batch.map(({ row }) => row)))
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
      if (E.isLeft(result) && (record.kind === 'refusal' || record.kind === 'connection')) unrecorded++
      return result
    }

  const whyNot = (record: AuditRecord): AuditNotWritten | undefined => {
    if (problem !== undefined) return { _tag: 'StoreFailing', cause: problem }
    // What was begun is written to its end for as long as there is room for it.
    if (noRoom !== undefined && record.kind === 'intent') return { _tag: 'StoreFailing', cause: noRoom }
    return waiting.length >= mostWaiting ? { _tag: 'TooMuchWaiting' } : undefined
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
      let late = false
      const inTime = after(deadlineInMs, () => {
        late = true
        fail(`it did not take a record within ${String(deadlineInMs)} ms`)
        resolve(E.left({ _tag: 'TooSlow', deadlineInMs }))
      })
      waiting.push({
        row: row.right,
        settle: (result) => {
          inTime()
          if (late && E.isRight(result) && result.right._tag === 'Written' && record.kind === 'intent')
            owe(neverSent(record.auditId), freed(more))
          resolve(result)
        },
      })
      flushing ??= flush()
    })

  /** For an intent that got to the disk after its caller had been told that nothing would be sent. */
  const neverSent = (auditId: string): AuditRecord => ({
    kind: 'outcome',
    auditId,
    at: now().toISOString(),
    outcome: 'notSent',
    code: 'auditUnavailable',
    reason: 'the intent was written after its deadline; nothing was sent',
  })

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

  const look = async (): Promise<void> => {
    const result = await next(ledger.check)
    if (result._tag === 'Failed') {
      fail(result.message)
      return
    }
    if (result.refuse !== undefined && noRoom === undefined)
      alarm('the audit ledger has no room for new calls; they are refused until it has', { message: result.refuse })
    if (result.refuse === undefined && noRoom !== undefined) info('the audit ledger has room again', {})
    if (result.checkpoint !== undefined) checkpoint(result.checkpoint)
    noRoom = result.refuse
    if (result.warning !== undefined && warned === undefined) alarm(result.warning, {})
    warned = result.warning
  }

  const isDue = (lastInMs: number, everyInMs: number): boolean => monotonicNowInMs() - lastInMs >= everyInMs

  const writeCheckpoint = async (): Promise<void> => {
    lastCheckpointInMs = monotonicNowInMs()
    const result = await commit([], 'now')
    if (result._tag === 'Failed') fail(result.message)
  }

  const prune = async (retentionInMs: number): Promise<void> => {
    lastPruneInMs = monotonicNowInMs()
    const olderThan = new Date(now().getTime() - retentionInMs).toISOString()
    let records = 0
    for (;;) {
      const result = await next(() => ledger.prune(olderThan, spare()))
      if (result._tag === 'Failed') {
        fail(result.message)
        return
      }
      records += result.records
      if (!result.more || isClosing) break
      // Calls go first.
      await whenIdle()
    }
    if (records > 0) info('old records were pruned from the audit ledger', { records, olderThan })
  }

  /** What is done now and then, one thing after the other, whether or not anyone calls. */
  const lookAfter = async (): Promise<void> => {
    await look()
    if (problem === undefined && isDue(lastCheckpointInMs, settings.checkpointEveryInMs)) await writeCheckpoint()
    if (problem === undefined && settings.retentionInMs !== undefined && isDue(lastPruneInMs, pruneEveryInMs))
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
    return closed === 'late'
      ? { isClosed: false, lost: owed.map(({ record }) => record) }
      : { isClosed: true, lost: closed }
  }

  const writeAndClose = async (): Promise<ReadonlyArray<AuditRecord>> => {
    await flushing
    const last = await commit(rowsOf(owed), 'now')
    await next(ledger.close)
    return last._tag === 'Failed' ? owed.map(({ record }) => record) : []
  }

  keepLooking()
  return { append, owe, problem: () => problem ?? noRoom, close }
}
