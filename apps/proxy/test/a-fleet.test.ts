import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newDigestKey } from '../src/audit/node-digest-ring.js'
import { newSigningKey } from '../src/audit/node-signing-ring.js'
import { openPgAuditReader } from '../src/audit/pg-audit-reader.js'
import { aBalancer } from './a-balancer.js'
import { aConnectionTo } from './a-connection.js'
import { aPostgresServer, type PostgresServer } from './a-postgres-server.js'
import { provedPgLedger } from './a-proved-ledger.js'
import { aProxyProcess, callOver, held, type ProxyProcess, surroundings, type Told } from './a-proxy-process.js'
import { aRunningProxy, rawExchange, requestText, type TestWorld, type TestWorldOptions } from './a-running-proxy.js'
import { verdictBy } from './a-signed-ledger.js'
import { recordsOf } from './an-audit-store.js'
import { until } from './until.js'
import { untruths } from './untruths.js'

let server: PostgresServer
let keys = ''
let fleet: Array<TestWorld> = []

beforeAll(async () => {
  server = await aPostgresServer()
  keys = mkdtempSync(join(tmpdir(), 'keys-'))
  writeFileSync(join(keys, 'digest'), newDigestKey(), { mode: 0o600 })
  writeFileSync(join(keys, 'signing'), newSigningKey(), { mode: 0o600 })
})
afterEach(async () => {
  for (const world of fleet) await world.stop()
  fleet = []
})
afterAll(async () => {
  rmSync(keys, { recursive: true, force: true })
  await server.stop()
})

const replica = async (url: string, options: TestWorldOptions = {}): Promise<TestWorld> => {
  const world = await aRunningProxy(
    {
      AUDIT_DIRECTORY: '',
      AUDIT_DATABASE_URL: url,
      AUDIT_DIGEST_KEY_FILE: join(keys, 'digest'),
      AUDIT_SIGNING_KEY_FILE: join(keys, 'signing'),
    },
    options,
  )
  fleet.push(world)
  return world
}

const send = async ({ port, token }: TestWorld) =>
  rawExchange(port, requestText({ authorization: `Bearer ${await token()}`, more: ['Idempotency-Key: one-call'] }))

const onRecord = async (url: string, auditId: string) => {
  const reader = await openPgAuditReader(url)
  if (E.isLeft(reader)) throw new Error(reader.left.message)
  const records = await recordsOf(reader.right, auditId)
  await reader.right.close()
  return records
}

describe('two proxies on one database', () => {
  it('make a call once for one idempotency key, whichever of them it comes to', async () => {
    const url = await server.newDatabase()
    const [one, other] = [await replica(url), await replica(url)]
    const first = await send(one)
    const again = await send(other)

    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(again.body).toBe(first.body)
    expect(other.graph.received.join('')).toBe('')
    expect(await onRecord(url, String(first.headers['audit-id']))).toMatchObject([
      { kind: 'intent' },
      { kind: 'outcome', outcome: 'applied' },
    ])
    expect(await onRecord(url, String(again.headers['audit-id']))).toMatchObject([
      { kind: 'replay', of: first.headers['audit-id'] },
    ])
  })

  it('never tell the password of the database', async () => {
    const world = await replica(await server.newDatabase())
    await send(world)

    for (const form of [server.password, encodeURIComponent(server.password)])
      expect(JSON.stringify(world.logged)).not.toContain(form)
  })
})

/**
 * Callers without pause, each call with a key and a book of its own, every fifth repeated at once, at whichever replica gets it. Half of
 * them keep their connections, the others make one for each call.
 */
const callers = (port: number, token: string) => {
  const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: false })]
  const told: Array<Told> = []
  const wrong: Array<unknown> = []
  const books: Array<string> = []
  let isOver = false
  const caller = async (agent: Agent): Promise<void> => {
    while (!isOver && wrong.length === 0) {
      const book = `book-${String(books.length)}`
      books.push(book)
      const call = { token, book, idempotencyKey: book }
      const first = await callOver(agent, { port }, call)
      const again = books.length % 5 === 0 ? await callOver(agent, { port }, call) : undefined
      if (first?.status !== 201 || first.isReplayed) wrong.push([book, first])
      if (again !== undefined && !(again.isReplayed && again.body === first?.body)) wrong.push([book, again])
      told.push(...[first, again].filter((one) => one !== undefined))
    }
  }
  const all = Promise.all([...agents, ...agents].map(caller))
  const stop = async (): Promise<void> => {
    isOver = true
    await all
    for (const agent of agents) agent.destroy()
  }
  return { books, told, wrong, stop }
}

const verdictOn = async (url: string) => {
  const reader = await openPgAuditReader(url)
  if (E.isLeft(reader)) throw new Error(reader.left.message)
  const { problems, streams } = await verdictBy(reader.right, [])
  await reader.right.close()
  return [...problems, ...streams.flatMap((stream) => stream.problems)]
}

