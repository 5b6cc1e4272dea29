import type { DeviceInstallState, DeviceInstallStateCreate } from '@device-install-state/model'
import type { Route } from '@device-install-state/model/operations'

/** What a create has left behind. */
export interface CreatedState {
  readonly route: Route
  /** Without `@odata.context`, which depends on how one asks. */
  readonly entity: DeviceInstallState
}

/** All that was created, in order. An id may be there twice: the double does not know what Graph says to that. */
export interface DeviceStates {
  readonly add: (state: CreatedState) => void
  readonly all: () => ReadonlyArray<CreatedState>
  /** Those that were created at this route, by either version of Graph. */
  readonly at: (route: Route) => ReadonlyArray<DeviceInstallState>
  readonly clear: () => void
}

const belowVersion = ({ path, version }: Route): string => path.slice(version.length + 1)

export const noDeviceStates = (): DeviceStates => {
  const states: Array<CreatedState> = []
  return {
    add: (state) => states.push(state),
    all: () => [...states],
    at: (route) =>
      states.filter((state) => belowVersion(state.route) === belowVersion(route)).map(({ entity }) => entity),
    clear: () => {
      states.length = 0
    },
  }
}

/** All as it was sent. An empty id counts as none, since the key of an entity is never empty. */
export const entityOf = (newId: () => string, body: DeviceInstallStateCreate): DeviceInstallState => {
  const { '@odata.type': odataType, id, ...properties } = body
  return {
    ...(odataType === undefined ? {} : { '@odata.type': odataType }),
    id: id === undefined || id === '' ? newId() : id,
    ...properties,
  }
}
