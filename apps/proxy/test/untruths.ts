import type { Told } from './a-proxy-process.js'
import type { ProvedLedger } from './a-proved-ledger.js'

type Json = Readonly<Record<string, unknown>>

const grouped = (records: ReadonlyArray<Json>): ReadonlyMap<string, ReadonlyArray<Json>> => {
  const byId = new Map<string, Array<Json>>()
  for (const record of records) {
    const auditId = String(record['auditId'])
    byId.set(auditId, [...(byId.get(auditId) ?? []), record])
  }
  return byId
}

/** The record that a line of the process log has instead of the ledger: of refusals while that fails. */
const lostIn = (line: string): ReadonlyArray<string> => {
  if (!line.includes('audit record not on disk')) return []
  const { record } = JSON.parse(line) as { record: { auditId: string } }
  return [record.auditId]
}

const outcomeOfStatus: Readonly<Record<number, string>> = { 201: 'applied', 403: 'refused' }

/** In words, what is wrong with a ledger and with what is on record of those who were answered, and of those whom Graph heard of. */
export const untruths = (
  { faults, records }: ProvedLedger,
  told: ReadonlyArray<Told>,
  seen: ReadonlyArray<string>,
  log: ReadonlyArray<string> = [],
): ReadonlyArray<string> => {
  const byId = grouped(records)
  const kindsOf = (auditId: string): string => (byId.get(auditId) ?? []).map(({ kind }) => String(kind)).join(' ')
  const counted = records.filter(({ kind }) => kind === 'refusals').reduce((sum, { total }) => sum + Number(total), 0)
  const wrong = [...faults]
  for (const auditId of seen)
    if (!kindsOf(auditId).startsWith('intent')) wrong.push(`${auditId} reached Graph unwritten`)
  if (new Set(seen).size !== seen.length) wrong.push('Graph was asked twice')
  const inLog = new Set(log.flatMap(lostIn))
  let withoutRecord = 0
  for (const { auditId, isReplayed, status } of told) {
    const kinds = kindsOf(auditId)
    const outcome = byId.get(auditId)?.at(-1)?.['outcome']
    if (isReplayed) {
      if (kinds !== 'replay') wrong.push(`${auditId} was answered again, but has: ${kinds}`)
    } else if (outcomeOfStatus[status] !== undefined) {
      if (kinds !== 'intent outcome' || outcome !== outcomeOfStatus[status])
        wrong.push(`${auditId} was answered ${String(status)}, but has: ${kinds} ${String(outcome)}`)
    } else if (kinds === '' && inLog.has(auditId)) continue
    else if (kinds === '' && status === 401) withoutRecord++
    // The intent was kept although it was said to have failed.
    else if (status === 503 && kinds === 'intent outcome' && outcome === 'notSent') continue
    else if (kinds !== 'refusal') wrong.push(`${auditId} was refused with ${String(status)}, but has: ${kinds}`)
  }
  if (withoutRecord > counted)
    wrong.push(`${String(withoutRecord)} refusals are not on record, ${String(counted)} are counted`)
  return wrong
}
