import { ManagedEBookId, UserInstallStateSummaryId } from '@device-install-state/model'
import {
  type AnyOperation,
  createManagedEBookDeviceState,
  createUserStateSummaryDeviceState,
  type GraphVersion,
  graphVersions,
} from '@device-install-state/model/operations'
import { CouldNotRun } from '../could-not-run.js'

/** Below what the states are created. */
export interface PlaceIds {
  readonly managedEBookId: string
  readonly userInstallStateSummaryId: string
}

/** One operation by one version of Graph: where a create can go. */
export interface Place {
  readonly operation: AnyOperation
  readonly version: GraphVersion
  /** Printed by the operation, without a slash at its end. */
  readonly path: string
  /** What differs from place to place, for people: "createManagedEBookDeviceState, beta". */
  readonly name: string
}

/** Every place, v1.0 first. Throws `CouldNotRun` for ids that no path can have. */
export const placesBelow = (
  ids: PlaceIds,
  versions: ReadonlyArray<GraphVersion> = graphVersions,
): ReadonlyArray<Place> => {
  const { managedEBookId, userInstallStateSummaryId } = ids
  if (!ManagedEBookId.is(managedEBookId)) throw malformed('book', ManagedEBookId.description.expected)
  if (!UserInstallStateSummaryId.is(userInstallStateSummaryId)) {
    throw malformed('user summary', UserInstallStateSummaryId.description.expected)
  }
  const placeOf = (operation: AnyOperation, version: GraphVersion, path: string): Place => ({
    operation,
    version,
    path,
    name: `${operation.name}, ${version}`,
  })
  return versions.flatMap((version) => [
    placeOf(createManagedEBookDeviceState, version, createManagedEBookDeviceState.print(version, { managedEBookId })),
    placeOf(
      createUserStateSummaryDeviceState,
      version,
      createUserStateSummaryDeviceState.print(version, { managedEBookId, userInstallStateSummaryId }),
    ),
  ])
}

const malformed = (what: string, expected: string): CouldNotRun =>
  new CouldNotRun(`The id of the ${what} cannot stand in a path. Expected ${expected}.`)
