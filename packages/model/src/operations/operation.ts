import * as t from 'io-ts'
import { DeviceInstallState, DeviceInstallStateCreate } from '../device-install-state.js'
import { ManagedEBookId, UserInstallStateSummaryId } from '../entity-id.js'
import { GraphError } from '../graph-error.js'
import { anyObject } from '../json-codecs.js'
import { type ObjectCodec, objectCodec, required } from '../object-codec.js'
import { RequestHeaders } from './request-headers.js'

/** The two versions of Graph; both offer both routes. */
export type GraphVersion = (typeof graphVersions)[number]
/** In the order in which they are told. */
export const graphVersions = ['v1.0', 'beta'] as const

/** Ours: Graph's pages have no names for the two. */
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

/** What comes of looking for an operation in a path. */
export type RouteMatch =
  | { readonly _tag: 'NoSuchRoute' }
  | { readonly _tag: 'MalformedIds'; readonly operation: OperationName; readonly names: ReadonlyArray<string> }
  | { readonly _tag: 'Matched'; readonly route: Route }

/** What a path says. */
export interface PathValue<Ids extends RouteIds> {
  readonly version: GraphVersion
  readonly ids: Ids
}

/** What is answered at a status, or at a class of them. */
export interface Answer<A> {
  readonly codec: ObjectCodec<A>
  readonly documentation: string
}

/** What Graph offers at one of the routes: all that proxy, contract tests and documentation need to know of it. */
export interface Operation<Ids extends RouteIds = RouteIds> {
  readonly name: OperationName
  readonly summary: string
  readonly method: 'POST'
  /** The path below the version, with `{name}` where an id stands. Graph's pages of 2017 end it with a slash. */
  readonly template: string
  /** The ids in the template. */
  readonly ids: ObjectCodec<Ids>
  readonly print: (version: GraphVersion, ids: Ids) => string
  /** Reads the path of a request target, undecoded and without query; one slash at its end is allowed. */
  readonly match: (version: GraphVersion, path: string) => RouteMatch
  /** `print` and `match` as one codec, for a path of either version. */
  readonly path: t.Type<PathValue<Ids>, string>
  /** The query parameters, as a plain object: there are none. */
  readonly query: ObjectCodec<object>
  readonly requestHeaders: ObjectCodec<RequestHeaders>
  readonly body: ObjectCodec<DeviceInstallStateCreate>
  /** By status, classes of them written as OpenAPI does. `answerCodecOf` finds the one of a status. */
  readonly answers: {
    readonly '201': Answer<DeviceInstallState>
    readonly '4XX': Answer<GraphError>
    readonly '5XX': Answer<GraphError>
  }
  /** Delegated or application. */
  readonly permission: string
  readonly documentation: string
}

const noSuchRoute: RouteMatch = { _tag: 'NoSuchRoute' }

const placeholder = /\{(\w+)\}/

/** A literal segment must stand as it is, case and encoding included; an id may be any run of characters but `/`. */
const patternOf = (version: GraphVersion, template: string): RegExp =>
  new RegExp(`^/${version.replaceAll('.', '\\.')}${template.split(placeholder).filter(isLiteral).join('([^/]+)')}/?$`)

/** Split by its placeholders, a template has a name in every second place. */
const isLiteral = (_: string, index: number): boolean => index % 2 === 0

const noQuery: ObjectCodec<object> = objectCodec<object>('NoQuery', {}, 'closed')

const answers: Operation['answers'] = {
  '201': { codec: DeviceInstallState, documentation: 'Created. The entity as Graph has it.' },
  '4XX': {
    codec: GraphError,
    documentation: 'An error of the request. Nothing was created, but for a status such as 408, which does not say.',
  },
  '5XX': {
    codec: GraphError,
    documentation: 'Failed. It may have been created all the same, but for 509, and 503 with Retry-After.',
  },
}

// Ids come from a codec, so that one is missing is a mistake of whoever went around it.
const missing = (id: string): never => {
  throw new TypeError(`The path has no ${id} to print.`)
}

