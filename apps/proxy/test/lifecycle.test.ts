import { createServer } from 'node:net'
import { documentedExample } from '@device-install-state/model/fields'
import { afterEach, describe, expect, it } from 'vitest'
import { bookPath } from './a-request.js'
import { aRunningProxy, creates, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

const readiness = async (adminUrl: string): Promise<unknown> => (await fetch(`${adminUrl}/readyz`)).json()

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

  it('gives up on calls that outlive the grace, and says so', async () => {
    world = await aRunningProxy({ SHUTDOWN_GRACE_MS: '50' })
    const arrived = aGate()
    world.scriptGraph(() => arrived.open())
    const inFlight = rawExchange(world.port, requestText({ authorization: `Bearer ${await world.token()}` })).catch(
      () => 'gone',
    )
    await arrived.opened

    expect(await world.stopProxy()).toBe('forced')
    await inFlight
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
