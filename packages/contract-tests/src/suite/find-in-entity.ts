import {
  DateTimeOffset,
  type DeviceInstallStateCreate,
  ODataDateTimeOffset,
  problemsOf,
  utcTicks,
} from '@device-install-state/model'
import type { AnyOperation } from '@device-install-state/model/operations'
import { answerCodecOf } from '@device-install-state/model/operations'
import { breaking, compatible, type Finding } from '../report/finding.js'
import { shownOf, shownProblem } from '../report/shown-of.js'
import { memberOf } from './json-of.js'

/** What is not as documented in the entity of an answer. */
export const findInEntity = (operation: AnyOperation, json: unknown): ReadonlyArray<Finding> => {
  const decoded = answerCodecOf(operation, 201).decode(json)
  if (decoded._tag === 'Right') return []
  return problemsOf(decoded.left).map((problem) =>
    breaking(`/answer/body${problem.pointer}`, problem.expected, shownProblem(problem)),
  )
}

const isSameInstant = (sent: unknown, answered: unknown): boolean =>
  DateTimeOffset.is(sent) && DateTimeOffset.is(answered) && utcTicks(sent) === utcTicks(answered)

const findInProperty = (name: string, sent: unknown, answered: unknown): ReadonlyArray<Finding> => {
  if (sent === answered) return []
  const pointer = `/answer/body/${name}`
  const expected = `what was sent, ${shownOf(name, sent)}`
  const found = `${shownOf(name, answered)}${typeof sent === typeof answered ? ', another one' : ''}`
  // A key is never empty, so that an empty one that was sent is none.
  if (name === 'id' && sent === '' && typeof answered === 'string') return []
  if (name === 'id' && sent !== undefined) {
    return [compatible(pointer, expected, found, 'The page does not say what becomes of an id that is sent.')]
  }
  if (ODataDateTimeOffset.is(answered) && isSameInstant(sent, answered)) {
    return [compatible(pointer, expected, found, 'It is the same instant, printed otherwise.')]
  }
  return [breaking(pointer, expected, found, 'What was created is not what was sent.')]
}

/** What is otherwise in an answer than it was sent. Properties that were not sent are the answer's own. */
export const findInEcho = (sent: DeviceInstallStateCreate, answered: unknown): ReadonlyArray<Finding> =>
  Object.entries(sent).flatMap(([name, value]) =>
    // Graph leaves the type out where it is the declared one.
    name === '@odata.type' && memberOf(answered, name) === undefined
      ? []
      : findInProperty(name, value, memberOf(answered, name)),
  )
