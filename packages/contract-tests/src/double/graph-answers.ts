import { type DeviceInstallState, DeviceInstallStateCollection, GraphError } from '@device-install-state/model'
import type { AnyOperation, Route } from '@device-install-state/model/operations'
import type * as t from 'io-ts'
import type { GraphErrorAnswer } from './graph-errors.js'

/** What is written back: `body` is the text, or `null` for none. */
export interface GraphAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** An answer that a test wishes for. Nothing about it is verified: it may well be what Graph never says. */
export interface ScriptedAnswer {
  readonly status: number
  /** A string goes out as it stands, anything else as JSON, nothing as no body. */
  readonly body?: unknown
  /** They win over those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What makes an answer the answer to one request. */
export interface Correlation {
  readonly requestId: string
  readonly clientRequestId: string
  readonly at: Date
}

const origin = 'https://graph.microsoft.com'

const serverInfo = { DataCenter: 'Nowhere', Slice: 'E', Ring: '5', ScaleUnit: '001', RoleInstance: 'GRAPHDOUBLE' }

const headersOfAll = ({ at, clientRequestId, requestId }: Correlation): Readonly<Record<string, string>> => ({
  'Cache-Control': 'no-cache',
  'Strict-Transport-Security': 'max-age=31536000',
  'request-id': requestId,
  'client-request-id': clientRequestId,
  'x-ms-ags-diagnostic': JSON.stringify({ ServerInfo: serverInfo }),
  Date: at.toUTCString(),
})

const headersOfOData = {
  'Content-Type': 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
  'OData-Version': '4.0',
}

/** Throws, since a double that says what the model cannot read is a mistake of this package. */
const verified = <A>(codec: t.Type<A>, value: A): string => {
  const text = JSON.stringify(value)
  if (codec.is(JSON.parse(text))) return text
  throw new TypeError(`the Graph double was about to answer what is no ${codec.name}`)
}

// The form that Graph's pages show for contained sets: keys in parentheses, although paths have them as segments.
const contextOf = ({ template }: AnyOperation, { ids, version }: Route): string => {
  const set = Object.entries(ids).reduce((path, [name, id]) => path.replace(`/{${name}}`, `('${id}')`), template)
  return `${origin}/${version}/$metadata#${set.slice(1)}`
}

export const answerEntity = (
  correlation: Correlation,
  operation: AnyOperation,
  route: Route,
  entity: DeviceInstallState,
): GraphAnswer => ({
  status: 200,
  headers: { ...headersOfAll(correlation), ...headersOfOData },
  body: verified(operation.answers['201'].codec, {
    '@odata.context': `${contextOf(operation, route)}/$entity`,
    ...entity,
  }),
})

/** No Location of an Intune create is on record; OData wants it to lead to the entity. */
export const answerCreated = (
  correlation: Correlation,
  operation: AnyOperation,
  route: Route,
  entity: DeviceInstallState,
): GraphAnswer => {
  const { body, headers } = answerEntity(correlation, operation, route, entity)
  const location = `${origin}${route.path}/${encodeURIComponent(entity.id)}`
  return { status: 201, headers: { ...headers, Location: location }, body }
}

export const answerCollection = (
  correlation: Correlation,
  operation: AnyOperation,
  route: Route,
  entities: ReadonlyArray<DeviceInstallState>,
): GraphAnswer => ({
  status: 200,
  headers: { ...headersOfAll(correlation), ...headersOfOData },
  body: verified(DeviceInstallStateCollection, { '@odata.context': contextOf(operation, route), value: entities }),
})

/** The error with the ids and the time of this request, wherever it has them. */
export const answerError = (correlation: Correlation, { body, headers, status }: GraphErrorAnswer): GraphAnswer => {
  const innerError = {
    ...body.error.innerError,
    date: correlation.at.toISOString().slice(0, 19),
    'request-id': correlation.requestId,
    'client-request-id': correlation.clientRequestId,
  }
  return {
    status,
    headers: { ...headers, ...headersOfAll(correlation) },
    body: verified(GraphError, { error: { ...body.error, innerError } }),
  }
}

const printed = (body: unknown): string | null => {
  if (body === undefined) return null
  return typeof body === 'string' ? body : JSON.stringify(body)
}

/** The answer to the letter, with the headers it does not name. */
export const answerScripted = (correlation: Correlation, { body, headers, status }: ScriptedAnswer): GraphAnswer => ({
  status,
  headers: { ...headersOfAll(correlation), 'Content-Type': 'application/json', ...headers },
  body: printed(body),
})
