import { hash } from 'node:crypto'
import type { StoredEntry } from '../audit/audit-reader.js'
import type { AuditRecord } from '../audit/audit-record.js'
import { readEntry } from '../audit/entry-chain.js'
import { parsedRecord } from '../audit/kept-record.js'
import type { CommandContext } from './command.js'
import { tellRecord } from './tell-record.js'

/** The record of an entry that has the hash beside it. */
const soundRecord = ({ entry, hash: kept }: StoredEntry): AuditRecord | undefined =>
  hash('sha256', entry, 'base64') === kept ? parsedRecord(readEntry(entry)?.record ?? '') : undefined

const lineOf = (stored: StoredEntry, record: AuditRecord, isJson: boolean, withId: boolean): string | undefined => {
  const { sequence, stream } = stored
  if (isJson) return JSON.stringify({ stream, sequence, record })
  try {
    return withId ? `${tellRecord(record)}  [${record.auditId}]` : tellRecord(record)
  } catch {
    // Its kind says one thing, and what is in it another.
    return undefined
  }
}

/** Prints records, a line each; one that is not what was written is left out with a notice. Gives how many were left out. */
export const printRecords = async (
  { err, out, values }: Pick<CommandContext, 'err' | 'out' | 'values'>,
  entries: ReadonlyArray<StoredEntry>,
  withId: boolean,
): Promise<number> => {
  let leftOut = 0
  for (const stored of entries) {
    const record = soundRecord(stored)
    const line = record === undefined ? undefined : lineOf(stored, record, values['json'] === true, withId)
    if (line === undefined) {
      leftOut++
      err(
        `Record ${String(stored.sequence)} of stream ${String(stored.stream)} is not what was written, and is left out. See what "verify" says of it.\n`,
      )
    } else await out(`${line}\n`)
  }
  return leftOut
}
