import type { AnyOperation, GraphVersion, Route } from '@device-install-state/model/operations'
import { type DeviceStates, entityOf } from './device-states.js'
import {
  answerCollection,
  answerCreated,
  answerEntity,
  answerError,
  answerScripted,
  type Correlation,
  type GraphAnswer,
  type ScriptedAnswer,
} from './graph-answers.js'
import { type GraphErrorAnswer, graphErrors, missingRoute } from './graph-errors.js'
import type { Arrival } from './journal.js'
import type { Scenario } from './scenarios.js'
import { errorOfElsewhere, placeOf } from './place-of.js'
import { readCreate } from './read-create.js'
import { knownCaller } from './known-caller.js'

/** An answer to the letter, or a scenario. */
export type Scripted = { readonly answer: ScriptedAnswer } | { readonly scenario: Scenario }

/** What there is to know before a Graph can answer. */
export interface GraphWorld {
  readonly acceptsToken: (token: string) => Promise<boolean>
  readonly newId: () => string
  readonly versions: ReadonlyArray<GraphVersion>
  readonly states: DeviceStates
  /** Counts a write of the bearer of a token; how it is refused if there are too many. */
  readonly refusalOfWrite: (token: string) => GraphErrorAnswer | undefined
  /** Takes what is next in the script, if there is anything. */
  readonly takeScripted: () => Scripted | undefined
  readonly wait: (inMs: number) => Promise<void>
}

const create = async (
  { newId, states, takeScripted, wait }: GraphWorld,
  operation: AnyOperation,
  route: Route,
  correlation: Correlation,
  arrival: Arrival,
): Promise<GraphAnswer> => {
  const body = readCreate(operation.body, arrival)
  if (body._tag === 'Left') return answerError(correlation, body.left)

  const scripted = takeScripted()
  if (scripted !== undefined && 'answer' in scripted) return answerScripted(correlation, scripted.answer)

  const entity = entityOf(newId, body.right)
  const answer = answerCreated(correlation, operation, route, entity)
  if (scripted === undefined) {
    states.add({ route, entity })
    return answer
  }
  const { scenario } = scripted
  await wait(scenario.inMs ?? 0)
  if (scenario.creates) states.add({ route, entity })
  return answerScripted(correlation, scenario.answer(answer))
}

const isWrite = (method: string): boolean => method !== 'GET' && method !== 'HEAD'

/**
 * The answer at the paths of one operation. The caller comes first, as at Graph's gateway, then how often it writes; a query changes nothing,
 * since Graph may ignore query options that an operation does not support. Books and summaries of users exist if their
 * ids are well-formed.
 */
export const answerAt = async (
  world: GraphWorld,
  operation: AnyOperation,
  correlation: Correlation,
  arrival: Arrival,
): Promise<GraphAnswer> => {
  const caller = await knownCaller(world.acceptsToken, arrival.headers['authorization'])
  if (caller._tag === 'Left') return answerError(correlation, caller.left)

  const { method, path } = arrival
  const throttled = isWrite(method) ? world.refusalOfWrite(caller.right) : undefined
  if (throttled !== undefined) return answerError(correlation, throttled)

  const place = placeOf(operation, world.versions, path)
  if (place._tag === 'MalformedIds') return answerError(correlation, graphErrors.notFound)
  if (place._tag === 'Collection' && method === operation.method) {
    return create(world, operation, place.route, correlation, arrival)
  }
  if (place._tag === 'Collection' && method === 'GET') {
    return answerCollection(correlation, operation, place.route, world.states.at(place.route))
  }
  if (place._tag === 'Item' && method === 'GET') {
    const entity = world.states.at(place.route).findLast(({ id }) => id === place.id)
    return entity === undefined
      ? answerError(correlation, graphErrors.notFound)
      : answerEntity(correlation, operation, place.route, entity)
  }
  const template = place._tag === 'Item' ? `${operation.template}/{id}` : operation.template
  return answerError(correlation, missingRoute(method, template, path.replace(/^\/[^/]+/, '')))
}

/** The answer at all other paths. Nobody is asked for a token there. */
export const answerElsewhere = async (
  { versions }: GraphWorld,
  correlation: Correlation,
  { path }: Arrival,
): Promise<GraphAnswer> => answerError(correlation, errorOfElsewhere(versions, path))
