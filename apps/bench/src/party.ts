// Those that are measured, each in a process of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { IdentityProvider } from '@device-install-state/identity-provider'
import { gateway, permission, type Surroundings, tenantId } from './world.ts'

export interface Party {
  readonly name: string
  readonly url: string
  readonly adminUrl?: string
  readonly pid: number
  /** The 99th percentile of how late its event loop is since `begin`; NaN where there is none. */
  readonly loop: { readonly begin: () => void; readonly p99InMs: () => Promise<number> }
  readonly stop: () => Promise<void>
}

export interface PartySettings {
  readonly folder: string
  /** Where the proxy keeps its ledger. Absent: below the folder. */
  readonly auditFolder?: string
  readonly surroundings: Surroundings
  readonly identityProvider: IdentityProvider
}

/** Of the identity provider, in the folder of the run. */
export const certificateFile = 'identity-provider.pem'

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

interface Urls {
  readonly url: string
  readonly adminUrl?: string
}

/** Where a line of what a process prints says that it listens. */
const urlsIn = (line: string): Urls | undefined => {
  try {
    const { adminUrl, url }: { readonly adminUrl?: unknown; readonly url?: unknown } = JSON.parse(line)
    if (typeof url !== 'string') return undefined
    return { url, ...(typeof adminUrl === 'string' ? { adminUrl } : {}) }
  } catch {
    return undefined
  }
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}

const loopOf = (child: ChildProcess): Party['loop'] => ({
  begin: () => void child.send('begin'),
  p99InMs: async () => {
    child.send('tell')
    const [{ p99InMs }] = (await once(child, 'message')) as [{ readonly p99InMs: number }]
    return p99InMs
  },
})

/** A Node program; its lines go to a file of its own, as they would go to a collector of logs. */
const nodeParty = async (
  name: string,
  {
    args,
    environment = {},
    folder,
  }: {
    readonly args: ReadonlyArray<string>
    readonly environment?: Readonly<Record<string, string>>
    readonly folder: string
  },
): Promise<Party> => {
  const log = join(folder, `${name}.log`)
  const fd = openSync(log, 'a')
  const errors = join(folder, `${name}.err`)
  const child = spawn(process.execPath, ['--import', here('probe.mjs'), ...args], {
    env: { NODE_ENV: 'production', NODE_EXTRA_CA_CERTS: join(folder, certificateFile), ...environment },
    stdio: ['ignore', fd, openSync(errors, 'a'), 'ipc'],
  })
  // Not through a pipe of ours: whoever reads the lines would take part in what is measured.
  const tail = spawn('tail', ['-F', '-n', '+1', log], { stdio: ['ignore', 'pipe', 'ignore'] })
  child.once('exit', () => tail.kill())
  try {
    for await (const line of createInterface({ input: tail.stdout })) {
      const urls = urlsIn(line)
      if (urls !== undefined && child.pid !== undefined)
        return { name, ...urls, pid: child.pid, loop: loopOf(child), stop: () => ended(child) }
    }
  } finally {
    tail.kill()
  }
  throw new Error(`${name} did not start: ${readFileSync(errors, 'utf8')}`)
}

const rival = (file: string, { folder, surroundings }: PartySettings, ...more: ReadonlyArray<string>) => ({
  args: [here(`rivals/${file}.ts`), JSON.stringify(surroundings), ...more],
  folder,
})

/** The proxy by its own entry point and environment, all four duties done. */
const proxyEnvironment = ({ auditFolder, folder, identityProvider, surroundings }: PartySettings) => ({
  HOST: '127.0.0.1',
  PORT: '0',
  ADMIN_HOST: '127.0.0.1',
  ADMIN_PORT: '0',
  CALLER_AUDIENCE: surroundings.audience,
  CALLER_SCOPE: permission,
  CALLER_ROLE: permission,
  AZURE_AUTHORITY_HOST: identityProvider.authorityHost,
  AZURE_TENANT_ID: tenantId,
  AZURE_CLIENT_ID: gateway.clientId,
  AZURE_CLIENT_SECRET: gateway.clientSecret,
  UPSTREAM_AUTH: 'app',
  GRAPH_URL: surroundings.upstream,
  GRAPH_PACE: '100000/1s',
  GRAPH_CONCURRENCY: '64',
  AUDIT_DIRECTORY: auditFolder ?? join(folder, 'audit'),
  SHUTDOWN_DELAY_MS: '0',
  DANGEROUSLY_ALLOW_PLAIN_HTTP: 'true',
})

