import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { provedLedger } from '../../test/a-proved-ledger.js'
import { intent, refusal, spare } from '../../test/an-audit-store.js'
import type { AuditRecord } from './audit-record.js'
import { canonicalJson } from './canonical-json.js'
import type { Row } from './ledger-writer.js'
import { ledgerKeys } from './node-ledger-keys.js'
import { signingRing } from './node-signing-ring.js'
import { termsOf } from './record-terms.js'
import { openSqliteLedger, type SqliteLedger } from './sqlite-ledger.js'

let directory = ''
let ledger: SqliteLedger | undefined
beforeEach(() => {
  // A blank and a letter beyond ASCII: a path is bytes to nobody but the system.
  directory = mkdtempSync(join(tmpdir(), 'audit ledger é-'))
})
afterEach(() => {
  ledger?.close()
  ledger = undefined
  rmSync(directory, { recursive: true, force: true })
})

const open = (change: { readonly checkpointEveryRecords?: number } = {}): SqliteLedger => {
  ledger = openSqliteLedger(
    {
      directory,
      writer: uuidv7(),
      newLedgerId: uuidv7(),
      checkpointEveryRecords: 10_000,
      reserveInBytes: 0,
      ...change,
    },
    ({ wasSigned }) => {
      const ring = signingRing({ kind: 'ownFile', folder: directory, mayBeMade: !wasSigned })
      if (E.isLeft(ring)) throw new Error(ring.left)
      return ledgerKeys(ring.right, ['aaaaaaaa'])
    },
    spare,
  )
  return ledger
}

const close = (): void => {
  ledger?.close()
  ledger = undefined
}

const row = (record: AuditRecord, more: Partial<Row> = {}): Row => {
  const json = canonicalJson(record)
  if (E.isLeft(json)) throw new Error(json.left)
  return {
    auditId: record.auditId,
    kind: record.kind,
    at: record.at,
    outcome: record.kind === 'outcome' ? record.outcome : null,
    record: json.right,
    terms: termsOf(record),
    ...more,
  }
}

const commit = (...records: ReadonlyArray<AuditRecord>) =>
  ledger?.commit({ rows: records.map((record) => row(record)), checkpoint: 'whenDue', spare: spare() })

const pathOf = (name: string): string => join(directory, name)
const [file, wal, lock] = ['audit.sqlite', 'audit.sqlite-wal', 'audit.lock.sqlite'] as const
/** A folder here, where SQLite looks for a journal, keeps it from opening the file. */
const journal = 'audit.sqlite-journal'

/** Another connection to the file. */
const fromOutside = (sql: string): void => {
  const database = new DatabaseSync(pathOf(file))
  database.exec(sql)
  database.close()
}

const away = (): string => `${directory}-away`
const replaceBy = (name: string, make: (path: string) => void): void => {
  make(pathOf(`${name}.other`))
  renameSync(pathOf(`${name}.other`), pathOf(name))
}

describe('claims that are over', () => {
  it('are forgotten as fast as they can be made, and no more at a time than a commit has time for', () => {
    const opened = open()
    fromOutside(
      `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
       INSERT INTO claim (key, fingerprint, audit_id, claimed_at) SELECT n, '', '', '2020-01-01T00:00:00.000Z' FROM n`,
    )
    const left = (): number => {
      const database = new DatabaseSync(pathOf(file), { readOnly: true })
      const count = Number(database.prepare('SELECT count(*) AS left FROM claim').get()?.['left'])
      database.close()
      return count
    }

    opened.commit({ rows: [row(refusal())], checkpoint: 'now', spare: spare() })
    expect(left()).toBe(3_998)
    const many = Array.from({ length: 1_500 }, () => row(refusal()))
    opened.commit({ rows: many, checkpoint: 'now', spare: spare() })
    expect(left()).toBe(0)
  })
})

