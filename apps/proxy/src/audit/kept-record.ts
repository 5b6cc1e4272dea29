import type { OutcomeKind } from '../domain/outcome.js'
import type { AuditRecord } from './audit-record.js'

export const outcomes: ReadonlyArray<OutcomeKind> = ['applied', 'refused', 'notSent', 'indeterminate']

export const isOutcomeKind = (value: unknown): value is OutcomeKind => outcomes.some((outcome) => outcome === value)

const kinds: Readonly<Record<AuditRecord['kind'], true>> = {
  intent: true,
  outcome: true,
  refusal: true,
  replay: true,
  connection: true,
  refusals: true,
  lifecycle: true,
  checkpoint: true,
}

export const recordKinds: ReadonlyArray<string> = Object.keys(kinds)

const isAuditRecord = (value: unknown): value is AuditRecord =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  typeof value.kind === 'string' &&
  Object.hasOwn(kinds, value.kind) &&
  'auditId' in value &&
  typeof value.auditId === 'string' &&
  'at' in value &&
  typeof value.at === 'string'

/**
 * A record as the ledger has it, read back. Looks at its kind, id and time; that the rest is as its type says is the word of
 * the program that wrote it. Undefined for anything else.
 */
export const parsedRecord = (text: string): AuditRecord | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isAuditRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
