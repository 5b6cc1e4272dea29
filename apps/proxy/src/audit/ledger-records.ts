import * as E from 'fp-ts/lib/Either.js'
import type { AuditRecord, LifecycleEvent, LifecycleRecord, OutcomeRecord } from './audit-record.js'
import { canonicalJson } from './canonical-json.js'
import type { Row, Spare } from './ledger-writer.js'
import { termsOf } from './record-terms.js'

/** How long an idempotency key is held, from its intent on. */
export const claimLivesInMs = 24 * 3_600_000

/**
 * How many claims that are over are forgotten with a checkpoint: more than may have been made since the last one, or they
 * would grow in number without end, and not so many that whoever waits for the commit waits too long.
 */
export const claimsForgotten = (recordsSinceCheckpoint: number): number => 1_000 + 2 * recordsSinceCheckpoint

/** The row of a record, given the canonical JSON of what is kept of it. */
export const rowWith = (record: AuditRecord, json: string): Row => ({
  auditId: record.auditId,
  kind: record.kind,
  at: record.at,
  outcome: record.kind === 'outcome' ? record.outcome : null,
  record: json,
  terms: termsOf(record),
})

/** The row of a record that a ledger adds by itself. */
export const rowOf = (record: AuditRecord): Row => {
  const json = canonicalJson(record)
  if (E.isLeft(json)) throw new Error(json.left)
  return rowWith(record, json.right)
}

export const endOf = (
  auditId: string,
  at: string,
  end: Pick<OutcomeRecord, 'code' | 'outcome' | 'reason'>,
): OutcomeRecord => ({ kind: 'outcome', auditId, at, ...end })

export const writerEnded = {
  outcome: 'indeterminate',
  code: 'writerEnded',
  reason: 'the process that recorded the intent ended before it recorded an outcome',
} as const

export const neverSent = {
  outcome: 'notSent',
  code: 'auditUnavailable',
  reason: 'the intent was written although the store had reported an error; nothing was sent',
} as const

export const writtenLate = {
  outcome: 'notSent',
  code: 'auditUnavailable',
  reason: 'the intent was written after its deadline; nothing was sent',
} as const

export const lifecycle = (
  event: LifecycleEvent,
  { at, auditId }: Spare,
  detail: LifecycleRecord['detail'],
): LifecycleRecord => ({
  kind: 'lifecycle',
  event,
  auditId,
  at,
  detail,
})
