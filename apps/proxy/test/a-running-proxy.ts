import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  type IdentityProvider,
  type Interceptor,
  startIdentityProvider,
  trustCertificate,
} from '@device-install-state/identity-provider'
import { documentedExample } from '@device-install-state/model/fields'
import { decodeConfig } from '../src/config/index.js'
import type { HttpLimits } from '../src/http/node-http-server.js'
import { startProxy } from '../src/start-proxy.js'
import type { StopResult } from '../src/stop-proxy.js'
import type { Log } from '../src/telemetry/pino-log.js'
import { bookPath } from './a-request.js'
import { applicationToken, audience, gateway, type TenantChange, tenantAround, tenantId } from './a-tenant.js'
import { httpResponse, type Script, type ScriptedServer, scriptedServer } from './scripted-server.js'
import { until } from './until.js'

/** Graph at its best: creates what is asked for. */
export const creates: Script = (socket) =>
  socket.write(
    httpResponse(
      '201 Created',
      { 'Content-Type': 'application/json', 'request-id': 'graph-1' },
      documentedExample.response,
    ),
  )

/** A real provider, a scripted Graph, and the proxy as it is wired in production, in this process. */
export interface TestWorld {
  readonly url: string
  readonly adminUrl: string
  readonly port: number
  readonly provider: IdentityProvider
  readonly graph: ScriptedServer
  readonly directory: string
  readonly logged: ReadonlyArray<unknown>
  /** An application's token, from the token endpoint. */
  readonly token: () => Promise<string>
  /** Lets Graph answer in another way from now on. */
  readonly scriptGraph: (script: Script) => void
  readonly recordsOf: (auditId: string) => ReadonlyArray<Readonly<Record<string, unknown>>>
  /** All but checkpoints, and but for so many of the first. */
  readonly records: (from?: number) => ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly stopProxy: () => Promise<StopResult>
  readonly stop: () => Promise<void>
}

const collectingLog = (add: (line: unknown) => void): Log => ({
  request: add,
  info: (...line) => add(line),
  alarm: (...line) => add(line),
  recordLost: (...line) => add(line),
  fatal: add,
  flush: () => Promise.resolve(true),
})

const untilReady = async (adminUrl: string): Promise<void> => {
  await until(async () => (await fetch(`${adminUrl}/readyz`)).status === 200)
}

const recordsIn = (directory: string, where: string, values: ReadonlyArray<string>, from = 0) => {
  const database = new DatabaseSync(join(directory, 'audit.sqlite'), { readOnly: true })
  const rows = database
    .prepare(
      `SELECT entry ->> '$.record' AS record FROM record ${where} ORDER BY sequence LIMIT -1 OFFSET ${String(from)}`,
    )
    .all(...values)
  database.close()
  return rows.map((row): Readonly<Record<string, unknown>> => JSON.parse(String(row['record'])))
}

export interface TestWorldOptions extends TenantChange {
  /** Told of the identity provider before the proxy asks it for anything. */
  readonly onProvider?: (provider: IdentityProvider) => void
  /** In front of the identity provider, from the start. */
  readonly intercept?: Interceptor
  /** Where Graph is found, if not at the scripted one. */
  readonly graphUrl?: string
  /** False: the world comes up although the proxy cannot be ready. */
  readonly untilReady?: boolean
  /** Told each line of the log, from the first on. */
  readonly onLine?: (line: unknown) => void
  /** Those of production, unless a test has to wait for them. */
  readonly limits?: HttpLimits
}

type Environment = Readonly<Record<string, string>>

