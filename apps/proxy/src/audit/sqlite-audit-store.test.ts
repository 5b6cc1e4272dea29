import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { IntentRecord, OutcomeRecord, RefusalRecord, RefusalsRecord } from './audit-record.js'
import type { AuditStore } from './audit-store.js'
import { sqliteRecordsOf } from './sqlite-audit-reader.js'
import { openSqliteAuditStore, type SqliteAuditSettings } from './sqlite-audit-store.js'

let directory = ''
let open: Array<AuditStore> = []
let alarms: Array<string> = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'audit-'))
  open = []
  alarms = []
})
afterEach(async () => {
  for (const store of open) await store.close()
  rmSync(directory, { recursive: true, force: true })
})

const openStore = async (change: Partial<SqliteAuditSettings> = {}) => {
  const opened = await openSqliteAuditStore({
    directory,
    writer: uuidv7(),
    deadlineInMs: 2_000,
    mostWaiting: 10_000,
    now: () => new Date(),
    newId: uuidv7,
    alarm: (what) => alarms.push(what),
    info: (what) => alarms.push(what),
    ended: (message) => alarms.push(message),
    ...change,
  })
  if (opened._tag === 'Right') open.push(opened.right.store)
  return opened
}

const mustOpen = async (change: Partial<SqliteAuditSettings> = {}) => {
  const opened = await openStore(change)
  if (opened._tag === 'Left') throw new Error(opened.left)
  return opened.right
}

const close = async (store: AuditStore): Promise<void> => {
  open = open.filter((other) => other !== store)
  await store.close()
}

const at = '2026-11-23T12:00:00.000Z'

const intent = (auditId: string): IntentRecord => ({
  kind: 'intent',
  auditId,
  at,
  caller: { kind: 'application', issuer: 'i', objectId: 'o', keyId: 'k' },
  peer: '127.0.0.1',
  operation: 'createManagedEBookDeviceState',
  version: 'beta',
  ids: { managedEBookId: 'B1' },
  bodyBytes: 374,
  bodyDigest: 'x',
  fields: {},
  upstream: { kind: 'application', clientId: 'c' },
})
const outcome = (auditId: string): OutcomeRecord => ({
  kind: 'outcome',
  auditId,
  at,
  outcome: 'applied',
  createdId: 'x',
})
const refusal = (auditId: string): RefusalRecord => ({
  kind: 'refusal',
  auditId,
  at,
  code: 'x',
  status: 400,
  peer: '',
  method: 'POST',
})

const refusals = (auditId: string): RefusalsRecord => ({
  kind: 'refusals',
  auditId,
  at,
  from: at,
  to: at,
  total: 2,
  counts: [{ code: 'x', prefix: '203.0.113.0/24', count: 2 }],
})

const recordsOf = (auditId: string): ReadonlyArray<unknown> => {
  const records = sqliteRecordsOf(directory)(auditId)
  return records._tag === 'Right' ? records.right.map(({ record }): unknown => JSON.parse(record)) : [records.left]
}

