export type { AuditRecord, LifecycleRecord } from './audit-record.js'
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
export { appliedOutcomeOf, failedOutcomeOf, type GraphTrace, refusalOf, type Refused, replayOf } from './records.js'
