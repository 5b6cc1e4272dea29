import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setLogLevel } from '@azure/logger'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  aClientCertificate,
  asking,
  aTokenAnswer,
  inTime,
  json,
  type LoginScript,
  type LoginService,
  startLoginService,
  type TestCertificate,
} from '../../test/a-login-service.js'
import { undiciBoundedFetch } from './undici-bounded-fetch.js'
import { undiciConnector } from './undici-connector.js'
import { closeServer, listen } from '../http/node-http-server.js'
import { type AppCredential, type AppTokenSettings, azureAppTokens } from './azure-app-tokens.js'
import type { BoundedFetch } from './bounded-fetch.js'

const { close: closeConnections, fetch: boundedFetch } = undiciBoundedFetch(
  undiciConnector({ timeoutInMs: 3_000, proxy: undefined }),
)
afterAll(closeConnections)

const { clientId, scope, secret, tenantId, trace } = asking

let login: LoginService
let certificate: TestCertificate
let directory: string

beforeAll(async () => {
  certificate = await aClientCertificate()
})
beforeEach(async () => {
  login = await startLoginService()
  directory = mkdtempSync(join(tmpdir(), 'azure-'))
})
afterEach(async () => {
  await login.stop()
  rmSync(directory, { recursive: true })
})

const settingsFor = (credential: AppCredential, more: Partial<AppTokenSettings> = {}): AppTokenSettings => ({
  authorityHost: login.url,
  tenantId,
  clientId,
  credential,
  scope,
  fetch: boundedFetch,
  ...more,
})
const bySecret = { kind: 'clientSecret', clientSecret: secret } as const
const aFile = (text: string, name = 'a-file'): string => {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}
const take = (settings: AppTokenSettings) => azureAppTokens(settings).take(inTime())()
const right = (token: string) => ({ _tag: 'Right', right: token })
const left = (cause: unknown) => ({ _tag: 'Left', left: { _tag: 'UpstreamAuthUnavailable', cause } })

describe('with a client secret', () => {
  it('a token comes from the token endpoint, and nobody else is asked', async () => {
    login.answer = aTokenAnswer('t1')
    const fetch = vi.fn<BoundedFetch>(boundedFetch)

    expect(await take(settingsFor(bySecret, { fetch }))).toEqual(right('t1'))
    expect(fetch.mock.calls.map(([url]) => new URL(url).origin)).toEqual([login.url, login.url])
    expect(login.others).toEqual([`/${tenantId}/v2.0/.well-known/openid-configuration`])
    expect(login.requests.map(({ path }) => path.split('?')[0])).toEqual([`/${tenantId}/oauth2/v2.0/token`])
    expect(Object.fromEntries(login.requests[0]?.form ?? [])).toMatchObject({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
      scope,
    })
  })

  it('50 calls make one request; a token that was dropped is asked for anew, not taken from a cache', async () => {
    let n = 0
    login.answer = (request, response) => aTokenAnswer(`t${String(++n)}`)(request, response)
    const tokens = azureAppTokens(settingsFor(bySecret))

    const taken = await Promise.all(Array.from({ length: 50 }, () => tokens.take(inTime())()))
    expect(taken).toEqual(Array.from({ length: 50 }, () => right('t1')))
    tokens.drop('t1')()
    expect(await tokens.take(inTime())()).toEqual(right('t2'))
    expect(login.requests).toHaveLength(2)
  })

  it('which the metadata would have sent elsewhere, it goes nowhere', async () => {
    const elsewhere = await startLoginService()
    login.tokenEndpoint = `${elsewhere.url}/${tenantId}/oauth2/v2.0/token`

    expect(await take(settingsFor(bySecret))).toEqual(left('Error ERR_FOREIGN_HOST'))
    expect(elsewhere.requests).toHaveLength(0)
    await elsewhere.stop()
  })

  it('nothing is printed, even if the library was told to', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    // What AZURE_LOG_LEVEL does when the library is loaded.
    setLogLevel('verbose')
    login.answer = json(401, { error: 'invalid_client', error_description: secret })
    await take(settingsFor(bySecret))

    expect(written).not.toHaveBeenCalled()
    written.mockRestore()
  })
})

const clientAssertion = (index = -1): string => login.requests.at(index)?.form.get('client_assertion') ?? ''

// The library rounds the time to the nearest second, so that the start of an assertion's life may lie ahead.
const verified = (token: string, { certificate: pem }: TestCertificate) =>
  jwtVerify(token, createPublicKey(pem), {
    issuer: clientId,
    subject: clientId,
    audience: `${login.url}/${tenantId}/oauth2/v2.0/token`,
    clockTolerance: 1,
  })

