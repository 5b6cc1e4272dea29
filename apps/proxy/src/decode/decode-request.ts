import { type DeviceInstallStateCreate, type Problem, problemsOf } from '@device-install-state/model'
import { type AnyOperation, operationNamed } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Admission } from '../domain/admission.js'
import type { Arrival } from '../domain/arrival.js'
import type { Call } from '../domain/call.js'
import { bodyInvalid, type ProxyError } from '../domain/proxy-error.js'
import { deepestJson, parseStrictJson, type StrictJsonFault } from '../domain/strict-json.js'
import { duplicatesIn, offsetOfSyntaxError } from './momoa-json-diagnosis.js'

const longestString = 4096

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const malformed = (what: string, offset?: number): ProxyError => ({ _tag: 'JsonMalformed', what, offset })

const textOf = (bytes: Uint8Array): E.Either<ProxyError, string> => {
  if (bytes.byteLength === 0) return E.left(malformed('it is empty'))
  try {
    const text = decoder.decode(bytes)
    return text.startsWith('\uFEFF') ? E.left(malformed('a byte order mark', 0)) : E.right(text)
  } catch {
    return E.left(malformed('it is not UTF-8'))
  }
}

const errorOfFault = (text: string, fault: StrictJsonFault): ProxyError => {
  switch (fault) {
    case 'notJson':
      return malformed('a syntax error', offsetOfSyntaxError(text))
    case 'tooDeep':
      return malformed(`it is nested deeper than ${String(deepestJson)} levels`)
    case 'loneSurrogate':
      return malformed('half of a surrogate pair, which stands for no character')
    case 'duplicateMember':
      return bodyInvalid(
        duplicatesIn(text).map((member) => ({ ...member, code: 'duplicate', expected: 'each property once' })),
      )
  }
}

const strictJson = (text: string): E.Either<ProxyError, unknown> => {
  const json = parseStrictJson(text)
  return json._tag === 'Json' ? E.right(json.value) : E.left(errorOfFault(text, json.fault))
}

const lengthProblems = (body: DeviceInstallStateCreate): ReadonlyArray<Problem> =>
  Object.entries(body)
    .filter(([, value]) => typeof value === 'string' && value.length > longestString)
    .map(([name]) => ({
      pointer: `/${name}`,
      code: 'length',
      expected: `at most ${String(longestString)} characters`,
      received: 'string',
    }))

const withinLimits = (body: DeviceInstallStateCreate): E.Either<ProxyError, DeviceInstallStateCreate> => {
  const problems = lengthProblems(body)
  return problems.length === 0 ? E.right(body) : E.left(bodyInvalid(problems))
}

/**
 * The body of a create, from its bytes: strict JSON (RFC 7493), the model's codec, and strings of at most 4,096
 * characters. Every problem of shape is told at once; a value is never told.
 */
export const decodeBody = (
  codec: AnyOperation['body'],
  bytes: Uint8Array,
): E.Either<ProxyError, DeviceInstallStateCreate> =>
  pipe(
    textOf(bytes),
    E.chain(strictJson),
    E.chain((json) =>
      pipe(
        codec.decode(json),
        E.mapLeft((errors) => bodyInvalid(problemsOf(errors))),
      ),
    ),
    E.chain(withinLimits),
  )

/** What does the caller ask for? The body is read only now, when the caller is known. */
export const decodeRequest =
  (arrival: Arrival) =>
  (admission: Admission): TE.TaskEither<ProxyError, Call> => {
    const { body: codec } = operationNamed(arrival.route.operation)
    return pipe(
      arrival.request.readBody,
      TE.chainEitherK((bytes) => decodeBody(codec, bytes)),
      TE.map((body) => ({ ...arrival, ...admission, body, json: JSON.stringify(codec.encode(body)) })),
    )
  }
