import type { Metrics } from './instruments.js'

/** One batch that a ledger was given, and the records that are durable by it, an end that was there before among them. */
interface Batch {
  readonly inMs: number
  readonly isDurable: boolean
  readonly records: ReadonlyArray<{ readonly auditId: string; readonly kind: string }>
}

/**
 * Figures of each batch. A call is unsettled from its intent to its end. An end that was slow is owed as well, and comes twice, of which
 * the ledger keeps the first: so calls are known by their ids here, and what has ended does not end again.
 */
export const ledgerMetrics = ({ count, measure, watch }: Metrics): ((batch: Batch) => void) => {
  const unsettled = new Set<string>()
  watch('unsettled', () => unsettled.size)
  return ({ inMs, isDurable, records }) => {
    measure('commitDuration', inMs / 1000, { result: isDurable ? 'durable' : 'failed' })
    if (!isDurable) count('storeFailures')
    for (const { auditId, kind } of records) {
      if (kind === 'intent') unsettled.add(auditId)
      if (kind !== 'outcome' || unsettled.delete(auditId)) count('records', { kind })
    }
  }
}
