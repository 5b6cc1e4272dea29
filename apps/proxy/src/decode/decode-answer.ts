import { type DeviceInstallState, type DeviceInstallStateCreate, problemsOf } from '@device-install-state/model'
import { CreatedEntity, isRefusal, operationNamed, type Route } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { claimsInChallenge } from '../domain/claims-challenge.js'
import type { Differences } from '../domain/differences.js'
import { hiddenValuesOf } from '../domain/field-clarity.js'
import type { GraphAnswer } from '../domain/graph-answer.js'
import type { GraphRefusal, ProxyError } from '../domain/proxy-error.js'
import { parseStrictJson } from '../domain/strict-json.js'
import type { UpstreamIdentity } from '../domain/upstream-identity.js'
import { retryAfterInSeconds } from '../domain/retry-after.js'
import { cleanMessage, innerCodeIn, sentenceIn } from './clean-message.js'
import { findDifferences, isDocumented, unreadableShape } from './find-differences.js'

/** An entity that Graph created, and the text to answer with. */
export interface Created extends Differences {
  readonly status: 200 | 201
  readonly id: string
  readonly text: string
}

/**
 * What becomes of an answer that can be read and is not as documented. `warn`: it is passed on as it came. `enforce`: what
 * is more than documented is left out, and what has other forms is not passed on. Graph has done it in either case.
 */
export type DriftPolicy = 'warn' | 'enforce'

const isJson = (answer: GraphAnswer): boolean =>
  /^application\/json *(?:;|$)/i.test(answer.headers['content-type'] ?? '') &&
  /^(?:identity)?$/i.test(answer.headers['content-encoding'] ?? '')

const jsonOf = (answer: GraphAnswer): unknown => {
  const json = isJson(answer) ? parseStrictJson(answer.text) : undefined
  return json?._tag === 'Json' ? json.value : undefined
}

/** JSON that two readers understand alike, even where it is not as strict as it must be to be passed on. */
const laxJsonOf = (answer: GraphAnswer): unknown => {
  const json = isJson(answer) ? parseStrictJson(answer.text) : undefined
  if (json?._tag === 'Json') return json.value
  return json?.fault === 'loneSurrogate' || json?.fault === 'tooDeep' ? JSON.parse(answer.text) : undefined
}

const unreadable = (
  status: number,
  what: string,
  known: { readonly createdId?: string | undefined; readonly differences?: Differences } = {},
): ProxyError => ({ _tag: 'GraphAnswerUnreadable', status, what, createdId: undefined, ...known })

const longestIdTold = 256

/** The key of what was created, however little else can be read. */
const createdIdIn = (json: unknown): string | undefined =>
  CreatedEntity.is(json) && json.id.isWellFormed() ? json.id.slice(0, longestIdTold).toWellFormed() : undefined

const toldOfForms = { newInstallState: '/installState (enum)', otherDateForm: '/lastSyncDateTime (format)' } as const

/** What callers that rely on the documented forms could not read. */
const otherForms = ({ drift }: Differences): ReadonlyArray<string> =>
  drift.flatMap(({ kind }) => (kind === 'newInstallState' || kind === 'otherDateForm' ? [toldOfForms[kind]] : []))

/** The text itself, unless there is something to leave out. Values are printed as they were, in their order. */
const contractAlone = (entity: DeviceInstallState, text: string): string => {
  const members: ReadonlyArray<readonly [string, unknown]> = Object.entries(entity)
  const kept = members.filter(([name, value]) => isDocumented(name, value))
  return kept.length === members.length ? text : JSON.stringify(Object.fromEntries(kept))
}

const readableOf = (
  policy: DriftPolicy,
  status: 200 | 201,
  { text }: GraphAnswer,
  entity: DeviceInstallState,
  differences: Differences,
): E.Either<ProxyError, Created> => {
  const { id } = entity
  if (policy === 'warn') return E.right({ status, id, text, ...differences })
  const forms = otherForms(differences)
  return forms.length === 0
    ? E.right({ status, id, text: contractAlone(entity, text), ...differences })
    : E.left(unreadable(status, forms.join(', '), { createdId: createdIdIn(entity), differences }))
}

const createdOf = (
  policy: DriftPolicy,
  { body: sent, route }: Sent,
  status: 200 | 201,
  answer: GraphAnswer,
): E.Either<ProxyError, Created> => {
  const json = jsonOf(answer)
  if (json === undefined)
    return E.left(unreadable(status, 'it is not JSON', { createdId: createdIdIn(laxJsonOf(answer)) }))
  // Should Graph say 200, it means what 201 does.
  const decoded = operationNamed(route.operation).answers['201'].codec.decode(json)
  if (E.isRight(decoded)) {
    const entity = decoded.right
    return readableOf(policy, status, answer, entity, findDifferences(status, entity, sent))
  }
  const problems = problemsOf(decoded.left)
  const places = problems.map(({ code, pointer }) => `${pointer} (${code})`).join(', ')
  return E.left(unreadable(status, places, { createdId: createdIdIn(json), differences: unreadableShape(problems) }))
}

