import { createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
import { msalOnBehalfOfTokens, type OnBehalfOfSettings } from './msal-on-behalf-of-tokens.js'
import type { BoundedFetch } from './bounded-fetch.js'

const { close: closeConnections, fetch: boundedFetch } = undiciBoundedFetch(
  undiciConnector({ timeoutInMs: 3_000, proxy: undefined }),
)
afterAll(closeConnections)

const { clientId, scope, secret, tenantId, trace } = asking
const assertion = 'a-header.the-claims-of-a-user.a-signature'

let login: LoginService
let certificate: TestCertificate
let directory: string

beforeAll(async () => {
  certificate = await aClientCertificate()
})
beforeEach(async () => {
  login = await startLoginService()
  directory = mkdtempSync(join(tmpdir(), 'msal-'))
})
afterEach(async () => {
  await login.stop()
  rmSync(directory, { recursive: true })
})

const tokensBy = (
  credential: OnBehalfOfSettings['credential'] = { kind: 'clientSecret', clientSecret: secret },
  more: Partial<OnBehalfOfSettings> = {},
) =>
  msalOnBehalfOfTokens({
    authorityHost: login.url,
    tenantId,
    clientId,
    credential,
    scope,
    fetch: boundedFetch,
    ownFetch: more.fetch ?? boundedFetch,
    mostUsers: 100,
    ...more,
  })
const aFile = (text: string): string => {
  const path = join(directory, 'a-file')
  writeFileSync(path, text)
  return path
}
const right = (token: string) => ({ _tag: 'Right', right: token })
const left = (error: unknown) => ({ _tag: 'Left', left: error })
const formOf = (index = -1) => Object.fromEntries(login.requests.at(index)?.form ?? [])
const anotherToken = (): LoginScript => {
  let n = 0
  return (request, response) => aTokenAnswer(`t${String(++n)}`)(request, response)
}

describe('on a user’s behalf', () => {
  it('a token comes for their own, with one request to the token endpoint and none elsewhere', async () => {
    const fetch = vi.fn<BoundedFetch>(boundedFetch)

    expect(await tokensBy(undefined, { fetch }).take('ada', assertion, inTime())()).toEqual(right('t'))
    expect(fetch.mock.calls.map(([url]) => url.split('?')[0])).toEqual([`${login.url}/${tenantId}/oauth2/v2.0/token`])
    expect(login.others).toEqual([])
    expect(formOf()).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      client_id: clientId,
      client_secret: secret,
      assertion,
    })
    expect(formOf()['scope']?.split(' ')).toContain(scope)
    expect(JSON.parse(formOf()['claims'] ?? '')).toMatchObject({ access_token: { xms_cc: { values: ['CP1'] } } })
  })

  it('at Microsoft’s own address, too, one request is made', async () => {
    const fetch = vi.fn<BoundedFetch>(() =>
      Promise.resolve(Response.json({ token_type: 'Bearer', access_token: 't', expires_in: 3599 })),
    )
    const tokens = tokensBy(undefined, { fetch, authorityHost: 'https://login.partner.microsoftonline.cn' })

    expect(await tokens.take('ada', assertion, inTime())()).toEqual(right('t'))
    expect(fetch).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining(`https://login.partner.microsoftonline.cn/${tenantId}/oauth2/v2.0/token`),
      expect.anything(),
    )
  })

  it('50 calls of a user make one request, and later ones none', async () => {
    login.answer = anotherToken()
    const tokens = tokensBy()

    expect(await Promise.all(Array.from({ length: 50 }, () => tokens.take('ada', assertion, inTime())()))).toEqual(
      Array.from({ length: 50 }, () => right('t1')),
    )
    expect(await tokens.take('ada', assertion, inTime())()).toEqual(right('t1'))
    expect(login.requests).toHaveLength(1)
  })

  it('nobody gets the token of another', async () => {
    login.answer = (request, response) => aTokenAnswer(`for-${request.form.get('assertion') ?? ''}`)(request, response)
    const tokens = tokensBy()
    const users = Array.from({ length: 20 }, (_, n) => `a.${String(n)}.c`)

    for (let round = 0; round < 2; round++)
      expect(await Promise.all(users.map((user) => tokens.take('ada', user, inTime())()))).toEqual(
        users.map((user) => right(`for-${user}`)),
      )
    expect(login.requests).toHaveLength(20)
  })

  it('a token that Graph refused is asked for anew, for that user alone', async () => {
    login.answer = anotherToken()
    const tokens = tokensBy()
    await tokens.take('ada', 'a.1.c', inTime())()
    await tokens.take('ada', 'a.2.c', inTime())()
    tokens.drop('a.1.c', 't1')()
    tokens.drop('a.2.c', 't1')()
    tokens.drop('a.3.c', 't1')()

    expect(await tokens.take('ada', 'a.1.c', inTime())()).toEqual(right('t3'))
    expect(await tokens.take('ada', 'a.2.c', inTime())()).toEqual(right('t2'))
  })

  it('tokens are kept for those who called last', async () => {
    login.answer = anotherToken()
    const tokens = tokensBy(undefined, { mostUsers: 2 })
    for (const user of ['a.1.c', 'a.2.c', 'a.1.c', 'a.3.c', 'a.1.c', 'a.2.c'])
      await tokens.take('ada', user, inTime())()

    expect(login.requests.map(({ form }) => form.get('assertion'))).toEqual(['a.1.c', 'a.2.c', 'a.3.c', 'a.2.c'])
  })

  it('nothing is printed', async () => {
    const written = [process.stderr, process.stdout].map((stream) => vi.spyOn(stream, 'write').mockReturnValue(true))
    login.answer = json(400, { error: 'invalid_grant', error_description: assertion })
    await tokensBy().take('ada', assertion, inTime())()

    for (const spy of written) {
      expect(spy).not.toHaveBeenCalled()
      spy.mockRestore()
    }
  })
})

