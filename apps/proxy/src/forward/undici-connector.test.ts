import { createServer } from 'node:net'
import nodeTls, { connect as connectTls } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { aForwardProxy, type ForwardProxy } from '../../test/a-forward-proxy.js'
import {
  aSelfSignedCertificate,
  aTestAuthority,
  type ServerCertificate,
  type TestAuthority,
} from '../../test/a-test-authority.js'
import { aGraphRequest as request } from '../../test/a-graph-request.js'
import { httpResponse, type Script, type ScriptedServer, scriptedServer } from '../../test/scripted-server.js'
import type { ProxyError } from '../domain/proxy-error.js'
import { reasonOf } from '../domain/reason-of.js'
import { wordsOfFault } from './entra-error.js'
import { undiciBoundedFetch } from './undici-bounded-fetch.js'
import { undiciConnector } from './undici-connector.js'
import { undiciGraph } from './undici-graph.js'

const creates: Script = (socket) =>
  socket.write(httpResponse('201 Created', { 'Content-Type': 'application/json' }, documentedExample.response))

let authority: TestAuthority
let good: ServerCertificate
let distrust: () => void
beforeAll(async () => {
  authority = await aTestAuthority()
  good = await authority.issue({ names: ['127.0.0.1', 'localhost', 'graph.test', 'login.test'] })
  distrust = authority.trust()
})
afterAll(() => distrust())

const stops: Array<() => Promise<unknown>> = []
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

const stopping = async <A extends { readonly stop: () => Promise<unknown> }>(starting: Promise<A>): Promise<A> => {
  const started = await starting
  stops.push(started.stop)
  return started
}

interface Way {
  readonly proxy?: { readonly url: string; readonly exceptions: string }
  readonly timeoutInMs?: number
}

const connectorBy = ({ proxy, timeoutInMs = 5_000 }: Way) => undiciConnector({ proxy, timeoutInMs })

/** Sends one call to an origin. */
const sendTo = async (origin: string, way: Way = {}) => {
  const graph = undiciGraph({ origin, userAgent: 'test/1', connect: connectorBy(way), connections: 4 })
  stops.push(graph.close)
  return graph.send({ atInMs: performance.now() + 20_000 })(request)()
}

const created = { _tag: 'Right', right: { status: 201 } }
const left = (tag: ProxyError['_tag']) => ({ _tag: 'Left', left: { _tag: tag } })

const reasonIn = (result: Awaited<ReturnType<typeof sendTo>>): string | undefined =>
  result._tag === 'Left' ? reasonOf(result.left) : undefined

const noByteIn = ({ received }: ScriptedServer): void => expect(received.join('')).toBe('')

const tlsGraph = (tls: Parameters<typeof scriptedServer>[2] = good) =>
  stopping(scriptedServer(creates, () => undefined, tls))

