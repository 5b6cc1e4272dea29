import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { type IdentityProvider, startIdentityProvider, trustCertificate } from '@device-install-state/identity-provider'
import { SignJWT } from 'jose'
import { generate } from 'selfsigned'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { checkConfig, runCheckConfig } from '../src/cli/check-config.js'
import { checkAuditStore } from '../src/cli/checks/check-audit-store.js'
import { checkGraph } from '../src/cli/checks/check-graph.js'
import { checkIssuers } from '../src/cli/checks/check-issuers.js'
import { checkUpstreamToken } from '../src/cli/checks/check-upstream-token.js'
import type { Findings } from '../src/cli/checks/finding.js'
import { type Config, decodeConfig } from '../src/config/index.js'
import { undiciBoundedFetch } from '../src/forward/undici-bounded-fetch.js'
import { connectorOf } from '../src/open-graph.js'
import { openLedger } from '../src/open-ledger.js'
import { aForwardProxy } from './a-forward-proxy.js'
import { audience, gateway, permission, tenantAround, tenantId } from './a-tenant.js'
import { aTestAuthority, type TestAuthority } from './a-test-authority.js'
import { otherTenantId } from './an-environment.js'
import { httpResponse, type ScriptedServer, scriptedServer } from './scripted-server.js'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

const graphName = 'graph.example.test'
const poor = { ...gateway, clientId: '00000000-0000-4000-8000-0000000000aa', objectId: 'poor', appRoles: {} }
const rich = { ...gateway, clientId: '00000000-0000-4000-8000-0000000000ab', objectId: 'rich' }
const planted = {
  secret: gateway.clientSecret,
  wrongSecret: 'planted-wrong-secret',
  proxyPassword: 'planted-proxy-password',
  keyPassword: 'planted-key-password',
  databasePassword: 'planted-database-password',
}

let folder: string
let keyText: string
let authority: TestAuthority
let graph: ScriptedServer
let provider: IdentityProvider
let good: Readonly<Record<string, string>>
/** All that was told in this file. */
const told: Array<string> = []
const undo = new AsyncDisposableStack()
const cluster = generateKeyPairSync('rsa', { modulusLength: 2048 })
const workload = { issuer: 'https://cluster.example', subject: 'the gateway', audience: 'api://AzureADTokenExchange' }

const file = (name: string, content: string, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, content, { mode })
  return path
}

const directory = (): string => mkdtempSync(join(folder, 'audit-'))

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'check-config-'))
  undo.defer(() => rmSync(folder, { recursive: true }))
  authority = await aTestAuthority()
  undo.defer(authority.trust())
  const notAfterDate = new Date(Date.now() + 90 * 24 * 3_600_000)
  graph = await scriptedServer(
    () => undefined,
    () => undefined,
    await authority.issue({ names: ['127.0.0.1', graphName], notAfterDate }),
  )
  undo.defer(graph.stop)
  const own = await generate([{ name: 'commonName', value: 'gateway' }], { keyType: 'rsa', algorithm: 'sha256' })
  keyText = own.private.split('\n')[1] ?? ''
  file('gateway.pem', `${own.private}\n${own.cert}`)
  const tenant = tenantAround(graph.url, {
    gateway: { certificate: own.cert, federatedCredential: { ...workload, publicKey: cluster.publicKey } },
  })
  const roles = { [graph.url]: [permission, 'Directory.ReadWrite.All'] }
  provider = await startIdentityProvider({
    ...tenant,
    clients: [...tenant.clients, poor, { ...rich, appRoles: roles }],
  })
  undo.defer(provider.stop)
  undo.defer(trustCertificate(provider.certificate ?? ''))
  good = {
    CALLER_AUDIENCE: audience,
    AZURE_AUTHORITY_HOST: provider.authorityHost,
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: gateway.clientId,
    AZURE_CLIENT_SECRET: gateway.clientSecret,
    GRAPH_URL: graph.url,
  }
})
afterEach(() => provider.intercept(undefined))
afterAll(() => undo.disposeAsync())

interface Checked {
  readonly exitCode: number
  /** `check result`, but for what every environment of these tests has. */
  readonly results: ReadonlyArray<string>
  readonly of: (check: string) => Findings
}

const noted = (findings: Findings): Findings => {
  told.push(JSON.stringify(findings))
  return findings
}

