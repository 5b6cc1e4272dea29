import type { HttpRequest, Send } from '../exchange/http-exchange.js'

/** The proxy before Graph, or Graph itself. */
export type Side = 'gateway' | 'graph'

/** One record of the audit ledger, as far as the contract speaks of it. */
export interface AuditRecord {
  readonly kind: string
  readonly outcome?: unknown
  readonly code?: unknown
  readonly status?: unknown
}

/** What is looked at, and from how many sides. */
export interface Subject {
  readonly side: Side
  readonly send: Send
  /** A token that the subject takes. It goes nowhere else, and is in no report. */
  readonly token: string
  /** What reached Graph since it was asked last. Absent where nobody can look. */
  readonly seenByGraph?: () => ReadonlyArray<HttpRequest>
  /** What the ledger holds under an `Audit-Id`. Absent where nobody can look. */
  readonly recordsOf?: (auditId: string) => Promise<ReadonlyArray<AuditRecord>>
}

/** What came of one interaction on every side that can be looked at. */
export interface Observed {
  readonly seenByGraph: ReadonlyArray<HttpRequest> | undefined
  readonly records: ReadonlyArray<AuditRecord> | undefined
}
