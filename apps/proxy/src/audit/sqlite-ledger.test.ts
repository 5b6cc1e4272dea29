import { createHash } from 'node:crypto'
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
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { provedLedger } from '../../test/a-proved-ledger.js'
import { intent, outcome, refusal, spare } from '../../test/an-audit-store.js'
import type { AuditRecord } from './audit-record.js'
import { entryOf, readEntry } from './entry-chain.js'
import { rowOf } from './ledger-records.js'
import type { Row } from './ledger-writer.js'
import { ledgerKeys } from './node-ledger-keys.js'
import { signingRing } from './node-signing-ring.js'
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

const open = (
  change: { readonly checkpointEveryRecords?: number } = {},
  asItSigns: () => void = () => undefined,
): SqliteLedger => {
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
      const keys = ledgerKeys(ring.right, ['aaaaaaaa'])
      return {
        ...keys,
        signCheckpoint: (checkpoint) => {
          asItSigns()
          return keys.signCheckpoint(checkpoint)
        },
      }
    },
    spare,
  )
  return ledger
}

const close = (): void => {
  ledger?.close()
  ledger = undefined
}

const row = (record: AuditRecord, more: Partial<Row> = {}): Row => ({ ...rowOf(record), ...more })

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

/** What is in the file, seen by another. */
const ask = (sql: string) => {
  const database = new DatabaseSync(pathOf(file), { readOnly: true })
  const found = { ...database.prepare(sql).get() }
  database.close()
  return found
}
const rowsIn = (table: string): number => Number(ask(`SELECT count(*) AS count FROM ${table}`)['count'])
const firstRecord = () => ask('SELECT sequence, kind, at FROM record ORDER BY sequence LIMIT 1')

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

  it('acknowledges nothing that was written while the file went away', () => {
    open({}, () => unlinkSync(pathOf(file)))

    expect(() => ledger?.commit({ rows: [row(intent())], checkpoint: 'now', spare: spare() })).toThrow(
      'was deleted or renamed',
    )
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

  it('an intent that is on record all the same ends as not sent, however often the disk fails meanwhile, and its key is free', () => {
    open()
    commit(refusal())
    const begun = row(intent(), { claim: { forms: [{ key: 'k', fingerprint: 'f' }] } })
    const failsWith = (...rows: ReadonlyArray<Row>): void => {
      // It fails as it is committed, which is where a disk can say no and have done it.
      fromOutside(`
        CREATE TABLE nowhere (x INTEGER PRIMARY KEY);
        CREATE TABLE broken (x REFERENCES nowhere (x) DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER breaks AFTER INSERT ON record BEGIN INSERT INTO broken VALUES (1); END`)
      expect(() => ledger?.commit({ rows, checkpoint: 'whenDue', spare: spare() })).toThrow('FOREIGN KEY')
      fromOutside('DROP TRIGGER breaks; DROP TABLE broken; DROP TABLE nowhere')
    }
    failsWith(begun)
    // As if the disk had said no and done it.
    const last = ask('SELECT sequence, hash, entry FROM record ORDER BY sequence DESC LIMIT 1')
    const seat = { stream: 1, writer: readEntry(String(last['entry']))?.writer ?? '' }
    const entry = entryOf({ sequence: Number(last['sequence']), hash: String(last['hash']) }, seat, begun.record)
    const hashed = createHash('sha256').update(entry).digest('base64')
    fromOutside(`
      INSERT INTO record (sequence, audit_id, kind, at, entry, hash)
        VALUES (${String(Number(last['sequence']) + 1)}, '${begun.auditId}', 'intent', '${begun.at}', '${entry}', '${hashed}');
      INSERT INTO claim (key, fingerprint, audit_id, claimed_at) VALUES ('k', 'f', '${begun.auditId}', '${begun.at}')`)
    failsWith(row(refusal()))
    commit(refusal())

    const { faults, records } = provedLedger(directory)
    expect(faults).toEqual([])
    expect(records.filter(({ auditId }) => auditId === begun.auditId)).toMatchObject([
      { kind: 'intent' },
      { kind: 'outcome', outcome: 'notSent', code: 'auditUnavailable' },
    ])
    expect(rowsIn('claim')).toBe(0)
    commit(refusal())
    expect(provedLedger(directory).records).toHaveLength(records.length + 1)
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

describe('the files of a ledger', () => {
  it('are for their owner alone, whatever the umask', () => {
    writeFileSync(pathOf(file), '', { mode: 0o644 })
    writeFileSync(pathOf(lock), '', { mode: 0o644 })
    open()
    commit(refusal())

    expect([file, wal, lock].map((name) => statSync(pathOf(name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600])
  })
})

describe('a ledger that is longer than what is indexed at once', () => {
  it('settles what was begun long before its end, and goes on in the chain', () => {
    open({ checkpointEveryRecords: 4_500 })
    const begun = intent()
    commit(begun)
    commit(...Array.from({ length: 4_500 }, () => refusal()))
    commit(refusal())
    close()

    expect(open().settled).toBe(1)
    expect(rowsIn('span')).toBe(1)
    commit(refusal())
    expect(provedLedger(directory).faults).toEqual([])
  })
})

describe('pruning', () => {
  const aged = (second: number, record: AuditRecord): AuditRecord => ({ ...record, at: atSecond(second) })
  const atSecond = (second: number): string => `2026-01-01T00:00:0${String(second)}.000Z`
  /** A record, and a checkpoint behind it, with the time of both. */
  const covered = (second: number, record: AuditRecord = refusal()) =>
    ledger?.commit({
      rows: [row(aged(second, record))],
      checkpoint: 'now',
      spare: { ...spare(), at: atSecond(second) },
    })

  it('ends before a checkpoint that is not older than was asked', () => {
    open()
    for (const second of [1, 2, 3]) covered(second)

    expect(ledger?.prune(atSecond(2), [spare(), spare()])).toMatchObject({ _tag: 'Pruned', records: 1, more: false })
    expect(firstRecord()).toEqual({ sequence: 2, kind: 'checkpoint', at: atSecond(1) })
  })

  it('takes nothing while a call is open that began before the checkpoint', () => {
    open()
    const begun = intent()
    covered(1, begun)
    covered(2)

    expect(ledger?.prune(atSecond(9), [spare(), spare()])).toEqual({ _tag: 'Pruned', records: 0, more: false })
    commit(aged(3, outcome(begun.auditId)))
    expect(ledger?.prune(atSecond(9), [spare(), spare()])).toMatchObject({ records: 3 })
  })

  it('goes on when there is more than is pruned at once, and takes the index along', () => {
    open({ checkpointEveryRecords: 5_000 })
    commit(...Array.from({ length: 5_000 }, () => aged(1, refusal())))
    covered(1)
    expect([rowsIn('span'), rowsIn('posting')]).toEqual([1, 64])

    const later = () => ({ ...spare(), at: '2031-01-01T00:00:00.000Z' })
    const prune = () => ledger?.prune('2030-01-01T00:00:00.000Z', [later(), later()])
    expect([prune(), prune(), prune(), prune()]).toMatchObject([
      { records: 2_000, more: true },
      { records: 2_000, more: true },
      { records: 1_002, more: false },
      { records: 0, more: false },
    ])
    expect(firstRecord()).toMatchObject({ sequence: 5_003, kind: 'checkpoint' })
    expect([rowsIn('span'), rowsIn('posting')]).toEqual([0, 0])
  })
})

describe('an idempotency key', () => {
  it('is forgotten, with its answer, at the first checkpoint when a day is over', () => {
    open()
    const claim = { forms: [{ key: 'k', fingerprint: 'f' }] } as const
    const later = (hours: number) => ({
      ...spare(),
      at: new Date(Date.parse(intent().at) + hours * 3_600_000).toISOString(),
    })
    ledger?.commit({ rows: [row(intent(), { claim })], checkpoint: 'now', spare: later(23) })
    expect(rowsIn('claim')).toBe(1)
    ledger?.commit({ rows: [row(refusal())], checkpoint: 'now', spare: later(25) })
    expect(rowsIn('claim')).toBe(0)
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

describe('when the power is cut', () => {
  const walHeader = 32
  const frame = 24 + 4_096
  const sizeOf = (name: string): number => statSync(pathOf(name)).size

  it('at any point of a commit, all that was acknowledged is there, and of that commit all or nothing', () => {
    open({ checkpointEveryRecords: 7 })
    const acknowledged: Array<AuditRecord> = []
    for (let count = 0; count < 12; count++) {
      acknowledged.push(refusal())
      commit(...acknowledged.slice(-1))
    }
    // A commit has the log on disk before it is acknowledged; the file itself, as it was then.
    const kept = sizeOf(wal)
    const before = away()
    copyFileSync(pathOf(file), before)
    const unacknowledged = Array.from({ length: 40 }, () => refusal())
    commit(...unacknowledged)
    const written = readFileSync(pathOf(wal))
    const origin = directory
    expect(written.length).toBeGreaterThan(kept + 8 * frame)

    const cuts: Array<number> = []
    for (let at = kept; at <= written.length; at += 512) cuts.push(at)
    for (let at = walHeader; at <= written.length; at += frame) if (at >= kept) cuts.push(at)
    cuts.push(written.length)
    for (const [index, at] of cuts.entries()) {
      directory = mkdtempSync(join(tmpdir(), 'cut-'))
      copyFileSync(before, pathOf(file))
      // What is beyond the cut was not written, or what is written there is something else.
      const torn = Buffer.from(written)
      torn.fill(index % 2 === 0 ? 0 : 0xa5, at)
      writeFileSync(pathOf(wal), index % 3 === 0 ? torn.subarray(0, at) : torn)
      const { faults, records } = provedLedger(directory)
      rmSync(directory, { recursive: true })
      directory = origin

      expect(faults).toEqual([])
      const refusals = records.filter(({ kind }) => kind === 'refusal')
      expect(refusals.slice(0, 12)).toEqual(acknowledged)
      expect([0, unacknowledged.length]).toContain(refusals.length - 12)
    }
    rmSync(before)
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
    [
      'a hash is changed',
      "UPDATE record SET hash = iif(hash LIKE 'A%', 'B', 'A') || substr(hash, 2) WHERE sequence = 6",
    ],
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