describe('with a certificate', () => {
  it('a signed assertion proves the gateway, and names the certificate by its thumbprint', async () => {
    const path = aFile(certificate.pem)

    expect(await take(settingsFor({ kind: 'certificate', path, sendChain: false }))).toEqual(right('t'))
    const { payload, protectedHeader } = await verified(clientAssertion(), certificate)
    const thumbprint = Buffer.from(
      new X509Certificate(certificate.certificate).fingerprint256.replaceAll(':', ''),
      'hex',
    ).toString('base64url')
    expect(protectedHeader).toMatchObject({ alg: 'PS256', 'x5t#S256': thumbprint })
    expect(protectedHeader.x5c).toBeUndefined()
    expect(payload.exp).toBeLessThan(Date.now() / 1000 + 3_600)
  })

  it('the chain goes along if it shall, the certificate of the key first', async () => {
    const other = await aClientCertificate()
    const path = aFile(`${other.certificate}\n${certificate.pem}`)
    await take(settingsFor({ kind: 'certificate', path, sendChain: true }))

    const { x5c = [] } = decodeProtectedHeader(clientAssertion())
    expect(x5c.map((der) => new X509Certificate(Buffer.from(der, 'base64')).fingerprint256)).toEqual(
      [certificate, other].map((each) => new X509Certificate(each.certificate).fingerprint256),
    )
    await verified(clientAssertion(), certificate)
  })

  it('that has changed on disk, the next token is asked for with the new one', async () => {
    const path = aFile(certificate.pem)
    const tokens = azureAppTokens(settingsFor({ kind: 'certificate', path, sendChain: false }))
    await tokens.take(inTime())()
    const renewed = await aClientCertificate()
    aFile(renewed.pem)
    tokens.drop('t')()
    await tokens.take(inTime())()

    await verified(clientAssertion(0), certificate)
    const { payload } = await verified(clientAssertion(1), renewed)
    expect(payload.sub).toBe(clientId)
  })

  it('whose key is encrypted, the password opens it', async () => {
    const encrypted = createPrivateKey(certificate.key)
      .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: secret })
      .toString()
    const path = aFile(`${encrypted}\n${certificate.certificate}`)

    expect(await take(settingsFor({ kind: 'certificate', path, password: secret, sendChain: false }))).toEqual(
      right('t'),
    )
    await verified(clientAssertion(), certificate)
    for (const credential of [
      { kind: 'certificate', path, password: 'wrong', sendChain: false } as const,
      { kind: 'certificate', path, sendChain: false } as const,
    ])
      expect(await take(settingsFor(credential))).toEqual(
        left(expect.stringMatching(/^the private key in the certificate file cannot be opened: \w*Error/)),
      )
  })

  it.each<[string, () => string]>([
    ['the certificate file has no private key', () => certificate.certificate],
    ['the certificate file has no certificate of its private key', () => certificate.key],
    ['the certificate file has no private key', () => 'not PEM at all'],
    [
      'a certificate in the certificate file cannot be read: Error',
      () => `${certificate.key}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    ],
  ])('that is not fit, nothing is asked: %s', async (cause, text) => {
    expect(await take(settingsFor({ kind: 'certificate', path: aFile(text()), sendChain: false }))).toEqual(
      left(expect.stringContaining(cause)),
    )
    expect(login.requests).toHaveLength(0)
  })

  it('that is not there, its path is not told', async () => {
    expect(await take(settingsFor({ kind: 'certificate', path: join(directory, 'none'), sendChain: false }))).toEqual(
      left('the certificate file cannot be read: Error ENOENT'),
    )
  })
})

describe('with a workload identity', () => {
  it('the token of the file proves the gateway, and the next one once the file has changed', async () => {
    const tokenFile = aFile('aa.bb.cc\n')
    const tokens = azureAppTokens(settingsFor({ kind: 'workloadIdentity', tokenFile }))

    expect(await tokens.take(inTime())()).toEqual(right('t'))
    aFile('dd.ee.ff')
    tokens.drop('t')()
    await tokens.take(inTime())()
    expect(login.requests.map(({ form }) => [form.get('client_assertion'), form.get('client_assertion_type')])).toEqual(
      [
        ['aa.bb.cc', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
        ['dd.ee.ff', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
      ],
    )
  })

  it.each([
    ['the token file holds no token', 'two words'],
    ['the token file holds no token', ''],
  ])('without a token, nothing is asked: %s', async (cause, text) => {
    expect(await take(settingsFor({ kind: 'workloadIdentity', tokenFile: aFile(text) }))).toEqual(left(cause))
    expect(login.requests).toHaveLength(0)
  })
})

describe('without a client id', () => {
  it('nothing but a managed identity can be', async () => {
    expect(await take(settingsFor(bySecret, { clientId: undefined }))).toEqual(left('the client id is missing'))
  })
})

const pour: LoginScript = (_, response) => {
  response.on('error', () => undefined)
  response.writeHead(200, { 'Content-Type': 'application/json' }).write('"')
  let left_ = 10 * 1024 * 1024
  const more = (): void => {
    left_ -= 65_536
    if (left_ <= 0) response.end('"')
    else if (response.write('x'.repeat(65_536))) setImmediate(more)
    else response.once('drain', more)
  }
  more()
}

describe('no token comes', () => {
  it.each<[string, LoginScript]>([
    [
      `invalid_client AADSTS7000215 (trace ${trace})`,
      json(401, {
        error: 'invalid_client',
        error_description: `AADSTS7000215: Invalid client secret provided: ${secret}`,
        error_codes: [7000215],
        trace_id: trace,
        correlation_id: trace,
      }),
    ],
    ['temporarily_unavailable AADSTS90033', json(503, { error: 'temporarily_unavailable', error_codes: [90033] })],
    ['no OAuth answer came, but other JSON with status 429', json(429, {}, { 'Retry-After': '1' })],
    [
      'no OAuth answer came, but HTML with status 200',
      (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<html>${secret}</html>`),
    ],
    ['no OAuth answer came, but nothing with status 500', (_, response) => response.writeHead(500).end()],
    ['no OAuth answer came, but other JSON with status 200', json(200, { token_type: 'Bearer' })],
    ['the answer is too large', pour],
    [
      'TypeError: the answer is a redirect',
      (_, response) => response.writeHead(307, { Location: 'https://127.0.0.1:1/' }).end(),
    ],
    ['TypeError: SocketError UND_ERR_SOCKET', (_, response) => response.destroy()],
    ['the token that came cannot stand in a header', aTokenAnswer('two\nlines')],
  ])('after one request, and that is told as: %s', async (cause, answer) => {
    login.answer = answer

    expect(await take(settingsFor(bySecret))).toEqual(left(cause))
    expect(login.requests).toHaveLength(1)
  })

  it('when nobody listens', async () => {
    const gone = await startLoginService()
    await gone.stop()

    expect(await take(settingsFor(bySecret, { authorityHost: gone.url }))).toEqual(
      left('TypeError: Error ECONNREFUSED'),
    )
  })

  it('when the login service hangs: the request is ended after 10 seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const asked = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    login.answer = (_, response) => {
      response.once('close', gone.resolve)
      asked.resolve()
    }
    const taken = take(settingsFor(bySecret))
    await asked.promise
    vi.advanceTimersByTime(10_000)

    expect(await taken).toEqual(left('no token came in 10 seconds'))
    await gone.promise
    vi.useRealTimers()
  })
})

