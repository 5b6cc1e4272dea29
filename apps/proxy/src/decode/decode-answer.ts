import {
  DateTimeOffset,
  DeviceInstallState,
  type DeviceInstallStateCreate,
  GraphError,
  InstallState,
  problemsOf,
} from '@device-install-state/model'
import {
  type AnyOperation,
  CreatedEntity,
  isRefusal,
  operationNamed,
  type Route,
} from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import { claimsInChallenge } from '../domain/claims-challenge.js'
import { hiddenValuesOf } from '../domain/field-clarity.js'
import type { GraphAnswer } from '../domain/graph-answer.js'
import type { GraphRefusal, ProxyError } from '../domain/proxy-error.js'
import { parseStrictJson } from '../domain/strict-json.js'
import type { UpstreamIdentity } from '../domain/upstream-identity.js'
import { cleanMessage } from './clean-message.js'
import { retryAfterInSeconds } from '../domain/retry-after.js'

/** How an answer differs from what is documented without being unreadable. */
type Drift = 'newProperty' | 'newInstallState' | 'otherDateForm' | 'status200'

/** An entity that Graph created, and the text it came as. */
export interface Created {
  readonly status: 200 | 201
  readonly id: string
  readonly text: string
  readonly drift: ReadonlyArray<Drift>
}

const driftIn = (status: number, entity: DeviceInstallState): ReadonlyArray<Drift> => [
  ...(status === 200 ? (['status200'] as const) : []),
  ...(Object.keys(entity).some((name) => !Object.hasOwn(DeviceInstallState.fields, name))
    ? (['newProperty'] as const)
    : []),
  ...(InstallState.is(entity.installState) ? [] : (['newInstallState'] as const)),
  ...(DateTimeOffset.is(entity.lastSyncDateTime) ? [] : (['otherDateForm'] as const)),
]

const isJson = (answer: GraphAnswer): boolean =>
  /^application\/json *(?:;|$)/i.test(answer.headers['content-type'] ?? '') &&
  /^(?:identity)?$/i.test(answer.headers['content-encoding'] ?? '')

const jsonOf = (answer: GraphAnswer): unknown => {
  const json = isJson(answer) ? parseStrictJson(answer.text) : undefined
  return json?._tag === 'Json' ? json.value : undefined
}

const unreadable = (status: number, what: string, createdId?: string): ProxyError => ({
  _tag: 'GraphAnswerUnreadable',
  status,
  what,
  createdId,
})

const createdOf = (
  { answers }: AnyOperation,
  status: 200 | 201,
  answer: GraphAnswer,
): E.Either<ProxyError, Created> => {
  const json = jsonOf(answer)
  if (json === undefined) return E.left(unreadable(status, 'it is not JSON'))
  // Should Graph say 200, it means what 201 does.
  const decoded = answers['201'].codec.decode(json)
  if (E.isRight(decoded)) {
    const { right: entity } = decoded
    return E.right({ status, id: entity.id, text: answer.text, drift: driftIn(status, entity) })
  }
  const places = problemsOf(decoded.left).map(({ code, pointer }) => `${pointer} (${code})`)
  return E.left(
    unreadable(status, places.join(', '), CreatedEntity.is(json) ? json.id.slice(0, longestIdTold) : undefined),
  )
}

// Codes of Graph may be empty and hold blanks; what is longer, or has other signs, is no code.
// Of a run of more than 40 signs it could be a token that Graph quotes.
const graphCode = /^(?!.*[\w-]{41})[\w .:-]{0,128}$/

const codeIn = (code: string | undefined, hiddenValues: ReadonlyArray<string>): string | undefined =>
  code !== undefined && graphCode.test(code) && !hiddenValues.some((value) => value.length > 2 && code.includes(value))
    ? code
    : undefined

const longestIdTold = 256

const refusalOf = (answer: GraphAnswer, now: Date, sent: DeviceInstallStateCreate): GraphRefusal => {
  const json = jsonOf(answer)
  const error = GraphError.is(json) ? json.error : undefined
  const hiddenValues = hiddenValuesOf(sent)
  return {
    status: answer.status,
    code: codeIn(error?.code, hiddenValues),
    message: error === undefined ? undefined : cleanMessage(error.message, hiddenValues),
    retryAfterInSeconds: retryAfterInSeconds(answer.headers['retry-after'], now),
  }
}

// Documented creates of Intune are known to lack a route. The code is sure; the words are a hint, since Graph says not
// to branch on messages.
const isMissingRoute = ({ code, message, status }: GraphRefusal): boolean =>
  status === 400 &&
  (code === 'No method match route template' ||
    /^(?:No OData route exists|Resource not found for the segment)/.test(message ?? ''))

/** What was asked of Graph. */
export interface Sent {
  readonly body: DeviceInstallStateCreate
  readonly route: Pick<Route, 'operation'>
  readonly upstream: Pick<UpstreamIdentity, 'kind'>
}

/**
 * What Graph's answer says. `applied` needs a 201 or a 200 with a whole entity; a refusal needs a status of the closed
 * list; all else says nothing sure about the call. Does not compare the entity with what was sent,
 * whose values are kept out of the words of a refusal.
 */
export const decodeAnswer =
  (now: Date, { body: sent, route, upstream }: Sent) =>
  (answer: GraphAnswer): E.Either<ProxyError, Created> => {
    const { headers, status } = answer
    if (status === 200 || status === 201) return createdOf(operationNamed(route.operation), status, answer)
    if (status >= 300 && status < 400) return E.left({ _tag: 'GraphRedirected', status })
    const refusal = refusalOf(answer, now, sent)
    const claims = status === 401 || status === 403 ? claimsInChallenge(headers['www-authenticate']) : undefined
    // What the gateway's own application is asked for, no caller could give.
    if (claims !== undefined && upstream.kind === 'user') return E.left({ _tag: 'GraphDemandsClaims', claims, refusal })
    if (status === 401) return E.left({ _tag: 'GraphRejectedOurToken', refusal })
    if (isMissingRoute(refusal)) return E.left({ _tag: 'GraphRouteUnsupported', refusal })
    if (isRefusal(status, headers['retry-after'])) {
      return E.left({ _tag: 'GraphRefused', refusal })
    }
    return status >= 500 && status < 600
      ? E.left({ _tag: 'GraphFailed', status, code: refusal.code })
      : E.left(unreadable(status, `status ${String(status)}`))
  }
