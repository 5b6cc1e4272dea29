import type { Batch, Checked, Committed, LedgerWriter, OpenedLedger, WriteFailed } from '../src/audit/ledger-writer.js'

/** How one commit goes. `ambiguous`: it is durable, but is said to have failed. */
export type CommitFault = 'none' | 'fails' | 'ambiguous' | 'hangs'

/** A ledger's hand in memory, which does what a script says: for faults that no disk shows on demand. */
export interface ScriptedHand {
  readonly opened: OpenedLedger
  /** What is durable, batch by batch, as JSON; the first record of an id and a kind of place (intent, end) wins. */
  readonly kept: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly batches: ReadonlyArray<Batch>
  /** Lets the commit go on that hangs, or that will be the next to hang. */
  readonly release: () => void
  readonly setRoom: (checked: Checked | WriteFailed) => void
  readonly isClosed: () => boolean
}

const keptAs = (record: Readonly<Record<string, unknown>>): string =>
  `${String(record['auditId'])} ${String(record['kind'] === 'intent')}`

/** `faultOf` is asked for each commit, in order, with its number from 0. */
export const aScriptedHand = (faultOf: (commit: number, batch: Batch) => CommitFault): ScriptedHand => {
  const kept: Array<Readonly<Record<string, unknown>>> = []
  const places = new Set<string>()
  const batches: Array<Batch> = []
  let room: Checked | WriteFailed = { _tag: 'Checked' }
  let isClosed = false
  let doubtful: ReadonlyArray<string> = []

  const keep = (record: Readonly<Record<string, unknown>>): void => {
    const place = keptAs(record)
    if (places.has(place)) return
    places.add(place)
    kept.push(record)
  }

  const write = (batch: Batch): Committed => {
    // As every ledger does with intents of which it does not know whether they got through.
    for (const auditId of doubtful)
      if (places.has(`${auditId} true`))
        keep({ kind: 'outcome', auditId, at: batch.spare.at, outcome: 'notSent', code: 'auditUnavailable' })
    doubtful = []
    for (const { record } of batch.rows) keep(JSON.parse(record) as Readonly<Record<string, unknown>>)
    return { _tag: 'Committed', held: [] }
  }

  const failed = (batch: Batch): WriteFailed => {
    doubtful = [...doubtful, ...batch.rows.filter(({ kind }) => kind === 'intent').map(({ auditId }) => auditId)]
    return { _tag: 'Failed', message: 'the disk says no' }
  }

  let hanging: PromiseWithResolvers<void> | undefined

  const writer: LedgerWriter = {
    commit: async (batch) => {
      if (isClosed) return { _tag: 'Failed', message: 'it is closed' }
      const fault = faultOf(batches.length, batch)
      batches.push(batch)
      if (fault === 'hangs') {
        hanging ??= Promise.withResolvers()
        await hanging.promise
        hanging = undefined
        return write(batch)
      }
      // Another turn of the event loop, as it takes from a thread.
      await new Promise(setImmediate)
      if (fault === 'fails') return failed(batch)
      const committed = write(batch)
      return fault === 'ambiguous' ? failed(batch) : committed
    },
    check: () => Promise.resolve(room),
    prune: () => Promise.resolve({ _tag: 'Pruned', records: 0, more: false }),
    close: () => {
      isClosed = true
      return Promise.resolve()
    },
  }
  return {
    opened: { writer, settled: 0 },
    kept,
    batches,
    release: () => {
      hanging ??= Promise.withResolvers()
      hanging.resolve()
    },
    setRoom: (checked) => {
      room = checked
    },
    isClosed: () => isClosed,
  }
}
