import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  existsSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newDigestKey } from '../src/audit/node-digest-ring.js'
import { rotateKey } from '../src/audit/node-rotate-key.js'
import { newSigningKey } from '../src/audit/node-signing-ring.js'
import { openSqliteLedgerWriter } from '../src/audit/sqlite-ledger-writer.js'
import { startProxy } from '../src/start-proxy.js'
import { asked, aPipeOn } from './a-pipe-on-a-store.js'
import { provedLedger } from './a-proved-ledger.js'
import { aRunningProxy, creates, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'
import { aSmallDisk, mayMount, type SmallDisk } from './a-small-disk.js'
import { noneTold, spare, storeOn } from './an-audit-store.js'
import { configOf } from './an-environment.js'
import { skippedAloud } from './skipped-aloud.js'
import { until } from './until.js'

let world: TestWorld | undefined
let disk: SmallDisk | undefined
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'faults of a ledger-'))
})
afterEach(async () => {
  await world?.stop()
  world = undefined
  disk?.remove()
  disk = undefined
  rmSync(folder, { recursive: true, force: true })
})

const call = async ({ port, token }: TestWorld) =>
  rawExchange(port, requestText({ authorization: `Bearer ${await token()}` }))
const readiness = async ({ adminUrl }: TestWorld): Promise<number> => (await fetch(`${adminUrl}/readyz`)).status
const untilReadiness = async (running: TestWorld, status: number): Promise<void> => {
  await until(async () => (await readiness(running)) === status)
}
const seenByGraph = ({ graph }: TestWorld): number => graph.received.join('').split('POST /beta/').length - 1
const logOf = ({ logged }: TestWorld): string => JSON.stringify(logged)

describe('when somebody takes the ledger away from a proxy that runs', () => {
  it.each<[what: string, tamper: (path: string) => void, restore: (path: string) => void]>([
    [
      'the file is renamed, as by a rotation of logs',
      (path) => renameSync(path, `${path}.1`),
      (path) => renameSync(`${path}.1`, path),
    ],
    [
      'its log is replaced by a copy of itself',
      (path) => {
        copyFileSync(`${path}-wal`, `${path}.copy`)
        renameSync(`${path}.copy`, `${path}-wal`)
      },
      () => undefined,
    ],
  ])('(%s) it is not ready within a second or so, makes no call any more, and stays so', async (_, tamper, restore) => {
    world = await aRunningProxy()
    expect(await call(world)).toMatchObject({ status: 201 })
    const path = join(world.directory, 'audit.sqlite')
    const startedInMs = performance.now()
    tamper(path)
    // Nobody calls meanwhile.
    await untilReadiness(world, 503)
    expect(performance.now() - startedInMs).toBeLessThan(3_000)

    expect(logOf(world)).toMatch(/cannot be written; calls are refused.*while it was in use/)
    expect(await call(world)).toMatchObject({ status: 503, error: { code: 'auditUnavailable' } })
    restore(path)
    expect(await call(world)).toMatchObject({ status: 503, error: { code: 'auditUnavailable' } })
    expect(seenByGraph(world)).toBe(1)
    expect(await (await fetch(`${world.adminUrl}/livez`)).json()).toEqual({ status: 'alive' })
    expect(await world.stopProxy()).toBe('forced')
  })

  it('the next call is refused even if it comes before that is noticed otherwise', async () => {
    world = await aRunningProxy()
    expect(await call(world)).toMatchObject({ status: 201 })
    const authorization = `Bearer ${await world.token()}`
    unlinkSync(join(world.directory, 'audit.sqlite'))

    expect(await rawExchange(world.port, requestText({ authorization }))).toMatchObject({ status: 503 })
    expect(seenByGraph(world)).toBe(1)
  })
})

const silent = {
  request: () => undefined,
  info: () => undefined,
  alarm: () => undefined,
  recordLost: () => undefined,
  fatal: () => undefined,
  flush: () => Promise.resolve(true),
}

/** Why a proxy does not start on a folder; undefined when it does, and then it has stopped again. */
const whyNotStarted = async (
  directory: string,
  change: Readonly<Record<string, string>> = {},
): Promise<string | undefined> => {
  const started = await startProxy(
    configOf({
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_HOST: '127.0.0.1',
      ADMIN_PORT: '0',
      CALLER_ISSUER: 'https://issuer.invalid/v2.0',
      SHUTDOWN_DELAY_MS: '0',
      AUDIT_DIRECTORY: directory,
      ...change,
    }),
    silent,
  )
  if (E.isLeft(started)) return started.left
  await started.right.stop()
  return undefined
}