describe('a connection to Graph', () => {
  it('is secured, by an authority that is trusted', async () => {
    const server = await tlsGraph()

    expect(await sendTo(server.url)).toMatchObject(created)
    expect(await sendTo(server.url.replace('127.0.0.1', 'localhost'))).toMatchObject(created)
  })

  it.each<[string, () => Promise<Parameters<typeof scriptedServer>[2]>]>([
    ['signed by itself', aSelfSignedCertificate],
    ['of an authority that nobody knows', async () => (await aTestAuthority()).issue()],
    ['expired', () => authority.issue({ notBeforeDate: new Date(0), notAfterDate: new Date(86_400_000) })],
    ['not valid yet', () => authority.issue({ notBeforeDate: new Date('2099-01-01T00:00:00Z') })],
    ['for another host', () => authority.issue({ names: ['graph.example'] })],
    ['for a name that begins in the same way', () => authority.issue({ names: ['127.0.0.1.example'] })],
    ['signed over SHA-1', () => authority.issue({ algorithm: 'sha1' })],
  ])('is not made when the certificate is %s', async (_, certificate) => {
    const server = await tlsGraph(await certificate())
    const result = await sendTo(server.url)

    expect(result).toMatchObject(left('GraphTlsFailed'))
    noByteIn(server)
  })

  it('is not made by TLS 1.1, whatever the defaults of Node are', async () => {
    const defaults = { DEFAULT_MIN_VERSION: nodeTls.DEFAULT_MIN_VERSION, DEFAULT_CIPHERS: nodeTls.DEFAULT_CIPHERS }
    Object.assign(nodeTls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT:@SECLEVEL=0' })
    try {
      const server = await tlsGraph({ ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })

      expect(await sendTo(server.url)).toMatchObject(left('GraphTlsFailed'))
      noByteIn(server)
    } finally {
      Object.assign(nodeTls, defaults)
    }
  })

  it('is not made with a server that speaks no TLS', async () => {
    const server = await stopping(
      scriptedServer(
        () => undefined,
        (socket) => socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      ),
    )

    expect(await sendTo(server.url.replace('http:', 'https:'))).toMatchObject(left('GraphTlsFailed'))
    expect(server.received.join('')).not.toContain('POST')
  })

  it('is checked whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    const certificate = await aSelfSignedCertificate()
    const server = await tlsGraph(certificate)
    const web = undiciBoundedFetch(connectorBy({}))
    stops.push(web.close)
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      const isTaken = await new Promise<boolean>((resolve) => {
        const socket = connectTls({ port: server.port, host: '127.0.0.1' }, () => {
          socket.destroy()
          resolve(true)
        }).on('error', () => resolve(false))
      })
      // The variable has its effect in this process.
      expect(isTaken).toBe(true)

      expect(await sendTo(server.url)).toMatchObject(left('GraphTlsFailed'))
      await expect(web.fetch(server.url, { method: 'GET', headers: {} })).rejects.toMatchObject({
        cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
      })
      noByteIn(server)
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    }
  })

  it.each<[string, Script]>([
    ['resets it', (socket) => socket.resetAndDestroy()],
    ['closes it', (socket) => socket.end()],
  ])('is not there when the server %s amid the handshake', async (_, cut) => {
    const server = await stopping(
      scriptedServer(
        () => undefined,
        (socket) => socket.once('data', () => cut(socket, '')),
      ),
    )

    expect(await sendTo(server.url.replace('http:', 'https:'))).toMatchObject(left('GraphUnreachable'))
    expect(server.received.join('')).not.toContain('POST')
  })

  it('is given up when the handshake takes too long', async () => {
    const server = await stopping(scriptedServer(() => undefined))
    const result = await sendTo(server.url.replace('http:', 'https:'), { timeoutInMs: 100 })

    expect(result).toMatchObject(left('GraphUnreachable'))
    expect(reasonIn(result)).toContain('no connection within 100 ms')
  })

  it('is given up when nothing comes back', async () => {
    // A thread that listens, and then does nothing any more: once its queue is full, nobody is answered.
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads')
       const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
         parentPort.postMessage(server.address().port)
         setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 0)
       })`,
      { eval: true },
    )
    stops.push(() => worker.terminate())
    const port = await new Promise<number>((resolve) => worker.once('message', resolve))
    const results = await Promise.all(
      Array.from({ length: 8 }, () => sendTo(`https://127.0.0.1:${String(port)}`, { timeoutInMs: 300 })),
    )

    for (const result of results) expect(result).toMatchObject(left('GraphUnreachable'))
  })
})