describe('a ledger whose files are tampered with while it is open', () => {
  afterEach(() => rmSync(away(), { recursive: true, force: true }))

  describe.each<[what: string, tamper: () => void]>([
    ['the file is deleted', () => unlinkSync(pathOf(file))],
    ['its log is deleted', () => unlinkSync(pathOf(wal))],
    ['its lock is deleted', () => unlinkSync(pathOf(lock))],
    ['the file is renamed', () => renameSync(pathOf(file), pathOf('other'))],
    ['its log is renamed', () => renameSync(pathOf(wal), pathOf('other'))],
    ['the folder is renamed', () => renameSync(directory, away())],
    [
      'the folder is renamed and a copy put in its place',
      () => {
        renameSync(directory, away())
        mkdirSync(directory)
        for (const name of readdirSync(away())) copyFileSync(join(away(), name), pathOf(name))
      },
    ],
    ['the file is replaced by another', () => replaceBy(file, (path) => new DatabaseSync(path).close())],
    ['the file is replaced by its copy', () => replaceBy(file, (path) => copyFileSync(pathOf(file), path))],
    ['its log is replaced by its copy', () => replaceBy(wal, (path) => copyFileSync(pathOf(wal), path))],
    ['its lock is replaced by its copy', () => replaceBy(lock, (path) => copyFileSync(pathOf(lock), path))],
    ['the file is emptied', () => truncateSync(pathOf(file))],
    ['its log is emptied', () => truncateSync(pathOf(wal))],
    ['the file is cut in half', () => truncateSync(pathOf(file), statSync(pathOf(file)).size / 2)],
    ['its log is cut in half', () => truncateSync(pathOf(wal), statSync(pathOf(wal)).size / 2)],
  ])('(%s)', (_, tamper) => {
    it('says so when it is next looked after, and when it is next written to, until it is opened anew', () => {
      open()
      commit(refusal())
      tamper()

      const words = /was (deleted or renamed|replaced|cut short) while it was in use/
      expect(() => ledger?.check()).toThrow(words)
      expect(() => commit(intent())).toThrow(words)
      expect(() => ledger?.prune('2020-01-01T00:00:00.000Z', [spare(), spare()])).toThrow(words)
    })
  })

  it('goes on refusing when the file is put back, since nobody knows what it missed', () => {
    open()
    commit(refusal())
    renameSync(pathOf(file), pathOf('other'))
    expect(() => commit(refusal())).toThrow('was deleted or renamed')
    renameSync(pathOf('other'), pathOf(file))

    expect(() => commit(refusal())).toThrow('was deleted or renamed')
    close()
    open()
    commit(refusal())
    expect(provedLedger(directory).faults).toEqual([])
  })
})

describe('after an error', () => {
  it('the file is opened anew, as often as it takes', () => {
    open()
    commit(refusal())
    fromOutside("CREATE TRIGGER broken BEFORE INSERT ON record BEGIN SELECT raise(ABORT, 'no room'); END")
    expect(() => commit(refusal())).toThrow('no room')
    fromOutside('DROP TRIGGER broken')
    // It may be impossible to open it for a while, too.
    mkdirSync(pathOf(journal))
    expect(() => commit(refusal())).toThrow('disk I/O error')
    expect(() => ledger?.check()).not.toThrow()
    expect(() => commit(refusal())).toThrow('disk I/O error')
    rmdirSync(pathOf(journal))
    const last = refusal()

    expect(commit(last)).toEqual({ _tag: 'Committed', held: [] })
    expect(() => ledger?.check()).not.toThrow()
    const { faults, records } = provedLedger(directory)
    expect(faults).toEqual([])
    expect(records.at(-1)).toEqual(last)
  })

  it('in pruning, nothing that is remembered of the file is trusted either', () => {
    open({ checkpointEveryRecords: 2 })
    for (let count = 0; count < 4; count++) commit(refusal())
    fromOutside("CREATE TRIGGER broken BEFORE INSERT ON pruned BEGIN SELECT raise(ABORT, 'no room'); END")
    expect(() => ledger?.prune('2030-01-01T00:00:00.000Z', [spare(), spare()])).toThrow('no room')
    fromOutside('DROP TRIGGER broken')
    mkdirSync(pathOf(journal))

    // It does open it anew.
    expect(() => ledger?.prune('2030-01-01T00:00:00.000Z', [spare(), spare()])).toThrow('disk I/O error')
    rmdirSync(pathOf(journal))
    expect(ledger?.prune('2030-01-01T00:00:00.000Z', [spare(), spare()])).toMatchObject({ _tag: 'Pruned', more: false })
  })
})

describe('a ledger that could not be opened', () => {
  it('can be, once it is well, by the same process', () => {
    open()
    commit(refusal())
    close()
    fromOutside('PRAGMA user_version = 99')
    expect(open).toThrow('format 99, and this program knows no format after 2: a newer one wrote it')
    fromOutside('PRAGMA user_version = 2')

    open()
    expect(commit(refusal())).toMatchObject({ _tag: 'Committed' })
  })

  it('because another has it open, says so; whatever else is wrong is told as what it is', () => {
    open()
    const first = ledger
    expect(open).toThrow('another process writes to the audit directory')
    first?.close()
    ledger = undefined
    unlinkSync(pathOf(lock))
    mkdirSync(pathOf(lock))
    expect(open).not.toThrow('another process')
    expect(open).toThrow(/unable to open|EISDIR/)
  })
})

