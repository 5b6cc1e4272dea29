import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { aForwardProxy, type ForwardProxy } from '../a-forward-proxy.js'
import { aRunningProxy, creates, type TestWorld } from '../a-running-proxy.js'
import { aSelfSignedCertificate, aTestAuthority, type TestAuthority } from '../a-test-authority.js'
import { httpResponse, type Script, type ScriptedServer, scriptedServer } from '../scripted-server.js'
import { until } from '../until.js'
import { applied, call, expectOwed, type Owed, says, saysAndEnds } from './what-is-owed-of-graph.js'

// What can go wrong on the way to Graph, before a byte of a call is sent: each row is a fault, and what the caller and the ledger
// are owed for it.

/** One port, behind which each connection is met in another way. */
interface Front {
  readonly port: number
  readonly connections: () => number
  readonly meet: (how: (socket: Socket) => void) => void
  readonly stop: () => Promise<void>
}

const aFront = async (): Promise<Front> => {
  let meet = (socket: Socket): unknown => socket.destroy()
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    connections++
    sockets.add(socket.on('error', () => undefined))
    meet(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    meet: (how) => {
      meet = how
    },
    stop: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

const notSent = { outcome: 'notSent' }
const tlsFailed: Owed = { status: 502, code: 'upstreamTls', ...notSent, retry: 'never' }
const unreachable: Owed = { status: 502, code: 'upstreamUnreachable', ...notSent, retry: 'safe' }

describe('a Graph that does not prove itself', () => {
  let authority: TestAuthority
  let front: Front
  let world: TestWorld
  let distrust: () => void
  let read = ''
  const byTls = (tls: TlsOptions): ((socket: Socket) => void) => {
    const server = createTlsServer(tls, (socket) => {
      socket
        .on('error', () => undefined)
        .on('data', (chunk) => {
          read += String(chunk)
          creates(socket, '')
        })
    }).on('tlsClientError', () => undefined)
    return (socket) => server.emit('connection', socket)
  }

  beforeAll(async () => {
    authority = await aTestAuthority()
    distrust = authority.trust()
    front = await aFront()
    world = await aRunningProxy({}, { graphUrl: `https://localhost:${String(front.port)}` })
  })
  afterEach(() => {
    read = ''
  })
  afterAll(async () => {
    await world.stop()
    await front.stop()
    distrust()
  })

  it.each<[string, () => Promise<(socket: Socket) => void>]>([
    ['a certificate signed by itself', async () => byTls(await aSelfSignedCertificate())],
    ['an authority that nobody knows', async () => byTls(await (await aTestAuthority()).issue())],
    [
      'a certificate that is expired',
      async () => byTls(await authority.issue({ notBeforeDate: new Date(0), notAfterDate: new Date(1e9) })),
    ],
    ['a certificate for another host', async () => byTls(await authority.issue({ names: ['graph.example'] }))],
    ['a signature over SHA-1', async () => byTls(await authority.issue({ algorithm: 'sha1' }))],
    [
      'TLS 1.1',
      async () =>
        byTls({
          ...(await authority.issue()),
          minVersion: 'TLSv1',
          maxVersion: 'TLSv1.1',
          ciphers: 'DEFAULT:@SECLEVEL=0',
        }),
    ],
    [
      'no TLS',
      () => Promise.resolve((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))),
    ],
  ])('(%s) is told nothing, once', async (_, met) => {
    front.meet(await met())
    const before = front.connections()

    expectOwed(await call(world, 'B1'), tlsFailed)
    expect(front.connections()).toBe(before + 1)
    expect(read).toBe('')
  })

  it.each<[string, (socket: Socket) => void]>([
    ['resets', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['ends', (socket) => socket.once('data', () => socket.end())],
  ])('(a handshake that it %s) is told nothing, thrice', async (_, met) => {
    front.meet(met)
    const before = front.connections()

    expectOwed(await call(world, 'B1'), unreachable)
    expect(front.connections()).toBe(before + 3)
  })

  it('is called when it does', async () => {
    front.meet(byTls(await authority.issue()))

    expectOwed(await call(world, 'B1'), applied)
    expect(read.match(/POST /g)).toHaveLength(1)
  })
})

describe('a Graph that is not there', () => {
  it('is looked for three times, and the caller may call again', async () => {
    const gone = await scriptedServer(() => undefined)
    await gone.stop()
    const world = await aRunningProxy({}, { graphUrl: gone.url })
    try {
      const exchanged = await call(world, 'B1')

      expectOwed(exchanged, unreachable)
      expect(exchanged.records[1]).toMatchObject({ attempts: 3 })
      expect(exchanged.records[1]?.['reason']).toContain('ECONNREFUSED')
    } finally {
      await world.stop()
    }
  })
})

describe('a proxy on the way to Graph', () => {
  const secret = 'the-password-of-the-proxy'
  let graph: ScriptedServer
  let proxy: ForwardProxy
  let world: TestWorld
  let distrust: () => void
  beforeAll(async () => {
    const authority = await aTestAuthority()
    distrust = authority.trust()
    // Each call needs a connection of its own.
    const script = says(
      httpResponse(
        '201 Created',
        { 'Content-Type': 'application/json', Connection: 'close' },
        documentedExample.response,
      ),
    )
    graph = await scriptedServer(script, () => undefined, await authority.issue({ names: ['graph.test'] }))
    proxy = await aForwardProxy(graph.port)
    world = await aRunningProxy(
      {
        HTTPS_PROXY: proxy.url.replace('://', `://user:${secret}@`),
        UPSTREAM_DEADLINE_MS: '1500',
      },
      { graphUrl: 'https://graph.test' },
    )
  })
  afterEach(() => proxy.answerWith(undefined))
  afterAll(async () => {
    await world.stop()
    await proxy.stop()
    await graph.stop()
    distrust()
  })

  it('makes the tunnel, knows who asks for it, and sees nothing of the call', async () => {
    expectOwed(await call(world, 'B1'), applied)

    const proof = Buffer.from(`user:${secret}`).toString('base64')
    expect(proxy.heads).toEqual([
      `CONNECT graph.test:443 HTTP/1.1\r\nhost: graph.test:443\r\nconnection: close\r\nproxy-authorization: Basic ${proof}\r\n\r\n`,
    ])
    expect(proxy.received.join('')).not.toContain('POST')
    expect(graph.received.join('')).not.toContain(proof)
  })

  it('is asked for the login service, too', async () => {
    const other = await aRunningProxy(
      { HTTPS_PROXY: proxy.url, AZURE_AUTHORITY_HOST: 'https://login.test' },
      { untilReady: false },
    )
    await until(() => proxy.heads.some((each) => each.startsWith('CONNECT login.test:443 ')))
    await other.stop()

    // What it says in the log of its own settings.
    expect(other.logged).toContainEqual([
      'Graph is called',
      expect.objectContaining({ proxy: new URL(proxy.url).host }),
    ])
  })

  it.each<[string, Script, Owed]>([
    ['asks for another password', saysAndEnds('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'), unreachable],
    ['forbids the tunnel', saysAndEnds('HTTP/1.1 403 Forbidden\r\n\r\n'), unreachable],
    ['cannot reach Graph', saysAndEnds('HTTP/1.1 502 Bad Gateway\r\n\r\n'), unreachable],
    ['resets the connection', (socket) => socket.resetAndDestroy(), unreachable],
    ['cuts the tunnel as soon as it is there', saysAndEnds('HTTP/1.1 200 OK\r\n\r\n'), unreachable],
    ['has something else in the tunnel', says('HTTP/1.1 200 OK\r\n\r\n<html>a portal</html>'), tlsFailed],
    ['never answers', () => undefined, { status: 504, code: 'upstreamTimeout', ...notSent, retry: 'safe' }],
  ])('that %s is told nothing, and nobody is told its password', async (_, script, owed) => {
    proxy.answerWith(script)
    const before = graph.received.join('')
    const exchanged = await call(world, 'B1')

    expectOwed(exchanged, owed)
    expect(graph.received.join('')).toBe(before)
    expect(JSON.stringify([exchanged, world.logged, world.records()])).not.toContain(secret)
  })
})
