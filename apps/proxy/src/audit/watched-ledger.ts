import type { Batch, Committed, LedgerWriter, WriteFailed } from './ledger-writer.js'

/** One batch that a ledger was given. */
export interface WatchedBatch {
  readonly inMs: number
  readonly isDurable: boolean
  /** The records that are durable now, an end that was there before among them. */
  readonly records: ReadonlyArray<{ readonly auditId: string; readonly kind: string }>
}

const recordsIn = ({ rows, spare }: Batch, { checkpoint, held }: Committed): WatchedBatch['records'] => {
  const unwritten = new Set(held.map(([row]) => row))
  const records = rows.filter((_row, place) => !unwritten.has(place))
  return checkpoint === undefined ? records : [...records, { auditId: spare.auditId, kind: 'checkpoint' }]
}

/** A ledger's hand, and somebody who is told of each batch. */
export const watchedLedger = (
  ledger: LedgerWriter,
  monotonicNowInMs: () => number,
  told: (batch: WatchedBatch) => void,
): LedgerWriter => ({
  ...ledger,
  commit: async (batch) => {
    const beganAtInMs = monotonicNowInMs()
    const result: Committed | WriteFailed = await ledger.commit(batch)
    const isDurable = result._tag === 'Committed'
    told({
      inMs: monotonicNowInMs() - beganAtInMs,
      isDurable,
      records: isDurable ? recordsIn(batch, result) : [],
    })
    return result
  },
})