const isRoot = process.geteuid?.() === 0

describe('a proxy does not start, and says why,', () => {
  let good = ''
  beforeAll(async () => {
    good = mkdtempSync(join(tmpdir(), 'a good ledger-'))
    const why = await whyNotStarted(join(good, 'ledger'))
    if (why !== undefined) throw new Error(why)
  })
  afterAll(() => rmSync(good, { recursive: true }))

  const ledger = (): string => join(folder, 'ledger')
  /** One that a proxy has begun, and on which it would start. */
  const aLedger = (): void => cpSync(join(good, 'ledger'), ledger(), { recursive: true })
  const inLedger = (name: string): string => join(ledger(), name)
  const movedAndLinked = (path: string): void => {
    renameSync(path, join(folder, 'elsewhere'))
    symlinkSync(join(folder, 'elsewhere'), path)
  }
  const setFormat = (format: number): void => {
    const database = new DatabaseSync(inLedger('audit.sqlite'))
    database.exec(`PRAGMA user_version = ${String(format)}`)
    database.close()
  }
  const [digestKey, signingKey] = ['audit-digest.key', 'audit-signing.key'] as const

  it.each<[what: string, tamper: () => void, why: RegExp]>([
    [
      'the folder can be written to by others',
      () => chmodSync(ledger(), 0o777),
      /can be written to by others than its owner \(mode 0777\)/,
    ],
    ['the folder is a link', () => movedAndLinked(ledger()), /is a symbolic link: name the folder/],
    [
      'a file is where the folder should be',
      () => {
        rmSync(ledger(), { recursive: true })
        writeFileSync(ledger(), '')
      },
      /is no folder/,
    ],
    [
      'the file can be read by others',
      () => chmodSync(inLedger('audit.sqlite'), 0o644),
      /is not for its owner alone \(mode 0644\)/,
    ],
    [
      'the file can be run',
      () => chmodSync(inLedger('audit.sqlite'), 0o700),
      /is not for its owner alone \(mode 0700\)/,
    ],
    ['the file is a link', () => movedAndLinked(inLedger('audit.sqlite')), /audit\.sqlite is a symbolic link/],
    [
      'the lock is a link',
      () => movedAndLinked(inLedger('audit.lock.sqlite')),
      /audit\.lock\.sqlite is a symbolic link/,
    ],
    [
      'its log would be a link',
      () => symlinkSync('/dev/null', inLedger('audit.sqlite-wal')),
      /audit\.sqlite-wal is a symbolic link/,
    ],
    [
      'a folder is where the file should be',
      () => {
        unlinkSync(inLedger('audit.sqlite'))
        mkdirSync(inLedger('audit.sqlite'))
      },
      /audit\.sqlite is no regular file/,
    ],
    [
      'a newer program wrote it',
      () => setFormat(99),
      /has format 99, and this program knows no format after 2: a newer one wrote it/,
    ],
    [
      'the file is no database',
      () => writeFileSync(inLedger('audit.sqlite'), 'x'.repeat(4_096)),
      /cannot be opened: file is not a database/,
    ],
    [
      'the digest key is lost',
      () => unlinkSync(inLedger(digestKey)),
      /audit-digest\.key is not there: put it back from a backup/,
    ],
    ['the digest key is empty', () => writeFileSync(inLedger(digestKey), ''), /audit-digest\.key is empty/],
    ['the digest key is too short', () => writeFileSync(inLedger(digestKey), 'c2hvcnQ=\n'), /audit-digest\.key/],
    [
      'the digest key is another',
      () => writeFileSync(inLedger(digestKey), newDigestKey()),
      /has digests of the key [0-9a-f]{8}, which is not in the file of digest keys: put it back/,
    ],
    [
      'the digest key can be read by everybody',
      () => chmodSync(inLedger(digestKey), 0o604),
      /audit-digest\.key is not for its owner alone/,
    ],
    [
      'the signing key is lost',
      () => unlinkSync(inLedger(signingKey)),
      /audit-signing\.key is not there: put it back from a backup/,
    ],
    [
      'the signing key is no key',
      () => writeFileSync(inLedger(signingKey), 'no key'),
      /audit-signing\.key holds something else/,
    ],
    [
      'the signing key is another',
      () => writeFileSync(inLedger(signingKey), newSigningKey()),
      /was last signed with the key [0-9a-f]{8}, which is not in the file of signing keys: put it back/,
    ],
    [
      'the signing key can be read by its group',
      () => chmodSync(inLedger(signingKey), 0o640),
      /audit-signing\.key is not for its owner alone/,
    ],
  ])('when %s', async (_, tamper, why) => {
    aLedger()
    tamper()

    expect(await whyNotStarted(ledger())).toMatch(why)
  })

  it('but does when none of that is so', async () => {
    aLedger()

    expect(await whyNotStarted(ledger())).toBeUndefined()
  })

  it('when the folder above is not there, as when a disk is not mounted', async () => {
    expect(await whyNotStarted(join(folder, 'not', 'mounted'))).toMatch(/most likely a disk is not mounted/)
  })

  it.skipIf(skippedAloud(isRoot, 'another owner: this is not root'))('when the file is another’s', async () => {
    aLedger()
    chownSync(inLedger('audit.sqlite'), 12_345, 12_345)

    expect(await whyNotStarted(ledger())).toMatch(/belongs to user 12345, and this process is user 0/)
  })

  it.skipIf(skippedAloud(mayMount, 'a read-only disk: nothing may be mounted'))(
    'when the disk is read-only',
    async () => {
      disk = aSmallDisk(32)
      const directory = join(disk?.path ?? '', 'ledger')
      expect(await whyNotStarted(directory)).toBeUndefined()
      disk?.remount('ro')

      const why = await whyNotStarted(directory)
      expect(why).toMatch(/^The audit ledger cannot be opened: .*read-only/)
      expect(why).not.toContain('another process')
    },
  )
})