describe('the application proves itself', () => {
  it('with a certificate, and with another once the file has changed', async () => {
    const tokens = tokensBy({ kind: 'certificate', path: aFile(certificate.pem), sendChain: false })
    await tokens.take('ada', 'a.1.c', inTime())()
    const renewed = await aClientCertificate()
    aFile(renewed.pem)
    await tokens.take('ada', 'a.2.c', inTime())()

    for (const [index, { certificate: pem }] of [certificate, renewed].entries()) {
      const proof = formOf(index)['client_assertion'] ?? ''
      const { protectedHeader } = await jwtVerify(proof, createPublicKey(pem), {
        issuer: clientId,
        subject: clientId,
        audience: `${login.url}/${tenantId}/oauth2/v2.0/token`,
        // The library rounds the time to the nearest second.
        clockTolerance: 1,
      })
      expect(protectedHeader.alg).toBe('PS256')
      expect(protectedHeader['x5t#S256']).toBe(
        Buffer.from(new X509Certificate(pem).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
      )
      expect(protectedHeader.x5c).toBeUndefined()
    }
  })

  it('with a certificate and its chain', async () => {
    const path = aFile(certificate.pem)
    await tokensBy({ kind: 'certificate', path, sendChain: true }).take('ada', assertion, inTime())()

    expect(decodeProtectedHeader(formOf()['client_assertion'] ?? '').x5c).toEqual([
      new X509Certificate(certificate.certificate).raw.toString('base64'),
    ])
  })

  it('with the token of a workload, and with the next one once the file has changed', async () => {
    const tokens = tokensBy({ kind: 'workloadIdentity', tokenFile: aFile('aa.bb.cc\n') })
    await tokens.take('ada', 'a.1.c', inTime())()
    aFile('dd.ee.ff')
    await tokens.take('ada', 'a.2.c', inTime())()

    expect(login.requests.map(({ form }) => form.get('client_assertion'))).toEqual(['aa.bb.cc', 'dd.ee.ff'])
    expect(formOf()['client_assertion_type']).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  })

  it.each<[string, OnBehalfOfSettings['credential']]>([
    ['the certificate file cannot be read: Error ENOENT', { kind: 'certificate', path: '/none', sendChain: false }],
    ['the token file cannot be read: Error ENOENT', { kind: 'workloadIdentity', tokenFile: '/none' }],
  ])('or nothing is asked: %s', async (cause, credential) => {
    expect(await tokensBy(credential).take('ada', assertion, inTime())()).toEqual(
      left({ _tag: 'UpstreamAuthUnavailable', cause }),
    )
    expect(login.requests).toHaveLength(0)
  })
})

describe('with a managed identity that vouches for the application', () => {
  const asked: Array<URL> = []
  let isWell = true
  const machine = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://localhost'))
    const expiresOn = String(Math.floor(Date.now() / 1000) + 3600)
    const token = { access_token: 'mm.ii.ss', expires_on: expiresOn, resource: 'r', token_type: 'Bearer' }
    response
      .writeHead(isWell ? 200 : 500, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(isWell ? token : { message: 'no' }))
  })
  const identity = '00000000-0000-4000-8000-000000000009'

  beforeAll(async () => {
    vi.stubEnv('IDENTITY_ENDPOINT', `${await listen(machine, { host: '127.0.0.1', port: 0 })}/msi/token`)
    vi.stubEnv('IDENTITY_HEADER', 'the-header')
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await closeServer(machine)
  })

  it('the machine is not asked in the line of users', async () => {
    isWell = true
    asked.length = 0
    const fetch: BoundedFetch = (url, options) =>
      url.startsWith(login.url) ? boundedFetch(url, options) : Promise.reject(new Error('this line is for users'))
    const tokens = tokensBy(
      { kind: 'managedIdentity' },
      { managedIdentityClientId: identity, fetch, ownFetch: boundedFetch },
    )
    await tokens.take('ada', assertion, inTime())()

    expect(asked).toHaveLength(1)
    expect(login.requests).toHaveLength(1)
  })

  it('a failure of the machine is told, and the login service is not asked', async () => {
    isWell = false
    const tokens = tokensBy({ kind: 'managedIdentity' }, { managedIdentityClientId: identity })

    expect(await tokens.take('ada', assertion, inTime())()).toEqual(
      left({ _tag: 'UpstreamAuthUnavailable', cause: 'no OAuth answer came, but other JSON with status 500' }),
    )
    expect(login.requests).toHaveLength(0)
  })

  it('the machine is asked once for a token that proves the application for every user', async () => {
    isWell = true
    asked.length = 0
    const tokens = tokensBy({ kind: 'managedIdentity' }, { managedIdentityClientId: identity })
    await tokens.take('ada', 'a.1.c', inTime())()
    await tokens.take('ada', 'a.2.c', inTime())()

    expect(asked.map(({ searchParams }) => [searchParams.get('resource'), searchParams.get('client_id')])).toEqual([
      ['api://AzureADTokenExchange', identity],
    ])
    expect(login.requests.map(({ form }) => [form.get('client_id'), form.get('client_assertion')])).toEqual([
      [clientId, 'mm.ii.ss'],
      [clientId, 'mm.ii.ss'],
    ])
  })

  it.each([
    ['https://login.microsoftonline.us', 'api://AzureADTokenExchangeUSGov'],
    ['https://login.partner.microsoftonline.cn', 'api://AzureADTokenExchangeChina'],
  ])('at %s the machine is asked for %s', async (authorityHost, audience) => {
    asked.length = 0
    const fetch: typeof boundedFetch = (url, options) =>
      url.startsWith('http://127.0.0.1')
        ? boundedFetch(url, options)
        : Promise.resolve(Response.json({ token_type: 'Bearer', access_token: 't', expires_in: 3599 }))

    expect(
      await tokensBy({ kind: 'managedIdentity' }, { authorityHost, fetch }).take('ada', assertion, inTime())(),
    ).toEqual(right('t'))
    expect(asked.map(({ searchParams }) => searchParams.get('resource'))).toEqual([audience])
  })
})