// Codes of Graph may be empty and hold blanks; what is longer, or has other signs, is no code.
// Of a run of more than 40 signs it could be a token that Graph quotes.
const graphCode = /^(?!.*[\w-]{41})[\w .:-]{0,128}$/

const codeIn = (code: string | undefined, hiddenValues: ReadonlyArray<string>): string | undefined =>
  code !== undefined && graphCode.test(code) && !hiddenValues.some((value) => value.length > 2 && code.includes(value))
    ? code
    : undefined

interface Refused {
  readonly refusal: GraphRefusal
  readonly isRouteMissing: boolean
  /** Intune's own word, which Graph wraps into a 401 where a user lacks the role. */
  readonly isForbidden: boolean
}

// Intune answers so where a documented create has no route. The code is sure; the words are a hint, since Graph says not
// to branch on messages: so they must begin as known, and the status must fit.
const isRouteMissing = (status: number, code: string, message: string): boolean =>
  (status === 400 || status === 404 || status === 405) &&
  (/^\s*No method match route template\b/i.test(code) ||
    /^\s*(?:No method match route template|No OData route exists|Resource not found for the segment)\b/i.test(
      sentenceIn(message),
    ))

// Either is of use without the other, and whatever else is in the error.
const ErrorWithCode = t.type({ error: t.type({ code: t.string }) })
const ErrorWithMessage = t.type({ error: t.type({ message: t.string }) })

const refusalOf = (answer: GraphAnswer, now: Date, sent: DeviceInstallStateCreate): Refused => {
  const json = laxJsonOf(answer)
  const code = ErrorWithCode.is(json) ? json.error.code : undefined
  const words = ErrorWithMessage.is(json) ? json.error.message : undefined
  const hiddenValues = hiddenValuesOf(sent)
  const message = words === undefined ? undefined : cleanMessage(words, hiddenValues)
  return {
    refusal: {
      status: answer.status,
      code: codeIn(code, hiddenValues),
      message: message?.told,
      messageOnRecord: message?.onRecord,
      retryAfterInSeconds: retryAfterInSeconds(answer.headers['retry-after'], now),
    },
    isForbidden: innerCodeIn(words ?? '') === 'Forbidden',
    isRouteMissing: isRouteMissing(answer.status, code ?? '', words ?? ''),
  }
}

/** What was asked of Graph. */
export interface Sent {
  readonly body: DeviceInstallStateCreate
  readonly route: Pick<Route, 'operation'>
  readonly upstream: Pick<UpstreamIdentity, 'kind'>
}

/**
 * What Graph's answer says. `applied` needs a 201 or a 200 whose key at least can be read; a refusal needs a status of the
 * closed list; all else says nothing sure about the call. Values that were sent are kept out of the words of a refusal.
 */
export const decodeAnswer =
  (policy: DriftPolicy, now: Date, sent: Sent) =>
  (answer: GraphAnswer): E.Either<ProxyError, Created> => {
    const { headers, status } = answer
    if (status === 200 || status === 201) return createdOf(policy, sent, status, answer)
    if (status >= 300 && status < 400) return E.left({ _tag: 'GraphRedirected', status })
    const { isForbidden, isRouteMissing: routeIsMissing, refusal } = refusalOf(answer, now, sent.body)
    const claims = status === 401 || status === 403 ? claimsInChallenge(headers['www-authenticate']) : undefined
    // What the gateway's own application is asked for, no caller could give.
    if (claims !== undefined && sent.upstream.kind === 'user')
      return E.left({ _tag: 'GraphDemandsClaims', claims, refusal })
    if (status === 401 && isForbidden) return E.left({ _tag: 'GraphRefused', refusal: { ...refusal, status: 403 } })
    if (status === 401) return E.left({ _tag: 'GraphRejectedOurToken', refusal })
    if (routeIsMissing) return E.left({ _tag: 'GraphRouteUnsupported', refusal })
    if (isRefusal(status, headers['retry-after'])) return E.left({ _tag: 'GraphRefused', refusal })
    const { code, messageOnRecord } = refusal
    return status >= 500 && status < 600
      ? E.left({ _tag: 'GraphFailed', status, code, messageOnRecord })
      : E.left(unreadable(status, `status ${String(status)}`))
  }