describe('when keys were rotated', () => {
  it('that is on record, both signing keys say so, and the chain goes on', async () => {
    const ledger = join(folder, 'ledger')
    expect(await whyNotStarted(ledger)).toBeUndefined()
    const rotated = (['digest', 'signing'] as const).map((kind) => rotateKey(join(ledger, `audit-${kind}.key`), kind))
    expect(rotated.every(E.isRight)).toBe(true)
    expect(await whyNotStarted(ledger)).toBeUndefined()
    expect(await whyNotStarted(ledger)).toBeUndefined()

    const { faults, records } = provedLedger(ledger)
    expect(faults).toEqual([])
    const changes = records.filter(({ event }) => event === 'keyChanged').map(({ detail }) => detail)
    expect(changes).toEqual([
      {
        what: 'signing',
        from: expect.any(String),
        to: expect.any(String),
        statement: expect.stringContaining('key-change'),
      },
      { what: 'digest', from: expect.any(String), to: expect.any(String) },
    ])
    expect(new Set(records.filter(({ kind }) => kind === 'checkpoint').map(({ signedWith }) => signedWith)).size).toBe(
      2,
    )
  })
})

/** A Graph that has a call and keeps its answer back. */
const aCallUnderWay = async (running: TestWorld) => {
  const [arrived, released] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
  running.scriptGraph((socket, request) => {
    arrived.resolve(undefined)
    void released.promise.then(() => creates(socket, request))
  })
  const answer = call(running)
  await arrived.promise
  running.scriptGraph(creates)
  return { answer, letGraphAnswer: () => released.resolve(undefined) }
}

