import { deviceInstallStateFields } from '@device-install-state/model/fields'
import type { AuditedCall } from './audited-call.js'

type Cell = string | number | null | undefined

const fieldNames = Object.entries(deviceInstallStateFields)
  .filter(([, { request }]) => request !== 'never')
  .map(([name]) => name)

const fieldColumns: ReadonlyArray<readonly [name: string, cell: (call: AuditedCall) => Cell]> = fieldNames.map(
  (name) => [`field:${name}`, ({ fields }) => fields?.[name]],
)

/** What stands in which column, in order. */
const columns: ReadonlyArray<readonly [name: string, cell: (call: AuditedCall) => Cell]> = [
  ['at', ({ at }) => at],
  ['auditId', ({ auditId }) => auditId],
  ['kind', ({ kind }) => kind],
  ['outcome', ({ outcome }) => outcome],
  ['code', ({ code }) => code],
  ['reason', ({ reason }) => reason],
  ['status', ({ status }) => status],
  ['callerKind', ({ caller }) => caller?.kind],
  ['issuer', ({ caller }) => caller?.issuer],
  ['tenant', ({ caller }) => caller?.tenantId],
  ['caller', ({ caller }) => caller?.objectId],
  ['app', ({ caller }) => caller?.appId],
  ['tokenId', ({ caller }) => caller?.tokenId],
  ['peer', ({ peer }) => peer],
  ['claimedFor', ({ claimedFor }) => claimedFor],
  ['clientCertificate', ({ clientCertificate }) => clientCertificate],
  ['clientRequestId', ({ callerRequestId }) => callerRequestId],
  ['operation', ({ operation }) => operation],
  ['version', ({ version }) => version],
  ['book', ({ ids }) => ids?.['managedEBookId']],
  ['userSummary', ({ ids }) => ids?.['userInstallStateSummaryId']],
  ['upstreamKind', ({ upstream }) => upstream?.kind],
  ['upstreamClientId', ({ upstream }) => upstream?.clientId],
  ['upstreamObjectId', ({ upstream }) => (upstream?.kind === 'user' ? upstream.objectId : undefined)],
  ['endedAt', ({ endedAt }) => endedAt],
  ['graphStatus', ({ graphStatus }) => graphStatus],
  ['graphCode', ({ graphCode }) => graphCode],
  ['graphRequestId', ({ graphRequestId }) => graphRequestId],
  ['createdId', ({ createdId }) => createdId],
  ['attempts', ({ attempts }) => attempts],
  ['durationInMs', ({ durationInMs }) => durationInMs],
  ['drift', ({ drift }) => drift?.join(' ')],
  ['echoMismatch', ({ echoMismatch }) => echoMismatch?.join(' ')],
  ['clientGone', ({ clientGone }) => (clientGone === true ? 'true' : undefined)],
  ['idempotencyKey', ({ idempotencyKey }) => idempotencyKey],
  ['replayOf', ({ replayOf }) => replayOf],
  ...fieldColumns,
]

// OWASP, "CSV Injection", with the wide forms that some spreadsheets take for the same.
const beginsFormula = /^[=+\-@\t\r\n＝＋－＠]/

/** A spreadsheet takes what begins so for a formula; behind an apostrophe it is text. */
const harmless = (text: string): string => (beginsFormula.test(text) ? `'${text}` : text)

const cellText = (cell: Cell): string => {
  const text = harmless(String(cell ?? ''))
  return /[",\r\n]/.test(text) || text.startsWith("'") ? `"${text.replaceAll('"', '""')}"` : text
}

const line = (cells: ReadonlyArray<Cell>): string => `${cells.map(cellText).join(',')}\r\n`

/** The names of the columns, as the first line of a file. RFC 4180. */
export const csvHeader: string = line(columns.map(([name]) => name))

/** A call as a line of such a file. A cell that a spreadsheet would calculate begins with an apostrophe. */
export const csvLineOf = (call: AuditedCall): string => line(columns.map(([, cell]) => cell(call)))
