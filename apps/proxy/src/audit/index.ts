export type { AuditReader, LedgerUnreadable, StoredEntry } from './audit-reader.js'
export type { AuditRecord, LifecycleRecord, OutcomeRecord } from './audit-record.js'
export type { AuditStore } from './audit-store.js'
export {
  type Answered,
  type AuditPorts,
  type Begun,
  type ForTheKey,
  recordIntent,
  recordOutcome,
  recordRefusal,
  recordReplay,
} from './record-call.js'
export { wordsOfNotWritten } from './words-of-not-written.js'
export { recordsIn } from './audited-call.js'
export { entryJson } from './entry-json.js'
export { type CursorUnusable, findCalls, type FoundPage } from './find-calls.js'
export { type DigestsOf, hiddenQueryNames, queryNames, type QueryProblem, readQuery } from './read-query.js'
export {
  appliedOutcomeOf,
  failedOutcomeOf,
  type GraphTrace,
  refusalOf,
  type Refused,
  replayOf,
  validationOf,
} from './records.js'
