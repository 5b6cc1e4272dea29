import type { Committed, LedgerWriter, WriteFailed } from './ledger-writer.js'

/** One batch that a ledger was given. */
export interface WatchedBatch {
  readonly inMs: number
  readonly isDurable: boolean
  /** The kinds of the records that are durable now. */
  readonly kinds: ReadonlyArray<string>
}

const kindsIn = (rows: ReadonlyArray<{ readonly kind: string }>, { checkpoint, held }: Committed) => {
  const unwritten = new Set(held.map(([row]) => row))
  const kinds = rows.filter((_row, place) => !unwritten.has(place)).map(({ kind }) => kind)
  return checkpoint === undefined ? kinds : [...kinds, 'checkpoint']
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
      kinds: isDurable ? kindsIn(batch.rows, result) : [],
    })
    return result
  },
})
