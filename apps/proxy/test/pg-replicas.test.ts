import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { rowOf } from '../src/audit/ledger-records.js'
import type { Batch, LedgerWriter } from '../src/audit/ledger-writer.js'
import { openPgAuditReader } from '../src/audit/pg-audit-reader.js'
import type { PgLedgerSettings } from '../src/audit/pg-ledger-writer.js'
import { openPgSession } from '../src/audit/pg-session.js'
import { pgTarget } from '../src/audit/pg-target.js'
import { aPostgresServer, type PostgresServer } from './a-postgres-server.js'
import { aNetworkTo, isLinux, openPg, opened, provedRecords, reading, sql } from './a-pg-ledger.js'
import { verdictBy } from './a-signed-ledger.js'
import { intent, outcome, recordsOf, refusal, spare, storeOn } from './an-audit-store.js'

let server: PostgresServer
let url: string
let writers: Array<LedgerWriter> = []
beforeAll(async () => {
  server = await aPostgresServer()
})
afterAll(() => server.stop())
afterEach(async () => {
  await Promise.all(writers.map((writer) => writer.close()))
  writers = []
})

const aWriter = async (change: Partial<PgLedgerSettings> = {}): Promise<LedgerWriter> => {
  const { writer } = await opened(url, change)
  writers.push(writer)
  return writer
}
const batch = (...records: ReadonlyArray<Parameters<typeof rowOf>[0]>): Batch => ({
  rows: records.map(rowOf),
  checkpoint: 'whenDue',
  spare: spare(),
})
const committed = { _tag: 'Committed', held: [] }
const recordsOfCall = (auditId: string) => reading(url, (reader) => recordsOf(reader, auditId))
const streams = async () => [...(await provedRecords(url)).keys()]
const writerEnded = expect.objectContaining({ outcome: 'indeterminate', code: 'writerEnded' })

