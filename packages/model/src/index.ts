export { DateTimeOffset, type DateTimeOffsetBrand, ODataDateTimeOffset } from './date-time-offset.js'
export { CreatedEntity, DeviceInstallState, documentedProperties } from './device-install-state.js'
export { DeviceInstallStateCreate, deviceInstallStateType } from './device-install-state-create.js'
export { documentedExample } from './documented-example.js'
export {
  ManagedEBookId,
  type ManagedEBookIdBrand,
  UserInstallStateSummaryId,
  type UserInstallStateSummaryIdBrand,
} from './entity-id.js'
export { type FieldClass, fieldClasses } from './field-class.js'
export { GraphError } from './graph-error.js'
export { InstallState, installStates } from './install-state.js'
export {
  createManagedEBookDeviceState,
  createUserStateSummaryDeviceState,
  type GraphVersion,
  graphVersions,
  matchRoute,
  type Operation,
  type OperationName,
  operations,
  type Route,
  type RouteIds,
  type RouteMatch,
} from './operation.js'
export { pointerOf, type Problem, type ProblemCode, problemsOf } from './problem.js'
