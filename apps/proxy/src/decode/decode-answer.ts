import { type DeviceInstallState, type DeviceInstallStateCreate, problemsOf } from '@device-install-state/model'
import { CreatedEntity, isRefusal, operationNamed, type Route } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import { claimsInChallenge } from '../domain/claims-challenge.js'
import type { Differences } from '../domain/differences.js'
import type { GraphAnswer } from '../domain/graph-answer.js'
import type { ProxyError } from '../domain/proxy-error.js'
import type { UpstreamIdentity } from '../domain/upstream-identity.js'
import { findDifferences, isDocumented, unreadableShape } from './find-differences.js'
import { jsonOf, laxJsonOf } from './json-of-answer.js'
import { readRefusal } from './read-refusal.js'

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
    const { isForbidden, isRouteMissing, refusal } = readRefusal(answer, now, sent.body)
    const claims = status === 401 || status === 403 ? claimsInChallenge(headers['www-authenticate']) : undefined
    // What the gateway's own application is asked for, no caller could give.
    if (claims !== undefined && sent.upstream.kind === 'user')
      return E.left({ _tag: 'GraphDemandsClaims', claims, refusal })
    if (status === 401 && isForbidden) return E.left({ _tag: 'GraphRefused', refusal: { ...refusal, status: 403 } })
    if (status === 401) return E.left({ _tag: 'GraphRejectedOurToken', refusal })
    if (isRouteMissing) return E.left({ _tag: 'GraphRouteUnsupported', refusal })
    if (isRefusal(status, headers['retry-after'])) return E.left({ _tag: 'GraphRefused', refusal })
    const { code, messageOnRecord } = refusal
    return status >= 500 && status < 600
      ? E.left({ _tag: 'GraphFailed', status, code, messageOnRecord })
      : E.left(unreadable(status, `status ${String(status)}`))
  }
