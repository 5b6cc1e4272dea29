import { type AuditRecord, type IntentRecord, isValidation } from '../audit/audit-record.js'
import type { Caller } from '../domain/caller.js'
import { visibleText } from './visible-text.js'

const some = (before: string, value: string | number | undefined): ReadonlyArray<string> =>
  value === undefined || value === '' ? [] : [`${before}${String(value)}`]

const callerText = ({ appId, kind, objectId, tenantId }: Caller): string =>
  [`by ${kind} ${objectId}`, ...some('of tenant ', tenantId), ...some('through application ', appId)].join(' ')

const idsText = (ids: Readonly<Record<string, string>> = {}): ReadonlyArray<string> =>
  Object.entries(ids).map(([name, value]) => `${name} ${value}`)

interface FromWhere {
  readonly peer: string
  readonly claimedFor?: string
  readonly clientCertificate?: string
}

const fromWhere = ({ claimedFor, clientCertificate, peer }: FromWhere): string => {
  const place = claimedFor === undefined ? `from ${peer}` : `from ${claimedFor}, as ${peer} says`
  return [place, ...some('with certificate ', clientCertificate)].join(', ')
}

const requestIdText = ({
  callerRequestId,
  callerRequestIdIgnored,
}: Pick<IntentRecord, 'callerRequestId' | 'callerRequestIdIgnored'>): ReadonlyArray<string> =>
  callerRequestIdIgnored === true ? ['its request id is no GUID'] : some('its request id ', callerRequestId)

const what = (operation: string | undefined, version: string | undefined): ReadonlyArray<string> =>
  operation === undefined ? [] : [`${operation} (${version ?? ''})`]

/** But for the statement of two keys: that is many lines long, and for the verifier. */
const detailText = (detail: Readonly<Record<string, string | number>>): ReadonlyArray<string> =>
  Object.entries(detail).flatMap(([name, value]) => (name === 'statement' ? [] : [`${name} ${String(value)}`]))

const partsOf = (record: AuditRecord): ReadonlyArray<string> => {
  switch (record.kind) {
    case 'intent':
      return [
        ...what(record.operation, record.version),
        ...idsText(record.ids),
        ...some('installState ', record.fields['installState'] ?? undefined),
        callerText(record.caller),
        fromWhere(record),
        ...requestIdText(record),
        `to Graph as ${record.upstream.kind} ${'objectId' in record.upstream ? record.upstream.objectId : (record.upstream.clientId ?? '')}`.trim(),
      ]
    case 'outcome':
      return [
        record.outcome,
        ...some('', record.code),
        ...some('', record.reason),
        ...some('Graph answered ', record.graphStatus),
        ...some('', record.graphCode),
        ...some('request-id ', record.graphRequestId),
        ...some('created ', record.createdId),
        ...some('attempts ', record.attempts),
        ...(record.durationInMs === undefined ? [] : [`${String(record.durationInMs)} ms`]),
        ...some('drift ', record.drift?.join(' ')),
        ...some('answered otherwise than sent: ', record.echoMismatch?.join(' ')),
        ...(record.clientGone === true ? ['its client was gone by then'] : []),
      ]
    case 'refusal':
      return [
        isValidation(record) ? 'validated, not sent' : `refused with ${String(record.status)} ${record.code}`,
        ...some('', record.reason),
        ...what(record.operation, record.version),
        ...idsText(record.ids),
        ...(record.caller === undefined ? [] : [callerText(record.caller)]),
        fromWhere(record),
        ...requestIdText(record),
        ...(record.bodyBytesRead === undefined ? [] : [`${String(record.bodyBytesRead)} bytes of its body were read`]),
        ...(record.problems ?? []).map(({ code, pointer }) => `${pointer ?? ''} ${code}`.trim()),
      ]
    case 'replay':
      return [
        `answered ${String(record.status)} again, as ${record.of} was`,
        ...what(record.operation, record.version),
        ...idsText(record.ids),
        callerText(record.caller),
        fromWhere(record),
      ]
    case 'connection':
      return [`refused with ${record.code}`, record.reason, fromWhere(record)]
    case 'refusals':
      return [
        `${String(record.total)} refused without a record of their own, from ${record.from} to ${record.to}`,
        ...record.counts.slice(0, 3).map(({ code, count, prefix }) => `${String(count)} ${code} to ${prefix}`),
        ...(record.counts.length > 3 ? [`${String(record.counts.length - 3)} more counts`] : []),
      ]
    case 'lifecycle':
      return [record.event, ...detailText(record.detail)]
    case 'checkpoint':
      return ['of all before it', `each call before record ${String(record.openFrom)} has ended`]
  }
}

const kindOf = (record: AuditRecord): string =>
  record.kind === 'refusal' && isValidation(record) ? 'validation' : record.kind

/** One record in a line for people: when, what kind, and what, who and what came of it. Without its id. */
export const tellRecord = (record: AuditRecord): string =>
  visibleText(`${record.at}  ${kindOf(record).padEnd(10)}  ${partsOf(record).join(', ')}`)
