import { mkdtempSync } from 'node:fs'
import { Agent } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { aConnectionTo } from '../a-connection.js'
import { provedLedger } from '../a-proved-ledger.js'
import { aProxyProcess, callOver, held, type Surroundings, surroundings, untilReady } from '../a-proxy-process.js'
import { bookPath } from '../a-request.js'
import { aRunningProxy, creates, rawExchange, requestText, type TestWorld } from '../a-running-proxy.js'
import { until } from '../until.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

const readiness = async (adminUrl: string): Promise<unknown> => (await fetch(`${adminUrl}/readyz`)).json()

const isListening = (port: number): Promise<boolean> =>
  aConnectionTo(port).then(
    ({ socket }) => socket.destroy() && true,
    () => false,
  )

const aGate = () => {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}

describe('when the keys of the issuer cannot be had', () => {
  it('is up but not ready, answers 503, and a token is not called invalid', async () => {
    world = await aRunningProxy(
      {},
      {
        untilReady: false,
        intercept: (request, response) => {
          if (request.url?.includes('/discovery/') !== true) return false
          response.writeHead(500).end()
          return true
        },
      },
    )
    const authorization = `Bearer ${await world.token()}`
    const reply = await rawExchange(world.port, requestText({ authorization }))

    expect(await readiness(world.adminUrl)).toMatchObject({
      status: 'notReady',
      checks: expect.arrayContaining([{ name: 'issuerKeys', well: false }]),
    })
    expect(reply).toMatchObject({
      status: 503,
      headers: { 'retry-after': '10' },
      error: { code: 'authKeysUnavailable' },
    })
    expect(world.recordsOf(String(reply.headers['audit-id']))).toMatchObject([
      { kind: 'refusal', code: 'authKeysUnavailable' },
    ])
  })
})

describe('when the proxy is stopped', () => {
  it('finishes the call in flight, records its outcome and the stop, and listens no more', async () => {
    world = await aRunningProxy()
    const [arrived, released] = [aGate(), aGate()]
    world.scriptGraph((socket, request) => {
      arrived.open()
      void released.opened.then(() => creates(socket, request))
    })
    const { port, records, stopProxy } = world
    const inFlight = rawExchange(port, requestText({ authorization: `Bearer ${await world.token()}` }))
    await arrived.opened
    const stopped = stopProxy()

    expect(await readiness(world.adminUrl)).toMatchObject({ status: 'notReady' })
    released.open()
    expect(await inFlight).toMatchObject({
      status: 201,
      headers: { connection: 'close' },
      body: documentedExample.response,
    })
    expect(await stopped).toBe('finished')
    expect(records().slice(-2)).toMatchObject([
      { kind: 'outcome', outcome: 'applied' },
      { kind: 'lifecycle', event: 'stopped' },
    ])
    await expect(rawExchange(port, requestText())).rejects.toThrow('ECONNREFUSED')
  })

  it('goes on serving during the delay, and a second call ends the delay', async () => {
    world = await aRunningProxy({ SHUTDOWN_DELAY_MS: '120000' })
    const stopped = world.stopProxy()

    expect(
      await rawExchange(world.port, requestText({ authorization: `Bearer ${await world.token()}` })),
    ).toMatchObject({
      status: 201,
      headers: { connection: 'close' },
    })
    await world.stopProxy()
    expect(await stopped).toBe('finished')
  })

  it.each([
    ['outlive the grace', '50', 1],
    ['are there when it is told again', '600000', 2],
  ])('gives up on calls that %s, and says so', async (_, grace, times) => {
    world = await aRunningProxy({ SHUTDOWN_GRACE_MS: grace })
    const arrived = aGate()
    world.scriptGraph(() => arrived.open())
    const inFlight = rawExchange(world.port, requestText({ authorization: `Bearer ${await world.token()}` }))
    await arrived.opened
    const { port, stopProxy } = world
    const stopped = stopProxy()
    while (await isListening(port));
    for (let told = 1; told < times; told++) void stopProxy()

    expect(await stopped).toBe('forced')
    expect(await inFlight).toMatchObject({
      status: 504,
      headers: { connection: 'close' },
      error: { code: 'upstreamTimeout', innerError: { outcome: 'indeterminate', retry: 'check-first' } },
    })
    expect(world.records().slice(-2)).toMatchObject([
      {
        kind: 'outcome',
        outcome: 'indeterminate',
        code: 'upstreamTimeout',
        reason: 'after it was sent: the process ends',
      },
      { kind: 'lifecycle', event: 'stopped', detail: { result: 'forced' } },
    ])
  })
})

