import type { AuditRecord } from './audit-record.js'

/** The longest string that a record holds, in UTF-16 code units. */
const mostCharacters = 2_048

type Json = unknown

const isWithinBounds = (value: Json): boolean => {
  if (typeof value === 'string') return value.length <= mostCharacters
  return typeof value !== 'object' || value === null || Object.values(value).every(isWithinBounds)
}

/** No half of a surrogate pair is left at the end: there would be no canonical JSON of it. */
const cut = (text: string): string => text.slice(0, mostCharacters).replace(/[\ud800-\udbff]$/, '')

const bounded = (value: Json, path: string, truncated: Array<string>): Json => {
  if (typeof value === 'string') {
    if (value.length <= mostCharacters) return value
    truncated.push(`${path} ${String(value.length)}`)
    return cut(value)
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item, index) => bounded(item, `${path}/${String(index)}`, truncated))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, bounded(item, `${path}/${name}`, truncated)]),
  )
}

/**
 * The record as it is kept: strings longer than 2,048 characters are cut, and `truncated` tells which, by JSON pointer, and
 * how long they were. Mostly that is the record itself.
 */
export const boundedRecord = (record: AuditRecord): object => {
  if (isWithinBounds(record)) return record
  const truncated: Array<string> = []
  const kept = bounded(record, '', truncated)
  return { ...(typeof kept === 'object' ? kept : {}), truncated }
}