const program = new URL('../dist/audit/', import.meta.url).href
/** A process that takes a stream, records an intent, and then waits to be killed. */
const aProcess = async (auditId: string) => {
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const { openPgLedgerWriter } = await import(process.env.PROGRAM + 'pg-ledger-writer.js')
       const keys = { digestKey: '', signCheckpoint: () => '', changesSince: () => ({ _tag: 'Right', right: [] }) }
       const settings = { ...JSON.parse(process.env.SETTINGS), monotonicNowInMs: () => 0 }
       const { right: { writer } } = await openPgLedgerWriter(settings, keys)
       console.log(JSON.stringify(await writer.commit(JSON.parse(process.env.BATCH))))`,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PROGRAM: program,
        SETTINGS: JSON.stringify({ url, writer: uuidv7(), checkpointEveryRecords: 10_000, settleAfterInMs: 0 }),
        BATCH: JSON.stringify(batch(refusal(), intent(auditId))),
      },
    },
  )
  const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  expect(JSON.parse(String(said))).toEqual(committed)
  return async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

/** The server notices the end of a session a moment after the session's client does. */
const untilFree = async (stream: number): Promise<void> => {
  for (;;) {
    const held = await sql(url, `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1`, [stream])
    if (held.length === 0) return
  }
}

describe.skipIf(!isLinux)('replicas on one database', () => {
  beforeAll(async () => {
    url = await server.newDatabase()
  })

  it('open it empty at once, all of them, and each gets a stream of its own', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => aWriter()))
    const results = await Promise.all(all.map((writer) => writer.commit(batch(intent(), refusal()))))

    expect(results).toEqual(all.map(() => committed))
    const records = await provedRecords(url)
    expect([...records.keys()]).toEqual(all.map((_, index) => index + 1))
    expect([...records.values()].map(({ length }) => length)).toEqual(all.map(() => 2))
  })

  it('take the streams that are free again, from the first on', async () => {
    for (let stream = 1; stream <= 20; stream++) await untilFree(stream)
    const before = await streams()
    const three = await Promise.all([aWriter(), aWriter(), aWriter()])
    for (const writer of three) await writer.commit(batch(refusal()))

    expect(await streams()).toEqual(before)
  })

  it('let one call alone have an idempotency key, however many claim it at once', async () => {
    const stores = await Promise.all([1, 2, 3, 4].map(async () => storeOn(await opened(url))))
    const claim = { claim: { forms: [{ key: 'everybody’s', fingerprint: 'same' }] as const } }
    const others = Array.from({ length: 100 }, (_, index) => ({
      claim: { forms: [{ key: `key ${String((index * 37) % 10)}`, fingerprint: 'same' }] as const },
    }))
    const results = await Promise.all(
      others.flatMap((other, index) => {
        const store = stores[index % 4]
        return store === undefined ? [] : [store.append(intent(), claim)(), store.append(intent(), other)()]
      }),
    )
    await Promise.all(stores.map((store) => store.close()))

    const tags = results.map((result) => (E.isRight(result) ? result.right : result))
    const winners = tags.filter((tag) => tag._tag === 'Written')
    expect(winners).toHaveLength(11)
    const holders = tags.flatMap((tag) => (tag._tag === 'KeyHeld' ? [tag.holder] : []))
    expect(holders).toHaveLength(189)
    expect(new Set(holders.map(({ auditId }) => auditId)).size).toBe(11)
  })

  it('answer a key that another of them has answered', async () => {
    const [one, other] = [await aWriter(), await aWriter()]
    const auditId = uuidv7()
    const forms = [{ key: 'answered', fingerprint: 'f' }] as const
    await one.commit({ ...batch(), rows: [{ ...rowOf(intent(auditId)), claim: { forms } }] })
    const end = { ...rowOf(outcome(auditId)), kept: { key: 'answered', answer: 'sealed' } }
    await one.commit({ ...batch(), rows: [end] })

    expect(await other.commit({ ...batch(), rows: [{ ...rowOf(intent()), claim: { forms } }] })).toEqual({
      _tag: 'Committed',
      held: [[0, { auditId, form: 0, isSameCall: true, outcome: 'applied', answer: 'sealed' }]],
    })
  })
})

describe.skipIf(!isLinux)('a verifier', () => {
  const verdict = () =>
    reading(url, async (reader) => {
      const { problems, streams: found } = await verdictBy(reader, [])
      return [...problems, ...found.flatMap((stream) => stream.problems)].map(({ kind }) => kind)
    })
  const table = 'device_install_state_audit.record'

  it('reads the records of a stream that is in no list of streams', async () => {
    url = await server.newDatabase()
    await (await aWriter()).commit(batch(intent(), refusal()))
    expect(await verdict()).toEqual([])
    await sql(
      url,
      `INSERT INTO ${table} (stream, sequence, audit_id, kind, at, hash, entry, terms)
       SELECT 7, 1, gen_random_uuid(), 'refusal', at, hash, '{}', '{}' FROM ${table} WHERE sequence = 1`,
    )

    expect(await verdict()).toEqual(['changed'])
  })

  it.each([
    ['could have a record twice', `ALTER TABLE ${table} DROP CONSTRAINT record_pkey`],
    ['shows not all to everybody', `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`],
  ])('says so when the table of records %s', async (_what, change) => {
    url = await server.newDatabase()
    await (await aWriter()).commit(batch(intent(), refusal()))
    await sql(url, change)

    expect(await verdict()).toEqual(['tablesDiffer'])
  })
})

describe.skipIf(!isLinux)('claims that are over', () => {
  it('are forgotten as fast as they can be made, and no more at a time than a commit has time for', async () => {
    url = await server.newDatabase()
    const writer = await aWriter()
    await sql(
      url,
      `INSERT INTO device_install_state_audit.claim (key, fingerprint, audit_id, claimed_at)
       SELECT number::text, '', gen_random_uuid(), '2020-01-01T00:00:00.000Z' FROM generate_series(1, 5000) AS number`,
    )
    const left = async () =>
      Number((await sql(url, 'SELECT count(*) FROM device_install_state_audit.claim'))[0]?.['count'])
    const many = Array.from({ length: 1_500 }, () => refusal())

    await writer.commit({ ...batch(...many), checkpoint: 'now' })
    expect(await left()).toBe(1_000)
    await writer.commit({ ...batch(refusal()), checkpoint: 'now' })
    expect(await left()).toBe(0)
  })
})

describe.skipIf(!isLinux)('when a replica is killed', () => {
  beforeAll(async () => {
    url = await server.newDatabase()
  })

  it('another settles what it left open, once it is old, in its stream, and covers that with a checkpoint', async () => {
    const auditId = uuidv7()
    const kill = await aProcess(auditId)
    const patient = await aWriter()
    const told: Array<number> = []
    const settling = { settleAfterInMs: 0, settledLater: (count: number) => void told.push(count) }
    const two = [await aWriter(settling), await aWriter(settling)]
    await Promise.all(two.map((writer) => writer.check()))
    expect(await recordsOfCall(auditId)).toHaveLength(1)

    await kill()
    await untilFree(1)
    expect(await patient.check()).toEqual({ _tag: 'Checked' })
    expect(await recordsOfCall(auditId)).toHaveLength(1)
    const checked = await Promise.all(two.map((writer) => writer.check()))
    await Promise.all(two.map((writer) => writer.check()))

    expect(await recordsOfCall(auditId)).toEqual([intent(auditId), writerEnded])
    expect((await provedRecords(url)).get(1)?.map(({ kind }) => kind)).toEqual([
      'refusal',
      'intent',
      'outcome',
      'checkpoint',
    ])
    expect(checked.filter((one) => 'checkpoint' in one)).toHaveLength(1)
    expect(told).toEqual([1])
  })

  it('its heir settles them as it takes the stream', async () => {
    const auditId = uuidv7()
    const kill = await aProcess(auditId)
    await kill()
    await untilFree(1)
    const heir = await opened(url, { settleAfterInMs: 0 })
    writers.push(heir.writer)

    expect(heir.settled).toBe(1)
    expect(await recordsOfCall(auditId)).toEqual([intent(auditId), writerEnded])
  })
})

describe.skipIf(!isLinux)('a replica that has lost its connection', () => {
  beforeAll(async () => {
    url = await server.newDatabase()
  })

  it('goes on in the same stream, and leaves its calls under way alone', async () => {
    const writer = await aWriter({ settleAfterInMs: 0 })
    const auditId = uuidv7()
    await writer.commit(batch(intent(auditId)))
    await server.endConnections(url)

    expect(await writer.check()).toMatchObject({ _tag: 'Checked' })
    expect(await writer.check()).toMatchObject({ _tag: 'Checked' })
    expect(await writer.commit(batch(outcome(auditId)))).toEqual(committed)
    expect(await recordsOfCall(auditId)).toEqual([intent(auditId), outcome(auditId)])
    expect(await streams()).toEqual([1])
  })

  it('goes on in another if its own was taken; who took that finds the call ended, and does not settle it', async () => {
    const writer = await aWriter()
    const [auditId, left] = [uuidv7(), uuidv7()]
    await writer.commit(batch(intent(auditId), intent(left)))
    await server.endConnections(url)
    await untilFree(1)
    const other = await opened(url)
    writers.push(other.writer)
    await writer.commit(batch(outcome(auditId)))

    expect(other.settled).toBe(0)
    expect(await streams()).toEqual([1, 2])
    await other.writer.close()
    await untilFree(1)
    const third = await opened(url, { settleAfterInMs: 0 })
    writers.push(third.writer)
    expect(third.settled).toBe(1)
    expect(await recordsOfCall(auditId)).toEqual([intent(auditId), outcome(auditId)])
    expect(await recordsOfCall(left)).toEqual([intent(left), writerEnded])
    // The true end comes late, and the first one stays.
    expect(await writer.commit(batch(outcome(left), refusal()))).toEqual(committed)
    expect(await recordsOfCall(left)).toEqual([intent(left), writerEnded])
    await provedRecords(url)
  })
})

describe.skipIf(!isLinux)('old records of a stream that nobody writes', () => {
  it('are pruned by whoever is there', async () => {
    url = await server.newDatabase()
    const [gone, there] = [await aWriter(), await aWriter()]
    const at = '2020-01-01T00:00:00.000Z'
    const old = Array.from({ length: 2_500 }, () => ({ ...refusal(), at }))
    await gone.commit({ ...batch(...old), checkpoint: 'now', spare: { auditId: uuidv7(), at } })
    await gone.close()
    await untilFree(1)

    expect(await there.prune('2021-01-01T00:00:00.000Z', [spare(), spare()])).toEqual({
      _tag: 'Pruned',
      records: 2_000,
      more: true,
      checkpoint: expect.stringContaining('/1\n2502\n'),
    })
    expect(await there.prune('2021-01-01T00:00:00.000Z', [spare(), spare()])).toEqual({
      _tag: 'Pruned',
      records: 500,
      more: true,
    })
    expect(await there.prune('2021-01-01T00:00:00.000Z', [spare(), spare()])).toEqual({
      _tag: 'Pruned',
      records: 0,
      more: false,
    })
    expect((await provedRecords(url)).get(1)).toEqual([
      expect.objectContaining({ kind: 'checkpoint' }),
      expect.objectContaining({ event: 'pruned', detail: { before: 2_501, olderThan: '2021-01-01T00:00:00.000Z' } }),
      // Signed at once: nobody else is to make it up.
      expect.objectContaining({ kind: 'checkpoint', note: expect.stringContaining('/1\n2502\n') }),
    ])
  })
})

describe.skipIf(!isLinux)('old records before which a call is open', () => {
  it('stay until it has ended', async () => {
    url = await server.newDatabase()
    const at = '2020-01-01T00:00:00.000Z'
    const writer = await aWriter()
    const auditId = uuidv7()
    await writer.commit({ ...batch({ ...intent(auditId), at }), checkpoint: 'now', spare: { auditId: uuidv7(), at } })

    const prune = () => writer.prune('2021-01-01T00:00:00.000Z', [spare(), spare()])
    expect(await prune()).toEqual({ _tag: 'Pruned', records: 0, more: false })
    await writer.commit(batch(outcome(auditId)))
    expect(await prune()).toMatchObject({ records: 1 })
  })
})

describe.skipIf(!isLinux)('roles', () => {
  const roleUrl = (role: string): string => {
    const as = new URL(url)
    as.username = role
    return as.href
  }
  const rights = readFileSync(fileURLToPath(new URL('../migrations/postgres/rights.sql', import.meta.url)), 'utf8')
    .replace(/^--.*$/gm, '')
    .replaceAll(':"proxy"', 'proxy')
    .replaceAll(':"auditor"', 'auditor')

  beforeAll(async () => {
    url = await server.newDatabase()
    const password = `'${server.password}'`
    await sql(
      server.url,
      `CREATE ROLE proxy LOGIN PASSWORD ${password}; CREATE ROLE auditor LOGIN PASSWORD ${password}`,
    )
  })

  it('that may not make the tables are told so', async () => {
    expect(await openPg(roleUrl('proxy'))).toEqual({
      _tag: 'Left',
      left: expect.stringMatching(/permission denied.*have the owner of the database do so$/),
    })
  })

  it('that have not been given their rights are told so', async () => {
    await (await opened(url)).writer.close()

    expect(await openPg(roleUrl('proxy'))).toEqual({
      _tag: 'Left',
      left: expect.stringMatching(
        /permission denied.*Have the owner give this role its rights: migrations\/postgres\/rights\.sql$/,
      ),
    })
  })

  it('need no more than they are given, once the owner has made them', async () => {
    await sql(url, rights)
    const { writer } = await opened(roleUrl('proxy'), { settleAfterInMs: 0 })
    writers.push(writer)
    const auditId = uuidv7()
    const forms = [{ key: 'k', fingerprint: 'f' }] as const
    const row = { ...rowOf({ ...intent(auditId), at: '2020-01-01T00:00:00.000Z' }), claim: { forms } }
    expect(await writer.commit({ ...batch(), rows: [row] })).toEqual(committed)
    const end = { ...rowOf(outcome(auditId)), kept: { key: 'k', answer: 'x' } }
    expect(
      await writer.commit({
        rows: [end],
        checkpoint: 'now',
        spare: { auditId: uuidv7(), at: '2020-01-01T00:00:00.000Z' },
      }),
    ).toMatchObject({ _tag: 'Committed' })
    expect(await writer.check()).toEqual({ _tag: 'Checked' })
    expect(await writer.prune('2021-01-01T00:00:00.000Z', [spare(), spare()])).toMatchObject({ records: 2 })
    await server.endConnections(url)
    expect(await writer.commit(batch(...Array.from({ length: 5_000 }, () => intent())))).toEqual(committed)
    expect(await writer.commit(batch(refusal()))).toEqual(committed)

    expect(await reading(roleUrl('auditor'), (reader) => reader.estimate(0)())).toEqual(E.right(0))
    expect((await provedRecords(roleUrl('auditor'))).get(1)?.length).toBeGreaterThan(5_000)
  })

  it('can neither change records nor delete what is not pruned', async () => {
    const attempts: ReadonlyArray<readonly [role: string, text: string]> = [
      ['proxy', `UPDATE device_install_state_audit.record SET entry = '{}'`],
      ['proxy', 'TRUNCATE device_install_state_audit.record'],
      ['proxy', 'DROP TRIGGER no_delete ON device_install_state_audit.record'],
      ['proxy', 'UPDATE device_install_state_audit.format SET version = 9'],
      ['auditor', `INSERT INTO device_install_state_audit.stream VALUES (9)`],
      ['auditor', 'SELECT * FROM device_install_state_audit.claim'],
    ]
    for (const [role, text] of attempts)
      await expect(sql(roleUrl(role), text)).rejects.toThrow(/permission denied|must be owner/)
    for (const as of [roleUrl('proxy'), url])
      await expect(sql(as, 'DELETE FROM device_install_state_audit.record')).rejects.toThrow('never deleted')
    for (const text of ["SET entry = '{}'", "SET kind = 'replay'"])
      await expect(sql(url, `UPDATE device_install_state_audit.record ${text}`)).rejects.toThrow('never changed')
    await expect(sql(url, 'TRUNCATE device_install_state_audit.record')).rejects.toThrow('never changed')
    await expect(sql(roleUrl('proxy'), 'INSERT INTO device_install_state_audit.pruned VALUES (1, 4)')).rejects.toThrow(
      'up to a checkpoint',
    )
  })

  it('whose commits would not wait for the disk have theirs wait all the same', async () => {
    await sql(server.url, 'ALTER ROLE proxy SET synchronous_commit = off')
    const target = pgTarget(roleUrl('proxy'))
    if (E.isLeft(target)) throw new Error(target.left)
    const { connection } = await openPgSession(target.right, 2_000, false)
    const [row] = await connection.ask({ text: "SELECT current_setting('synchronous_commit') AS it" })
    await connection.end()

    expect(row).toEqual({ it: 'on' })
  })
})

describe.skipIf(!isLinux)('a database that is not as it should be', () => {
  beforeAll(async () => {
    url = await server.newDatabase()
    await (await opened(url)).writer.close()
  })

  it('is refused when a newer program wrote it', async () => {
    await sql(url, 'UPDATE device_install_state_audit.format SET version = 99')
    const reader = await openPgAuditReader(url)

    expect(await openPg(url)).toMatchObject({ left: expect.stringContaining('a newer one wrote it') })
    expect(reader).toMatchObject({ left: { message: expect.stringContaining('the ledger has format 99') } })
    await sql(url, 'UPDATE device_install_state_audit.format SET version = 1')
  })

  it('is refused by readers when it has no ledger', async () => {
    expect(await openPgAuditReader(await server.newDatabase())).toMatchObject({
      left: { message: expect.stringContaining('there is no ledger') },
    })
  })

  it('is refused when the end of its stream is not what was written; that of another is warned of', async () => {
    await untilFree(1)
    const [one, other] = [await aWriter(), await aWriter()]
    await one.commit(batch(refusal(), refusal()))
    await one.close()
    await untilFree(1)
    const asSuperuser = new URL(server.url)
    asSuperuser.pathname = new URL(url).pathname
    await sql(
      asSuperuser.href,
      `SET session_replication_role = replica;
       UPDATE device_install_state_audit.record SET entry = replace(entry, '400', '401') WHERE stream = 1 AND sequence = 2`,
    )

    expect(await other.check()).toMatchObject({ warning: expect.stringMatching(/^record 2 of stream 1 is not what/) })
    expect(await openPg(url)).toMatchObject({ left: expect.stringContaining('record 2 of stream 1 is not what') })
    expect(await other.commit(batch(refusal()))).toEqual(committed)
  })

  it('is warned of when it runs without what makes commits durable', async () => {
    url = await server.newDatabase()
    await sql(server.url, 'ALTER SYSTEM SET full_page_writes = off')
    await sql(server.url, 'SELECT pg_reload_conf()')
    while ((await sql(server.url, 'SHOW full_page_writes'))[0]?.['full_page_writes'] === 'on');
    const writer = await aWriter()

    expect(await writer.check()).toMatchObject({
      warning: expect.stringContaining('without fsync or full_page_writes'),
    })
    await sql(server.url, 'ALTER SYSTEM RESET full_page_writes')
    await sql(server.url, 'SELECT pg_reload_conf()')
  })
})

describe.skipIf(!isLinux)('a pooler that gives sessions away by transaction', () => {
  it('is noticed before anything is written past the lock', async () => {
    url = await server.newDatabase()
    const network = await aNetworkTo(url)
    const { writer } = await opened(network.url)
    writers.push(writer)
    const swapped = await network.swap()
    const result = await writer.commit(batch(refusal()))
    swapped()

    expect(result).toMatchObject({ _tag: 'Failed', message: expect.stringContaining('pools by transaction') })
    expect((await provedRecords(url)).get(1)).toEqual([])
    await writer.close()
    await network.close()
  })
})