const defineOperation = <Ids extends RouteIds>(
  definition: Pick<Operation<Ids>, 'name' | 'summary' | 'template' | 'ids'>,
): Operation<Ids> => {
  const { ids: idsCodec, name, template } = definition
  const patterns = { 'v1.0': patternOf('v1.0', template), beta: patternOf('beta', template) }

  const parts = template.split(placeholder)
  const idNames = parts.filter((part, index) => !isLiteral(part, index))

  const print = (version: GraphVersion, ids: Ids): string => {
    const named: ReadonlyMap<string, string> = new Map(Object.entries(ids))
    let path = `/${version}`
    for (const [index, part] of parts.entries())
      path += isLiteral(part, index) ? part : (named.get(part) ?? missing(part))
    return path
  }

  /** The ids as they stand in the path, well-formed or not. */
  const rawIdsIn = (version: GraphVersion, path: string): Readonly<Record<string, string>> | undefined => {
    const found = patterns[version].exec(path)
    if (found === null) return undefined
    const ids: Record<string, string> = {}
    for (const [index, id] of idNames.entries()) ids[id] = found[index + 1] ?? ''
    return ids
  }

  const match = (version: GraphVersion, path: string): RouteMatch => {
    const raw = rawIdsIn(version, path)
    if (raw === undefined) return noSuchRoute
    const ids = idsCodec.decode(raw)
    return ids._tag === 'Right'
      ? { _tag: 'Matched', route: { operation: name, version, ids: ids.right, path: print(version, ids.right) } }
      : { _tag: 'MalformedIds', operation: name, names: ids.left.flatMap(({ context }) => context[1]?.key ?? []) }
  }

  const isPathValue = (u: unknown): u is PathValue<Ids> =>
    anyObject.is(u) && graphVersions.some((version) => version === u['version']) && idsCodec.is(u['ids'])

  // Its places are in no JSON value, so a path that is wrong is wrong as a whole; `match` tells which id it is.
  const readPath: t.Validate<unknown, PathValue<Ids>> = (u, context) => {
    for (const version of graphVersions) {
      const ids = typeof u === 'string' ? idsCodec.decode(rawIdsIn(version, u)) : undefined
      if (ids?._tag === 'Right') return t.success({ version, ids: ids.right })
    }
    return t.failure(u, context)
  }

  return {
    ...definition,
    method: 'POST',
    print,
    match,
    path: Object.assign(
      new t.Type<PathValue<Ids>, string>(`PathOf(${name})`, isPathValue, readPath, ({ ids, version }) =>
        print(version, ids),
      ),
      {
        description: {
          json: 'string',
          expected: `a path /{version}${template} with well-formed ids`,
          mismatch: 'format',
        } as const,
      },
    ),
    query: noQuery,
    requestHeaders: RequestHeaders,
    body: DeviceInstallStateCreate,
    answers,
    permission: 'DeviceManagementApps.ReadWrite.All',
    documentation: 'https://learn.microsoft.com/graph/api/intune-books-deviceinstallstate-create',
  }
}

/** Creates the state of one device under a book. */
export const createManagedEBookDeviceState: Operation<{ readonly managedEBookId: ManagedEBookId }> = defineOperation({
  name: 'createManagedEBookDeviceState',
  summary: 'Create a deviceInstallState below a managedEBook',
  template: '/deviceAppManagement/managedEBooks/{managedEBookId}/deviceStates',
  ids: objectCodec<{ readonly managedEBookId: ManagedEBookId }>(
    'ManagedEBookIds',
    {
      managedEBookId: required(ManagedEBookId),
    },
    'closed',
  ),
})

/** Creates the state of one device under a user's summary of a book. */
export const createUserStateSummaryDeviceState: Operation<{
  readonly managedEBookId: ManagedEBookId
  readonly userInstallStateSummaryId: UserInstallStateSummaryId
}> = defineOperation({
  name: 'createUserStateSummaryDeviceState',
  summary: 'Create a deviceInstallState below a userInstallStateSummary of a managedEBook',
  template:
    '/deviceAppManagement/managedEBooks/{managedEBookId}/userStateSummary/{userInstallStateSummaryId}/deviceStates',
  ids: objectCodec<{
    readonly managedEBookId: ManagedEBookId
    readonly userInstallStateSummaryId: UserInstallStateSummaryId
  }>(
    'UserInstallStateSummaryIds',
    {
      managedEBookId: required(ManagedEBookId),
      userInstallStateSummaryId: required(UserInstallStateSummaryId),
    },
    'closed',
  ),
})

/** Both operations, for whoever treats them alike. */
export const operations = [createManagedEBookDeviceState, createUserStateSummaryDeviceState] as const

/** One of the two, which `Operation` alone is not: an operation prints the ids of its own template. */
export type AnyOperation = (typeof operations)[number]

/** The operation of a route that was found. */
export const operationNamed = (name: OperationName): AnyOperation =>
  name === createManagedEBookDeviceState.name ? createManagedEBookDeviceState : createUserStateSummaryDeviceState

type Documented = Pick<Operation, 'answers'>

/** The codec of what a create is answered with when it is done. */
export function answerCodecOf(operation: Documented, status: 201): ObjectCodec<DeviceInstallState>
/** The codec of an answer, by its status; undefined for a status that Graph does not document. */
export function answerCodecOf(
  operation: Documented,
  status: number,
): ObjectCodec<DeviceInstallState> | ObjectCodec<GraphError> | undefined
export function answerCodecOf(operation: Documented, status: number) {
  const { answers: documented } = operation
  if (status === 201) return documented['201'].codec
  if (status >= 400 && status < 500) return documented['4XX'].codec
  return status >= 500 && status < 600 ? documented['5XX'].codec : undefined
}

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
