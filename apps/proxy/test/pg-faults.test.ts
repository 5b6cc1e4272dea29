import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { generate } from 'selfsigned'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rowOf } from '../src/audit/ledger-records.js'
import type { Batch, LedgerWriter } from '../src/audit/ledger-writer.js'
import { openPgAuditReader } from '../src/audit/pg-audit-reader.js'
import { aPostgresServer, type PostgresServer } from './a-postgres-server.js'
import { aNetworkTo, isLinux, openPg, opened, provedRecords, reading, sql } from './a-pg-ledger.js'
import { intent, noneTold, outcome, recordsOf, refusal, spare, storeOn } from './an-audit-store.js'
import { scriptedServer } from './scripted-server.js'
import { until } from './until.js'

let server: PostgresServer
let folder: string
let url: string
let writers: Array<LedgerWriter> = []
beforeAll(async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'the database' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  folder = mkdtempSync(join(tmpdir(), 'pg-faults-'))
  writeFileSync(join(folder, 'ca.pem'), cert)
  server = await aPostgresServer({ tls: { certificate: cert, key } })
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await server.stop()
})
beforeEach(async () => {
  url = await server.newDatabase()
})
afterEach(async () => {
  await Promise.all(writers.map((writer) => writer.close()))
  writers = []
})

const batch = (...records: ReadonlyArray<Parameters<typeof rowOf>[0]>): Batch => ({
  rows: records.map(rowOf),
  checkpoint: 'whenDue',
  spare: spare(),
})
const committed = { _tag: 'Committed', held: [] }
const written = { _tag: 'Right', right: { _tag: 'Written' } }
const recordsOfCall = (auditId: string) => reading(url, (reader) => recordsOf(reader, auditId))
const notSent = expect.objectContaining({ outcome: 'notSent', code: 'auditUnavailable' })

describe.skipIf(!isLinux)('when the server is killed and comes back', () => {
  it('has all that it acknowledged, and the store goes on by itself and tells of the gap', async () => {
    const told = noneTold()
    const ledger = await opened(url)
    const store = storeOn(ledger, told)
    const acknowledged: Array<string> = []
    let isStopping = false
    let isRefused = false
    const caller = async () => {
      while (!isStopping) {
        const auditId = uuidv7()
        const result = await store.append(intent(auditId))()
        if (E.isRight(result)) acknowledged.push(auditId)
        else {
          isRefused = true
          await new Promise(setImmediate)
        }
      }
    }
    const callers = Array.from({ length: 8 }, caller)
    await until(() => acknowledged.length > 200)
    await server.kill()
    await until(() => isRefused)
    await server.start()
    await until(() => store.problem() === undefined)
    const before = acknowledged.length
    await until(() => acknowledged.length > before + 50)
    isStopping = true
    await Promise.all(callers)
    expect(await store.close()).toEqual({ isClosed: true, lost: [] })

    const records = [...(await provedRecords(url)).values()].flat()
    const intents = new Set(records.flatMap(({ auditId, kind }) => (kind === 'intent' ? [auditId] : [])))
    expect(acknowledged.filter((auditId) => !intents.has(auditId))).toEqual([])
    expect(records.filter(({ event }) => event === 'gap')).toHaveLength(1)
    // Whoever was told that nothing was recorded sent nothing.
    const known = new Set<unknown>(acknowledged)
    const ends = new Set(records.flatMap(({ auditId, outcome: end }) => (end === 'notSent' ? [auditId] : [])))
    expect([...intents].filter((auditId) => !known.has(auditId) && !ends.has(auditId))).toEqual([])
  })
})

describe.skipIf(!isLinux)('when the server hangs', () => {
  it('refuses within the deadline, goes on when it answers again, and tells what was not sent', async () => {
    const told = noneTold()
    const store = storeOn(await opened(url), told)
    await store.append(refusal())()
    await server.pause()
    const auditId = uuidv7()
    const before = performance.now()
    const results = await Promise.all([store.append(intent(auditId))(), store.append(refusal())()])
    const lasted = performance.now() - before
    await server.resume()
    await until(() => store.problem() === undefined)

    expect(results.every(E.isLeft)).toBe(true)
    expect(lasted).toBeLessThan(2_500)
    expect(await store.append(intent())()).toEqual(written)
    await store.close()
    const records = await recordsOfCall(auditId)
    if (records.length > 0) expect(records).toEqual([intent(auditId), notSent])
    const all = await provedRecords(url)
    expect([...all.keys()]).toEqual([1])
    expect(all.get(1)?.filter(({ event }) => event === 'gap')).toHaveLength(1)
  })
})

