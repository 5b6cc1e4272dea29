import { deviceInstallStateFields } from '@device-install-state/model/fields'
import type { Route } from '@device-install-state/model/operations'
import type { Call } from '../domain/call.js'
import type { Caller } from '../domain/caller.js'
import type { Differences } from '../domain/differences.js'
import { isClear } from '../domain/field-clarity.js'
import { callerRequestIdIn, type IncomingRequest } from '../domain/incoming-request.js'
import { outcomeOfError } from '../domain/outcome.js'
import type { ProxyError } from '../domain/proxy-error.js'
import type { Quota } from '../domain/quota.js'
import { reasonOf } from '../domain/reason-of.js'
import {
  type IntentRecord,
  type OutcomeRecord,
  type RefusalRecord,
  type ReplayRecord,
  validatedOnly,
} from './audit-record.js'

/** Turns a value into one that only a holder of the key can find again: a keyed digest, bound to the field's name. */
export type KeyedDigest = (field: string, value: string) => string

/** How the fields of a class stand in the ledger: as keyed digests, as they are, or not at all. */
type FieldForms = Readonly<Record<'identifier' | 'personal' | 'text', 'hmac' | 'clear' | 'omit'>>

/** What the record of a call depends on besides the call. */
export interface RecordingPorts {
  readonly digest: KeyedDigest
  readonly fields: FieldForms
}

const fieldClassOf = (name: string): string | undefined => {
  const known: Readonly<Record<string, { readonly class: string }>> = deviceInstallStateFields
  return known[name]?.class
}

const formOf = (forms: FieldForms, name: string): FieldForms['personal'] => {
  if (isClear(name)) return 'clear'
  const fieldClass = fieldClassOf(name)
  return fieldClass === 'identifier' || fieldClass === 'text' ? forms[fieldClass] : forms.personal
}

const fieldsOf = ({ digest, fields }: RecordingPorts, body: Call['body']): Readonly<Record<string, string | null>> => {
  const kept: Record<string, string | null> = {}
  const members: ReadonlyArray<[string, string | null]> = Object.entries(body)
  for (const [name, value] of members) {
    const form = formOf(fields, name)
    if (form !== 'omit') kept[name] = value === null || form === 'clear' ? value : digest(name, value)
  }
  return kept
}

const encoder = new TextEncoder()

const fromWhere = ({ claim, clientCertificate, peer }: IncomingRequest) => ({
  peer,
  ...claim,
  ...(clientCertificate === undefined ? {} : { clientCertificate }),
})

/** What the records of a call that is understood have in common. */
const whoAsksWhat = ({ caller, request, route }: Call, now: Date) => ({
  auditId: request.auditId,
  at: now.toISOString(),
  caller,
  ...fromWhere(request),
  ...callerRequestIdIn(request),
  operation: route.operation,
  version: route.version,
  ids: { ...route.ids },
})

/** The record of a call before it is made. */
export const intentOf =
  (ports: RecordingPorts, now: Date, idempotencyKey?: string) =>
  (call: Call): IntentRecord => ({
    kind: 'intent',
    ...whoAsksWhat(call, now),
    bodyBytes: encoder.encode(call.json).byteLength,
    bodyDigest: ports.digest('', call.json),
    fields: fieldsOf(ports, call.body),
    upstream: call.upstream,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  })

/** What Graph said of a call, as far as it said anything. */
export interface GraphTrace {
  readonly status?: number
  readonly requestId?: string
  readonly attempts: number
  readonly durationInMs: number
}

const traceOf = ({ attempts, durationInMs, requestId, status }: GraphTrace) => ({
  ...(status === undefined ? {} : { graphStatus: status }),
  ...(requestId === undefined ? {} : { graphRequestId: requestId }),
  attempts,
  durationInMs: Math.round(durationInMs * 10) / 10,
})

const differencesIn = ({ drift, echoMismatch }: Differences): Pick<OutcomeRecord, 'drift' | 'echoMismatch'> => ({
  ...(drift.length === 0 ? {} : { drift: [...new Set(drift.map(({ kind }) => kind))] }),
  ...(echoMismatch.length === 0 ? {} : { echoMismatch }),
})