describe('the SQLite ledger', () => {
  it('keeps what is appended, in order, readable beside the writer', async () => {
    const { store } = await mustOpen()
    const auditId = uuidv7()

    expect(await store.append(intent(auditId))()).toEqual({ _tag: 'Right', right: undefined })
    expect(recordsOf(auditId)).toEqual([intent(auditId)])
    await store.append(outcome(auditId))()
    expect(recordsOf(auditId)).toEqual([intent(auditId), outcome(auditId)])
  })

  it('is for its owner alone', async () => {
    await mustOpen({ directory: join(directory, 'new') })

    expect(statSync(join(directory, 'new')).mode & 0o777).toBe(0o700)
    expect(statSync(join(directory, 'new', 'audit.sqlite')).mode & 0o777).toBe(0o600)
  })

  it('lets many records share a commit, and loses none', async () => {
    const { store } = await mustOpen()
    const ids = Array.from({ length: 2_000 }, () => uuidv7())
    const results = await Promise.all(ids.map((auditId) => store.append(intent(auditId))()))

    expect(results.every(({ _tag }) => _tag === 'Right')).toBe(true)
    await close(store)
    const database = new DatabaseSync(join(directory, 'audit.sqlite'))
    expect(database.prepare('SELECT count(*) AS n FROM record').get()).toEqual({ n: 2_000 })
    database.close()
  })

  it('keeps counted refusals once, however often they are handed over', async () => {
    const { store } = await mustOpen()
    const auditId = uuidv7()

    expect(await store.append(refusals(auditId))()).toMatchObject({ _tag: 'Right' })
    expect(await store.append(refusals(auditId))()).toMatchObject({ _tag: 'Right' })
    expect(recordsOf(auditId)).toEqual([refusals(auditId)])
  })

  it('keeps the first end of a call', async () => {
    const { store } = await mustOpen()
    const auditId = uuidv7()
    await store.append(outcome(auditId))()

    expect(await store.append({ ...outcome(auditId), outcome: 'indeterminate' })()).toMatchObject({ _tag: 'Right' })
    expect(await store.append(refusal(auditId))()).toMatchObject({ _tag: 'Right' })
    expect(recordsOf(auditId)).toEqual([outcome(auditId)])
  })

  it('takes no second intent for a call, and says so', async () => {
    const { store } = await mustOpen()
    const auditId = uuidv7()
    await store.append(intent(auditId))()

    expect(await store.append(intent(auditId))()).toMatchObject({ left: { _tag: 'StoreFailed' } })
  })

  it('lets nobody change or delete a record', async () => {
    const { store } = await mustOpen()
    await store.append(intent(uuidv7()))()
    await close(store)
    const database = new DatabaseSync(join(directory, 'audit.sqlite'))

    expect(() => database.exec("UPDATE record SET at = 'x'")).toThrow('records are never changed')
    expect(() => database.exec('DELETE FROM record')).toThrow('records are never deleted')
    database.close()
  })

  it('settles, once, the intents that ended processes left open', async () => {
    const first = await mustOpen()
    const [left, done] = [uuidv7(), uuidv7()]
    for (const record of [intent(left), intent(done), outcome(done)]) await first.store.append(record)()
    await close(first.store)

    const second = await mustOpen()
    expect(second.settled).toBe(1)
    expect(recordsOf(left)).toEqual([
      intent(left),
      expect.objectContaining({ kind: 'outcome', outcome: 'indeterminate', code: 'writerEnded' }),
    ])
    expect(recordsOf(done)).toEqual([intent(done), outcome(done)])
    await close(second.store)

    expect((await mustOpen()).settled).toBe(0)
  })

  it('has one writer', async () => {
    await mustOpen()

    expect(await openStore()).toEqual({
      _tag: 'Left',
      left: `another process writes to the audit directory ${directory}`,
    })
  })

  it('is not opened where it cannot be, or in a later format', async () => {
    expect(await openStore({ directory: '/dev/null/x' })).toMatchObject({ _tag: 'Left' })

    await close((await mustOpen()).store)
    const database = new DatabaseSync(join(directory, 'audit.sqlite'))
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(await openStore()).toEqual({ _tag: 'Left', left: 'the ledger has format 99, this program writes format 1' })
  })
})

/** Makes every INSERT fail, from outside, as a full disk would; `restore` ends that. */
const breakLedger = (): { readonly restore: () => void } => {
  const database = new DatabaseSync(join(directory, 'audit.sqlite'))
  database.exec("CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT raise(ABORT, 'disk full'); END")
  return {
    restore: () => {
      database.exec('DROP TRIGGER full')
      database.close()
    },
  }
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise(setImmediate)
}