describe.skipIf(!isLinux)('when the answer to a commit is lost', () => {
  it('says that it failed, ends the session that may commit yet, finds the intent on record, and ends it as not sent', async () => {
    const network = await aNetworkTo(url)
    const { writer } = await opened(network.url, { deadlineInMs: 400 })
    writers.push(writer)
    await writer.commit(batch(refusal()))
    network.loseAnswers()
    const auditId = uuidv7()
    const claim = { claim: { forms: [{ key: 'k', fingerprint: 'f' }] as const } }
    const loud = { ...batch(), rows: [{ ...rowOf(intent(auditId)), ...claim }] }
    // What is looked at first is answered by nobody either: the transaction is not ended, and so cannot be in doubt.
    expect(await writer.commit(loud)).toMatchObject({ _tag: 'Failed' })
    expect(await recordsOfCall(auditId)).toEqual([])
    expect(await writer.commit(batch(refusal()))).toEqual(committed)
    network.loseAnswers()
    expect(await writer.commit(batch(intent(auditId)))).toMatchObject({
      _tag: 'Failed',
      message: expect.stringContaining('no answer within 400 ms'),
    })
    expect(await recordsOfCall(auditId)).toEqual([intent(auditId)])

    expect(await writer.commit(batch(refusal()))).toEqual(committed)
    expect(await recordsOfCall(auditId)).toEqual([intent(auditId), notSent])
    expect([...(await provedRecords(url)).keys()]).toEqual([1])
    await writer.close()
    await network.close()
  })

  it('settles it by its regular look when another writer has the stream by then', async () => {
    const network = await aNetworkTo(url)
    const { writer } = await opened(network.url, { deadlineInMs: 400 })
    writers.push(writer)
    await writer.commit(batch(refusal()))
    network.loseAnswers()
    const auditId = uuidv7()
    await writer.commit(batch(intent(auditId)))
    await server.endConnections(url)
    const other = await opened(url)
    expect(await writer.commit(batch(refusal()))).toEqual(committed)
    expect(await recordsOfCall(auditId)).toEqual([intent(auditId)])
    await writer.check()
    expect(await recordsOfCall(auditId)).toEqual([intent(auditId)])
    await other.writer.close()
    while ((await recordsOfCall(auditId)).length < 2) expect(await writer.check()).toMatchObject({ _tag: 'Checked' })

    expect(await recordsOfCall(auditId)).toEqual([intent(auditId), notSent])
    await writer.close()
    await network.close()
  })

  it('takes the same end again without a second record', async () => {
    const network = await aNetworkTo(url)
    const { writer } = await opened(network.url, { deadlineInMs: 400 })
    writers.push(writer)
    const auditId = uuidv7()
    await writer.commit(batch(intent(auditId)))
    network.loseAnswers()
    expect(await writer.commit(batch(outcome(auditId)))).toMatchObject({ _tag: 'Failed' })

    expect(await writer.commit(batch(outcome(auditId), refusal()))).toEqual(committed)
    expect((await provedRecords(url)).get(1)?.map(({ kind }) => kind)).toEqual(['intent', 'outcome', 'refusal'])
    await writer.close()
    await network.close()
  })
})

describe.skipIf(!isLinux)('when the database has lost what it acknowledged', () => {
  it('is noticed when all of it is gone, and no ledger is made in its place', async () => {
    const { writer } = await opened(url)
    writers.push(writer)
    await sql(url, 'DROP SCHEMA device_install_state_audit CASCADE')

    expect(await writer.commit(batch(refusal()))).toMatchObject({ _tag: 'Failed' })
    expect(await writer.check()).toMatchObject({ _tag: 'Failed' })
    expect(await writer.check()).toMatchObject({ message: expect.stringContaining('the ledger is gone') })
    await (await opened(url)).writer.close()
    expect(await writer.check()).toMatchObject({ message: expect.stringContaining('another ledger') })
  })

  it('is noticed at the next look, and nothing is taken until the start of another process', async () => {
    const { writer } = await opened(url)
    writers.push(writer)
    await writer.commit(batch(refusal(), refusal()))
    const asSuperuser = new URL(server.url)
    asSuperuser.pathname = new URL(url).pathname
    await sql(
      asSuperuser.href,
      'SET session_replication_role = replica; DELETE FROM device_install_state_audit.record WHERE sequence = 2',
    )

    const failed = { _tag: 'Failed', message: expect.stringContaining('the database lost it') }
    expect(await writer.check()).toMatchObject(failed)
    expect(await writer.commit(batch(refusal()))).toMatchObject(failed)
    const next = await opened(url)
    writers.push(next.writer)
    expect(await next.writer.commit(batch(refusal()))).toEqual(committed)
  })
})

