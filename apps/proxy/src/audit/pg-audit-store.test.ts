import * as E from 'fp-ts/lib/Either.js'
import { Client } from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import { aPostgresServer, type PostgresServer } from '../../test/a-postgres-server.js'
import { isLinux, openPg } from '../../test/a-pg-ledger.js'
import { auditStoreContract, type LedgerUnderTest } from '../../test/audit-store-contract.js'
import { openPgAuditReader } from './pg-audit-reader.js'

let server: PostgresServer
beforeAll(async () => {
  server = await aPostgresServer()
})
afterAll(() => server.stop())

const aLedger = async (): Promise<LedgerUnderTest> => {
  const url = await server.newDatabase()
  const from = async (sql: string): Promise<Client> => {
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query(sql)
    return client
  }
  return {
    // A busy machine lets a server wait longer than production would.
    open: (change = {}) =>
      openPg(url, { settleAfterInMs: 0, settleEveryInMs: 10_000, deadlineInMs: 10_000, ...change }),
    reader: async () => {
      const reader = await openPgAuditReader(url)
      if (E.isLeft(reader)) throw new Error(reader.left.message)
      return reader.right
    },
    breakWrites: async (message) => {
      const client = await from(
        `CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '${message}'; END $$;
         CREATE TRIGGER broken BEFORE INSERT ON device_install_state_audit.record
           FOR EACH STATEMENT EXECUTE FUNCTION break()`,
      )
      return {
        restore: async () => {
          await client.query('DROP TRIGGER broken ON device_install_state_audit.record')
          await client.end()
        },
      }
    },
    holdWrites: async () => {
      const client = await from('BEGIN; LOCK TABLE device_install_state_audit.record IN SHARE ROW EXCLUSIVE MODE')
      return { release: () => client.end() }
    },
    remove: () => Promise.resolve(),
  }
}

describe.skipIf(!isLinux)('on a server of its own', () => {
  auditStoreContract('PostgreSQL', aLedger)
})
