import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { documentedExample } from '@device-install-state/model/fields'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { auditRecordsOf } from '../src/audit-records.js'
import { post, takeToken } from '../src/client.js'
import { pathOf } from '../src/demonstration.js'
import { valueAt } from '../src/json.js'
import { proxyPrograms } from '../src/proxy-programs.js'
import { startProxyProcess } from '../src/proxy-process.js'
import { applicationGrant } from '../src/sandbox-tenant.js'
import { startWorld, type World, type WorldOptions } from '../src/start-world.js'

const aWorld = async (options: WorldOptions): Promise<World> => {
  const world = await startWorld(options)
  onTestFinished(world.stop)
  return world
}

/** A world whose Graph has taken a call and holds its answer back. */
const aCallUnderWay = async (signal: AbortSignal) => {
  const arrival = Promise.withResolvers<Request>()
  const release = Promise.withResolvers<undefined>()
  const arrived = vi.fn<(request: Request) => Promise<void>>((request) => {
    arrival.resolve(request)
    return release.promise
  })
  const world = await aWorld({ signal, untilGraphAnswers: arrived })
  const token = await takeToken(world.identityProvider.tokenEndpoint, applicationGrant(), signal)
  const call = { path: pathOf('beta', 'a book'), token, body: documentedExample.request }
  const answer = post(world.proxy.url, call, signal)
  // It may be told that its proxy is gone before the test looks.
  answer.catch(() => undefined)

  const auditId = (await arrival.promise).headers.get('client-request-id') ?? ''
  return { world, answer, auditId, arrived, letGraphAnswer: () => release.resolve(undefined) }
}

const recordsOf = async ({ auditDirectory }: World, auditId: string, signal: AbortSignal) =>
  (await auditRecordsOf(auditDirectory, auditId, signal)).map((kept) => valueAt(kept, 'record'))

const lifecycleOf = ({ auditDirectory }: World): ReadonlyArray<unknown> => {
  const ledger = new DatabaseSync(join(auditDirectory, 'audit.sqlite'), { readOnly: true })
  const rows = ledger
    .prepare("SELECT entry ->> '$.record' AS record FROM record WHERE kind = 'lifecycle' ORDER BY sequence")
    .all()
  ledger.close()
  return rows.map(({ record }) => JSON.parse(String(record)))
}

describe('when the proxy is killed between intent and outcome', () => {
  it('keeps the intent, and the next start settles it as indeterminate and sends nothing again', async ({ signal }) => {
    const { answer, arrived, auditId, world } = await aCallUnderWay(signal)

    world.proxy.kill('SIGKILL')

    await expect(answer).rejects.toThrow('fetch failed')
    expect(await world.proxy.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(await recordsOf(world, auditId, signal)).toEqual([expect.objectContaining({ kind: 'intent', auditId })])

    const { logFile, proxyEnvironment: environment } = world
    const next = await startProxyProcess({ environment, logFile, signal })
    onTestFinished(async () => void (await next.stop()))

    expect(await recordsOf(world, auditId, signal)).toEqual([
      expect.objectContaining({ kind: 'intent', auditId }),
      expect.objectContaining({ kind: 'outcome', auditId, outcome: 'indeterminate', code: 'writerEnded' }),
    ])
    expect(arrived).toHaveBeenCalledOnce()
  })
})

describe('when SIGTERM comes while a call is under way', () => {
  it('is not ready at once, ends the call with its 201, and only then itself with 0', async ({ signal }) => {
    const { answer, auditId, letGraphAnswer, world } = await aCallUnderWay(signal)

    world.proxy.kill('SIGTERM')

    await vi.waitFor(async () => expect((await fetch(`${world.proxy.adminUrl}/readyz`)).status).toBe(503), 5_000)
    expect(await recordsOf(world, auditId, signal)).toHaveLength(1)

    letGraphAnswer()

    expect((await answer).status).toBe(201)
    expect(await world.proxy.exited).toEqual({ code: 0, signal: null })
    expect(await recordsOf(world, auditId, signal)).toEqual([
      expect.objectContaining({ kind: 'intent' }),
      expect.objectContaining({ kind: 'outcome', outcome: 'applied' }),
    ])
    expect(lifecycleOf(world)).toEqual([
      expect.objectContaining({ event: 'started' }),
      expect.objectContaining({ event: 'stopped', detail: expect.objectContaining({ result: 'finished' }) }),
    ])
  })
})

describe('when the environment of the proxy is wrong', () => {
  it('ends with 78, names each variable, tells no value, and starts nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-test-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const environment = {
      AZURE_TENANT_ID: 'no-guid-at-all',
      AZURE_CLIENT_SECRET: 'very-secret-indeed',
      AUDIT_DIRECTORY: join(folder, 'audit'),
      UPSTREAM_DEADLIN_MS: '5000',
    }

    const { status, stderr, stdout } = spawnSync(process.execPath, [proxyPrograms.main], {
      env: environment,
      encoding: 'utf8',
    })

    expect(status).toBe(78)
    expect(stderr).toContain('The proxy was not started. Its environment has 4 problem(s):')
    expect(stderr).toMatch(/^ {2}CALLER_AUDIENCE is not set\./m)
    expect(stderr).toMatch(/^ {2}AZURE_CLIENT_ID is not set\./m)
    expect(stderr).toMatch(/^ {2}AZURE_TENANT_ID is set, but not to the id \(GUID\)/m)
    expect(stderr).toMatch(/^ {2}UPSTREAM_DEADLIN_MS is not a setting of the proxy\./m)
    expect(stderr).not.toContain('no-guid-at-all')
    expect(stderr).not.toContain('very-secret-indeed')
    expect(stdout).toBe('')
    expect(existsSync(join(folder, 'audit'))).toBe(false)
  })
})

describe('when ports are taken', () => {
  const aTakenPort = async (): Promise<number> => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return Number(valueAt(server.address(), 'port'))
  }

  it('takes others', async ({ signal }) => {
    const ports = { proxy: await aTakenPort(), identityProvider: await aTakenPort(), graph: await aTakenPort() }

    const { graphUrl, identityProvider, proxy } = await aWorld({ signal, ports })

    const portOf = (url: string): number => Number(new URL(url).port)
    expect(portOf(proxy.url)).not.toBe(ports.proxy)
    expect(portOf(identityProvider.authorityHost)).not.toBe(ports.identityProvider)
    expect(portOf(graphUrl)).not.toBe(ports.graph)
    expect((await fetch(`${proxy.adminUrl}/readyz`)).status).toBe(200)
  })

  it('takes those that are wished for where they are free', async ({ signal }) => {
    const first = await startWorld({ signal })
    const [proxy, identityProvider, graph] = [first.proxy.url, first.identityProvider.authorityHost, first.graphUrl]
    await first.stop()
    const portOf = (url: string): number => Number(new URL(url).port)

    const world = await aWorld({
      signal,
      ports: { proxy: portOf(proxy), identityProvider: portOf(identityProvider), graph: portOf(graph) },
    })

    expect([world.proxy.url, world.identityProvider.authorityHost, world.graphUrl]).toEqual([
      proxy,
      identityProvider,
      graph,
    ])
  })

  it('lets a proxy that was told to take one say why it did not start', async ({ signal }) => {
    const world = await aWorld({ signal })
    const { logFile, proxyEnvironment } = world
    await world.proxy.stop()
    const environment = { ...proxyEnvironment, PORT: String(await aTakenPort()) }

    await expect(startProxyProcess({ environment, logFile, signal })).rejects.toThrow(
      /exit code 1.*The proxy cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/s,
    )
  })
})