/** As PostgreSQL refuses a session, as far as a driver looks. */
const refusalOf = (code: string): Buffer => {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mit says ${code}\0\0`)
  const head = Buffer.from('E....')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

describe.skipIf(!isLinux)('when a ledger is opened, and its database', () => {
  /** Whether it is tried once more when it is away, and why. */
  const triedAgainAt = async (target: string): Promise<string | undefined> => {
    let why: string | undefined
    const tryAgain = (message: string): Promise<boolean> => {
      why = message
      return Promise.resolve(false)
    }
    const result = await openPg(target, { deadlineInMs: 300, tryAgain })
    expect(result).toMatchObject(why === undefined ? { _tag: 'Left' } : { left: why })
    return why
  }
  const served = async (onConnection: (socket: Socket) => void): Promise<string | undefined> => {
    const scripted = await scriptedServer(() => undefined, onConnection)
    const why = await triedAgainAt(`postgres://u:p@127.0.0.1:${String(scripted.port)}/d?sslmode=disable`)
    await scripted.stop()
    return why
  }

  it('is not there, or not yet, it is tried again for as long as it is worth the wait', async () => {
    expect(await triedAgainAt('postgres://u:p@127.0.0.1:1/d')).toContain('ECONNREFUSED')
    expect(await served(() => undefined)).toContain('no answer within 300 ms')
    // As a balancer does with nothing behind it.
    expect(await served((socket) => socket.once('data', () => socket.end()))).toContain('onnection')
    expect(await served((socket) => socket.once('data', () => socket.resetAndDestroy()))).toContain('ECONNRESET')
    for (const code of ['57P03', '57P01', '53300', '08006', '25006'])
      expect(await served((socket) => socket.once('data', () => socket.end(refusalOf(code))))).toContain(code)

    let tries = 0
    const tryAgain = (): Promise<boolean> => Promise.resolve(++tries < 3)
    expect(await openPg('postgres://u:p@127.0.0.1:1/d', { tryAgain })).toMatchObject({ _tag: 'Left' })
    expect(tries).toBe(3)
  })

  it('says what waiting will not mend, it is told at once', async () => {
    const changed = (change: (one: URL) => void): string => {
      const one = new URL(url)
      change(one)
      return one.href
    }
    const wrong = [
      changed((one) => (one.password += 'x')),
      changed((one) => (one.pathname = '/no-such-database')),
      changed((one) => (one.search = 'sslmode=require')),
      'postgres://u:p@127.0.0.1:1/d?sslmode=no-verify',
    ]
    for (const one of wrong) expect(await triedAgainAt(one)).toBeUndefined()
    const noTls = (socket: Socket): void => void socket.once('data', () => socket.end('N'))
    const scripted = await scriptedServer(() => undefined, noTls)
    expect(await triedAgainAt(`postgres://u:p@127.0.0.1:${String(scripted.port)}/d?sslmode=require`)).toBeUndefined()
    await scripted.stop()
    for (const code of ['28P01', '28000', '3D000', '42501'])
      expect(await served((socket) => socket.once('data', () => socket.end(refusalOf(code))))).toBeUndefined()
  })
})

describe.skipIf(!isLinux)('TLS', () => {
  const inUse = `SELECT count(*)::integer AS found FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
    WHERE ssl AND application_name = 'device-install-state audit' AND datname = current_database()`

  it('is used where it is asked for, if the server proves its name', async () => {
    const { writer } = await opened(`${url}?sslmode=verify-full&sslrootcert=${join(folder, 'ca.pem')}`)
    writers.push(writer)

    expect(await writer.commit(batch(refusal()))).toEqual(committed)
    expect(await sql(url, inUse)).toEqual([{ found: 1 }])
  })

  it('is not taken from a server that proves nothing, even where no more than TLS was asked for', async () => {
    expect(await openPg(`${url}?sslmode=require`)).toMatchObject({ left: expect.stringContaining('certificate') })
  })
})

describe.skipIf(!isLinux)('the password', () => {
  it('is in nothing that is told, whatever goes wrong', async () => {
    const changed = (change: (one: URL) => void): string => {
      const one = new URL(url)
      change(one)
      return one.href
    }
    const wrong = [
      changed((one) => {
        one.password += 'x'
      }),
      changed((one) => {
        one.port = '1'
      }),
      changed((one) => {
        one.pathname = '/no-such-database'
      }),
      changed((one) => {
        one.pathname = ''
      }),
      changed((one) => {
        one.username = ''
      }),
      changed((one) => {
        one.search = 'options=-c%20fsync=off'
      }),
      changed((one) => {
        one.search = 'sslmode=no-verify'
      }),
      changed((one) => {
        one.search = 'sslmode=require'
      }),
      changed((one) => {
        one.search = 'sslmode=verify-full&sslrootcert=/no/such/file'
      }),
      url.replace('127.0.0.1', 'not a host'),
      url.replace('postgres:', 'mysql:'),
      url.replace(/:[^:@]*@/, `:${server.password}%@`),
    ]
    const told: Array<unknown> = []
    for (const one of wrong) told.push(await openPg(one, { deadlineInMs: 1_000 }), await openPgAuditReader(one))
    expect(told.every((one) => JSON.stringify(one).includes('Left'))).toBe(true)

    const heard = noneTold()
    const ledger = await opened(url, { deadlineInMs: 300 })
    const store = storeOn(ledger, heard)
    await server.pause()
    told.push(await store.append(intent())(), await openPg(url, { deadlineInMs: 300 }), store.problem())
    await server.resume()
    await until(() => store.problem() === undefined)
    await server.endConnections(url)
    told.push(await store.append(intent())(), await store.close(), heard)

    const all = JSON.stringify(told)
    for (const part of [server.password, encodeURIComponent(server.password), 'nobody-may', 'p@ss', 'p%40ss'])
      expect(all).not.toContain(part)
  })
})
