import * as E from 'fp-ts/lib/Either.js'
import type { AuditReader, LedgerUnreadable } from '../audit/audit-reader.js'
import { LedgerNotRead } from './command-errors.js'
import type { LedgerPlace } from './ledger-place.js'

const opened = async (place: LedgerPlace): Promise<E.Either<LedgerUnreadable, AuditReader>> => {
  if (place.kind === 'postgres') {
    const { openPgAuditReader } = await import('../audit/pg-audit-reader.js')
    return openPgAuditReader(place.url)
  }
  const { openSqliteAuditReader } = await import('../audit/sqlite-audit-reader.js')
  return openSqliteAuditReader(place.directory)
}

/** Opens a ledger for reading; rejects with `LedgerNotRead`. Each reader's module is loaded when it is needed. */
export const openReader = async (place: LedgerPlace): Promise<AuditReader> => {
  const reader = await opened(place)
  if (E.isLeft(reader)) throw new LedgerNotRead(reader.left.message)
  return reader.right
}
