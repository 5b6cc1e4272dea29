import * as t from 'io-ts'
import { DeviceInstallState } from './device-install-state.js'
import { DeviceInstallStateCreate } from './device-install-state-create.js'
import { ManagedEBookId, UserInstallStateSummaryId } from './entity-id.js'
import { GraphError } from './graph-error.js'

/** The two versions of Graph; both offer both routes. */
export type GraphVersion = (typeof graphVersions)[number]
export const graphVersions = ['v1.0', 'beta'] as const

export type OperationName = 'createManagedEBookDeviceState' | 'createUserStateSummaryDeviceState'

/** The ids of either route, as they stand in its template. */
export interface RouteIds {
  readonly managedEBookId: ManagedEBookId
  readonly userInstallStateSummaryId?: UserInstallStateSummaryId
}

/** One of the two operations, found in a path. `path` is printed from `version` and `ids`, never copied. */
export interface Route {
  readonly operation: OperationName
  readonly version: GraphVersion
  readonly ids: RouteIds
  readonly path: string
}

export type RouteMatch =
  | { readonly _tag: 'NoSuchRoute' }
  | { readonly _tag: 'MalformedIds'; readonly operation: OperationName; readonly names: ReadonlyArray<string> }
  | { readonly _tag: 'Matched'; readonly route: Route }

/** What Graph offers at one of the routes: all that proxy, contract tests and documentation need to know of it. */
export interface Operation<Ids extends RouteIds = RouteIds> {
  readonly name: OperationName
  readonly method: 'POST'
  /** The path below the version, with `{name}` where an id stands. Graph's pages of 2017 end it with a slash. */
  readonly template: string
  readonly print: (version: GraphVersion, ids: Ids) => string
  /** Reads the path of a request target, undecoded and without query; one slash at its end is allowed. */
  readonly match: (version: GraphVersion, path: string) => RouteMatch
  readonly body: t.Type<DeviceInstallStateCreate>
  readonly answer: { readonly status: 201; readonly codec: t.Type<DeviceInstallState> }
  readonly error: t.Type<GraphError>
  readonly permission: string
  readonly documentation: string
}

const noSuchRoute: RouteMatch = { _tag: 'NoSuchRoute' }

const placeholder = /\{(\w+)\}/g

/** A literal segment must stand as it is, case and encoding included; an id may be any run of characters but `/`. */
const patternOf = (version: GraphVersion, template: string): RegExp => {
  const segments = template.replaceAll('.', '\\.').replaceAll(placeholder, '(?<$1>[^/]+)')
  return new RegExp(`^/${version.replaceAll('.', '\\.')}${segments}/?$`, 's')
}

const defineOperation = <Ids extends RouteIds>(
  definition: Pick<Operation<Ids>, 'name' | 'template' | 'documentation'> & {
    readonly ids: t.Type<Ids, Readonly<Record<string, string>>>
  },
): Operation<Ids> => {
  const { documentation, ids: idsCodec, name, template } = definition
  const patterns = { 'v1.0': patternOf('v1.0', template), beta: patternOf('beta', template) }

  const print = (version: GraphVersion, ids: Ids): string => {
    const printed = idsCodec.encode(ids)
    return `/${version}${template.replaceAll(placeholder, (_, id: string) => printed[id] ?? '')}`
  }

  const match = (version: GraphVersion, path: string): RouteMatch => {
    const raw = patterns[version].exec(path)?.groups
    if (raw === undefined) return noSuchRoute
    const ids = idsCodec.decode({ ...raw })
    if (ids._tag === 'Right') {
      return { _tag: 'Matched', route: { operation: name, version, ids: ids.right, path: print(version, ids.right) } }
    }
    const names = new Set(ids.left.map((error) => error.context[1]?.key ?? ''))
    return { _tag: 'MalformedIds', operation: name, names: [...names] }
  }

  return {
    name,
    method: 'POST',
    template,
    print,
    match,
    body: DeviceInstallStateCreate,
    answer: { status: 201, codec: DeviceInstallState },
    error: GraphError,
    permission: 'DeviceManagementApps.ReadWrite.All',
    documentation,
  }
}

const documentation = 'https://learn.microsoft.com/graph/api/intune-books-deviceinstallstate-create'

/** Creates the state of one device under a book. */
export const createManagedEBookDeviceState: Operation<{ readonly managedEBookId: ManagedEBookId }> = defineOperation({
  name: 'createManagedEBookDeviceState',
  template: '/deviceAppManagement/managedEBooks/{managedEBookId}/deviceStates',
  ids: t.readonly(t.type({ managedEBookId: ManagedEBookId })),
  documentation,
})

/** Creates the state of one device under a user's summary of a book. */
export const createUserStateSummaryDeviceState: Operation<{
  readonly managedEBookId: ManagedEBookId
  readonly userInstallStateSummaryId: UserInstallStateSummaryId
}> = defineOperation({
  name: 'createUserStateSummaryDeviceState',
  template:
    '/deviceAppManagement/managedEBooks/{managedEBookId}/userStateSummary/{userInstallStateSummaryId}/deviceStates',
  ids: t.readonly(t.type({ managedEBookId: ManagedEBookId, userInstallStateSummaryId: UserInstallStateSummaryId })),
  documentation,
})

/** Both operations, for whoever treats them alike. */
export const operations = [createManagedEBookDeviceState, createUserStateSummaryDeviceState] as const

/** Finds the operation of a path (undecoded, without query) among the versions that are switched on. */
export const matchRoute = (versions: ReadonlyArray<GraphVersion>, path: string): RouteMatch => {
  for (const version of versions) {
    for (const operation of operations) {
      const match = operation.match(version, path)
      if (match._tag !== 'NoSuchRoute') return match
    }
  }
  return noSuchRoute
}
