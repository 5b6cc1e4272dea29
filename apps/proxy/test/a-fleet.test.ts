import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newDigestKey } from '../src/audit/node-digest-ring.js'
import { newSigningKey } from '../src/audit/node-signing-ring.js'
import { openPgAuditReader } from '../src/audit/pg-audit-reader.js'
import { aPostgresServer, type PostgresServer } from './a-postgres-server.js'
import { aRunningProxy, rawExchange, requestText, type TestWorld, type TestWorldOptions } from './a-running-proxy.js'
import { recordsOf } from './an-audit-store.js'
import { until } from './until.js'

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
    const [alive, ready] = await Promise.all(['/livez', '/readyz'].map((path) => fetch(`${adminUrl}${path}`)))

    expect(alive?.status).toBe(200)
    expect(ready?.status).toBe(503)
    expect(await ready?.json()).toEqual({ status: 'notReady', checks: [{ name: 'auditLedger', well: false }] })
    await server.start()
    const world = await starting
    expect(world.adminUrl).toBe(adminUrl)
    expect(await send(world)).toMatchObject({ status: 201 })
  })
})
