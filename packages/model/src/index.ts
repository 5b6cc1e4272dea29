export {
  DateTimeOffset,
  type DateTimeOffsetBrand,
  dateTimeOffsetFromDate,
  epochMilliseconds,
  instantOrd,
  isNever,
  ODataDateTimeOffset,
  offsetInMinutes,
  utcTicks,
} from './date-time-offset.js'
export type { AnyDescribed, Described, Description, Mismatch } from './described.js'
export {
  DeviceInstallState,
  DeviceInstallStateCreate,
  deviceInstallStateType,
  hasDocumentedInstallState,
} from './device-install-state.js'
export { DeviceInstallStateCollection } from './device-install-state-collection.js'
export {
  ManagedEBookId,
  type ManagedEBookIdBrand,
  UserInstallStateSummaryId,
  type UserInstallStateSummaryIdBrand,
} from './entity-id.js'
export { GraphError, type GraphErrorBody, innerErrorOf } from './graph-error.js'
export {
  InstallState,
  type InstallStateArms,
  installStates,
  matchInstallState,
  OpenInstallState,
  type UndocumentedInstallState,
  type UndocumentedInstallStateBrand,
} from './install-state.js'
export type { JsonKind } from './json-kind.js'
export {
  type AnyObjectCodec,
  closed,
  exact,
  type ObjectCodec,
  type ObjectField,
  open,
  type OtherProperties,
  type Shortcut,
} from './object-codec.js'
export { messageOfProblem, pointerOf, type Problem, type ProblemCode, problemsOf } from './problem.js'