const claims = '{"access_token":{"capolids":{"essential":true,"values":["c1"]}}}'
const described = { error_description: `AADSTS50079: ${assertion} ${secret}`, trace_id: trace, correlation_id: trace }

describe('no token comes', () => {
  it.each<[string, LoginScript, unknown]>([
    [
      'the user must sign in again',
      json(400, {
        error: 'interaction_required',
        error_codes: [50079],
        suberror: 'basic_action',
        claims,
        ...described,
      }),
      { _tag: 'UserMustInteract', claims, cause: `interaction_required basic_action AADSTS50079 (trace ${trace})` },
    ],
    [
      'the user must sign in again, it is not said how',
      json(400, { error: 'interaction_required', claims: 'no JSON', ...described }),
      { _tag: 'UserMustInteract', claims: undefined, cause: `interaction_required AADSTS50079 (trace ${trace})` },
    ],
    [
      'a grant that claims would mend',
      json(400, { error: 'invalid_grant', error_codes: [50076], claims }),
      { _tag: 'UserMustInteract', claims, cause: 'invalid_grant AADSTS50076' },
    ],
    [
      'nobody has consented',
      json(400, { error: 'invalid_grant', error_codes: [65001], suberror: 'consent_required', ...described }),
      {
        _tag: 'AssertionRefused',
        consentMissing: true,
        cause: `invalid_grant consent_required AADSTS65001 (trace ${trace})`,
      },
    ],
    [
      'nobody has consented, told by the number alone',
      json(400, { error: 'invalid_grant', error_codes: [65001] }),
      { _tag: 'AssertionRefused', consentMissing: true, cause: 'invalid_grant AADSTS65001' },
    ],
    [
      'the assertion has expired',
      json(400, { error: 'invalid_grant', error_codes: [50013] }),
      { _tag: 'AssertionRefused', consentMissing: false, cause: 'invalid_grant AADSTS50013' },
    ],
    [
      'the secret has expired',
      json(401, { error: 'invalid_client', error_codes: [7000222] }),
      { _tag: 'UpstreamAuthUnavailable', cause: 'invalid_client AADSTS7000222' },
    ],
    [
      'too many requests',
      json(429, { error: 'temporarily_unavailable' }, { 'Retry-After': '60' }),
      { _tag: 'UpstreamAuthUnavailable', cause: 'temporarily_unavailable' },
    ],
    [
      'HTML',
      (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<html>${secret}`),
      { _tag: 'UpstreamAuthUnavailable', cause: 'no OAuth answer came, but HTML with status 200' },
    ],
    [
      'no token',
      json(200, { token_type: 'Bearer', expires_in: 3599 }),
      { _tag: 'UpstreamAuthUnavailable', cause: expect.any(String) },
    ],
    [
      'a server error',
      (_, response) => response.writeHead(500).end(),
      { _tag: 'UpstreamAuthUnavailable', cause: 'no OAuth answer came, but nothing with status 500' },
    ],
    [
      'far too much',
      json(200, { access_token: 'x'.repeat(10 * 1024 * 1024) }),
      { _tag: 'UpstreamAuthUnavailable', cause: 'the answer is too large' },
    ],
    [
      'a redirect',
      (_, response) => response.writeHead(307, { Location: 'https://127.0.0.1:1/' }).end(),
      { _tag: 'UpstreamAuthUnavailable', cause: 'TypeError: the answer is a redirect' },
    ],
    [
      'a token that cannot stand in a header',
      aTokenAnswer('two\nlines'),
      { _tag: 'UpstreamAuthUnavailable', cause: 'the token that came cannot stand in a header' },
    ],
  ])('after one request: %s', async (_, answer, error) => {
    login.answer = answer

    const taken = await tokensBy().take('ada', assertion, inTime())()
    expect(taken).toEqual(left(error))
    expect(JSON.stringify(taken)).not.toContain(secret)
    expect(JSON.stringify(taken)).not.toContain(assertion)
    expect(login.requests).toHaveLength(1)
  })

  it('when nobody listens', async () => {
    const gone = await startLoginService()
    await gone.stop()

    expect(await tokensBy(undefined, { authorityHost: gone.url }).take('ada', assertion, inTime())()).toEqual(
      left({ _tag: 'UpstreamAuthUnavailable', cause: 'TypeError: Error ECONNREFUSED' }),
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
    const taken = tokensBy().take('ada', assertion, inTime())()
    await asked.promise
    vi.advanceTimersByTime(10_000)

    expect(await taken).toEqual(left({ _tag: 'UpstreamAuthUnavailable', cause: 'no token came in 10 seconds' }))
    await gone.promise
    vi.useRealTimers()
  })
})
