import { type GraphVersion, graphVersions, operations } from '@device-install-state/model/operations'
import { http, type HttpHandler, HttpResponse } from 'msw/http'
import { getResponse } from 'msw/utils/get-response'
import { setTimeout as wait } from 'node:timers/promises'
import type { RecordedExchange } from '../exchange/json-lines.js'
import { answerAt, answerElsewhere, type GraphWorld, type Scripted } from './answer-as-graph.js'
import { type ScenarioName, scenarios } from './scenarios.js'
import { type CreatedState, noDeviceStates } from './device-states.js'
import type { Correlation, GraphAnswer, ScriptedAnswer } from './graph-answers.js'
import { type Arrival, emptyJournal, type JournalEntry } from './journal.js'
import { placeOf } from './place-of.js'
import { type ThrottleOptions, throttleOf } from './throttle.js'

export interface GraphDoubleOptions {
  /** Whether this Graph takes a bearer token, permissions included. Must not reject. Absent: it takes any token. */
  readonly acceptsToken?: (token: string) => Promise<boolean>
  /** Absent: the clock. */
  readonly now?: () => Date
  /** For request ids, and for entities that come without id. Never empty. Absent: random UUIDs. */
  readonly newId?: () => string
  /** The versions that it offers. Absent: both. */
  readonly graphVersions?: ReadonlyArray<GraphVersion>
  /** Refuses writes that are too many, as Intune does: `{}` for its own limits. Absent: nothing is ever too often. */
  readonly throttle?: ThrottleOptions
  /** Is told of every exchange as it ends, refused ones included, tokens and all: `printExchange` takes them out. */
  readonly onExchange?: (exchange: RecordedExchange) => void
}

/** Microsoft Graph, as far as the model knows it, in memory. */
export interface GraphDouble {
  /** For msw's `setupServer`. They answer at any host, at the paths of device states alone, whatever the method. */
  readonly handlers: ReadonlyArray<HttpHandler>
  /**
   * For servers: answers any request at all, paths that Graph does not know included. `target` is the request target
   * as it stood on the wire; a path that a URL would have changed (`/a/../b`) is refused, not followed.
   */
  readonly answer: (request: Request, target?: string) => Promise<Response>
  /** Every request that arrived, refused ones included, in order. */
  readonly journal: () => ReadonlyArray<JournalEntry>
  /** Every entity created and answered as such, in order. */
  readonly created: () => ReadonlyArray<CreatedState>
  /**
   * Queues an answer: the next create that deserves a 201 gets this in its stead, and creates nothing. One that does
   * not is refused as ever, so that a script cannot hide a bad request.
   */
  readonly answerNext: (answer: ScriptedAnswer) => void
  /**
   * The next creates that deserve a 201 get what the scenario makes of it, as often as `times` says (once, if absent).
   * Whether the state is created is the scenario's.
   */
  readonly play: (name: ScenarioName, times?: number) => void
  /**
   * Counts writes that another application of the tenant makes now. They are in no journal. Does nothing if this Graph
   * does not throttle.
   */
  readonly countElsewhere: (application: string, writes: number) => void
  /** Forgets journal, entities, queue, and the writes that were counted. */
  readonly reset: () => void
}

/**
 * A Graph that verifies what it is asked as Graph would, and answers what the model can read. It is less lenient than
 * Graph may be: every property of the page's table must be there, ids in paths are those that the model prints, and
 * the case of a path matters. It does not look for duplicate properties, and nothing is ever too large.
 */
export const graphDouble = (options: GraphDoubleOptions = {}): GraphDouble => {
  const { acceptsToken = async () => true, graphVersions: versions = graphVersions } = options
  const { newId = () => crypto.randomUUID(), now = () => new Date() } = options
  const journal = emptyJournal()
  const states = noDeviceStates()
  const script: Array<Scripted> = []
  const throttle = options.throttle === undefined ? undefined : throttleOf(options.throttle)
  const world: GraphWorld = {
    acceptsToken,
    newId,
    versions,
    states,
    refusalOfWrite: (token) => throttle?.refusalOf(token, now()),
    takeScripted: () => script.shift(),
    wait: (inMs) => wait(inMs),
  }

  const exchange = async (
    request: Request,
    target: string,
    answering: (correlation: Correlation, arrival: Arrival) => Promise<GraphAnswer>,
  ): Promise<Response> => {
    const arrival = await arrivalOf(request, target)
    const at = now()
    const answered = journal.arrived(arrival, at)
    const requestId = newId()
    const clientRequestId = arrival.headers['client-request-id'] ?? requestId
    const { body, headers, status } = await answering({ requestId, clientRequestId, at }, arrival)
    answered(status)
    options.onExchange?.({
      request: { method: arrival.method, path: target, headers: arrival.headers, body: arrival.body },
      answer: { status, headers: lowerCase(headers), body: body ?? '' },
      at: at.toISOString(),
    })
    return new HttpResponse(body, { status, headers })
  }

  // The predicate is the model's: msw's own path matching would also take what the model does not, and a handler that
  // is entered but gives no answer lets the request out to the real host.
  const handlers = operations.map((operation) =>
    http.all(
      ({ request }) => placeOf(operation, versions, new URL(request.url).pathname)._tag !== 'Elsewhere',
      ({ request }) =>
        exchange(request, targetOf(request), (correlation, arrival) =>
          answerAt(world, operation, correlation, arrival),
        ),
    ),
  )

  return {
    handlers,
    answer: async (request, target = targetOf(request)) => {
      const isFollowed = pathIn(target) === new URL(request.url).pathname
      const answer = isFollowed ? await getResponse(handlers, request) : undefined
      return answer ?? exchange(request, target, (correlation, arrival) => answerElsewhere(world, correlation, arrival))
    },
    journal: journal.entries,
    created: states.all,
    answerNext: (answer) => void script.push({ answer }),
    play: (name, times = 1) => {
      for (let time = 0; time < times; time++) script.push({ scenario: scenarios[name] })
    },
    countElsewhere: (application, writes) => throttle?.countElsewhere(application, writes, now()),
    reset: () => {
      journal.clear()
      states.clear()
      script.length = 0
      throttle?.clear()
    },
  }
}

const lowerCase = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

const targetOf = ({ url }: Request): string => {
  const { pathname, search } = new URL(url)
  return `${pathname}${search}`
}

const pathIn = (target: string): string => target.replace(/\?.*$/s, '')

const arrivalOf = async (request: Request, target: string): Promise<Arrival> => {
  const path = pathIn(target)
  const headers = Object.fromEntries(request.headers)
  return { method: request.method, path, query: target.slice(path.length), headers, body: await request.text() }
}