const configOf = (change: Readonly<Record<string, string>>): Config => {
  const config = decodeConfig({ ...good, ...change })
  if (config._tag === 'Left') throw new Error(JSON.stringify(config.left))
  return config.right
}

const check = async (change: Readonly<Record<string, string>>, online = false): Promise<Checked> => {
  const environment = { ...good, AUDIT_DIRECTORY: directory(), ...change }
  const { exitCode, findings } = await checkConfig({ online, now: new Date() }, environment)
  noted(findings)
  return {
    exitCode,
    results: findings.flatMap(({ check: name, result }) => (name === 'runtime' ? [] : [`${name} ${result}`])),
    of: (name) => findings.filter((finding) => finding.check === name),
  }
}

const filesAreWell = ['environment ok', 'credential ok', 'auditDirectory ok', 'auditKeys ok', 'auditKeys ok']
const wellOnline = ['issuerKeys ok', 'clock ok', 'upstreamToken ok', 'permissions ok', 'graph ok', 'auditStore ok']

const recordsIn = (path: string): ReadonlyArray<string> => {
  const database = new DatabaseSync(join(path, 'audit.sqlite'), { readOnly: true })
  const rows = database.prepare("SELECT entry ->> '$.record.event' AS event FROM record WHERE kind = 'lifecycle'").all()
  database.close()
  return rows.map(({ event }) => String(event))
}

describe('check-config', () => {
  it('sends nothing and makes nothing, unless it is told to ask', async () => {
    const path = join(directory(), 'not-made-yet')
    let requests = 0
    provider.intercept(() => ++requests === 0)
    const { exitCode, results } = await check({ AUDIT_DIRECTORY: path })

    expect(results).toEqual(filesAreWell)
    expect(exitCode).toBe(0)
    expect(existsSync(path)).toBe(false)
    expect([graph.connections(), requests]).toEqual([0, 0])
  })

  it('says of every file that is named what is wrong with it, all at once', async () => {
    const path = directory()
    chmodSync(path, 0o777)
    const { exitCode, of, results } = await check({
      AUDIT_DIRECTORY: path,
      AUDIT_DIGEST_KEY_FILE: file('digest.key', 'no key'),
      AUDIT_SIGNING_KEY_FILE: join(folder, 'no-such.key'),
      AUDIT_CHECKPOINT_FILE: join(folder, 'no-such-folder', 'checkpoints'),
      TLS_CERTIFICATE_FILE: file('tls.crt', 'no certificate'),
      TLS_KEY_FILE: file('tls.key', 'no key'),
      NODE_EXTRA_CA_CERTS: file('authorities.pem', 'none'),
      AZURE_CLIENT_SECRET: '',
      AZURE_CLIENT_CERTIFICATE_PATH: file('client.pem', 'none'),
      AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE: file('password', `${planted.keyPassword}\n`, 0o644),
    })

    expect(results).toEqual([
      'environment ok',
      'secretFiles warn',
      'extraAuthorities fail',
      'tlsFiles fail',
      'tlsFiles fail',
      'credential fail',
      'auditDirectory fail',
      'auditKeys fail',
      'auditKeys fail',
      'checkpointFile fail',
    ])
    expect(of('auditDirectory')[0]?.what).toContain('can be written to by others than its owner')
    expect(exitCode).toBe(1)
  })

  it('tells that the keys of a ledger are gone, and makes none', async () => {
    const path = directory()
    writeFileSync(join(path, 'audit.sqlite'), '', { mode: 0o600 })
    const { results } = await check({ AUDIT_DIRECTORY: path })

    expect(results).toEqual([
      'environment ok',
      'credential ok',
      'auditDirectory ok',
      'auditKeys fail',
      'auditKeys fail',
    ])
    expect(readdirSync(path)).toEqual(['audit.sqlite'])
  })

  it('tells secrets in files that everybody can read', async () => {
    const secret = async (mode: number) =>
      (
        await check({
          AZURE_CLIENT_SECRET: '',
          AZURE_CLIENT_SECRET_FILE: file(`secret-${String(mode)}`, planted.secret, mode),
        })
      ).of('secretFiles')

    expect(await secret(0o644)).toMatchObject([{ result: 'warn', about: 'AZURE_CLIENT_SECRET_FILE' }])
    expect(await secret(0o640)).toMatchObject([{ result: 'ok' }])
  })

  it('tells certificates that are over, or nearly, and keys that everybody can read', async () => {
    const inDays = (days: number): Date => new Date(Date.now() + days * 24 * 3_600_000)
    const tls = async (notAfterDate: Date, mode: number): Promise<Checked> => {
      const { cert, key } = await authority.issue({ notBeforeDate: inDays(-9), notAfterDate })
      rmSync(join(folder, 'own.key'), { force: true })
      return check({ TLS_CERTIFICATE_FILE: file('own.crt', cert), TLS_KEY_FILE: file('own.key', key, mode) })
    }

    expect((await tls(inDays(90), 0o600)).of('tlsFiles')).toMatchObject([{ result: 'ok' }])
    expect((await tls(inDays(3), 0o644)).of('tlsFiles')).toMatchObject([
      { result: 'warn', toDo: 'renew it soon' },
      { result: 'warn', about: 'TLS_KEY_FILE' },
    ])
    expect((await tls(inDays(-1), 0o600)).of('tlsFiles')).toMatchObject([{ result: 'fail', toDo: 'renew it' }])
  })

  it('tells a database that is reached without TLS, and a URL that the driver would not understand', async () => {
    const url = `postgres://audit:${planted.databasePassword}@db.example/audit`
    const database = (parameters: string) =>
      check({
        AUDIT_DIRECTORY: '',
        AUDIT_DATABASE_URL: `${url}${parameters}`,
        AUDIT_DIGEST_KEY_FILE: file('d.key', `${Buffer.alloc(32, 1).toString('base64')}\n`),
        AUDIT_SIGNING_KEY_FILE: file(
          's.key',
          generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
        ),
      })

    expect((await database('')).results).toEqual([
      'environment ok',
      'credential ok',
      'auditDatabase ok',
      'auditKeys ok',
      'auditKeys ok',
    ])
    expect((await database('?sslmode=disable')).of('auditDatabase')).toMatchObject([{ result: 'warn' }])
    expect((await database('?sslmode=maybe')).of('auditDatabase')).toMatchObject([{ result: 'fail' }])
  })
})

