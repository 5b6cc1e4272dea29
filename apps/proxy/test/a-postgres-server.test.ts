import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aClientCertificate } from './a-login-service.js'
import { aPostgresServer, type PostgresServer } from './a-postgres-server.js'

let server: PostgresServer
beforeAll(async () => {
  const { certificate, key } = await aClientCertificate()
  server = await aPostgresServer({ tls: { certificate, key } })
})
afterAll(() => server.stop())

const using = async <A>(url: string, use: (client: Client) => Promise<A>): Promise<A> => {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

const value = async (url: string, sql: string): Promise<unknown> => {
  const { rows } = await using(url, (client) => client.query<Readonly<Record<string, unknown>>>(sql))
  return Object.values(rows[0] ?? {})[0]
}

const commandLine = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}
const processesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(basename(folder)))

describe.skipIf(process.platform !== 'linux')('the PostgreSQL of the tests', () => {
  it('is a PostgreSQL 18 that syncs, and asks for a password', async () => {
    expect(await value(server.url, 'SELECT version()')).toContain('PostgreSQL 18.')
    expect(await value(server.url, 'SHOW fsync')).toBe('on')
    expect(await value(server.url, 'SHOW synchronous_commit')).toBe('on')

    const withoutPassword = new URL(server.url)
    withoutPassword.password = 'another'
    await expect(value(withoutPassword.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  })

  it('takes TLS, and plain connections too', async () => {
    const sql = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'

    expect(await value(`${server.url}?sslmode=no-verify`, sql)).toBe(true)
    expect(await value(server.url, sql)).toBe(false)
  })

  it('gives each test a database of its own, whose owner is no superuser', async () => {
    const [one, other] = await Promise.all([server.newDatabase(), server.newDatabase()])
    await value(one, 'CREATE TABLE t (x int)')

    expect(await value(one, `SELECT to_regclass('t') IS NULL`)).toBe(false)
    expect(await value(other, `SELECT to_regclass('t') IS NULL`)).toBe(true)
    expect(await value(one, `SELECT rolsuper FROM pg_roles WHERE rolname = current_user`)).toBe(false)
  })

  it('keeps through a kill what was committed, and nothing else', async () => {
    const url = await server.newDatabase()
    await value(url, 'CREATE TABLE t (x int)')
    await value(url, 'INSERT INTO t VALUES (1)')

    await using(url, async (client) => {
      await client.query('BEGIN')
      await client.query('INSERT INTO t VALUES (2)')
      await server.kill()
    })
    expect(processesOf(server.folder)).toEqual([])
    await expect(value(url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })

    await server.start()
    expect(await value(url, 'SELECT array_agg(x) FROM t')).toEqual([1])
  })

  it('answers nobody while it is paused, and then whoever waits', async () => {
    const url = await server.newDatabase()
    await using(url, async (client) => {
      await server.pause()
      const answers: Array<string> = []
      const waiting = client.query('SELECT 1').then(() => answers.push('the query'))
      const connecting = new Client({ connectionString: url, connectionTimeoutMillis: 100 })
      await connecting.connect().catch(() => answers.push('the deadline'))
      await server.resume()
      await waiting

      expect(answers).toEqual(['the deadline', 'the query'])
    })
  })

  it('ends the connections to one database alone', async () => {
    const [one, other] = [await server.newDatabase(), await server.newDatabase()]
    await using(other, (spared) =>
      using(one, async (client) => {
        const sleeping = client.query('SELECT pg_sleep(60)').catch((error: unknown) => error)

        expect(await server.endConnections(one)).toBe(1)
        expect(await sleeping).toMatchObject({ code: '57P01' })
        expect((await spared.query('SELECT 1')).rowCount).toBe(1)
      }),
    )
  })

  it('does not log the password', async () => {
    await server.newDatabase()

    expect(server.log()).toContain('ready to accept connections')
    expect(server.log()).not.toContain(server.password)
  })
})

describe.skipIf(process.platform !== 'linux')('when a PostgreSQL of the tests is no longer needed', () => {
  it.each(['running', 'paused', 'killed'])('nothing of one that is %s remains', async (state) => {
    const another = await aPostgresServer()
    if (state === 'paused') await another.pause()
    if (state === 'killed') await another.kill()
    await another.stop()
    await another.stop()

    expect(processesOf(another.folder)).toEqual([])
    expect(existsSync(another.folder)).toBe(false)
  })

  it('nothing remains when the process that started it is killed', async () => {
    const fixture = fileURLToPath(new URL('a-postgres-server.ts', import.meta.url))
    const program = `
      const { aPostgresServer } = await import(process.argv[1])
      const { folder } = await aPostgresServer()
      console.log(folder)
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, fixture], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
    const folder = chunk.toString('utf8').trim()
    expect(processesOf(folder).length).toBeGreaterThan(1)

    child.kill('SIGKILL')

    await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false)
    expect(processesOf(folder)).toEqual([])
  })

  it('says what the server said when it cannot start, and nothing remains', async () => {
    await expect(aPostgresServer({ settings: { shared_buffers: 'many' } })).rejects.toThrow(
      'invalid value for parameter "shared_buffers"',
    )
  })
})
