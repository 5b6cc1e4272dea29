export { CreatedEntity } from './created-entity.js'
export { isRefusal } from './is-refusal.js'
export {
  type Answer,
  type AnyOperation,
  answerCodecOf,
  createManagedEBookDeviceState,
  createUserStateSummaryDeviceState,
  type GraphVersion,
  graphVersions,
  matchRoute,
  type Operation,
  type OperationName,
  operationNamed,
  operations,
  type PathValue,
  type Route,
  type RouteIds,
  type RouteMatch,
} from './operation.js'
export { BearerCredentials, JsonMediaType, RequestHeaders } from './request-headers.js'