/** Only what is looked at here is asked: to open a ledger takes longer than all else. */
const ofUpstream = async (change: Readonly<Record<string, string>> = {}): Promise<Findings> => {
  const { upstream } = configOf({ AUDIT_DIRECTORY: folder, ...change })
  const { close, fetch } = undiciBoundedFetch(connectorOf(upstream))
  const findings = await checkUpstreamToken(upstream, fetch)
  await close()
  return noted(findings)
}

const ofIssuers = async (change: Readonly<Record<string, string>> = {}): Promise<Findings> => {
  const config = configOf({ AUDIT_DIRECTORY: folder, ...change })
  const { close, fetch } = undiciBoundedFetch(connectorOf(config.upstream))
  const findings = await checkIssuers(config, fetch)
  await close()
  return noted(findings)
}

const ofGraph = async (change: Readonly<Record<string, string>>): Promise<Findings> =>
  noted(await checkGraph(configOf({ AUDIT_DIRECTORY: folder, ...change }).upstream, new Date()))

describe('check-config --online', () => {
  it('finds all well, says not a byte to Graph, and puts that on record', async () => {
    const path = join(directory(), 'audit')
    const { exitCode, of, results } = await check({ AUDIT_DIRECTORY: path }, true)

    expect(results).toEqual([...filesAreWell, ...wellOnline])
    expect(exitCode).toBe(0)
    expect(of('issuerKeys')).toMatchObject([{ about: provider.issuer, what: '1 key(s), for RS256' }])
    expect(of('graph')[0]?.what).toMatch(/^it is reached directly, with TLSv1\.3; its certificate is valid until 20/)
    expect(graph.received.join('')).toBe('')
    expect(recordsIn(path)).toEqual(['configChecked'])
  })

  it('tells all that fails at once, each by itself, and what to do', async () => {
    const gone = await scriptedServer(() => undefined)
    await gone.stop()
    const nobody = `https://127.0.0.1:${String(gone.port)}`
    const path = directory()
    chmodSync(path, 0o722)
    const { exitCode, of, results } = await check(
      { AUDIT_DIRECTORY: path, AZURE_AUTHORITY_HOST: nobody, GRAPH_URL: nobody },
      true,
    )

    expect(results.slice(-7)).toEqual([
      'auditKeys ok',
      'issuerKeys fail',
      'clock unknown',
      'upstreamToken fail',
      'permissions unknown',
      'graph fail',
      'auditStore fail',
    ])
    for (const name of ['issuerKeys', 'upstreamToken', 'graph'])
      expect(of(name)).toMatchObject([
        { what: expect.stringContaining('ECONNREFUSED'), toDo: expect.stringContaining('HTTPS_PROXY') },
      ])
    expect(exitCode).toBe(1)
    expect(readdirSync(path)).toEqual([])
  })

  it('leaves a ledger alone that a gateway writes, and says so', async () => {
    const config = configOf({ AUDIT_DIRECTORY: directory() })
    const log = { info: () => undefined, alarm: () => undefined }
    const metrics = { measure: () => undefined, count: () => undefined, watch: () => undefined }
    const held = await openLedger(config, log, metrics, () => undefined)
    if (held._tag === 'Left') throw new Error(held.left)
    const findings = await checkAuditStore(config, new Date())
    const after = await held.right.store.append({
      kind: 'lifecycle',
      event: 'started',
      auditId: '01a21f01-04fe-7349-9da5-c92a30c93bde',
      at: new Date().toISOString(),
      detail: {},
    })()
    await held.right.store.close()

    expect(findings).toMatchObject([{ result: 'warn', what: expect.stringContaining('was left alone') }])
    expect(after).toMatchObject({ right: { _tag: 'Written' } })
  })

  it.each([
    [-60, 'fail', /^the clock of this host is (?:5\d|6\d) seconds ahead of the issuer’s$/],
    [60, 'fail', /^the clock of this host is (?:5\d|6\d) seconds behind the issuer’s$/],
    [-15, 'ok', /^the clock of this host is (?:1\d|2\d) seconds ahead of the issuer’s$/],
  ])('of an issuer whose clock is %d seconds ahead of ours: %s', async (seconds, result, what) => {
    provider.intercept((_, response) => {
      response.setHeader('Date', new Date(Date.now() + seconds * 1000).toUTCString())
      return false
    })

    expect(await ofIssuers()).toMatchObject([
      { check: 'issuerKeys', result: 'ok' },
      { check: 'clock', result, what: expect.stringMatching(what) },
    ])
  })

  it('tells an issuer that signs with another algorithm than is taken', async () => {
    expect(await ofIssuers({ CALLER_ALGORITHMS: 'ES256' })).toMatchObject([
      { result: 'fail', what: 'it publishes no key for ES256' },
      { check: 'clock' },
    ])
  })

  it('goes through the proxy, and tells when that wants another password', async () => {
    const proxy = await aForwardProxy(graph.port)
    const through = {
      GRAPH_URL: `https://${graphName}`,
      HTTPS_PROXY: `http://gateway:${planted.proxyPassword}@127.0.0.1:${String(proxy.port)}`,
    }
    const well = await ofGraph(through)
    proxy.answerWith((socket) => socket.end(httpResponse('407 Proxy Authentication Required', {}, '')))
    const refused = await ofGraph(through)
    await proxy.stop()

    expect(well).toMatchObject([{ result: 'ok', what: expect.stringContaining('with HTTPS_PROXY set') }])
    expect(proxy.heads[0]).toContain(`CONNECT ${graphName}:443 `)
    expect(refused).toMatchObject([
      {
        result: 'fail',
        what: expect.stringContaining('ERR_PROXY_STATUS_407'),
        toDo: expect.stringContaining('HTTPS_PROXY'),
      },
    ])
  })

  it('tells a Graph that does not prove itself', async () => {
    expect(await ofGraph({ GRAPH_URL: graph.url.replace('127.0.0.1', 'localhost') })).toMatchObject([
      { result: 'fail', what: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'), toDo: expect.any(String) },
    ])
  })
})

describe('the token for Graph', () => {
  it.each([
    ['a certificate', 'the client certificate', () => ({ AZURE_CLIENT_CERTIFICATE_PATH: join(folder, 'gateway.pem') })],
    [
      'the token of a workload',
      'the token of the workload',
      async () => ({
        AZURE_FEDERATED_TOKEN_FILE: file(
          'workload',
          await new SignJWT({ iss: workload.issuer, sub: workload.subject, aud: workload.audience })
            .setProtectedHeader({ alg: 'RS256' })
            .setIssuedAt()
            .setExpirationTime('10m')
            .sign(cluster.privateKey),
        ),
      }),
    ],
  ])('is taken by %s', async (_, about, credential) => {
    const change = { ...(await credential()), AZURE_CLIENT_SECRET: '' }

    expect((await check(change)).of('credential')).toMatchObject([{ result: 'ok' }])
    expect(await ofUpstream(change)).toMatchObject([
      { result: 'ok', about, what: 'it is taken: a token for Graph came' },
      { result: 'ok', what: `${permission} is granted` },
    ])
  })

  it('is told not to come for a secret that is wrong', async () => {
    expect(await ofUpstream({ AZURE_CLIENT_SECRET: planted.wrongSecret })).toMatchObject([
      {
        result: 'fail',
        what: expect.stringContaining('AADSTS7000215'),
        toDo: expect.stringContaining('AZURE_CLIENT_SECRET'),
      },
      { check: 'permissions', result: 'unknown' },
    ])
  })

  it('is told to lack a permission, or to have one that is not needed', async () => {
    expect(await ofUpstream({ AZURE_CLIENT_ID: poor.clientId })).toMatchObject([
      { result: 'ok' },
      { result: 'fail', what: `${permission} is not granted` },
    ])
    expect(await ofUpstream({ AZURE_CLIENT_ID: rich.clientId })).toMatchObject([
      { result: 'ok' },
      { result: 'ok' },
      { result: 'warn', what: expect.stringMatching(/: Directory\.ReadWrite\.All$/) },
    ])
  })

  it('proves the credential where Graph is called on behalf of users alone, who may not have consented', async () => {
    expect(await ofUpstream({ UPSTREAM_AUTH: 'on-behalf-of' })).toMatchObject([
      { check: 'upstreamToken', result: 'ok' },
      { check: 'permissions', result: 'warn', what: expect.stringContaining(permission) },
      { check: 'permissions', result: 'unknown', about: 'on behalf of users' },
    ])
  })
})

describe('a managed identity', () => {
  const asked: Array<string | null> = []
  // `@azure/identity` keeps the first endpoint for as long as the process lives.
  const machine = createServer((request, response) => {
    const resource = new URL(request.url ?? '', 'http://localhost').searchParams.get('resource')
    asked.push(resource)
    const claims = Buffer.from(JSON.stringify({ aud: resource, tid: otherTenantId })).toString('base64url')
    const expires = String(Math.floor(Date.now() / 1000) + 3600)
    response
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify({ access_token: `e30.${claims}.c2ln`, expires_on: expires, resource, token_type: 'Bearer' }))
  })
  beforeAll(async () => {
    machine.listen(0, '127.0.0.1')
    await once(machine, 'listening')
    vi.stubEnv('IDENTITY_ENDPOINT', `http://127.0.0.1:${String((machine.address() as AddressInfo).port)}/msi/token`)
    vi.stubEnv('IDENTITY_HEADER', 'the-header')
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    machine.close()
    machine.closeAllConnections()
  })

  it.each([
    ['on-behalf-of', ['api://AzureADTokenExchange'], ['upstreamToken ok', 'permissions unknown']],
    // To vouch, the library has one at hand from before.
    [
      'by-caller',
      ['Graph'],
      ['upstreamToken ok', 'upstreamToken ok', 'permissions fail', 'permissions fail', 'permissions unknown'],
    ],
    ['app', ['Graph'], ['upstreamToken ok', 'permissions fail', 'permissions fail']],
  ])('is asked for what it is needed for with UPSTREAM_AUTH=%s', async (auth, resources, expected) => {
    asked.length = 0
    const findings = await ofUpstream({
      AZURE_CLIENT_SECRET: '',
      UPSTREAM_CREDENTIAL: 'managed-identity',
      UPSTREAM_AUTH: auth,
      ...(auth === 'app' ? {} : { UPSTREAM_IDENTITY_CLIENT_ID: '00000000-0000-4000-8000-000000000009' }),
    })

    expect(findings.map(({ check: name, result }) => `${name} ${result}`)).toEqual(expected)
    expect(asked).toEqual(resources.map((resource) => (resource === 'Graph' ? graph.url : resource)))
  })

  it('of another tenant is told to be of another', async () => {
    expect(
      await ofUpstream({ AZURE_CLIENT_SECRET: '', UPSTREAM_CREDENTIAL: 'managed-identity', UPSTREAM_AUTH: 'app' }),
    ).toMatchObject([{}, { result: 'fail', about: 'AZURE_TENANT_ID' }, {}])
  })
})