describe('a connection through a proxy', () => {
  let graph: ScriptedServer
  let proxy: ForwardProxy
  beforeAll(async () => {
    graph = await scriptedServer(creates, () => undefined, good)
    proxy = await aForwardProxy(graph.port)
  })
  afterEach(() => proxy.answerWith(undefined))
  afterAll(async () => {
    await proxy.stop()
    await graph.stop()
  })

  const by = (url = proxy.url, exceptions = '') => ({ proxy: { url, exceptions } })
  const lastHead = () =>
    proxy.heads
      .at(-1)
      ?.split('\r\n')
      .filter((line) => line !== '')

  it('is a tunnel, in which Graph proves itself, and the proxy sees nothing', async () => {
    expect(await sendTo('https://graph.test', by())).toMatchObject(created)

    expect(lastHead()).toEqual(['CONNECT graph.test:443 HTTP/1.1', 'host: graph.test:443', 'connection: close'])
    expect(proxy.received.join('')).not.toContain('the.upstream.token')
    expect(graph.received.at(-1)).not.toContain('proxy')
  })

  it('takes the port of an origin along, and the brackets of its address', async () => {
    const brackets = await sendTo('https://[2001:db8::1]:8443', by())

    expect(lastHead()?.[0]).toBe('CONNECT [2001:db8::1]:8443 HTTP/1.1')
    // Its certificate is for other names.
    expect(brackets).toMatchObject(left('GraphTlsFailed'))
  })

  it('is what tokens and keys come over, too', async () => {
    const web = undiciBoundedFetch(connectorBy(by()))
    stops.push(web.close)
    const response = await web.fetch('https://login.test/keys', { method: 'GET', headers: {} })

    expect(response.status).toBe(201)
    expect(lastHead()?.[0]).toBe('CONNECT login.test:443 HTTP/1.1')
  })

  it('begins with who we are, if the proxy asks for it', async () => {
    const url = proxy.url.replace('http://', 'http://an%40user:pass%3Aw%C3%B6rd@')

    expect(await sendTo('https://graph.test', by(url))).toMatchObject(created)
    const proof = Buffer.from('an@user:pass:wörd').toString('base64')
    expect(lastHead()).toContain(`proxy-authorization: Basic ${proof}`)
    expect(graph.received.at(-1)).not.toContain(proof)
  })

  it('may be secured itself', async () => {
    const secured = await stopping(aForwardProxy(graph.port, good))

    expect(await sendTo('https://graph.test', by(secured.url))).toMatchObject(created)
    expect(secured.heads[0]).toContain('CONNECT graph.test:443')
  })

  it('is none for this machine, for the exceptions, and for what is not https', async () => {
    const before = proxy.heads.length
    const plain = await stopping(scriptedServer(creates))

    expect(await sendTo(graph.url, by())).toMatchObject(created)
    expect(await sendTo(plain.url, by())).toMatchObject(created)
    expect(await sendTo('https://graph.invalid', by(proxy.url, '.invalid'))).toMatchObject(left('GraphUnreachable'))
    expect(proxy.heads).toHaveLength(before)
  })

  it('is asked for again when a proxy that was away is there', async () => {
    proxy.answerWith((socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'))
    const undici = undiciGraph({
      origin: 'https://graph.test',
      userAgent: 'x',
      connect: connectorBy(by()),
      connections: 1,
    })
    stops.push(undici.close)
    const send = undici.send({ atInMs: performance.now() + 20_000 })(request)

    expect(await send()).toMatchObject(left('GraphUnreachable'))
    proxy.answerWith(undefined)
    expect(await send()).toMatchObject(created)
  })

  it('that is refused is told with its status where words are not', async () => {
    proxy.answerWith((socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'))
    const web = undiciBoundedFetch(connectorBy(by()))
    stops.push(web.close)
    const fault: unknown = await web
      .fetch('https://login.test/', { method: 'GET', headers: {} })
      .catch((e: unknown) => e)

    expect(wordsOfFault(fault)).toBe('TypeError: Error ERR_PROXY_STATUS_407')
  })

  const secret = 'pass-of-the-proxy'
  const withSecret = (url: string): string => url.replace('://', `://user:${secret}@`)

  it.each<[string, Script, string]>([
    [
      'asks for another password',
      (s) => s.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n'),
      'it refuses the tunnel with status 407',
    ],
    ['forbids it', (s) => s.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'), 'status 403'],
    ['cannot reach Graph', (s) => s.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'), 'status 502'],
    ['redirects', (s) => s.end('HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n'), 'status 302'],
    ['speaks no HTTP', (s) => s.end('220 smtp.example.com ESMTP\r\n'), 'HTTP/1.1 protocol'],
    ['says nothing and closes', (s) => s.end(), 'other side closed'],
    ['resets the connection', (s) => s.resetAndDestroy(), 'the proxy: '],
    ['says yes and closes', (s) => s.end('HTTP/1.1 200 OK\r\n\r\n'), 'closed|disconnected|ECONNRESET'],
    [
      'says yes and resets',
      (s) => s.write('HTTP/1.1 200 OK\r\n\r\n', () => s.resetAndDestroy()),
      'closed|disconnected|ECONNRESET',
    ],
    [
      'says more than anyone reads',
      (s) => s.end(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
      'Headers Overflow',
    ],
  ])('is not made when the proxy %s, and Graph sees no byte', async (_, script, words) => {
    const [before, behind] = [proxy.heads.length, graph.received.length]
    proxy.answerWith(script)
    const result = await sendTo('https://graph.test', by(withSecret(proxy.url)))

    expect(result).toMatchObject(left('GraphUnreachable'))
    expect(reasonIn(result)).toMatch(new RegExp(words))
    expect(JSON.stringify([result, reasonIn(result)])).not.toContain(secret)
    // Asked once: whether it is asked again is the caller's to say.
    expect(proxy.heads).toHaveLength(before + 1)
    expect(graph.received).toHaveLength(behind)
  })

  it.each<[string, string]>([
    ['refuses it', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'],
    ['says half a word', 'HTTP/1.1 2'],
    ['says yes, and then nothing', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('leaves no connection behind when the proxy %s', async (_, words) => {
    const closed = new Promise((resolve) =>
      proxy.answerWith((socket) => {
        socket.on('close', resolve)
        socket.write(words)
      }),
    )

    expect(await sendTo('https://graph.test', { ...by(), timeoutInMs: 100 })).toMatchObject(left('GraphUnreachable'))
    await closed
  })

  it('is not made when what comes out of the tunnel is not TLS', async () => {
    proxy.answerWith((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n<html>a portal</html>'))

    expect(await sendTo('https://graph.test', by())).toMatchObject(left('GraphTlsFailed'))
  })

  it.each<[string, Script | 'never']>([
    ['never answers', () => undefined],
    ['says yes, and then nothing', (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n')],
    ['drips', (socket) => socket.write('HTTP/1.1 200 O')],
  ])('is given up when the proxy %s', async (_, script) => {
    if (script !== 'never') proxy.answerWith(script)
    const result = await sendTo('https://graph.test', { ...by(withSecret(proxy.url)), timeoutInMs: 100 })

    expect(result).toMatchObject(left('GraphUnreachable'))
    expect(reasonIn(result)).toContain('no connection within 100 ms')
  })

  it('is not made when the proxy is not there, or does not prove itself', async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address()
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
      })
    })
    const unknown = await stopping(aForwardProxy(graph.port, await aSelfSignedCertificate()))
    const other = await stopping(aForwardProxy(graph.port, await authority.issue({ names: ['proxy.example'] })))
    const away = await sendTo('https://graph.test', by(withSecret(`http://127.0.0.1:${String(port)}`)))

    expect(away).toMatchObject(left('GraphUnreachable'))
    expect(reasonIn(away)).toContain(`the proxy: connect ECONNREFUSED 127.0.0.1:${String(port)}`)
    for (const url of [unknown.url, other.url]) {
      const result = await sendTo('https://graph.test', by(withSecret(url)))
      expect(result).toMatchObject(left('GraphTlsFailed'))
      expect(JSON.stringify([away, result, reasonIn(result)])).not.toContain(secret)
    }
    noByteIn(unknown)
    noByteIn(other)
  })
})