describe('a connection that is kept alive', () => {
  it('ends when the proxy is stopped and nothing is under way', async () => {
    world = await aRunningProxy()
    const connection = await aConnectionTo(world.port)
    connection.send(requestText({ authorization: `Bearer ${await world.token()}` }))
    await connection.answered()

    expect(connection.answers()).toMatchObject([{ status: 201, headers: { connection: 'keep-alive' } }])
    expect(await world.stopProxy()).toBe('finished')
    await connection.closed()
  })

  it('on which nothing is under way costs nothing when the proxy is told to stop again', async () => {
    world = await aRunningProxy({ SHUTDOWN_GRACE_MS: '600000' })
    const connection = await aConnectionTo(world.port)
    const stopped = world.stopProxy()
    while (await isListening(world.port));

    void world.stopProxy()
    expect(await stopped).toBe('finished')
    await connection.closed()
  })

  it('has what it asks for behind a call in flight refused once nobody listens any more', async () => {
    world = await aRunningProxy()
    const { port, records, scriptGraph, stopProxy } = world
    const [arrived, released] = [aGate(), aGate()]
    scriptGraph((socket, request) => {
      arrived.open()
      void released.opened.then(() => creates(socket, request))
    })
    const request = requestText({ authorization: `Bearer ${await world.token()}` })
    const connection = await aConnectionTo(port)
    connection.send(request)
    await arrived.opened
    const stopped = stopProxy()
    while (await isListening(port));
    connection.send(request)
    await until(() => records().at(-1)?.['kind'] === 'refusal')
    released.open()
    await connection.closed()

    expect(await stopped).toBe('finished')
    expect(connection.answers()).toMatchObject([
      { status: 201 },
      { status: 503, headers: { 'retry-after': '1', connection: 'close' } },
    ])
    expect(connection.answers()[1]?.body).toContain('"code":"draining"')
    expect(records().slice(1)).toMatchObject([
      { kind: 'intent' },
      { kind: 'refusal', code: 'draining', status: 503 },
      { kind: 'outcome', outcome: 'applied' },
      { kind: 'lifecycle', event: 'stopped' },
    ])
  })
})

describe('the admin port', () => {
  it('answers probes without a token, tells nothing of the configuration, and makes no call', async () => {
    const running = await aRunningProxy()
    world = running
    const { adminUrl, graph, records, token } = running
    const adminPort = Number(new URL(adminUrl).port)
    const before = records().length
    const asked = async (bytes: string) => {
      const connection = await aConnectionTo(adminPort)
      connection.send(bytes)
      await connection.answered()
      connection.socket.destroy()
      return connection.answers()[0]
    }
    const probe = (target: string) => asked(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)

    expect(await probe('/livez')).toMatchObject({ status: 200, body: '{"status":"alive"}' })
    expect(await probe('/readyz')).toMatchObject({ status: 200, headers: { 'content-type': /^application\/json/ } })
    expect(Object.keys(JSON.parse((await probe('/readyz'))?.body ?? ''))).toEqual(['status', 'checks'])
    for (const target of [
      '/',
      '/livez/x',
      '/metrics/x',
      `/readyz/..${bookPath}`,
      '*',
      'http://x/livez',
      '/audit/calls',
    ])
      expect([target, (await probe(target))?.status]).toEqual([target, 404])
    expect(await asked('GET /livez HTTP/1.1\r\n\r\n')).toMatchObject({ status: 400 })
    const authorization = `Bearer ${await token()}`
    for (const target of [bookPath, `/readyz/..${bookPath}`, '/readyz'])
      expect([target, (await asked(requestText({ authorization, target })))?.status]).toEqual([target, 404])
    expect(records()).toHaveLength(before)
    expect(graph.received.join('')).toBe('')

    // Nor does it help to say that one is a probe.
    for (const agent of ['kube-probe/1.33', 'GoogleHC/1.0', 'ELB-HealthChecker/2.0']) {
      const more = [`User-Agent: ${agent}`]
      expect(await rawExchange(running.port, requestText({ more }))).toMatchObject({ status: 401 })
      for (const target of ['/livez', '/readyz', '/metrics'])
        expect(await rawExchange(running.port, requestText({ more, method: 'GET', target }))).toMatchObject({
          status: 404,
        })
    }
  })
})

describe('when the proxy is stopped while a call waits for a token', () => {
  it('the call ends with the grace, unsent and on record', async () => {
    world = await aRunningProxy({ SHUTDOWN_GRACE_MS: '50' })
    const authorization = `Bearer ${await world.token()}`
    const asked = aGate()
    world.provider.intercept((request) => {
      asked.open()
      return request.method === 'POST'
    })
    const inFlight = rawExchange(world.port, requestText({ authorization }))
    await asked.opened

    expect(await world.stopProxy()).toBe('forced')
    expect(await inFlight).toMatchObject({ status: 503, error: { code: 'upstreamAuthUnavailable' } })
    expect(world.records().slice(-2)).toMatchObject([
      { kind: 'outcome', outcome: 'notSent', reason: 'the process ends' },
      { kind: 'lifecycle', event: 'stopped' },
    ])
  })
})

describe('a proxy that cannot start', () => {
  it('says why: its port is taken, its ledger is in use', async () => {
    const taken = createServer()
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => {
        const address = taken.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })

    await expect(aRunningProxy({ PORT: String(port) })).rejects.toThrow('EADDRINUSE')
    taken.close()

    world = await aRunningProxy()
    await expect(aRunningProxy({ AUDIT_DIRECTORY: world.directory })).rejects.toThrow(
      'another process writes to the audit directory',
    )
  })
})

