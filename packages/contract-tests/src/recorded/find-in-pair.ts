import {
  DeviceInstallState,
  DeviceInstallStateCollection,
  DeviceInstallStateCreate,
  messageOfProblem,
  problemsOf,
} from '@device-install-state/model'
import { JsonMediaType, type Operation, type AnyOperation, operations } from '@device-install-state/model/operations'
import type * as t from 'io-ts'
import { placeOf } from '../double/place-of.js'
import { breaking, type Finding } from '../report/finding.js'
import { shownOf } from '../report/shown-of.js'
import { findInCorrelation } from '../suite/find-in-correlation.js'
import { findInEcho, findInEntity } from '../suite/find-in-entity.js'
import { readError, shownCode } from '../suite/find-in-error.js'
import { jsonOf, memberOf } from '../suite/json-of.js'
import type { Side } from '../suite/subject.js'
import type { RecordedPair } from './read-recording.js'

/** What a pair is, seen from the contract. */
export type Relevance =
  | { readonly _tag: 'Create'; readonly operation: AnyOperation }
  | { readonly _tag: 'List' | 'Get'; readonly operation: AnyOperation }
  | { readonly _tag: 'Elsewhere' }

/** A gateway may offer the paths below one of its own. */
const versionedPathOf = (path: string): string => /\/(?:v1\.0|beta)\/.*$/s.exec(path.replace(/\?.*$/s, ''))?.[0] ?? ''

/** Whether a pair is about the two routes, and how. */
export const relevanceOf = ({ request }: RecordedPair): Relevance => {
  const path = versionedPathOf(request.path)
  for (const operation of operations) {
    const place = placeOf(operation, ['v1.0', 'beta'], path)
    if (place._tag === 'Elsewhere') continue
    if (request.method === operation.method && place._tag !== 'Item') return { _tag: 'Create', operation }
    if (request.method === 'GET') return { _tag: place._tag === 'Item' ? 'Get' : 'List', operation }
  }
  return { _tag: 'Elsewhere' }
}

const findInRequest = ({ body }: Pick<Operation, 'body'>, { request }: RecordedPair): ReadonlyArray<Finding> => {
  const { headers, path } = request
  const read = jsonOf(request.body)
  const decoded = read === undefined ? undefined : body.decode(read.json)
  return [
    ...(path.includes('?') ? [breaking('/request/path', 'no query', 'one')] : []),
    ...(JsonMediaType.is(headers['content-type'])
      ? []
      : [
          breaking(
            '/request/headers/content-type',
            'application/json',
            headers['content-type'] === undefined ? 'nothing' : 'something else',
          ),
        ]),
    ...(headers['authorization'] === undefined
      ? [
          breaking(
            '/request/headers/authorization',
            'Bearer, and a token',
            'nothing',
            'Some recorders leave it out: then this is no mistake of the client.',
          ),
        ]
      : []),
    ...(read === undefined
      ? [breaking('/request/body', 'JSON', request.body === '' ? 'nothing' : 'what is none')]
      : []),
    ...(decoded?._tag === 'Left'
      ? problemsOf(decoded.left).map((problem) =>
          breaking(
            `/request/body${problem.pointer}`,
            messageOfProblem(problem)
              .replace(/^Expected /, '')
              .replace(/\.$/, ''),
            shownOf(problem.pointer.slice(1), memberOf(read?.json, problem.pointer.slice(1))),
          ),
        )
      : []),
  ]
}

const findInCodec = (codec: t.Mixed, body: string): ReadonlyArray<Finding> => {
  const read = jsonOf(body)
  if (read === undefined) return [breaking('/answer/body', codec.name, 'what is no JSON')]
  const decoded = codec.decode(read.json)
  return decoded._tag === 'Right'
    ? []
    : problemsOf(decoded.left).map(({ expected, pointer, received }) =>
        breaking(`/answer/body${pointer}`, expected, received === 'nothing' ? 'nothing' : `a ${received} that is none`),
      )
}

const findInCreated = (operation: AnyOperation, pair: RecordedPair): ReadonlyArray<Finding> => {
  const read = jsonOf(pair.answer.body)
  if (read === undefined) return [breaking('/answer/body', 'the entity that was created', 'what is no JSON')]
  const ofEntity = findInEntity(operation, read.json)
  const sent = jsonOf(pair.request.body)?.json
  const told = new Set(ofEntity.map(({ pointer }) => pointer))
  const ofEcho = DeviceInstallStateCreate.is(sent)
    ? findInEcho(sent, read.json).filter(({ pointer }) => !told.has(pointer))
    : []
  return [...ofEntity, ...ofEcho]
}

const findInFailure = (pair: RecordedPair, isRequestGood: boolean): ReadonlyArray<Finding> => {
  const read = readError(pair.answer)
  if (read._tag === 'Unreadable') return read.findings
  const { status } = pair.answer
  return status === 400 && isRequestGood
    ? [
        breaking(
          '/answer/status',
          '201: the model takes the request',
          `400, ${shownCode(read.error.error.code)}`,
          'Whoever answered is stricter than the contract.',
        ),
      ]
    : []
}

const ofReads: Readonly<Record<'Get' | 'List', t.Mixed>> = {
  Get: DeviceInstallState,
  List: DeviceInstallStateCollection,
}

/** What of the contract a recorded pair does not keep, on either side of it. */
export const findInPair = (
  side: Side,
  relevance: Exclude<Relevance, { readonly _tag: 'Elsewhere' }>,
  pair: RecordedPair,
): ReadonlyArray<Finding> => {
  const { answer, request } = pair
  const { status } = answer
  const { operation } = relevance
  const ofIds = side === 'gateway' ? findInCorrelation(side, request, answer) : []
  if (relevance._tag !== 'Create') {
    return status === 200
      ? findInCodec(ofReads[relevance._tag], answer.body)
      : status >= 400
        ? findInFailure(pair, false)
        : []
  }
  const ofRequest = findInRequest(operation, pair)
  if (status === 201) return [...ofRequest, ...findInCreated(operation, pair), ...ofIds]
  // What was refused for what is wrong with it keeps the contract on the other side.
  if (status >= 400) return [...ofRequest, ...findInFailure(pair, ofRequest.length === 0), ...ofIds]
  const isTold = side === 'gateway' && status === 200 && answer.headers['preference-applied'] !== undefined
  return isTold ? ofRequest : [...ofRequest, breaking('/answer/status', '201, or an error', String(status))]
}
