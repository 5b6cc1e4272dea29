import { type DeviceInstallStateCreate, pointerOf, type Problem, problemsOf } from '@device-install-state/model'
import { type AnyOperation, operationNamed } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { Admission } from '../domain/admission.js'
import type { Arrival } from '../domain/arrival.js'
import type { Call } from '../domain/call.js'
import { bodyInvalid, type ProxyError } from '../domain/proxy-error.js'
import { deepestJson, parseStrictJson, type StrictJsonFault } from '../domain/strict-json.js'
import { diagnoseJson } from './json-diagnosis.js'

const longestString = 4096

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenientDecoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

const malformed = (what: string, offset?: number): ProxyError => ({ _tag: 'JsonMalformed', what, offset })

/** Where bytes stop being UTF-8: what a lenient reader puts in their place is printed otherwise. */
const offsetOfOtherBytes = (bytes: Uint8Array): number => {
  const printed = encoder.encode(lenientDecoder.decode(bytes))
  const offset = bytes.findIndex((byte, index) => byte !== printed[index])
  return offset === -1 ? bytes.byteLength : offset
}

const textOf = (bytes: Uint8Array): E.Either<ProxyError, string> => {
  if (bytes.byteLength === 0) return E.left(malformed('it is empty'))
  try {
    const text = decoder.decode(bytes)
    return text.startsWith('\uFEFF') ? E.left(malformed('a byte order mark', 0)) : E.right(text)
  } catch {
    return E.left(malformed('it is not UTF-8', offsetOfOtherBytes(bytes)))
  }
}

const errorOfFault = (text: string, fault: StrictJsonFault): ProxyError => {
  switch (fault) {
    case 'notJson':
      return malformed('a syntax error', diagnoseJson(text).faultAt)
    case 'tooDeep':
      return malformed(`it is nested deeper than ${String(deepestJson)} levels`)
    case 'loneSurrogate':
      return malformed('half of a surrogate pair, which stands for no character')
    case 'duplicateMember':
      return bodyInvalid(
        diagnoseJson(text).duplicates.map((member) => ({
          ...member,
          code: 'duplicate',
          expected: 'each property once',
        })),
      )
  }
}

const strictJson = (text: string): E.Either<ProxyError, unknown> => {
  const json = parseStrictJson(text)
  return json._tag === 'Json' ? E.right(json.value) : E.left(errorOfFault(text, json.fault))
}

const isTooLong = (value: unknown): boolean => typeof value === 'string' && value.length > longestString

/** Of properties that there are, by the names of the codec: what nobody knows has a problem already. */
const lengthProblems = ({ fields }: AnyOperation['body'], json: unknown): ReadonlyArray<Problem> =>
  typeof json === 'object' && json !== null
    ? Object.entries(json)
        .filter(([name, value]) => Object.hasOwn(fields, name) && isTooLong(value))
        .map(([name]) => ({
          pointer: pointerOf([name]),
          code: 'length',
          expected: `at most ${String(longestString)} UTF-16 code units`,
          received: 'string',
        }))
    : []

/** What is too long is told together with what is wrong, once a place. */
const problemsIn = (codec: AnyOperation['body'], json: unknown, shape: ReadonlyArray<Problem>) => [
  ...shape,
  ...lengthProblems(codec, json).filter(({ pointer }) => !shape.some((other) => other.pointer === pointer)),
]

const bodyOf = (codec: AnyOperation['body'], json: unknown): E.Either<ProxyError, DeviceInstallStateCreate> => {
  const decoded = codec.decode(json)
  if (E.isRight(decoded) && !Object.values(decoded.right).some(isTooLong)) return decoded
  const problems = problemsIn(codec, json, E.isLeft(decoded) ? problemsOf(decoded.left) : [])
  return E.isRight(decoded) && problems.length === 0 ? decoded : E.left(bodyInvalid(problems))
}

/**
 * The body of a create, from its bytes: strict JSON (RFC 7493), the model's codec, and strings of at most 4,096
 * UTF-16 code units. Every problem of shape and length is told at once; a value is never told.
 */
export const decodeBody = (
  codec: AnyOperation['body'],
  bytes: Uint8Array,
): E.Either<ProxyError, DeviceInstallStateCreate> => {
  const text = textOf(bytes)
  if (E.isLeft(text)) return text
  const json = strictJson(text.right)
  return E.isLeft(json) ? json : bodyOf(codec, json.right)
}

/** What does the caller ask for? The body is read only now, when the caller is known. */
export const decodeRequest =
  (arrival: Arrival) =>
  (admission: Admission): TE.TaskEither<ProxyError, Call> =>
  async () => {
    const { body: codec } = operationNamed(arrival.route.operation)
    const bytes = await arrival.request.readBody()
    if (E.isLeft(bytes)) return bytes
    const body = decodeBody(codec, bytes.right)
    return E.isLeft(body)
      ? body
      : E.right({ ...arrival, ...admission, body: body.right, json: JSON.stringify(codec.encode(body.right)) })
  }
