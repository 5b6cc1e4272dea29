import type { AuditedCall } from './audited-call.js'
import type { FoundCall } from './find-calls.js'

/** An event of the Open Cybersecurity Schema Framework. */
export type OcsfEvent = Readonly<Record<string, unknown>>

const classUid = 6003

/** What we serve creates, unless it is only validated; of a request that never told what it wants, nothing is known. */
const activityOf = ({ kind, operation }: AuditedCall) => {
  if (kind === 'validation') return { id: 99, name: 'Other' } as const
  return operation === undefined ? ({ id: 0, name: 'Unknown' } as const) : ({ id: 1, name: 'Create' } as const)
}

interface Status {
  readonly id: 0 | 1 | 2
  readonly name: 'Unknown' | 'Success' | 'Failure'
  readonly severity: 1 | 2 | 3
}

const success: Status = { id: 1, name: 'Success', severity: 1 }
const failure: Status = { id: 2, name: 'Failure', severity: 2 }
const unknown: Status = { id: 0, name: 'Unknown', severity: 3 }

const statusOf = ({ kind, outcome, status = 500 }: AuditedCall): Status => {
  if (kind === 'validation') return success
  if (kind === 'replay') return status < 400 ? success : failure
  if (kind !== 'call') return failure
  switch (outcome) {
    case 'applied':
      return success
    case 'refused':
    case 'notSent':
      return failure
    default:
      return unknown
  }
}

const severities = { 1: 'Informational', 2: 'Low', 3: 'Medium' } as const

const detailOf = ({ kind, outcome, reason }: AuditedCall): string => {
  const what = kind === 'call' ? (outcome ?? 'open') : kind
  return reason === undefined ? what : `${what}: ${reason}`
}

const some = (name: string, value: unknown): OcsfEvent => (value === undefined ? {} : { [name]: value })

/** `type_id` of a user: 1 is a person, 4 a service. */
const actorOf = ({ caller }: AuditedCall): OcsfEvent =>
  caller === undefined
    ? { app_name: 'unknown' }
    : {
        user: {
          uid: caller.objectId,
          ...(caller.kind === 'user' ? { type_id: 1, type: 'User' } : { type_id: 4, type: 'Service' }),
        },
        ...some('app_uid', caller.appId),
        session: { issuer: caller.issuer, ...some('uid', caller.tokenId) },
      }

const resourcesOf = ({ createdId, ids }: AuditedCall): ReadonlyArray<OcsfEvent> => [
  ...Object.entries(ids ?? {}).map(([name, uid]) => ({ uid, type: name.replace(/Id$/, '') })),
  ...(createdId === undefined ? [] : [{ uid: createdId, type: 'deviceInstallState' }]),
]

const observablesOf = (call: AuditedCall): ReadonlyArray<OcsfEvent> => [
  ...(call.peer === undefined || call.peer === ''
    ? []
    : [{ name: 'src_endpoint.ip', type_id: 2, type: 'IP Address', value: call.peer }]),
  ...resourcesOf(call).map(({ uid }) => ({ name: 'resources[].uid', type_id: 10, type: 'Resource UID', value: uid })),
]

const apiOf = ({ auditId, graphCode, graphStatus, operation, version }: AuditedCall): OcsfEvent => ({
  operation: operation ?? 'unknown',
  service: { name: 'Microsoft Graph' },
  // It is also the client-request-id that Graph has of us.
  request: { uid: auditId },
  ...some('version', version),
  ...(graphStatus === undefined ? {} : { response: { code: graphStatus, ...some('error', graphCode) } }),
})

/** What has no place in the schema, by our own names. */
const unmappedOf = (call: AuditedCall): OcsfEvent => ({
  kind: call.kind,
  ...some('outcome', call.outcome),
  ...some('endedAt', call.endedAt),
  ...some('graphRequestId', call.graphRequestId),
  ...some('callerRequestId', call.callerRequestId),
  ...some('callerRequestIdIgnored', call.callerRequestIdIgnored),
  ...some('idempotencyKey', call.idempotencyKey),
  ...some('replayOf', call.replayOf),
  ...some('claimedFor', call.claimedFor),
  ...some('noClaim', call.noClaim),
  ...some('clientCertificate', call.clientCertificate),
  ...some('upstream', call.upstream),
  ...some('fields', call.fields),
  ...some('attempts', call.attempts),
  ...some('drift', call.drift),
  ...some('echoMismatch', call.echoMismatch),
  ...some('clientGone', call.clientGone),
  ...some('keyId', call.caller?.keyId),
})

/**
 * A call as an event of OCSF 1.8, class API Activity (6003): times in milliseconds since 1970, `Success` where Graph applied it,
 * `Failure` where it is sure that nothing was done, `Unknown` where it is not. A call that was only validated is no `Create`:
 * its activity is `Other`. Values of the body stand in `unmapped`, as in
 * the record. Source: schema.ocsf.io, 1.8.0.
 */
export const ocsfEventOf =
  (productVersion: string) =>
  ({ call, entries }: FoundCall): OcsfEvent => {
    const activity = activityOf(call)
    const status = statusOf(call)
    const code = call.code ?? call.graphStatus ?? call.status
    return {
      activity_id: activity.id,
      activity_name: activity.name,
      category_uid: 6,
      category_name: 'Application Activity',
      class_uid: classUid,
      class_name: 'API Activity',
      type_uid: classUid * 100 + activity.id,
      type_name: `API Activity: ${activity.name}`,
      severity_id: status.severity,
      severity: severities[status.severity],
      status_id: status.id,
      status: status.name,
      status_detail: detailOf(call),
      ...(code === undefined ? {} : { status_code: String(code) }),
      time: Date.parse(call.at),
      ...some('end_time', call.endedAt === undefined ? undefined : Date.parse(call.endedAt)),
      ...some('duration', call.durationInMs === undefined ? undefined : Math.round(call.durationInMs)),
      metadata: {
        version: '1.8.0',
        product: { name: 'device-install-state', vendor_name: 'device-install-state', version: productVersion },
        uid: call.auditId,
        original_time: call.at,
        log_name: 'audit',
        ...some('sequence', entries[0]?.sequence),
        ...some('tenant_uid', call.caller?.tenantId),
      },
      actor: actorOf(call),
      api: apiOf(call),
      src_endpoint: call.peer === undefined || call.peer === '' ? { name: 'unknown' } : { ip: call.peer },
      ...(call.operation === undefined ? {} : { http_request: { http_method: 'POST' } }),
      ...(call.status === undefined ? {} : { http_response: { code: call.status } }),
      resources: resourcesOf(call),
      observables: observablesOf(call),
      unmapped: unmappedOf(call),
    }
  }
