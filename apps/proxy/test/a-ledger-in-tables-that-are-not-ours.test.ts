import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { entryOf } from '../src/audit/entry-chain.js'
import {
  aSigner,
  aSpare,
  keysOf,
  ledgerFileIn,
  openIn,
  savedOf,
  sha256,
  verdictOn,
  write,
  writeTwenty,
} from './a-signed-ledger.js'
import { intent, refusal } from './an-audit-store.js'

const signer = aSigner()
let directory = ''
let database: DatabaseSync | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tables-'))
})
afterEach(() => {
  database?.close()
  database = undefined
  rmSync(directory, { recursive: true })
})

const inHostileHands = (): DatabaseSync => {
  database = new DatabaseSync(ledgerFileIn(directory), { defensive: false })
  database.exec('PRAGMA synchronous = OFF; PRAGMA writable_schema = ON; PRAGMA ignore_check_constraints = ON')
  for (const { name } of database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all())
    database.exec(`DROP TRIGGER ${String(name)}`)
  return database
}

const problemsOf = async (withIndex: boolean, note: string) => {
  const options = { withIndex, saved: [savedOf(note)] }
  const { problems, streams } = await verdictOn(directory, [signer.verifierKey], options)
  return [...problems, ...streams.flatMap((stream) => stream.problems)].map(({ kind }) => kind)
}

/** The verifier reads some thousands at a time; what stands between two parts was in neither. */
describe('a record that was put beside those of the chain', () => {
  it.each([
    ['with the sequence of another', 4_096, ['tablesDiffer', 'outOfPlace']],
    ['between two others', 4_096.5, ['tablesDiffer', 'outOfPlace']],
    ['with no sequence', null, ['tablesDiffer']],
  ])('%s is found out', { timeout: 30_000 }, async (_, sequence, expected) => {
    const ledger = openIn(directory, keysOf(signer))
    write(
      ledger,
      Array.from({ length: 4_200 }, () => ({ ...refusal(), at: aSpare().at })),
    )
    const note = write(ledger, [], true)
    ledger.close()
    const hostile = inHostileHands()
    hostile.exec('CREATE TABLE other AS SELECT * FROM record; DROP TABLE record; ALTER TABLE other RENAME TO record')
    const auditId = uuidv7()
    const { at } = aSpare()
    const entry = entryOf(
      { sequence: 4_095, hash: sha256('x') },
      { stream: 1, writer: uuidv7() },
      JSON.stringify({ at, auditId, kind: 'intent' }),
    )
    hostile
      .prepare("INSERT INTO record (sequence, audit_id, kind, at, entry, hash) VALUES (?, ?, 'intent', ?, ?, ?)")
      .run(sequence, auditId, at, entry, sha256(entry))

    expect(await problemsOf(false, note)).toEqual(expect.arrayContaining(expected))
  })
})

describe('an index from which a record was taken', () => {
  const made = "CREATE UNIQUE INDEX one_intent_and_one_end ON record (audit_id, (kind = 'intent'))"

  it('is found out when the index is looked at, however it is described', async () => {
    const ledger = openIn(directory, keysOf(signer))
    writeTwenty(ledger)
    const note = write(ledger, [intent()], true)
    ledger.close()
    const hostile = inHostileHands()
    hostile.exec(`DROP INDEX one_intent_and_one_end; ${made} WHERE sequence > 5`)
    expect(await problemsOf(false, note)).toEqual(['tablesDiffer'])
    hostile.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 'one_intent_and_one_end'").run(made)

    expect(await problemsOf(false, note)).toEqual([])
    expect(await problemsOf(true, note)).toContain('tablesDiffer')
  })
})
