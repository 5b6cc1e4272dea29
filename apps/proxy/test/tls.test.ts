import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { trustCertificate } from '@device-install-state/identity-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Conversations } from '../src/http/conversations.js'
import { closeServer, httpLimits, listen, nodeHttpServer } from '../src/http/node-http-server.js'
import type { TlsFiles } from '../src/http/node-tls-files.js'
import { aCertificate, type Certificate } from './a-certificate.js'
import { aRunningProxy, creates, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'
import { until } from './until.js'

const audit = fileURLToPath(new URL('../dist/cli/audit.js', import.meta.url))

const none: Certificate = { cert: '', key: '' }
let [server, authority, client, foreign]: [Certificate, Certificate, Certificate, Certificate] = [
  none,
  none,
  none,
  none,
]
let folder = ''
let distrust = (): void => undefined
beforeAll(async () => {
  ;[server, authority, foreign] = await Promise.all([
    aCertificate(),
    aCertificate({ isAuthority: true }),
    aCertificate({ isAuthority: true }),
  ])
  client = await aCertificate({ ca: authority, usage: 'clientAuth' })
  distrust = trustCertificate(server.cert)
  folder = mkdtempSync(join(tmpdir(), 'tls-'))
})
afterAll(() => {
  distrust()
  rmSync(folder, { recursive: true })
})

const tlsFiles: TlsFiles = {
  ...none,
  certificate: '',
  clientCa: undefined,
  fingerprint: '',
  notBefore: new Date(0),
  notAfter: new Date(0),
  isKeyOpen: false,
  state: '',
}

const fingerprintOf = ({ cert }: Certificate): string =>
  new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase()

/** A folder with the three files, behind a link as Kubernetes has it. */
const files = (name: string, { cert, key }: Certificate, ca = authority) => {
  const [place, data] = [join(folder, name), join(folder, name, '..data')]
  const put = (version: string, certificate: Certificate, clientCa: Certificate): void => {
    mkdirSync(join(place, version), { recursive: true })
    writeFileSync(join(place, version, 'tls.crt'), certificate.cert)
    writeFileSync(join(place, version, 'tls.key'), certificate.key, { mode: 0o600 })
    writeFileSync(join(place, version, 'ca.crt'), clientCa.cert)
    symlinkSync(version, `${data}_tmp`)
    renameSync(`${data}_tmp`, data)
  }
  put('..1', { cert, key }, ca)
  return {
    put,
    variables: {
      TLS_CERTIFICATE_FILE: join(data, 'tls.crt'),
      TLS_KEY_FILE: join(data, 'tls.key'),
    },
    clientCa: { TLS_CLIENT_CA_FILE: join(data, 'ca.crt') },
  }
}

/** A connection over TLS, or none: what came of it, and what was said. */
const overTls = (port: number, options: ConnectionOptions = {}) => {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', ...options })
  let text = ''
  let fault = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => (text += chunk))
  socket.on('error', (error: NodeJS.ErrnoException) => (fault = error.code ?? error.message))
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  return {
    socket,
    closed,
    text: () => text,
    fault: () => fault,
    statuses: () => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status)),
  }
}

/** Says something and hears what comes until the connection ends. */
const told = async (port: number, options: ConnectionOptions, bytes = requestText({ more: ['Connection: close'] })) => {
  const connection = overTls(port, options)
  connection.socket.write(bytes)
  await connection.closed
  return connection
}

const newRecordsOf = (world: TestWorld) => {
  const before = world.records().length
  return async (count: number) => {
    await until(() => world.records().length >= before + count)
    return world.records().slice(before)
  }
}