describe.skipIf(skippedAloud(mayMount, 'a small disk under a proxy: nothing may be mounted'))(
  'when the disk of the ledger',
  () => {
    const mebibyte = 1024 * 1024

    it('is nearly full, calls are refused and those under way written to their end, until there is room', async () => {
      disk = aSmallDisk(48)
      const path = disk?.path ?? ''
      world = await aRunningProxy({ AUDIT_DIRECTORY: join(path, 'ledger'), AUDIT_RESERVE_MB: '16' })
      const { answer, letGraphAnswer } = await aCallUnderWay(world)
      writeFileSync(join(path, 'other'), Buffer.alloc(28 * mebibyte))
      await untilReadiness(world, 503)

      expect(logOf(world)).toContain('the audit ledger has no room for new calls; they are refused until it has')
      const refused = await call(world)
      expect(refused).toMatchObject({ status: 503, error: { code: 'auditUnavailable' } })
      letGraphAnswer()
      const answered = await answer
      expect(answered.status).toBe(201)
      expect(seenByGraph(world)).toBe(1)
      unlinkSync(join(path, 'other'))
      await untilReadiness(world, 200)
      expect(await call(world)).toMatchObject({ status: 201 })
      await world.stopProxy()

      const { faults, records } = provedLedger(join(path, 'ledger'))
      const recordsFor = (id: string | undefined) => records.filter(({ auditId }) => auditId === id)
      expect(faults).toEqual([])
      // There is room for this much.
      expect(recordsFor(refused.headers['audit-id'])).toMatchObject([{ kind: 'refusal', code: 'auditUnavailable' }])
      expect(recordsFor(answered.headers['audit-id'])).toMatchObject([{ kind: 'intent' }, { outcome: 'applied' }])
      expect(records.filter(({ event }) => event === 'gap')).toEqual([])
    })

    it('is full of a sudden, what was begun is written with what was held back, and it recovers by itself', async () => {
      disk = aSmallDisk(32)
      const path = disk?.path ?? ''
      world = await aRunningProxy({ AUDIT_DIRECTORY: join(path, 'ledger'), AUDIT_RESERVE_MB: '0' })
      const held = join(path, 'ledger', 'audit.reserve')
      await until(() => statSync(held, { throwIfNoEntry: false })?.size === 8 * mebibyte)
      const { answer, letGraphAnswer } = await aCallUnderWay(world)
      expect(() => writeFileSync(join(path, 'other'), Buffer.alloc(32 * mebibyte))).toThrow('ENOSPC')
      // The pages that are there already take a few records more.
      let refused = await call(world)
      for (let count = 0; count < 40 && refused.status === 201; count++) refused = await call(world)
      expect(refused).toMatchObject({ status: 503, error: { code: 'auditUnavailable' } })
      const calls = seenByGraph(world)
      letGraphAnswer()
      expect((await answer).status).toBe(201)
      await untilReadiness(world, 200)
      expect(existsSync(held)).toBe(false)
      expect(await call(world)).toMatchObject({ status: 201 })
      expect(seenByGraph(world)).toBe(calls + 1)
      await world.stopProxy()

      const { faults, open, records } = provedLedger(join(path, 'ledger'))
      expect(faults).toEqual([])
      expect(open).toEqual([])
      expect(records.filter(({ outcome }) => outcome === 'applied')).toHaveLength(calls + 1)
      expect(records.filter(({ event }) => event === 'gap')).toHaveLength(1)
    })
  },
)

describe('when ten thousand call at once and the ledger is slow', () => {
  it('the queue is bounded, whoever finds no room is told, and each has one end on record', async () => {
    const opened = await openSqliteLedgerWriter({
      directory: folder,
      writer: uuidv7(),
      newLedgerId: uuidv7(),
      checkpointEveryRecords: 10_000,
      reserveInBytes: 0,
      digestKeys: ['aaaaaaaa'],
      spare,
      ended: () => undefined,
    })
    if (E.isLeft(opened)) throw new Error(opened.left)
    const store = storeOn(opened.right, noneTold(), { deadlineInMs: 20_000, mostWaiting: 4_000 })
    const pipe = aPipeOn(store, {
      isOnRecord: () => true,
      monotonicNowInMs: () => performance.now(),
      untilGraphAnswers: () => Promise.resolve(),
    })
    const outside = new DatabaseSync(join(folder, 'audit.sqlite'))
    outside.exec('BEGIN IMMEDIATE')
    const mostly = ['applied', ...asked.filter((what) => what !== 'with a key')] as const
    const asking = Array.from({ length: 10_000 }, (_, index) => pipe.ask(mostly[index % mostly.length] ?? 'applied'))
    await new Promise((resolve) => setTimeout(resolve, 500))
    outside.exec('ROLLBACK')
    outside.close()
    const outcomes = await Promise.all(asking)
    await store.close()

    const { faults, open, records } = provedLedger(folder)
    expect(faults).toEqual([])
    expect(open).toEqual([])
    const overloaded = outcomes.filter(({ reply }) => reply.status === 503)
    expect(overloaded.length).toBeGreaterThan(1_000)
    expect(overloaded.every(({ reply }) => reply.body.includes('overloaded'))).toBe(true)
    const ends = new Map<string, number>()
    for (const { auditId, kind } of records)
      if (kind === 'outcome' || kind === 'refusal') ends.set(String(auditId), (ends.get(String(auditId)) ?? 0) + 1)
    const missing = outcomes.filter(({ auditId }) => !ends.has(auditId)).length
    const told = records
      .filter(({ event }) => event === 'gap')
      .reduce((sum, { detail }) => sum + Number((detail as Record<string, unknown>)['unrecordedRefusals']), 0)
    expect(Math.max(...ends.values())).toBe(1)
    expect(told).toBe(missing)
    const intents = new Set(records.filter(({ kind }) => kind === 'intent').map(({ auditId }) => auditId))
    expect(pipe.hits.every(({ auditId }) => intents.has(auditId))).toBe(true)
  })
})