describe('with one version switched off', () => {
  it('serves the other alone', async () => {
    world = await aRunningProxy({ GRAPH_VERSIONS: 'v1.0' })
    const authorization = `Bearer ${await world.token()}`

    expect(await rawExchange(world.port, requestText({ authorization }))).toMatchObject({ status: 404 })
    expect(
      await rawExchange(world.port, requestText({ authorization, target: bookPath.replace('beta', 'v1.0') })),
    ).toMatchObject({ status: 201 })
  })
})

describe('a process', () => {
  let around: Surroundings
  beforeAll(async () => {
    around = await surroundings()
  })
  afterAll(() => around.stop())

  const aFolder = (): string => mkdtempSync(join(around.folder, 'ledger-'))

  it('that is asked to end is not ready at once, serves on, and ends with 0; no other signal but a second one hurries it', async () => {
    const directory = aFolder()
    const proxy = await aProxyProcess({
      ...around.environment,
      AUDIT_DIRECTORY: directory,
      SHUTDOWN_DELAY_MS: '120000',
    })
    await untilReady(proxy)
    proxy.kill('SIGHUP')
    await proxy.untilPrinted('nothing to do')
    expect(await proxy.readiness()).toBe(200)
    proxy.kill('SIGTERM')
    await proxy.untilPrinted('stopping')
    proxy.kill('SIGHUP')

    expect(await proxy.readiness()).toBe(503)
    const agent = new Agent()
    expect(await callOver(agent, proxy, { token: await around.token() })).toMatchObject({ status: 201 })
    proxy.kill('SIGINT')
    expect(await proxy.exited).toEqual({ code: 0, signal: null })
    const { faults, records } = provedLedger(directory)
    expect(faults).toEqual([])
    expect(records.filter(({ kind }) => kind !== 'checkpoint')).toMatchObject([
      { event: 'started' },
      { kind: 'intent' },
      { kind: 'outcome', outcome: 'applied' },
      { event: 'stopped', detail: { result: 'finished' } },
    ])
  })

  it.each([
    ['a promise that nobody awaited', `void Promise.reject(new TypeError('SECRET'))`, 'TypeError'],
    ['a stack that is too deep', `const deeper = () => deeper() + 1; deeper()`, 'RangeError'],
  ])(
    'with a mistake in it (%s) has it on record, and ends with 1; the next settles what was in flight',
    async (_, mistake, error) => {
      const directory = aFolder()
      const book = `${error}${String(mistake.length)}${held}`
      const environment = { ...around.environment, AUDIT_DIRECTORY: directory }
      const preload = `process.on('SIGUSR2', () => { ${mistake} })`
      const proxy = await aProxyProcess({
        ...environment,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}`,
      })
      await untilReady(proxy)
      const agent = new Agent()
      const call = callOver(agent, proxy, { book, token: await around.token() })
      while (around.graph.seen(book).length === 0) await setTimeout(5)
      proxy.kill('SIGUSR2')

      expect(await proxy.exited).toEqual({ code: 1, signal: null })
      expect(await call).toBeUndefined()
      expect(proxy.lines.filter((line) => line.includes('a mistake of our own'))).toHaveLength(1)
      const next = await aProxyProcess(environment)
      expect(await next.stop()).toEqual({ code: 0, signal: null })
      const { faults, open, records } = provedLedger(directory)
      expect([faults, open]).toEqual([[], []])
      expect(records.filter(({ kind }) => kind !== 'checkpoint')).toMatchObject([
        { event: 'started' },
        { kind: 'intent' },
        { event: 'failed', detail: { error } },
        { kind: 'outcome', outcome: 'indeterminate', code: 'writerEnded' },
        { event: 'started', detail: { settled: 1 } },
        { event: 'stopped' },
      ])
      expect(JSON.stringify(records)).not.toContain('SECRET')
    },
  )

  it('with a bad configuration does not start: it ends with 78, and a line for each problem, without a secret', async () => {
    const { PATH = '' } = around.environment
    await expect(aProxyProcess({ PATH })).rejects.toThrow(/"code":78.*\n {2}CALLER_AUDIENCE .*\n {2}AZURE_TENANT_ID /s)
    const bad = { PORT: '70000', GRAPH_PACE: 'x', CALLER_AUDIENSE: 'a-SECRET', AUDIT_DIRECTORY: aFolder() }
    const started = aProxyProcess({ ...around.environment, ...bad })
    await expect(started).rejects.toThrow(/"code":78/)
    const told = await started.then(() => '', String)

    for (const name of ['PORT', 'GRAPH_PACE', 'CALLER_AUDIENSE'])
      expect(told).toMatch(new RegExp(`^ {2}${name} .+\\.$`, 'm'))
    expect(told).not.toContain('SECRET')
  })
})
