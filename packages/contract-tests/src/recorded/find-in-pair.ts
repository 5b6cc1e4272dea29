import {
  DeviceInstallState,
  DeviceInstallStateCollection,
  DeviceInstallStateCreate,
  problemsOf,
} from '@device-install-state/model'
import { type AnyOperation, graphVersions, JsonMediaType, operations } from '@device-install-state/model/operations'
import type * as t from 'io-ts'
import { placeOf } from '../double/place-of.js'
import type { HttpRequest } from '../exchange/http-exchange.js'
import { breaking, type Finding } from '../report/finding.js'
import { hopedFor, shownOf, shownProblem } from '../report/shown-of.js'
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
export const relevanceOf = ({ request }: Pick<RecordedPair, 'request'>): Relevance => {
  const path = versionedPathOf(request.path)
  for (const operation of operations) {
    const place = placeOf(operation, ['v1.0', 'beta'], path)
    if (place._tag === 'Elsewhere') continue
    if (request.method.toUpperCase() === operation.method && place._tag !== 'Item') return { _tag: 'Create', operation }
    if (request.method.toUpperCase() === 'GET') return { _tag: place._tag === 'Item' ? 'Get' : 'List', operation }
  }
  return { _tag: 'Elsewhere' }
}

const leftOut = 'Some recorders leave it out: then this is no mistake of whoever sent it.'

const findInPath = ({ ids, match }: AnyOperation, { path }: HttpRequest): ReadonlyArray<Finding> => {
  const versioned = versionedPathOf(path)
  const isMalformed = graphVersions.some((version) => match(version, versioned)._tag === 'MalformedIds')
  return [
    ...(isMalformed ? [breaking('/request/path', 'ids that are well-formed', `one that is none of ${ids.name}`)] : []),
    ...(path.includes('?') ? [breaking('/request/path', 'no query', 'one')] : []),
  ]
}

/** What was left out by a recorder, or put into its place, shows nothing of what was sent. */
const findInAuthorization = (authorization: string | undefined): ReadonlyArray<Finding> => {
  const pointer = '/request/headers/authorization'
  if (authorization === undefined) return [breaking(pointer, 'Bearer, and a token', 'nothing', leftOut)]
  const isOtherScheme = /^(?!Bearer )[\w-]+ +\S/i.test(authorization) || /^eyJ[\w-]*\./.test(authorization)
  return isOtherScheme ? [breaking(pointer, 'Bearer, and a token', 'something else')] : []
}

const findInHeaders = (side: Side, { headers }: HttpRequest): ReadonlyArray<Finding> => {
  const { authorization, 'content-type': type, 'idempotency-key': key } = headers
  return [
    ...(JsonMediaType.is(type)
      ? []
      : [
          breaking(
            '/request/headers/content-type',
            'application/json',
            type === undefined ? 'nothing' : 'something else',
          ),
        ]),
    ...findInAuthorization(authorization),
    ...(side === 'graph' || key === undefined || /^[\x21-\x7E]{1,255}$/.test(key)
      ? []
      : [breaking('/request/headers/idempotency-key', '1 to 255 visible ASCII characters', 'something else')]),
  ]
}

const findInRequest = (side: Side, operation: AnyOperation, { request }: RecordedPair): ReadonlyArray<Finding> => {
  const read = jsonOf(request.body)
  const decoded = read === undefined ? undefined : operation.body.decode(read.json)
  return [
    ...findInPath(operation, request),
    ...findInHeaders(side, request),
    ...(read === undefined
      ? [
          request.body === ''
            ? breaking('/request/body', 'JSON', 'nothing', leftOut)
            : breaking('/request/body', 'JSON', 'what is none'),
        ]
      : []),
    ...(decoded?._tag === 'Left'
      ? problemsOf(decoded.left).map((problem) =>
          breaking(
            `/request/body${problem.pointer}`,
            hopedFor(problem),
            shownOf(problem.pointer.slice(1), memberOf(read?.json, problem.pointer.slice(1))),
          ),
        )
      : []),
  ]
}

const noJson = (expected: string, body: string): Finding =>
  body === ''
    ? breaking(
        '/answer/body',
        expected,
        'nothing',
        'Some recorders leave bodies out: then this is no mistake of whoever answered.',
      )
    : breaking('/answer/body', expected, 'what is no JSON')

const findInCodec = (codec: t.Mixed, body: string): ReadonlyArray<Finding> => {
  const read = jsonOf(body)
  if (read === undefined) return [noJson(codec.name, body)]
  const decoded = codec.decode(read.json)
  return decoded._tag === 'Right'
    ? []
    : problemsOf(decoded.left).map((problem) =>
        breaking(`/answer/body${problem.pointer}`, problem.expected, shownProblem(problem)),
      )
}

const findInCreated = (operation: AnyOperation, pair: RecordedPair): ReadonlyArray<Finding> => {
  const read = jsonOf(pair.answer.body)
  if (read === undefined) return [noJson('the entity that was created', pair.answer.body)]
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
  const ofRequest = findInRequest(side, operation, pair)
  if (status === 201) return [...ofRequest, ...findInCreated(operation, pair), ...ofIds]
  // What was refused for what is wrong with it keeps the contract on the other side.
  if (status >= 400) return [...ofRequest, ...findInFailure(pair, ofRequest.length === 0), ...ofIds]
  const isTold = side === 'gateway' && status === 200 && answer.headers['preference-applied'] !== undefined
  return isTold ? ofRequest : [...ofRequest, breaking('/answer/status', '201, or an error', String(status))]
}
