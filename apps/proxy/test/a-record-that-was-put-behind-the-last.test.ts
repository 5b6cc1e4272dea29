import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditRecord } from '../src/audit/audit-record.js'
import { canonicalJson } from '../src/audit/canonical-json.js'
import { entryOf, originOf } from '../src/audit/entry-chain.js'
import type { NoteSigner } from '../src/audit/signed-note.js'
import type { SqliteLedger } from '../src/audit/sqlite-ledger.js'
import {
  aSigner,
  aSpare,
  keysOf,
  ledgerFileIn,
  openIn,
  savedOf,
  sha256,
  signedNote,
  verdictOn,
  write,
  writeTwenty,
} from './a-signed-ledger.js'
import { intent, refusal } from './an-audit-store.js'

const signer = aSigner()
let directory = ''
let database: DatabaseSync | undefined
let ledger: SqliteLedger | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'behind-'))
})
afterEach(() => {
  ledger?.close()
  database?.close()
  ledger = undefined
  database = undefined
  rmSync(directory, { recursive: true })
})

/** What one can do who may write to the file, and has no key of it. */
const hostile = () => {
  const file = new DatabaseSync(ledgerFileIn(directory))
  database = file
  const last = () => {
    const row = file.prepare('SELECT sequence, at, hash FROM record ORDER BY sequence DESC LIMIT 1').get()
    return { sequence: Number(row?.['sequence']), at: String(row?.['at']), hash: String(row?.['hash']) }
  }
  const append = (record: AuditRecord): void => {
    const head = last()
    const json = canonicalJson(record)
    if (E.isLeft(json)) throw new Error(json.left)
    const entry = entryOf(head, { stream: 1, writer: uuidv7() }, json.right)
    file
      .prepare('INSERT INTO record (sequence, audit_id, kind, at, entry, hash) VALUES (?, ?, ?, ?, ?, ?)')
      .run(head.sequence + 1, record.auditId, record.kind, record.at, entry, sha256(entry))
  }
  const pruneAllButTheLast = (): void => {
    const { at, sequence } = last()
    append({
      kind: 'lifecycle',
      event: 'pruned',
      auditId: uuidv7(),
      at: new Date(Date.parse(at) + 5_000).toISOString(),
      detail: { before: sequence, olderThan: new Date(Date.parse(at) + 1).toISOString() },
    })
    file.exec(`DROP TRIGGER no_delete; DELETE FROM record WHERE sequence < ${String(sequence)}`)
  }
  const checkpointBy = (stranger: NoteSigner): void => {
    const { hash, sequence } = last()
    const ledgerId = String(file.prepare('SELECT id FROM ledger').get()?.['id'])
    append({
      kind: 'checkpoint',
      ...aSpare(),
      note: signedNote(stranger, { origin: originOf(ledgerId, 1), size: sequence, head: hash }),
      openFrom: 14,
      digestKey: 'aaaaaaaa',
      signedWith: signer.verifierKey,
    })
  }
  return { append, checkpointBy, pruneAllButTheLast }
}

const aClosedLedger = (): string => {
  const made = openIn(directory, keysOf(signer))
  writeTwenty(made)
  const note = write(made, [refusal()], true)
  made.close()
  return note
}

describe('a pruning that somebody made up behind the last checkpoint', () => {
  it('accounts for nothing', async () => {
    const note = aClosedLedger()
    hostile().pruneAllButTheLast()
    const { isSound, streams } = await verdictOn(directory, [signer.verifierKey], { saved: [savedOf(note)] })

    expect([isSound, streams[0]?.problems[0]]).toEqual([
      false,
      expect.objectContaining({ kind: 'startMissing', message: expect.stringContaining('no signature covers record') }),
    ])
  })

  it('is not signed by the proxy at its next start', () => {
    aClosedLedger()
    hostile().pruneAllButTheLast()

    expect(() => openIn(directory, keysOf(signer))).toThrow('is not what was written')
  })

  it('is not signed either when a checkpoint with a strange signature stands behind it', () => {
    aClosedLedger()
    const { checkpointBy, pruneAllButTheLast } = hostile()
    pruneAllButTheLast()
    checkpointBy(aSigner())

    expect(() => openIn(directory, keysOf(signer))).toThrow('was not signed so by a key')
  })

  it('is not signed either when the note of an older checkpoint stands behind it', () => {
    const old = aClosedLedger()
    const { append, pruneAllButTheLast } = hostile()
    pruneAllButTheLast()
    append({
      kind: 'checkpoint',
      ...aSpare(),
      note: old,
      openFrom: 14,
      digestKey: 'aaaaaaaa',
      signedWith: signer.verifierKey,
    })

    expect(() => openIn(directory, keysOf(signer))).toThrow('was not signed so by a key')
  })
})

describe('a record that somebody else adds while the proxy has the ledger', () => {
  it('is not taken for one of ours: nothing is written, or signed, any more', () => {
    ledger = openIn(directory, keysOf(signer))
    writeTwenty(ledger)
    const ours = ledger
    hostile().append(refusal())

    expect(() => write(ours, [intent()], true)).toThrow('UNIQUE constraint failed')
    for (let attempt = 0; attempt < 3; attempt++)
      expect(() => write(ours, [intent()], true)).toThrow('is not what was written')
  })
})
