import type { DeviceInstallState } from '@device-install-state/model'
import { deviceInstallStateFields } from '@device-install-state/model/fields'
import { graphErrors } from '../double/graph-errors.js'
import type { HttpAnswer, HttpRequest } from '../exchange/http-exchange.js'
import { jsonOf } from '../suite/json-of.js'

/** An answer, by what is peculiar to it. */
export interface NamedAnswer {
  /** Words that follow "an answer". */
  readonly name: string
  readonly answer: (request: HttpRequest) => HttpAnswer | 'cut'
}

const correlation = {
  'audit-id': '01a20972-535f-7457-b730-d428c8a7cfa9',
  'request-id': 'd18618d9-5e29-407b-9d19-28c621581f2d',
  'client-request-id': '01a20972-535f-7457-b730-d428c8a7cfa9',
}

const json = (status: number, value: unknown, headers: HttpAnswer['headers'] = {}): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...correlation, ...headers },
  body: JSON.stringify(value),
})

type Properties = Readonly<Record<string, unknown>>

const isProperties = (value: unknown): value is Properties =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const sentIn = ({ body }: HttpRequest): Properties => {
  const read = jsonOf(body)
  return read !== undefined && isProperties(read.json) ? read.json : {}
}

/** A key is never empty, whatever was sent. */
const entityOf = (request: HttpRequest): Properties => {
  const { id, ...sent } = sentIn(request)
  return {
    '@odata.context': deviceInstallStateFields['@odata.context'].example,
    id: typeof id === 'string' && id !== '' ? id : deviceInstallStateFields.id.example,
    ...sent,
  }
}

/** The entity as it was sent, with a key: what a create is answered with. */
export const created = (request: HttpRequest): HttpAnswer => json(201, entityOf(request))

const createdWith = (name: string, change: (entity: Properties) => Properties): NamedAnswer => ({
  name: `with ${name}`,
  answer: (request) => json(201, change(entityOf(request))),
})

const aName: keyof DeviceInstallState = 'deviceName'

/** What Graph may answer to a create that is done, today or after an addition: a client takes them all. */
export const answersToBear: ReadonlyArray<NamedAnswer> = [
  createdWith('a property that was added', (entity) => ({ ...entity, isManaged: true, managedBy: { id: 'x' } })),
  createdWith('an annotation that was added', (entity) => ({ '@microsoft.graph.tips': 'x', ...entity })),
  createdWith('a state that was added', (entity) => ({ ...entity, installState: 'pendingInstall' })),
  createdWith('the date in UTC, with seven digits', (entity) => ({
    ...entity,
    lastSyncDateTime: '2017-01-01T08:02:49.3205976Z',
  })),
  createdWith('the date without fraction', (entity) => ({ ...entity, lastSyncDateTime: '2017-01-01T08:02:49Z' })),
  createdWith('the date of what was never synchronised', (entity) => ({
    ...entity,
    lastSyncDateTime: '0001-01-01T00:00:00Z',
  })),
  createdWith('its properties in another order', (entity) => Object.fromEntries(Object.entries(entity).toReversed())),
  createdWith('null for a name', (entity) => ({ ...entity, [aName]: null })),
  createdWith('a key that is no GUID', (entity) => ({ ...entity, id: 'a_b/c d' })),
  {
    name: 'with a charset, and headers that were added',
    answer: (request) => {
      const { headers, ...answer } = created(request)
      return { ...answer, headers: { ...headers, 'content-type': 'application/json; charset=utf-8', 'x-added': 'x' } }
    },
  },
]

const error = (status: number, code: string, headers: HttpAnswer['headers'] = {}): NamedAnswer => ({
  name: `${String(status)} ${code}`,
  answer: () => json(status, { error: { code, message: 'x', innerError: { code } } }, headers),
})

const body = (name: string, status: number, type: string, text: string): NamedAnswer => ({
  name,
  answer: () => ({ status, headers: { 'content-type': type, ...correlation }, body: text }),
})

/** What says that nothing was created: a client that resolves would tell its people that something was. */
export const answersToReject: ReadonlyArray<NamedAnswer> = [
  error(400, 'bodyInvalid'),
  error(401, 'tokenInvalid', { 'www-authenticate': 'Bearer error="invalid_token"' }),
  error(403, 'scopeMissing'),
  error(404, 'routeNotFound'),
  error(409, 'duplicateInProgress'),
  error(413, 'bodyTooLarge'),
  { name: 'of Graph with an empty code and message', answer: () => json(403, graphErrors.forbiddenWithoutCode.body) },
  {
    name: 'of Graph with innererror in small letters',
    answer: () =>
      json(400, { error: { code: 'BadRequest', message: '', innererror: { date: '2026-01-15T09:30:00' } } }),
  },
  body('404 that is HTML', 404, 'text/html', '<html><p>Not here</p></html>'),
  body('400 without a body', 400, 'application/json', ''),
  body('400 that ends too early', 400, 'application/json', '{"error":{"code":"BadReq'),
]

/** What says that nothing was created, and when to come again. */
export interface AnswerToWaitFor extends NamedAnswer {
  readonly retryAfterInSeconds: number
}

const toWaitFor = (status: number, code: string, retryAfterInSeconds: number): AnswerToWaitFor => ({
  ...error(status, code, { 'retry-after': String(retryAfterInSeconds) }),
  retryAfterInSeconds,
})

// Two times, so that a pause that is always the same is not taken for one that was told.
export const answersToWaitFor: ReadonlyArray<AnswerToWaitFor> = [
  toWaitFor(503, 'upstreamUnavailable', 1),
  toWaitFor(429, 'callerRateLimited', 2),
]

/** What leaves open whether something was created: told as a failure, and never sent again by itself. */
export const answersToLeave: ReadonlyArray<NamedAnswer> = [
  error(500, 'internalError'),
  error(502, 'upstreamInvalidResponse'),
  body('502 that is HTML', 502, 'text/html', '<html><p>Bad Gateway</p></html>'),
  error(504, 'upstreamTimeout'),
  { name: 'that never comes, since the connection ends', answer: () => 'cut' },
]