describe('with a managed identity', () => {
  const machine: { answer: (path: string) => readonly [number, unknown] } = { answer: () => [500, {}] }
  const requests: Array<{ readonly url: URL; readonly secret: unknown }> = []
  const server = createServer((request, response) => {
    requests.push({
      url: new URL(request.url ?? '', 'http://localhost'),
      secret: request.headers['x-identity-header'],
    })
    const [status, body] = machine.answer(request.url ?? '')
    response
      .writeHead(status, { 'Content-Type': 'application/json', Location: '/elsewhere' })
      .end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  const inAnHour = () => String(Math.floor(Date.now() / 1000) + 3600)
  const settings = (id: string | undefined, resource: string) =>
    settingsFor({ kind: 'managedIdentity' }, { clientId: id, scope: `${resource}/.default` })

  beforeAll(async () => {
    vi.stubEnv('IDENTITY_ENDPOINT', `${await listen(server, { host: '127.0.0.1', port: 0 })}/msi/token`)
    vi.stubEnv('IDENTITY_HEADER', 'the-header')
  })
  beforeEach(() => {
    requests.length = 0
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await closeServer(server)
  })

  it('the machine gives a token for the user-assigned identity, and the login service is not asked', async () => {
    machine.answer = () => [200, { access_token: 'm1', expires_on: inAnHour(), resource: 'r', token_type: 'Bearer' }]

    expect(await take(settings(clientId, 'https://one.example'))).toEqual(right('m1'))
    expect(requests).toHaveLength(1)
    expect(requests[0]?.secret).toBe('the-header')
    expect(Object.fromEntries(requests[0]?.url.searchParams ?? [])).toMatchObject({
      resource: 'https://one.example',
      client_id: clientId,
    })
    expect([...login.requests, ...login.others]).toEqual([])
  })

  it('without a client id it is the identity of the machine', async () => {
    machine.answer = () => [200, { access_token: 'm2', expires_on: inAnHour(), resource: 'r', token_type: 'Bearer' }]

    expect(await take(settings(undefined, 'https://two.example'))).toEqual(right('m2'))
    expect(requests[0]?.url.searchParams.has('client_id')).toBe(false)
  })

  it.each<[string, readonly [number, unknown]]>([
    ['no OAuth answer came, but other JSON with status 400', [400, { statusCode: 400, message: `no ${secret}` }]],
    ['invalid_request', [400, { error: 'invalid_request', error_description: 'Identity not found' }]],
    ['no OAuth answer came, but other JSON with status 500', [500, {}]],
    ['no OAuth answer came, but other JSON with status 429', [429, {}]],
    ['no OAuth answer came, but HTML with status 404', [404, '<html>']],
    ['TypeError: the answer is a redirect', [302, {}]],
    ['the answer is too large', [200, 'x'.repeat(300_000)]],
  ])('no token comes after one request, and that is told as: %s', async (cause, answer) => {
    machine.answer = () => answer

    expect(await take(settings(clientId, 'https://three.example'))).toEqual(left(cause))
    expect(requests).toHaveLength(1)
  })
})