describe('what check-config prints', () => {
  it('is one JSON document with --json, of which programs know the members', async () => {
    const environment = { ...good, AUDIT_DIRECTORY: join(folder, 'nowhere', 'audit') }
    const { exitCode, text } = await runCheckConfig({ json: true, online: false }, environment)
    const document: { readonly checks: ReadonlyArray<Readonly<Record<string, unknown>>> } = JSON.parse(text)

    expect(exitCode).toBe(1)
    expect(document).toMatchObject({ format: 1, online: false, result: 'fail' })
    expect(Object.keys(document)).toEqual(['format', 'at', 'version', 'online', 'result', 'checks'])
    for (const one of document.checks) expect(Object.keys(one)).toEqual(['check', 'result', 'about', 'what', 'toDo'])
    expect(document.checks.find((one) => one['check'] === 'auditDirectory')).toMatchObject({
      result: 'fail',
      about: null,
    })
  })

  it('is a table for people otherwise, with what to do below each line, and counts', async () => {
    const { text } = await runCheckConfig(
      { json: false, online: false },
      { ...good, AUDIT_DIRECTORY: directory(), DANGEROUSLY_ALLOW_PLAIN_HTTP: 'true' },
    )

    expect(text).toMatch(/^ {2}WARN {2}settings {8}DANGEROUSLY_ALLOW_PLAIN_HTTP: is on.*\n +→ leave it unset/m)
    expect(text).toMatch(/\n\nfailed: 0, warnings: \d, well: 5, could not be told: 0; nobody was asked \(--online\)\n$/)
  })

  it('has every problem of an environment that is wrong, and nothing else is looked at', async () => {
    const { exitCode, text } = await runCheckConfig(
      { json: true, online: true },
      { ...good, GRAPH_PACE: 'x', PORT: 'y' },
    )
    const { checks }: { readonly checks: ReadonlyArray<Readonly<Record<string, unknown>>> } = JSON.parse(text)

    expect(exitCode).toBe(78)
    expect(checks.filter(({ result }) => result === 'fail').map(({ about }) => about)).toEqual([
      'PORT',
      'GRAPH_PACE',
      'AUDIT_DIRECTORY',
    ])
  })

  it('holds no secret, token or password, and nothing of a key', () => {
    const all = told.join('\n')

    expect(told.length).toBeGreaterThan(20)
    expect([...Object.values(planted), keyText, 'eyJ', 'e30.'].filter((secret) => all.includes(secret))).toEqual([])
  })
})

