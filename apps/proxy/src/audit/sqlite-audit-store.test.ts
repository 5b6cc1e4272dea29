import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { v7 as uuidv7 } from 'uuid'
import * as E from 'fp-ts/lib/Either.js'
import { spare } from '../../test/an-audit-store.js'
import { auditStoreContract, type LedgerUnderTest } from '../../test/audit-store-contract.js'
import { openSqliteAuditReader } from './sqlite-audit-reader.js'
import { openSqliteLedgerWriter } from './sqlite-ledger-writer.js'

const aLedger = (): Promise<LedgerUnderTest> => {
  const directory = mkdtempSync(join(tmpdir(), 'audit-'))
  const path = join(directory, 'audit.sqlite')
  return Promise.resolve({
    open: (change = {}) =>
      openSqliteLedgerWriter({
        directory,
        writer: uuidv7(),
        newLedgerId: uuidv7(),
        checkpointEveryRecords: 10_000,
        reserveInBytes: 0,
        digestKeys: ['aaaaaaaa'],
        spare,
        ended: () => undefined,
        ...change,
      }),
    reader: () => {
      const reader = openSqliteAuditReader(directory)
      if (E.isLeft(reader)) throw new Error(reader.left.message)
      return Promise.resolve(reader.right)
    },
    breakWrites: (message) => {
      const database = new DatabaseSync(path)
      database.exec(`CREATE TRIGGER broken BEFORE INSERT ON record BEGIN SELECT raise(ABORT, '${message}'); END`)
      return Promise.resolve({
        restore: () => {
          database.exec('DROP TRIGGER broken')
          database.close()
          return Promise.resolve()
        },
      })
    },
    holdWrites: () => {
      const database = new DatabaseSync(path, { timeout: 5_000 })
      database.exec('BEGIN IMMEDIATE')
      return Promise.resolve({
        release: () => {
          database.exec('ROLLBACK')
          database.close()
          return Promise.resolve()
        },
      })
    },
    remove: () => {
      rmSync(directory, { recursive: true, force: true })
      return Promise.resolve()
    },
  })
}

auditStoreContract('SQLite', aLedger)
