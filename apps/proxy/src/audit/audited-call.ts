import type { Caller } from '../domain/caller.js'
import type { OutcomeKind } from '../domain/outcome.js'
import type { UpstreamIdentity } from '../domain/upstream-identity.js'
import type { StoredEntry } from './audit-reader.js'
import { type AuditRecord, isValidation } from './audit-record.js'
import { readEntry } from './entry-chain.js'
import { parsedRecord } from './kept-record.js'

/** A call as an auditor sees it: what its records say, in one. All but the first four only as far as it is on record. */
export interface AuditedCall {
  readonly auditId: string
  /** RFC 3339, UTC: of the first of its records. */
  readonly at: string
  /**
   * `replay` was answered from the ledger, `validation` told what would be sent, `refusal` turned away before an intent,
   * `connection` never became a request.
   */
  readonly kind: 'call' | 'replay' | 'validation' | 'refusal' | 'connection'
  readonly endedAt?: string
  /** `open`: an intent whose end is not on record. Calls alone have one. */
  readonly outcome?: OutcomeKind | 'open'
  readonly code?: string
  readonly reason?: string
  /** What we answered by ourselves. */
  readonly status?: number
  readonly caller?: Caller
  readonly peer?: string
  /** The caller's address, as the peer says; not proved. */
  readonly claimedFor?: string
  /** Why the peer has not said it. */
  readonly noClaim?: string
  /** SHA-256, in lower-case hex, of the certificate that the peer has proved to be its own. */
  readonly clientCertificate?: string
  readonly callerRequestId?: string
  /** The caller sent one that is no GUID. */
  readonly callerRequestIdIgnored?: true
  readonly operation?: string
  readonly version?: string
  readonly ids?: Readonly<Record<string, string>>
  /** As they stand in the record: digests, mostly. */
  readonly fields?: Readonly<Record<string, string | null>>
  readonly upstream?: UpstreamIdentity
  readonly idempotencyKey?: string
  readonly graphStatus?: number
  readonly graphCode?: string
  readonly graphRequestId?: string
  readonly createdId?: string
  readonly attempts?: number
  readonly durationInMs?: number
  readonly drift?: ReadonlyArray<string>
  readonly echoMismatch?: ReadonlyArray<string>
  /** The client was no longer there to be told how it ended. */
  readonly clientGone?: true
  /** The Audit-Id of the call whose answer was given again. */
  readonly replayOf?: string
}

type Part = Partial<AuditedCall> & { readonly order: number }

/** What one record says of its call. */
const partOf = (record: AuditRecord): Part | undefined => {
  switch (record.kind) {
    case 'intent': {
      const { bodyBytes: _size, bodyDigest: _digest, ...said } = record
      return { ...said, kind: 'call', order: 0 }
    }
    case 'outcome': {
      const { at: endedAt, kind: _kind, ...said } = record
      return { ...said, endedAt, order: 1 }
    }
    case 'refusal': {
      const { method: _method, problems: _problems, ...said } = record
      return { ...said, ...(isValidation(record) ? { kind: 'validation' } : {}), order: 1 }
    }
    case 'replay': {
      const { of: replayOf, ...said } = record
      return { ...said, replayOf, order: 1 }
    }
    case 'connection':
      return { ...record, order: 1 }
    case 'refusals':
    case 'lifecycle':
    case 'checkpoint':
      return undefined
  }
}

/**
 * The call that some records are of; undefined when they are of none. An outcome whose intent is no longer there, since it was
 * pruned, counts as a call at the time of its end.
 */
export const auditedCallOf = (records: ReadonlyArray<AuditRecord>): AuditedCall | undefined => {
  const parts = records
    .flatMap((record) => partOf(record) ?? [])
    .toSorted((one, other) => one.order - other.order)
    .map(({ order: _order, ...said }) => said)
  const [auditId] = parts.flatMap((part) => part.auditId ?? [])
  if (auditId === undefined) return undefined
  const said: Partial<AuditedCall> = {}
  for (const part of parts) Object.assign(said, part)
  const { at = said.endedAt ?? '', kind = 'call', outcome } = said
  return { ...said, auditId, at, kind, ...(kind === 'call' ? { outcome: outcome ?? 'open' } : {}) }
}

/** The records in some entries; an entry that cannot be read, which is for the verifier to tell, has none. */
export const recordsIn = (entries: ReadonlyArray<StoredEntry>): ReadonlyArray<AuditRecord> =>
  entries.flatMap(({ entry }) => parsedRecord(readEntry(entry)?.record ?? '') ?? [])
