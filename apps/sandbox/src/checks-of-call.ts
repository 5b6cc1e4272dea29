import { DeviceInstallState } from '@device-install-state/model'
import { type Check, equals, fits } from './check.js'
import type { Answer, Call } from './client.js'
import { parseJson, valueAt } from './json.js'

const checksOfAny = (
  status: number,
  { headers, ...answer }: Answer,
  kinds: string,
  records: ReadonlyArray<unknown>,
) => [
  equals('status', status, answer.status),
  ...['Audit-Id', 'request-id', 'client-request-id'].map((name) =>
    fits(`header ${name}`, 'some value', headers.get(name), (headers.get(name) ?? '') !== ''),
  ),
  equals('records in the ledger', kinds, records.map((record) => valueAt(record, 'record', 'kind')).join(', ')),
]

/** Who calls, and in whose name Graph is called. */
export interface InWhoseName {
  readonly caller: 'application' | 'user'
  readonly upstream: 'application' | 'user'
}

/** A create that was done: what the caller got, and what is on record of it. */
export const checksOfCreate = (
  { body }: Call,
  { caller, upstream }: InWhoseName,
  answer: Answer,
  records: ReadonlyArray<unknown>,
): ReadonlyArray<Check> => {
  const sent = parseJson(body)
  const { '@odata.context': _context, id, ...entity } = DeviceInstallState.is(answer.json) ? answer.json : { id: '' }
  const [intent, outcome] = records.map((record) => valueAt(record, 'record'))
  const date = 'lastSyncDateTime'
  return [
    ...checksOfAny(201, answer, 'intent, outcome', records),
    fits('the body is a deviceInstallState', 'one', answer.text, DeviceInstallState.is(answer.json)),
    equals('every property is as it was sent', sent, entity),
    equals(`${date} is as it was sent, byte for byte`, valueAt(sent, date), valueAt(answer.json, date)),
    equals('the caller on record', caller, valueAt(intent, 'caller', 'kind')),
    equals('in whose name Graph was called, on record', upstream, valueAt(intent, 'upstream', 'kind')),
    equals('the outcome on record', 'applied', valueAt(outcome, 'outcome')),
    equals('the created id on record', id, valueAt(outcome, 'createdId')),
    equals('Graph’s request-id on record', answer.headers.get('request-id'), valueAt(outcome, 'graphRequestId')),
  ]
}

/** A call that was made before, by its idempotency key: the same answer, from the ledger. */
export const checksOfReplay = (
  first: { readonly answer: Answer; readonly auditId: string },
  answer: Answer,
  records: ReadonlyArray<unknown>,
): ReadonlyArray<Check> => [
  ...checksOfAny(201, answer, 'replay', records),
  equals('header Idempotent-Replayed', 'true', answer.headers.get('Idempotent-Replayed')),
  equals('the body, as it was the first time', first.answer.text, answer.text),
  equals('the call whose answer it is, on record', first.auditId, valueAt(records[0], 'record', 'of')),
]

/** A call that was turned away before an intent: what the caller got, and what is on record of it. */
export const checksOfRefusal = (
  status: number,
  code: string,
  answer: Answer,
  records: ReadonlyArray<unknown>,
): ReadonlyArray<Check> => [
  ...checksOfAny(status, answer, 'refusal', records),
  equals('error code', code, valueAt(answer.json, 'error', 'code')),
  equals('the code on record', code, valueAt(records[0], 'record', 'code')),
]