describe('the end of a ledger that was tampered with while it was closed', () => {
  const aLedgerWithAnEnd = (): void => {
    open({ checkpointEveryRecords: 4 })
    for (let count = 0; count < 6; count++) commit(refusal())
    close()
  }
  const withoutTriggers = (sql: string): void => fromOutside(`DROP TRIGGER no_update; DROP TRIGGER no_delete; ${sql}`)

  it.each<[what: string, sql: string]>([
    [
      'a record is changed',
      "UPDATE record SET entry = replace(entry, 'malformedJson', 'malformedJSON') WHERE sequence = 6",
    ],
    ['a hash is changed', "UPDATE record SET hash = 'A' || substr(hash, 2) WHERE sequence = 6"],
    ['a record is deleted', 'DELETE FROM record WHERE sequence = 6'],
    [
      'the checkpoint is changed',
      "UPDATE record SET entry = replace(entry, 'openFrom\":', 'openFrom\":1') WHERE sequence = 5",
    ],
    [
      'two records are swapped',
      'UPDATE record SET sequence = 99 WHERE sequence = 6; UPDATE record SET sequence = 6 WHERE sequence = 7; UPDATE record SET sequence = 7 WHERE sequence = 99',
    ],
  ])('(%s) is not written on', (_, sql) => {
    aLedgerWithAnEnd()
    withoutTriggers(sql)

    expect(open).toThrow(/record \d+ is not what was written\. Keep a copy of the folder, see what/)
  })
})

describe('a ledger of the first format', () => {
  const at = '2026-01-02T03:04:05.006Z'
  const [settled, left, odd] = [uuidv7(), uuidv7(), uuidv7()]
  // As the program of then wrote them: JSON in the order in which the record was made, and not always well formed.
  const records = [
    { kind: 'lifecycle', event: 'started', auditId: uuidv7(), at, detail: { version: '0.1.0', node: 'v24', pid: 7 } },
    { ...intent(settled), at },
    { kind: 'outcome', auditId: settled, at, outcome: 'applied', createdId: 'x', graphStatus: 201, durationInMs: 1.5 },
    { ...refusal(), at, problems: [{ pointer: '/deviceId', code: 'missing' }] },
    { kind: 'connection', auditId: uuidv7(), at, code: 'malformedRequest', reason: 'HPE_INVALID_METHOD', peer: '::1' },
    { ...intent(odd), at },
    // An id that was cut in the midst of a character.
    { kind: 'outcome', auditId: odd, at, outcome: 'applied', createdId: 'id \ud83d' },
    { ...intent(left), at },
  ]

  beforeEach(() => {
    const database = new DatabaseSync(pathOf(file))
    database.exec(readFileSync(new URL('../../migrations/sqlite/0001-records.sql', import.meta.url), 'utf8'))
    const insert = database.prepare(
      'INSERT INTO record (writer, audit_id, kind, at, outcome, record) VALUES (?, ?, ?, ?, ?, ?)',
    )
    for (const record of records)
      insert.run(
        uuidv7(),
        record.auditId,
        record.kind,
        record.at,
        'outcome' in record ? record.outcome : null,
        JSON.stringify(record),
      )
    database.exec('PRAGMA journal_mode = WAL; PRAGMA user_version = 1')
    database.close()
  })

  it('is brought into the chain, whole and in order, and what was open is settled', () => {
    const opened = open()
    expect(opened.settled).toBe(1)
    close()

    const { faults, open: stillOpen, records: kept } = provedLedger(directory)
    expect(faults).toEqual([])
    expect(stillOpen).toEqual([])
    expect(kept.slice(0, records.length)).toEqual(
      records.map((record) =>
        record.auditId === odd && record.kind === 'outcome' ? { ...record, createdId: 'id \ufffd' } : record,
      ),
    )
    expect(kept.slice(records.length)).toMatchObject([
      { kind: 'lifecycle', event: 'migrated', detail: { from: 1, to: 2, records: records.length } },
      { kind: 'outcome', auditId: left, outcome: 'indeterminate', code: 'writerEnded' },
    ])
  })

  it('is not changed at all when that cannot be done', () => {
    const before = new DatabaseSync(pathOf(file))
    before
      .prepare("INSERT INTO record (writer, audit_id, kind, at, record) VALUES ('w', ?, 'refusal', ?, '{}')")
      .run(uuidv7(), at)
    before.close()
    expect(open).toThrow('a record of the older format cannot be read')
    const after = new DatabaseSync(pathOf(file), { readOnly: true })

    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 })
    expect(after.prepare('SELECT count(*) AS count FROM record').get()).toEqual({ count: records.length + 1 })
    after.close()
  })

  it('can be opened by the program of today from then on', () => {
    open()
    close()

    expect(open().settled).toBe(0)
    expect(commit(refusal())).toMatchObject({ _tag: 'Committed' })
  })
})