describe('a port with TLS that demands a certificate', () => {
  let world: TestWorld
  let authorization = ''
  const port = () => world.port
  const asClient = () => ({ ...client })
  beforeAll(async () => {
    const { clientCa, variables } = files('mutual', server)
    world = await aRunningProxy({ ...variables, ...clientCa, ADMIN_TLS: 'true' })
    authorization = `Bearer ${await world.token()}`
  })
  afterAll(() => world.stop())

  it('is told as https, as is the admin port, which demands none', async () => {
    expect([world.url, world.adminUrl]).toEqual([
      expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
    ])
    expect((await fetch(`${world.adminUrl}/readyz`)).status).toBe(200)
    expect(world.logged).toContainEqual([
      'TLS is spoken with callers',
      { certificate: fingerprintOf(server), notAfter: expect.any(String), clientCertificates: 'demanded' },
    ])
  })

  it('serves HTTP/1.1 over TLS 1.2 and 1.3, and puts on record by which certificate', async () => {
    const more = ['Connection: close', 'Idempotency-Key: one']
    const newRecords = newRecordsOf(world)
    const versions = []
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { ...client, minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] }
      const connection = overTls(port(), options)
      await new Promise((resolve) => connection.socket.on('secureConnect', resolve))
      const spoken = [connection.socket.getProtocol(), connection.socket.alpnProtocol]
      connection.socket.write(requestText({ authorization, more }))
      await connection.closed
      versions.push([...spoken, ...connection.statuses()])
    }
    await told(port(), client)
    const clientCertificate = fingerprintOf(client)

    expect(versions).toEqual([
      ['TLSv1.2', 'http/1.1', 201],
      ['TLSv1.3', 'http/1.1', 201],
    ])
    const records = await newRecords(4)
    expect(records).toMatchObject([
      { kind: 'intent', clientCertificate },
      { kind: 'outcome' },
      { kind: 'replay', clientCertificate },
      { kind: 'refusal', code: 'tokenMissing', clientCertificate },
    ])
    const { stdout } = await promisify(execFile)(process.execPath, [audit, 'show', String(records[0]?.['auditId'])], {
      env: { ...process.env, AUDIT_DIRECTORY: world.directory },
    })
    expect(stdout).toContain(`with certificate ${clientCertificate}`)
  })

  it('takes the token, not the certificate, for who calls', async () => {
    expect((await told(port(), client)).statuses()).toEqual([401])
  })

  it('puts on record by which certificate came what is no HTTP', async () => {
    const newRecords = newRecordsOf(world)
    expect((await told(port(), client, 'GARBAGE\r\n\r\n')).statuses()).toEqual([400])

    expect(await newRecords(1)).toMatchObject([
      { kind: 'connection', code: 'malformedRequest', clientCertificate: fingerprintOf(client) },
    ])
  })

  it('answers a client that half-closes after its request', async () => {
    const connection = overTls(port(), client)
    connection.socket.end(requestText({ authorization }))
    await connection.closed

    expect(connection.statuses()).toEqual([201])
  })

  const yearsAgo = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }
  it.each<[what: string, reason: string, options: () => Promise<ConnectionOptions> | ConnectionOptions]>([
    ['without a certificate', 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', () => ({})],
    ['with one of its own making', 'DEPTH_ZERO_SELF_SIGNED_CERT', () => aCertificate()],
    ['with one of another authority', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', () => aCertificate({ ca: foreign })],
    ['with one that has expired', 'CERT_HAS_EXPIRED', () => aCertificate({ ca: authority, ...yearsAgo })],
    [
      'with one that is not valid yet',
      'CERT_NOT_YET_VALID',
      () => aCertificate({ ca: authority, notBefore: new Date('2120-01-01'), notAfter: new Date('2121-01-01') }),
    ],
    ['with one for servers', 'INVALID_PURPOSE', () => aCertificate({ ca: authority, usage: 'serverAuth' })],
    [
      'with TLS 1.1',
      'ERR_SSL_UNSUPPORTED_PROTOCOL',
      () => ({ ...asClient(), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ],
    ['with HTTP/2 alone', 'ERR_SSL_NO_APPLICATION_PROTOCOL', () => ({ ...asClient(), ALPNProtocols: ['h2'] })],
  ])('speaks no HTTP with a client %s, and that is on record', async (_what, reason, options) => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const newRecords = newRecordsOf(world)
      const { text } = await told(port(), { maxVersion: version, ...(await options()) }, requestText({ authorization }))

      expect(text()).toBe('')
      expect(await newRecords(1)).toMatchObject([
        { kind: 'connection', code: 'tlsHandshakeFailed', reason: expect.any(String), peer: '127.0.0.1' },
      ])
      expect(world.records().at(-1)?.['reason']).toBe(reason)
    }
  })

  it('is not entered with a session of the admin port, which demands no certificate', async () => {
    const there = overTls(Number(new URL(world.adminUrl).port))
    let session: Buffer | undefined
    there.socket.on('session', (one) => (session = one))
    there.socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await there.closed
    expect(there.statuses()).toEqual([200])
    expect(session).toBeDefined()
    const newRecords = newRecordsOf(world)
    const here = await told(port(), session === undefined ? {} : { session }, requestText({ authorization }))

    expect(here.text()).toBe('')
    expect(await newRecords(1)).toMatchObject([{ reason: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' }])
  })

  it.each([
    ['ERR_SSL_HTTP_REQUEST', requestText()],
    ['ERR_SSL_HTTPS_PROXY_REQUEST', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
  ])('tells a client that speaks plain HTTP so (%s), and that is on record', async (reason, bytes) => {
    const newRecords = newRecordsOf(world)
    const reply = await rawExchange(port(), bytes)

    expect(reply).toMatchObject({ status: 400, error: { code: 'tlsHandshakeFailed' } })
    expect(await newRecords(1)).toMatchObject([{ kind: 'connection', reason, auditId: reply.headers['audit-id'] }])
  })

  it.each([
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'hello, hello, hello'],
    ['ECONNRESET', '\x16\x03\x01\x02'],
  ])('has %s on record for %j', async (reason, bytes) => {
    const newRecords = newRecordsOf(world)
    const socket = connectPlain(port(), '127.0.0.1').on('error', () => undefined)
    socket.end(bytes)
    socket.resume()

    expect(await newRecords(1)).toMatchObject([{ code: 'tlsHandshakeFailed', reason, peer: '127.0.0.1' }])
  })
})

describe('a port with TLS', () => {
  let world: TestWorld
  let authorization = ''
  const place = () => files('plain', server)
  beforeAll(async () => {
    const { variables } = place()
    world = await aRunningProxy(
      { ...variables, AUDIT_UNAUTHENTICATED_PER_MINUTE: '1' },
      { limits: { ...httpLimits, handshakeTimeoutInMs: 300 } },
    )
    authorization = `Bearer ${await world.token()}`
  })
  afterAll(() => world.stop())

  it('asks for no certificate, and has none on record', async () => {
    const newRecords = newRecordsOf(world)
    expect(
      (await told(world.port, client, requestText({ authorization, more: ['Connection: close'] }))).statuses(),
    ).toEqual([201])

    expect((await newRecords(2))[0]).not.toHaveProperty('clientCertificate')
  })

  it('has no record of who connects and says nothing', async () => {
    const newRecords = newRecordsOf(world)
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const socket = connectPlain(world.port, '127.0.0.1').on('error', () => undefined)
      await new Promise((resolve) => socket.on('connect', resolve))
      const closed = new Promise((resolve) => socket.on('close', resolve))
      socket[leave]()
      await closed
    }
    const greeted = overTls(world.port)
    await new Promise((resolve) => greeted.socket.on('secureConnect', resolve))
    greeted.socket.end()
    await greeted.closed
    // Those before would have come first.
    await told(world.port, {}, requestText({ authorization, more: ['Connection: close'] }))

    expect((await newRecords(2)).map(({ kind }) => kind)).toEqual(['intent', 'outcome'])
  })

  it('ends a handshake that never ends; of many such there is a count', async () => {
    const newRecords = newRecordsOf(world)
    const sockets = [1, 2, 3].map(() => connectPlain(world.port, '127.0.0.1').on('error', () => undefined))
    await Promise.all(
      sockets.map((socket) => {
        socket.write('\x16\x03\x01')
        socket.resume()
        return new Promise((resolve) => socket.on('close', resolve))
      }),
    )

    const reason = 'ERR_TLS_HANDSHAKE_TIMEOUT'
    expect(await newRecords(2)).toMatchObject([
      { kind: 'connection', reason },
      { kind: 'refusals', total: 2, counts: [{ code: 'tlsHandshakeFailed', reason, count: 2 }] },
    ])
  })
})

describe('when the files change', () => {
  it('what they hold is used from the next connection on, and who is no longer trusted cannot resume; what is open stays', async () => {
    const [nextServer, nextAuthority] = await Promise.all([aCertificate(), aCertificate({ isAuthority: true })])
    const nextClient = await aCertificate({ ca: nextAuthority, usage: 'clientAuth' })
    const { clientCa, put, variables } = files('renewed', server)
    const world = await aRunningProxy({ ...variables, ...clientCa })
    const authorization = `Bearer ${await world.token()}`
    let session: Buffer | undefined
    const open = overTls(world.port, client)
    open.socket.on('session', (one) => (session = one))
    open.socket.write(requestText({ authorization }))
    await until(() => open.statuses().length === 1)
    put('..2', nextServer, nextAuthority)
    await until(() => JSON.stringify(world.logged).includes('are used from now on'))
    const ca = [server.cert, nextServer.cert]
    const resumed = await told(world.port, { ...client, ca, ...(session === undefined ? {} : { session }) })
    const fresh = overTls(world.port, { ...nextClient, ca })
    await new Promise((resolve) => fresh.socket.on('secureConnect', resolve))
    const shown = fresh.socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
    fresh.socket.write(requestText({ authorization }))
    open.socket.write(requestText({ authorization }))
    await until(() => open.statuses().length === 2 && fresh.statuses().length === 1)

    expect(session).toBeDefined()
    expect(resumed.text()).toBe('')
    expect(shown).toBe(fingerprintOf(nextServer))
    expect([open.statuses(), fresh.statuses()]).toEqual([[201, 201], [201]])
    open.socket.destroy()
    fresh.socket.destroy()
    await world.stop()
  })
})

describe('a connection that Node leaves open although nothing can be said over it', () => {
  it.each<[string, happensTo: (socket: TLSSocket) => void]>([
    [
      'TLS broke while a reply was on its way',
      (socket) => setImmediate(() => socket.emit('error', new Error('broken'))),
    ],
    ['it was reset before it was made', (socket) => Object.defineProperty(socket, 'remotePort', { value: undefined })],
  ])('is ended: %s', async (_, happensTo) => {
    const conversations = new Conversations()
    const listening = nodeHttpServer(
      (request, response) => void conversations.begin(request, response),
      conversations,
      () => ({ reply: { status: 400, headers: {}, body: '', code: '', reason: '' }, recorded: Promise.resolve() }),
      { tls: { files: { ...tlsFiles, certificate: server.cert, key: server.key }, demandsCertificate: false } },
    )
    listening.prependListener('secureConnection', happensTo)
    const port = Number(new URL(await listen(listening, { host: '127.0.0.1', port: 0 })).port)

    expect((await told(port, {})).text()).toBe('')
    await closeServer(listening, conversations)
  })
})

describe('a proxy that is stopped', () => {
  it('does not wait for handshakes that do not end', async () => {
    const world = await aRunningProxy({ ...files('stopped', server).variables, ADMIN_TLS: 'true' })
    const sockets = [world.url, world.adminUrl].map((url) => connectPlain(Number(new URL(url).port), '127.0.0.1'))
    await Promise.all(
      sockets.map((socket) => {
        socket.on('error', () => undefined).resume()
        return new Promise<void>((resolve) => socket.write('\x16\x03\x01', () => resolve()))
      }),
    )
    const closed = sockets.map((socket) => new Promise((resolve) => socket.on('close', resolve)))

    expect(await world.stopProxy()).toBe('finished')
    await Promise.all(closed)
    await world.stop()
  })

  it('finishes a call that is under way over TLS, when it has given up on handshakes', async () => {
    const world = await aRunningProxy(files('finished', server).variables)
    const authorization = `Bearer ${await world.token()}`
    const graph = new EventEmitter()
    const arrived = once(graph, 'call')
    world.scriptGraph((socket, request) => {
      graph.on('answer', () => creates(socket, request))
      graph.emit('call')
    })
    const call = told(world.port, {}, requestText({ authorization }))
    await arrived
    const half = connectPlain(world.port, '127.0.0.1')
    half.on('error', () => undefined).resume()
    await new Promise<void>((resolve) => half.write('\x16\x03\x01', () => resolve()))
    const stopped = world.stopProxy()
    await once(half, 'close')
    graph.emit('answer')

    expect((await call).statuses()).toEqual([201])
    expect(await stopped).toBe('finished')
    await world.stop()
  })
})

describe('files of TLS that cannot be used', () => {
  it('keep it from being started, ledger and all, with every problem told', async () => {
    const path = join(folder, 'no.pem')
    let directory = ''
    const started = aRunningProxy((given) => {
      directory = join(given, 'ledger')
      return {
        AUDIT_DIRECTORY: directory,
        TLS_CERTIFICATE_FILE: path,
        TLS_KEY_FILE: path,
        TLS_CLIENT_CA_FILE: path,
      }
    })

    await expect(started).rejects.toThrow(
      `TLS cannot be spoken: ${['TLS_CERTIFICATE_FILE', 'TLS_KEY_FILE', 'TLS_CLIENT_CA_FILE']
        .map((variable) => `${variable} ${path} is not there`)
        .join('; ')}.`,
    )
    expect(existsSync(directory)).toBe(false)
  })
})
