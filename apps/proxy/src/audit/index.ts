export type { AuditRecord, LifecycleRecord } from './audit-record.js'
export type { AuditStore } from './audit-store.js'
export { type AuditPorts, recordIntent, recordOutcome, recordRefusal } from './record-call.js'
export { appliedOutcomeOf, failedOutcomeOf, type GraphTrace, refusalOf, type Refused } from './records.js'