describe('while each replica is replaced by a new one, under load', () => {
  it('no call is lost, none is made twice, and all have their end on record', { timeout: 60_000 }, async () => {
    await using begun = new AsyncDisposableStack()
    const around = await surroundings(undefined, 200)
    begun.defer(around.stop)
    const balancer = await aBalancer()
    begun.defer(balancer.stop)
    const url = await server.newDatabase()
    const token = await around.token()
    const aReplica = async () => {
      const process = await aProxyProcess({
        ...around.environment,
        AUDIT_DATABASE_URL: url,
        AUDIT_DIGEST_KEY_FILE: join(keys, 'digest'),
        AUDIT_SIGNING_KEY_FILE: join(keys, 'signing'),
        // Its end is told by a second signal, when the balancer has taken note, so that no time has to be guessed.
        SHUTDOWN_DELAY_MS: '120000',
      })
      await balancer.add(process)
      return process
    }
    const isListening = ({ port }: ProxyProcess): Promise<boolean> =>
      aConnectionTo(port).then(
        ({ socket }) => socket.destroy() && true,
        () => false,
      )
    /** `takesNote`: done when the balancer sends it nothing more. */
    const replace = async (old: ProxyProcess, takesNote: () => Promise<void>): Promise<ProxyProcess> => {
      const next = await aReplica()
      const agent = new Agent()
      const book = `${String(old.pid)}${held}`
      const long = callOver(agent, old, { token, book, idempotencyKey: book })
      await until(() => around.graph.seen(book).length === 1)
      old.kill('SIGTERM')
      await takesNote()
      // Each connection that is kept alive ends with the next answer, which says so.
      await until(() => balancer.open(old) === 0)
      old.kill('SIGTERM')
      while (await isListening(old));
      around.graph.release()
      expect(await long).toMatchObject({ status: 201 })
      expect(await old.exited).toEqual({ code: 0, signal: null })
      expect(balancer.given(old)).toBeGreaterThan(0)
      return next
    }

    const [one, other] = await Promise.all([aReplica(), aReplica()])
    const load = callers(balancer.port, token)
    begun.defer(load.stop)
    await until(() => load.told.length > 8)
    await replace(one, () => until(() => !balancer.sendsTo(one)))
    await replace(other, async () => {
      // This one hears late of it, and goes on sending.
      balancer.trust(other)
      const before = balancer.given(other)
      await until(() => balancer.given(other) > before + 10)
      balancer.takeOut(other)
    })
    const soFar = load.told.length
    await until(() => load.told.length > soFar + 10)
    await load.stop()

    expect(load.wrong).toEqual([])
    expect(load.books.filter((book) => around.graph.seen(book).length !== 1)).toEqual([])
    const ledger = await provedPgLedger(url)
    expect(untruths(ledger, load.told, around.graph.seen())).toEqual([])
    expect(ledger.open).toEqual([])
    expect(ledger.records.filter(({ kind }) => kind === 'intent')).toHaveLength(load.books.length + 2)
    expect(await verdictOn(url)).toEqual([])
  })
})

describe('when the database is away', () => {
  it('calls are refused, Graph hears nothing, and all is well again when it is back', async () => {
    const world = await replica(await server.newDatabase())
    await server.kill()
    const refused = await send(world)
    const notReady = await fetch(`${world.adminUrl}/readyz`)
    await server.start()
    await until(async () => (await fetch(`${world.adminUrl}/readyz`)).status === 200)
    const taken = await send(world)

    expect(refused).toMatchObject({ status: 503, error: { code: 'auditUnavailable' } })
    expect(notReady.status).toBe(503)
    expect(taken.status).toBe(201)
    expect(world.graph.received.join('').split('POST /beta/')).toHaveLength(2)
  })

  it('a start waits for it, alive and not ready, and serves when it is there', async () => {
    const url = await server.newDatabase()
    await server.kill()
    const lines: Array<unknown> = []
    const starting = replica(url, { onLine: (line) => lines.push(line) })
    await until(() => JSON.stringify(lines).includes('waiting for it'))
    const adminUrl = /"adminUrl":"([^"]+)"/.exec(JSON.stringify(lines))?.[1] ?? ''
    const [alive, ready, metrics] = await Promise.all(
      ['/livez', '/readyz', '/metrics'].map((path) => fetch(`${adminUrl}${path}`)),
    )
    const figures = await metrics?.text()

    expect(alive?.status).toBe(200)
    expect(ready?.status).toBe(503)
    expect(await ready?.json()).toEqual({ status: 'notReady', checks: [{ name: 'auditLedger', well: false }] })
    expect(figures).toMatch(/^device_install_state_ready\{check="auditLedger"\} 0$/m)
    await server.start()
    const world = await starting
    expect(await (await fetch(`${adminUrl}/metrics`)).text()).toMatch(/_ready\{check="auditLedger"\} 1$/m)
    expect(world.adminUrl).toBe(adminUrl)
    expect(await send(world)).toMatchObject({ status: 201 })
  })
})
