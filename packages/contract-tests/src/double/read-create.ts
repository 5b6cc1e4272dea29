import { type DeviceInstallStateCreate, problemsOf } from '@device-install-state/model'
import { JsonMediaType } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import { flow, pipe } from 'fp-ts/lib/function.js'
import * as J from 'fp-ts/lib/Json.js'
import type * as t from 'io-ts'
import { type GraphErrorAnswer, graphErrors, modelValidationFailure } from './graph-errors.js'
import type { Arrival } from './journal.js'

// The name that Intune's own messages use for its model, where Graph says `microsoft.graph`.
const namespace = 'microsoft.management.services.api'

const edmTypes: ReadonlyMap<string, string> = new Map([
  ['lastSyncDateTime', 'Edm.DateTimeOffset'],
  ['installState', `${namespace}.installState`],
])

const nodeOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'StartArray'
  return typeof value === 'object' && value !== null ? 'StartObject' : 'PrimitiveValue'
}

const unexpectedNode = (value: unknown, expected: string): string =>
  `An unexpected '${nodeOf(value)}' node was found when reading from the JSON reader. A '${expected}' node was expected.`

/** In the words of the OData reader, value included: that is what Graph does, and what a caller has to bear. */
const messageOf = (name: string, code: string | undefined, value: unknown): string => {
  const edmType = edmTypes.get(name) ?? 'Edm.String'
  const literal = typeof value === 'string' ? value : JSON.stringify(value)
  if (code === 'extra') {
    return `The property '${name}' does not exist on type '${namespace}.deviceInstallState'. Make sure to only use property names that are defined by the type.`
  }
  if (name === '') return unexpectedNode(value, 'StartObject')
  // The metadata requires no property; the page does, and so does the model.
  if (code === 'missing') return `The property '${name}' is required.`
  if (value === null) {
    return `A null value was found for the property named '${name}', which has the expected type '${edmType}[Nullable=False]'. The expected type '${edmType}[Nullable=False]' does not allow null values.`
  }
  if (typeof value === 'object') return unexpectedNode(value, 'PrimitiveValue')
  if (code !== 'enum') return `Cannot convert the literal '${literal}' to the expected type '${edmType}'.`
  return name === '@odata.type'
    ? `A type named '${literal}' could not be resolved by the model. When a model is available, each type name must resolve to a valid type.`
    : `Requested value '${literal}' was not found.`
}

/** Graph tells the first problem alone. */
const failureOf = (errors: t.Errors): GraphErrorAnswer => {
  const [error] = errors
  const [problem] = problemsOf(errors)
  return modelValidationFailure(messageOf(error?.context.at(-1)?.key ?? '', problem?.code, error?.value))
}

/** Reads the body of a create, or says what Graph says against it. Duplicate properties go unseen: the last one wins. */
export const readCreate = (
  codec: t.Type<DeviceInstallStateCreate>,
  { body, headers }: Arrival,
): E.Either<GraphErrorAnswer, DeviceInstallStateCreate> =>
  pipe(
    body,
    E.fromPredicate(
      (text) => text !== '',
      (): GraphErrorAnswer => graphErrors.emptyPayload,
    ),
    E.filterOrElse(
      () => JsonMediaType.is(headers['content-type']),
      () => graphErrors.unreadablePayload,
    ),
    E.chain(
      flow(
        J.parse,
        E.mapLeft(() => graphErrors.unreadablePayload),
      ),
    ),
    E.chain((json) => E.mapLeft(failureOf)(codec.decode(json))),
  )
