import * as E from 'fp-ts/lib/Either.js'
import type { AuditReader } from '../audit/audit-reader.js'
import { LedgerNotRead } from './command-errors.js'
import type { LedgerPlace } from './ledger-place.js'

/** Opens a ledger for reading; rejects with `LedgerNotRead`. Each reader's module is loaded when it is needed. */
export const openReader = async (place: LedgerPlace): Promise<AuditReader> => {
  if (place.kind === 'postgres') throw new LedgerNotRead('PostgreSQL is not there yet.')
  const { openSqliteAuditReader } = await import('../audit/sqlite-audit-reader.js')
  const reader = openSqliteAuditReader(place.directory)
  if (E.isLeft(reader)) throw new LedgerNotRead(reader.left.message)
  return reader.right
}