export const aRunningProxy = async (
  change: Environment | ((directory: string) => Environment) = {},
  options: TestWorldOptions = {},
): Promise<TestWorld> => {
  await using begun = new AsyncDisposableStack()
  let script = creates
  const graph = await scriptedServer((socket, request) => script(socket, request))
  begun.defer(graph.stop)
  const { graphUrl = graph.url } = options
  const provider = await startIdentityProvider(tenantAround(graphUrl, options))
  begun.defer(provider.stop)
  options.onProvider?.(provider)
  provider.intercept(options.intercept)
  begun.defer(trustCertificate(provider.certificate ?? ''))
  const directory = mkdtempSync(join(tmpdir(), 'proxy-'))
  begun.defer(() => rmSync(directory, { recursive: true, force: true }))
  const logged: Array<unknown> = []
  const config = decodeConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_HOST: '127.0.0.1',
    ADMIN_PORT: '0',
    CALLER_AUDIENCE: audience,
    AZURE_AUTHORITY_HOST: provider.authorityHost,
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: gateway.clientId,
    AZURE_CLIENT_SECRET: gateway.clientSecret,
    GRAPH_URL: graphUrl,
    AUDIT_DIRECTORY: directory,
    SHUTDOWN_DELAY_MS: '0',
    DANGEROUSLY_ALLOW_PLAIN_HTTP: 'true',
    // Tests make more calls than Graph would take, and let it fail more often than it would be asked.
    GRAPH_PACE: '100000/1s',
    GRAPH_BREAKER_FAILURES: '0',
    ...(typeof change === 'function' ? change(directory) : change),
  })
  if (config._tag === 'Left') throw new Error(JSON.stringify(config.left))
  const log = collectingLog((line) => {
    logged.push(line)
    options.onLine?.(line)
  })
  const started = await startProxy(config.right, log, options.limits)
  if (started._tag === 'Left') throw new Error(started.left)
  const { adminUrl, stop: stopProxy, url } = started.right
  begun.defer(async () => void (await stopProxy()))
  if (options.untilReady !== false) await untilReady(adminUrl)
  const running = begun.move()

  return {
    url,
    adminUrl,
    port: Number(new URL(url).port),
    provider,
    graph,
    directory,
    logged,
    token: () => applicationToken(provider),
    scriptGraph: (next) => {
      script = next
    },
    recordsOf: (auditId) => recordsIn(directory, 'WHERE audit_id = ?', [auditId]),
    records: (from = 0) => recordsIn(directory, "WHERE kind <> 'checkpoint'", [], from),
    stopProxy,
    stop: () => running.disposeAsync(),
  }
}

export interface RawReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly error: Readonly<Record<string, unknown>> & { readonly innerError?: Readonly<Record<string, unknown>> }
  readonly closed: boolean
}

const parseReply = (text: string, closed: boolean): RawReply | undefined => {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [line = '', ...lines] = head.split('\r\n')
  const status = Number(line.split(' ')[1])
  if (status === 100) return parseReply(rest.join('\r\n\r\n'), closed)
  const headers = Object.fromEntries(
    lines.map((header) => [header.slice(0, header.indexOf(':')).toLowerCase(), header.slice(header.indexOf(':') + 2)]),
  )
  const length = headers['content-length']
  const body = rest.join('\r\n\r\n').slice(0, length === undefined ? undefined : Number(length))
  if (!closed && (rest.length === 0 || Buffer.byteLength(body) < Number(headers['content-length'] ?? 0)))
    return undefined
  const json: unknown = body.startsWith('{') ? JSON.parse(body) : {}
  return { status, headers, body, closed, error: (json as { error?: RawReply['error'] }).error ?? {} }
}

/** Writes bytes to a port as they are and reads one reply: what no HTTP client would send can be sent. */
export const rawExchange = (port: number, bytes: string | ReadonlyArray<string | Uint8Array>): Promise<RawReply> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    const settle = (closed: boolean): void => {
      const reply = parseReply(text, closed)
      if (reply === undefined) return
      resolve(reply)
      socket.destroy()
    }
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      settle(false)
    })
    socket.on('close', () => settle(true))
    socket.on('error', reject)
    for (const part of typeof bytes === 'string' ? [bytes] : bytes) socket.write(part)
  })

/** A request as text. Header lines that are given come after the usual ones; `null` leaves the type out. */
export const requestText = ({
  authorization,
  body = documentedExample.request,
  contentType = 'application/json',
  method = 'POST',
  more = [],
  target = bookPath,
}: {
  readonly authorization?: string | undefined
  readonly body?: string
  readonly contentType?: string | null
  readonly method?: string
  readonly more?: ReadonlyArray<string>
  readonly target?: string
} = {}): string =>
  [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    ...(contentType === null ? [] : [`Content-Type: ${contentType}`]),
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    ...more,
    '',
    body,
  ].join('\r\n')

/** Makes the documented call with a token. */
export const present = ({ port }: TestWorld, token: string): Promise<RawReply> =>
  rawExchange(port, requestText({ authorization: `Bearer ${token}` }))

/** What the ledger holds of a call, by its reply. */
export const recordsFor = ({ recordsOf }: TestWorld, { headers }: RawReply): ReturnType<TestWorld['recordsOf']> =>
  recordsOf(String(headers['audit-id']))
