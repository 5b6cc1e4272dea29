import { DeviceInstallStateCreate } from '@device-install-state/model'
import type { Interaction } from '../contract/interaction.js'
import type { HttpAnswer } from '../exchange/http-exchange.js'
import { breaking, type Finding } from '../report/finding.js'
import { shownMediaType, shownMethod, shownOf } from '../report/shown-of.js'
import { findInEcho, findInEntity } from './find-in-entity.js'
import { readError, shownCode } from './find-in-error.js'
import { jsonOf, memberOf } from './json-of.js'

/** What was sent: an interaction to which a create is owed has nothing else. */
const sentIn = ({ body }: Pick<Interaction, 'body'>): DeviceInstallStateCreate => {
  const json: unknown = JSON.parse(body)
  if (DeviceInstallStateCreate.is(json)) return json
  throw new TypeError('the contract owes a create to a body that is none')
}

/** A good body that was refused: where the refusal says why, that is the place. */
const findInUnexpected = (status: number, answer: HttpAnswer): ReadonlyArray<Finding> => {
  const expected = `it to be taken: ${String(status)}`
  const read = readError(answer)
  if (read._tag === 'Unreadable') return [breaking('/answer/status', String(status), String(answer.status))]
  const { code, details } = read.error.error
  const told = `${String(answer.status)}, ${shownCode(code)}`
  const places = (details ?? []).flatMap((detail) => {
    const target = memberOf(detail, 'target')
    return typeof target === 'string' ? [target] : []
  })
  return places.length === 0
    ? [breaking('/answer/status', String(status), told)]
    : places.map((place) => breaking(`/request/body${place}`, expected, `refused: ${told}`))
}

const isJson = ({ headers }: HttpAnswer): boolean => /^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')

const findInMediaType = (answer: HttpAnswer): ReadonlyArray<Finding> =>
  isJson(answer)
    ? []
    : [breaking('/answer/headers/content-type', 'application/json', shownMediaType(answer.headers['content-type']))]

/** What is wrong with the answer to a create that is to be made. */
export const findInCreated = (interaction: Interaction, answer: HttpAnswer): ReadonlyArray<Finding> => {
  const read = jsonOf(answer.body)
  if (answer.status !== 201) {
    const ofStatus = findInUnexpected(201, answer)
    return answer.status < 300 && read !== undefined
      ? [...ofStatus, ...findInEntity(interaction.place.operation, read.json)]
      : ofStatus
  }
  if (read === undefined) return [breaking('/answer/body', 'the entity that was created', 'what is no JSON')]
  const ofEntity = findInEntity(interaction.place.operation, read.json)
  return [
    ...findInMediaType(answer),
    ...ofEntity,
    ...findInEcho(sentIn(interaction), read.json).filter(
      ({ pointer }) => !ofEntity.some((finding) => finding.pointer === pointer),
    ),
  ]
}

/** What differs between a body that was sent and one that goes on, by its pointer below `place`. */
const findInForwarded = (place: string, sent: unknown, forwarded: unknown): ReadonlyArray<Finding> => {
  const names = new Set([...keysOf(sent), ...keysOf(forwarded)])
  return [...names].flatMap((name) => {
    const [before, after] = [memberOf(sent, name), memberOf(forwarded, name)]
    return before === after
      ? []
      : [
          breaking(
            `${place}/${name}`,
            before === undefined ? 'nothing: it was not sent' : `what was sent, ${shownOf(name, before)}`,
            `${shownOf(name, after)}${after !== undefined && typeof after === typeof before ? ', another one' : ''}`,
          ),
        ]
  })
}

const keysOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === 'object' && value !== null ? Object.keys(value) : []

/** Headers that may go to Graph; a caller's others stay behind. */
const headersForGraph: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'authorization',
  'client-request-id',
  'connection',
  'content-length',
  'content-type',
  'host',
  'traceparent',
  'user-agent',
])

/** What is wrong with what is to reach Graph: told by validation, or seen there. `place` is where it stands. */
export const findAtGraph = (
  place: string,
  { body, place: { operation, path } }: Pick<Interaction, 'body' | 'place'>,
  seen: { readonly method: unknown; readonly path: string; readonly headers: unknown; readonly body: unknown },
): ReadonlyArray<Finding> => {
  const read = typeof seen.body === 'string' ? jsonOf(seen.body) : undefined
  return [
    ...(seen.method === operation.method
      ? []
      : [breaking(`${place}/method`, operation.method, shownMethod(seen.method))]),
    ...(seen.path === path ? [] : [breaking(`${place}/path`, 'the path that the operation prints', 'another one')]),
    ...(/^application\/json\s*(?:;|$)/i.test(String(memberOf(seen.headers, 'content-type')))
      ? []
      : [breaking(`${place}/headers/content-type`, 'application/json', 'something else')]),
    ...keysOf(seen.headers)
      .filter((name) => !headersForGraph.has(name))
      .map((name) => breaking(`${place}/headers/${name}`, 'no such header: it is the caller’s', 'one')),
    ...(read === undefined
      ? [breaking(`${place}/body`, 'the JSON that was sent', 'what is no JSON')]
      : findInForwarded(`${place}/body`, JSON.parse(body), read.json)),
  ]
}

const pathIn = (url: unknown): string => {
  const found = typeof url === 'string' ? /^https?:\/\/[^/]+(\/.*)$/.exec(url)?.[1] : undefined
  // A gateway may reach Graph below a path of something in between.
  return found === undefined ? '' : (/\/(?:v1\.0|beta)\/.*$/.exec(found)?.[0] ?? found)
}

/** What is wrong with the answer to a create that is to be validated, and not made. */
export const findInValidated = (interaction: Interaction, answer: HttpAnswer): ReadonlyArray<Finding> => {
  if (answer.status !== 200) return findInUnexpected(200, answer)
  const applied = answer.headers['preference-applied']
  const read = jsonOf(answer.body)
  return [
    ...(applied === 'handling=validate-only'
      ? []
      : [
          breaking(
            '/answer/headers/preference-applied',
            'handling=validate-only',
            applied === undefined ? 'nothing' : 'another one',
          ),
        ]),
    ...(read === undefined
      ? [breaking('/answer/body', 'what would be sent, as JSON', 'what is no JSON')]
      : findAtGraph('/answer/body', interaction, {
          method: memberOf(read.json, 'method'),
          path: pathIn(memberOf(read.json, 'url')),
          headers: memberOf(read.json, 'headers'),
          body: memberOf(read.json, 'body'),
        })),
  ]
}