describe('when the ledger cannot be written', () => {
  it('says so, takes nothing until it can, then writes what is owed and tells of the gap', async () => {
    const { store } = await mustOpen()
    const broken = breakLedger()
    const [intentId, outcomeId] = [uuidv7(), uuidv7()]

    expect(await store.append(intent(intentId))()).toMatchObject({ left: { _tag: 'StoreFailed', cause: 'disk full' } })
    expect(store.problem()).toBe('disk full')
    expect(await store.append(intent(intentId))()).toMatchObject({ left: { _tag: 'StoreFailing' } })
    expect(await store.append(refusal(uuidv7()))()).toMatchObject({ left: { _tag: 'StoreFailing' } })
    store.owe(outcome(outcomeId))

    broken.restore()
    await until(() => store.problem() === undefined)
    expect(recordsOf(intentId)).toEqual([])
    expect(recordsOf(outcomeId)).toEqual([outcome(outcomeId)])
    expect(await store.append(intent(intentId))()).toMatchObject({ _tag: 'Right' })
    expect(alarms).toHaveLength(2)

    await close(store)
    const database = new DatabaseSync(join(directory, 'audit.sqlite'))
    expect(database.prepare("SELECT count(*) AS n FROM record WHERE record ->> 'event' = 'gap'").get()).toEqual({
      n: 1,
    })
    database.close()
  })

  it('writes what comes to be owed while it writes what was owed before', async () => {
    const { store } = await mustOpen()
    const blocker = new DatabaseSync(join(directory, 'audit.sqlite'))
    blocker.exec('BEGIN IMMEDIATE')
    const [first, second] = [uuidv7(), uuidv7()]
    store.owe(outcome(first))
    // Timers of one delay run in the order they were set, so the first is under way then, and waits for the lock.
    await new Promise((resolve) => setTimeout(resolve))
    store.owe(outcome(second))
    blocker.close()
    await until(() => store.problem() === undefined)

    expect(recordsOf(first)).toEqual([outcome(first)])
    expect(recordsOf(second)).toEqual([outcome(second)])
  })

  it('gives back what is still owed when it is closed', async () => {
    const { store } = await mustOpen()
    const broken = breakLedger()
    store.owe(outcome(uuidv7()))
    open = []

    expect(await store.close()).toMatchObject({ isClosed: true, lost: [{ kind: 'outcome' }] })
    broken.restore()
  })

  it('does not keep the process from ending when the disk hangs', async () => {
    const { store } = await mustOpen({ deadlineInMs: 50 })
    const blocker = new DatabaseSync(join(directory, 'audit.sqlite'))
    blocker.exec('BEGIN IMMEDIATE')
    open = []
    await store.append(intent(uuidv7()))()
    store.owe(outcome(uuidv7()))

    expect(await store.close()).toMatchObject({ isClosed: false, lost: [{ kind: 'outcome' }] })
    blocker.close()
  })

  it('gives up on a record after its deadline, and settles the intent if it is written late', async () => {
    const { store } = await mustOpen({ deadlineInMs: 50 })
    const blocker = new DatabaseSync(join(directory, 'audit.sqlite'))
    blocker.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE')
    const auditId = uuidv7()

    expect(await store.append(intent(auditId))()).toEqual({ _tag: 'Left', left: { _tag: 'TooSlow', deadlineInMs: 50 } })
    expect(store.problem()).toBeDefined()

    blocker.exec('ROLLBACK')
    blocker.close()
    await until(() => store.problem() === undefined)
    expect(recordsOf(auditId)).toEqual([
      intent(auditId),
      expect.objectContaining({ kind: 'outcome', outcome: 'notSent', code: 'auditUnavailable' }),
    ])
  })

  it('takes no more than its queue holds', async () => {
    const { store } = await mustOpen({ mostWaiting: 2 })
    const results = await Promise.all(Array.from({ length: 5 }, () => store.append(intent(uuidv7()))()))

    expect(results.filter(({ _tag }) => _tag === 'Right')).toHaveLength(2)
    expect(results.at(-1)).toEqual({ _tag: 'Left', left: { _tag: 'TooMuchWaiting' } })
  })
})

describe('the reader', () => {
  it('says why it cannot read', () => {
    chmodSync(directory, 0o700)

    expect(sqliteRecordsOf(join(directory, 'nowhere'))('x')).toMatchObject({ _tag: 'Left' })
    expect(existsSync(join(directory, 'nowhere'))).toBe(false)
  })
})