/** The record of a call that Graph did. */
export const appliedOutcomeOf = (
  auditId: string,
  trace: GraphTrace,
  created: Differences & { readonly id: string },
  now: Date,
): OutcomeRecord => ({
  kind: 'outcome',
  auditId,
  at: now.toISOString(),
  outcome: 'applied',
  createdId: created.id.slice(0, 256).toWellFormed(),
  ...traceOf(trace),
  ...differencesIn(created),
})

const graphCodeOf = (error: ProxyError): string | undefined => {
  switch (error._tag) {
    case 'GraphRefused':
    case 'GraphRouteUnsupported':
    case 'GraphRejectedOurToken':
    case 'GraphDemandsClaims':
      return error.refusal.code
    case 'GraphFailed':
      return error.code
    default:
      return undefined
  }
}

const none: Differences = { drift: [], echoMismatch: [] }

const differencesOfError = (error: ProxyError): Differences =>
  error._tag === 'GraphAnswerUnreadable' ? (error.differences ?? none) : none

/** The status that came before the answer failed to. */
const statusOf = (error: ProxyError): number | undefined =>
  error._tag === 'GraphTimedOut' || error._tag === 'GraphAnswerUnreadable' ? error.status : undefined

/** The record of a call that failed after its intent. */
export const failedOutcomeOf = (
  auditId: string,
  trace: GraphTrace,
  { code, error }: { readonly code: string; readonly error: ProxyError },
  now: Date,
): OutcomeRecord => {
  const reason = reasonOf(error)
  const graphCode = graphCodeOf(error)
  const createdId = error._tag === 'GraphAnswerUnreadable' ? error.createdId : undefined
  const status = trace.status ?? statusOf(error)
  return {
    kind: 'outcome',
    auditId,
    at: now.toISOString(),
    outcome: outcomeOfError(error),
    code,
    ...traceOf({ ...trace, ...(status === undefined ? {} : { status }) }),
    ...(reason === undefined ? {} : { reason }),
    ...(graphCode === undefined ? {} : { graphCode }),
    ...(createdId === undefined ? {} : { createdId }),
    ...differencesIn(differencesOfError(error)),
  }
}

/** A request that was refused, with as much as was known of it then. */
export interface Refused {
  readonly request: IncomingRequest
  readonly error: ProxyError
  readonly caller?: Caller
  readonly quota?: Quota
  readonly route?: Route
}

// A name that we do not know is the sender's to choose, so it is left out.
const isKnown = (pointer: string): boolean =>
  pointer === '' || Object.hasOwn(deviceInstallStateFields, pointer.slice(1))

const problemsOfError = (error: ProxyError) =>
  error._tag === 'BodyInvalid'
    ? error.problems.map(({ code, pointer }) => (isKnown(pointer) ? { code, pointer } : { code }))
    : undefined

/** The record of a refusal. */
export const refusalOf = (
  { caller, error, request, route }: Refused,
  { code, status }: { readonly code: string; readonly status: number },
  now: Date,
): RefusalRecord => {
  const problems = problemsOfError(error)
  const known = caller ?? ('caller' in error ? error.caller : undefined)
  const reason = reasonOf(error)
  return {
    kind: 'refusal',
    auditId: request.auditId,
    at: now.toISOString(),
    code,
    status,
    ...fromWhere(request),
    ...(reason === undefined ? {} : { reason }),
    ...callerRequestIdIn(request),
    method: request.method,
    ...(known === undefined ? {} : { caller: known }),
    ...(route === undefined ? {} : { operation: route.operation, version: route.version, ids: { ...route.ids } }),
    ...(problems === undefined ? {} : { problems }),
    ...(error._tag === 'BodyTooLarge' ? { bodyBytesRead: error.bytesRead } : {}),
  }
}

/** The record of a request that got an answer which was given before. */
export const replayOf = (
  call: Call,
  earlier: { readonly of: string; readonly status: number },
  now: Date,
): ReplayRecord => ({ kind: 'replay', ...whoAsksWhat(call, now), ...earlier })

/** The record of a request that was answered with what would be sent. */
export const validationOf = (call: Call, now: Date): RefusalRecord => ({
  kind: 'refusal',
  code: validatedOnly,
  status: 200,
  method: call.request.method,
  ...whoAsksWhat(call, now),
})