interface Ended {
  readonly code: number | string | null | undefined
  readonly stdout: string
}

const run = (args: ReadonlyArray<string>, environment: Readonly<Record<string, string>>): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env: environment }, (error, stdout) =>
      resolve({ code: error === null ? 0 : error.code, stdout }),
    )
  })

describe('the program', () => {
  it('checks itself, with the authorities that Node is told, and ends with 0 when all is well', async () => {
    const path = directory()
    mkdirSync(join(path, 'audit'), { mode: 0o700 })
    const { code, stdout } = await run(['check-config', '--online', '--json'], {
      ...good,
      AUDIT_DIRECTORY: join(path, 'audit'),
      AZURE_CLIENT_SECRET: '',
      AZURE_CLIENT_SECRET_FILE: file('the-secret', `${planted.secret}\n`),
      NODE_EXTRA_CA_CERTS: file('trusted.pem', `${authority.certificate}\n${provider.certificate ?? ''}`),
    })
    const { checks }: { readonly checks: Findings } = JSON.parse(stdout)

    expect(checks.filter(({ result }) => result === 'fail' || result === 'unknown')).toEqual([])
    expect(checks.map(({ check: name }) => name)).toContain('auditStore')
    expect(code).toBe(0)
    expect(stdout).not.toContain(planted.secret)
  })
})
