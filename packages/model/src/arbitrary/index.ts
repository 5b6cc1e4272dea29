export { hostile } from './hostile.js'
export { type NearMiss, nearMissAnswer, nearMissCreate } from './near-miss.js'
export {
  createPath,
  dateTimeOffset,
  deviceInstallState,
  deviceInstallStateCollection,
  deviceInstallStateCreate,
  graphError,
  installState,
  managedEBookId,
  odataDateTimeOffset,
  openInstallState,
  userInstallStateSummaryId,
} from './valid.js'