const proxyProgram = fileURLToPath(new URL('main.js', import.meta.resolve('@device-install-state/proxy')))

/** Resolves once it is ready. */
export const startProxy = async (
  name: string,
  settings: PartySettings,
  nodeOptions: ReadonlyArray<string> = [],
  program = proxyProgram,
): Promise<Party> => {
  const started = await nodeParty(name, {
    args: [...nodeOptions, program],
    environment: proxyEnvironment(settings),
    folder: settings.folder,
  })
  const { adminUrl = '' } = started
  while (!(await fetch(`${adminUrl}/readyz`)).ok) await wait(2)
  return started
}

const noLoop: Party['loop'] = { begin: () => undefined, p99InMs: () => Promise.resolve(Number.NaN) }

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

const hasProgram = (name: string, flag: string): boolean => spawnSync(name, [flag]).error === undefined

const haproxyConfig = (port: number, { surroundings }: PartySettings): string => `
global
  nbthread 1
  maxconn 4000
  log stdout format raw local0 info
defaults
  mode http
  log global
  log-format '{"path":"%HP","status":%ST,"ms":%Ta}'
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option http-keep-alive
frontend callers
  bind 127.0.0.1:${String(port)}
  http-request deny deny_status 404 unless { path_reg ^/(v1\\.0|beta)/deviceAppManagement/managedEBooks/[^/]+/deviceStates/?$ }
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.alg) -m str RS256 }
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.iss') -m str ${surroundings.issuer} }
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.aud') -m str ${surroundings.audience} }
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
  http-request deny deny_status 401 unless { var(txn.token),jwt_verify(txn.alg,"${surroundings.publicKeyFile}") 1 }
  http-request set-header Authorization "Bearer ${surroundings.upstreamToken}"
  default_backend graph
backend graph
  http-reuse always
  server graph ${new URL(surroundings.upstream).host}
`

const haproxyParty = async (settings: PartySettings): Promise<Party> => {
  const port = await freePort()
  const file = join(settings.folder, 'haproxy.cfg')
  writeFileSync(file, haproxyConfig(port, settings))
  const logFile = join(settings.folder, 'haproxy.log')
  const log = openSync(logFile, 'a')
  const child = spawn('haproxy', ['-f', file], { stdio: ['ignore', log, log] })
  await wait(500)
  if (child.pid === undefined || child.exitCode !== null)
    throw new Error(`haproxy did not start: ${readFileSync(logFile, 'utf8')}`)
  return {
    name: 'haproxy',
    url: `http://127.0.0.1:${String(port)}`,
    pid: child.pid,
    loop: noLoop,
    stop: () => ended(child),
  }
}

/** Everyone, ourselves first; HAProxy where it is installed. */
export const startParties = async (settings: PartySettings): Promise<ReadonlyArray<Party>> => [
  await startProxy('proxy', settings),
  await nodeParty('diy', rival('diy', settings)),
  await nodeParty('fastify', rival('fastify', settings)),
  await nodeParty('fastify-cache', rival('fastify', settings, 'cache')),
  await nodeParty('bare', rival('bare', settings)),
  await nodeParty('limit', rival('limit', settings)),
  ...(hasProgram('haproxy', '-v') ? [await haproxyParty(settings)] : []),
]

/** What answers as Graph, and how long it is to take. Asked directly, it is a party as well. */
export interface Upstream extends Party {
  readonly takes: (delayInMs: number) => Promise<void>
}

export const startUpstream = async (): Promise<Upstream> => {
  const child = spawn(process.execPath, [here('upstream.ts')], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  if (child.stdout === null) throw new Error('the upstream has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const urls = urlsIn(line)
    if (urls === undefined || child.pid === undefined) continue
    return {
      name: 'direct',
      ...urls,
      pid: child.pid,
      loop: noLoop,
      takes: async (delayInMs) => {
        child.send(delayInMs)
        await once(child, 'message')
      },
      stop: () => ended(child),
    }
  }
  throw new Error('the upstream did not start')
}
