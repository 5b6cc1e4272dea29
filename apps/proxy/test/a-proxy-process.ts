import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type IdentityProvider, startIdentityProvider, trustCertificate } from '@device-install-state/identity-provider'
import { documentedExample } from '@device-install-state/model/fields'
import { bookPath } from './a-request.js'
import { applicationToken, audience, gateway, tenantAround, tenantId } from './a-tenant.js'

// The built program: only that can be killed, or run under another.
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/** A Graph that creates what it is asked for, and knows by which ids it was asked. */
interface CountingGraph {
  readonly url: string
  /** The tokens that were presented to it. */
  readonly tokens: ReadonlySet<string>
  /** The `client-request-id` of each request about a book that arrived whole, in order; or of all. */
  readonly seen: (book?: string) => ReadonlyArray<string>
  /** Answers what is held so far. */
  readonly release: () => void
  readonly stop: () => Promise<void>
}

const bookIn = /\/managedEBooks\/([^/]+)\//
const refused = '-refused'
/** Books by a name that ends so are refused with words that repeat all that Graph was told. */
export const echoing = '-echoing'
/** What is asked of books by a name that ends so is not answered, unless it is released. */
export const held = '-held'

/** Each answer takes so long. */
const aCountingGraph = async (takesInMs: number): Promise<CountingGraph> => {
  const seen: Array<{ readonly auditId: string; readonly book: string }> = []
  const tokens = new Set<string>()
  const waiting: Array<() => void> = []
  const server = createServer((request, response) => {
    let text = ''
    const authorization = String(request.headers.authorization)
    tokens.add(authorization.replace('Bearer ', ''))
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    request.once('end', () => {
      const book = bookIn.exec(request.url ?? '')?.[1] ?? ''
      seen.push({ auditId: String(request.headers['client-request-id']), book: book.replace(refused, '') })
      response.setHeader('Content-Type', 'application/json').setHeader('request-id', randomUUID())
      const create = () => response.writeHead(201).end(documentedExample.response)
      if (book.endsWith(held)) {
        waiting.push(create)
        return
      }
      if (book.endsWith(refused))
        response.writeHead(403).end(JSON.stringify({ error: { code: 'Forbidden', message: 'no' } }))
      else if (book.endsWith(echoing))
        response
          .writeHead(400)
          .end(JSON.stringify({ error: { code: 'BadRequest', message: `${authorization} does not like ${text}` } }))
      else if (takesInMs > 0) void setTimeout(takesInMs).then(create)
      else create()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    tokens,
    seen: (book) => seen.filter((one) => book === undefined || one.book === book).map(({ auditId }) => auditId),
    release: () => {
      for (const answer of waiting.splice(0)) answer()
    },
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** All that proxy processes need around them; it stays while they come and go. */
export interface Surroundings {
  readonly graph: CountingGraph
  readonly provider: IdentityProvider
  readonly token: () => Promise<string>
  /** Of the test; gone when it stops. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly stop: () => Promise<void>
}

const alive = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** `graphUrl`: where Graph is found, if not at the counting one; `graphTakesInMs`: how long that takes for an answer. */
export const surroundings = async (graphUrl?: string, graphTakesInMs = 0): Promise<Surroundings> => {
  await using begun = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'proxy process-'))
  begun.defer(() => rmSync(folder, { recursive: true, force: true }))
  const graph = await aCountingGraph(graphTakesInMs)
  begun.defer(graph.stop)
  const provider = await startIdentityProvider(tenantAround(graphUrl ?? graph.url, {}))
  begun.defer(provider.stop)
  begun.defer(trustCertificate(provider.certificate ?? ''))
  const certificateFile = join(folder, 'provider.pem')
  writeFileSync(certificateFile, provider.certificate ?? '')
  begun.defer(() => {
    // What a test that failed has left.
    for (const child of alive) child.kill('SIGKILL')
  })
  const running = begun.move()
  return {
    graph,
    provider,
    token: () => applicationToken(provider),
    folder,
    environment: {
      PATH: process.env['PATH'] ?? '',
      NODE_EXTRA_CA_CERTS: certificateFile,
      // Starts sooner; what was killed has left nothing there, what was stopped has.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_HOST: '127.0.0.1',
      ADMIN_PORT: '0',
      CALLER_AUDIENCE: audience,
      AZURE_AUTHORITY_HOST: provider.authorityHost,
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: gateway.clientId,
      AZURE_CLIENT_SECRET: gateway.clientSecret,
      GRAPH_URL: graphUrl ?? graph.url,
      SHUTDOWN_DELAY_MS: '0',
      DANGEROUSLY_ALLOW_PLAIN_HTTP: 'true',
      // Tests make more calls than Graph would take, and let it fail more often than it would be asked.
      GRAPH_PACE: '100000/1s',
      GRAPH_BREAKER_FAILURES: '0',
    },
    stop: () => running.disposeAsync(),
  }
}

interface ProxyExit {
  readonly code: number | null
  readonly signal: string | null
}

/** One proxy in a process of its own. */
export interface ProxyProcess {
  readonly port: number
  readonly adminUrl: string
  readonly pid: number
  /** What it printed, line by line, on both streams. */
  readonly lines: ReadonlyArray<string>
  /** Done as well when it ends without. */
  readonly untilPrinted: (text: string) => Promise<void>
  readonly exited: Promise<ProxyExit>
  readonly kill: (signal: NodeJS.Signals) => void
  readonly readiness: () => Promise<number>
  readonly stop: () => Promise<ProxyExit>
}

const urlsIn = (
  line: string,
): { readonly url: string; readonly adminUrl: string; readonly pid: number } | undefined => {
  try {
    const parsed = JSON.parse(line) as { msg?: string; url: string; adminUrl: string; pid: number }
    return parsed.msg === 'listening' ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Rejects, with what it printed, when it ends before it listens. `under`: the program that runs it, with its arguments. */
export const aProxyProcess = async (
  environment: Readonly<Record<string, string>>,
  under: ReadonlyArray<string> = [],
): Promise<ProxyProcess> => {
  const [program, ...args] = [...under, process.execPath, main]
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  alive.add(child)
  const lines: Array<string> = []
  const printed = new EventEmitter()
  const exited = new Promise<ProxyExit>((resolve) =>
    child.once('close', (code, signal) => {
      alive.delete(child)
      resolve({ code, signal })
    }),
  )
  const listening = await new Promise<ReturnType<typeof urlsIn>>((resolve) => {
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => {
        lines.push(line)
        printed.emit('line', line)
        const urls = urlsIn(line)
        if (urls !== undefined) resolve(urls)
      })
    void exited.then(() => resolve(undefined))
  })
  if (listening === undefined) throw new Error(`the proxy ended: ${JSON.stringify(await exited)}\n${lines.join('\n')}`)
  const { adminUrl, pid, url } = listening
  const readiness = async (): Promise<number> => (await fetch(`${adminUrl}/readyz`)).status
  return {
    port: Number(new URL(url).port),
    adminUrl,
    pid,
    lines,
    untilPrinted: (text) =>
      new Promise((resolve) => {
        if (lines.some((line) => line.includes(text))) resolve()
        printed.on('line', (line: string) => {
          if (line.includes(text)) resolve()
        })
        void exited.then(() => resolve())
      }),
    exited,
    // A program that it runs under does not always pass signals on.
    kill: (signal) => {
      try {
        process.kill(pid, signal)
      } catch {
        // It is gone already.
      }
    },
    readiness,
    stop: () => {
      try {
        process.kill(pid, 'SIGTERM')
      } catch {
        // It is gone already.
      }
      return exited
    },
  }
}

/** Asks now and then: to ask without pause would cost it what it needs to become ready. */
export const untilReady = async ({ exited, readiness }: ProxyProcess): Promise<void> => {
  let isGone = false
  void exited.then(() => (isGone = true))
  while (!isGone && (await readiness().catch(() => 0)) !== 200) await setTimeout(20)
}

/** What a caller was told. */
export interface Told {
  readonly auditId: string
  readonly status: number
  readonly body: string
  readonly isReplayed: boolean
}

export interface CallOptions {
  readonly token?: string
  readonly body?: string
  readonly book?: string
  readonly idempotencyKey?: string
}

/** Undefined when the connection was lost before there was a whole answer. */
export const callOver = (
  agent: Agent,
  { port }: Pick<ProxyProcess, 'port'>,
  { body = documentedExample.request, book = 'B1', idempotencyKey, token }: CallOptions,
): Promise<Told | undefined> =>
  new Promise((resolve) => {
    const request = httpRequest(
      {
        agent,
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: bookPath.replace('/B1/', `/${book}/`),
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
        },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('error', () => resolve(undefined))
        response.on('close', () => resolve(undefined))
        response.on('end', () => {
          resolve({
            auditId: String(response.headers['audit-id']),
            status: response.statusCode ?? 0,
            body: text,
            isReplayed: response.headers['idempotent-replayed'] === 'true',
          })
        })
      },
    )
    request.on('error', () => resolve(undefined))
    request.end(body)
  })

/** Many callers at once, each with its next call as soon as the last is over, until they are told to stop. */
export interface Load {
  readonly told: ReadonlyArray<Told>
  readonly stop: () => Promise<void>
}

/** What they ask for goes round: mostly calls that are made, some that are refused by Graph, by us, or that are repeated. */
export const load = (
  proxy: Pick<ProxyProcess, 'port'>,
  { book, callers, token }: { readonly book: string; readonly callers: number; readonly token: string },
): Load => {
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const told: Array<Told> = []
  let isOver = false
  let count = 0
  const next = (): CallOptions => {
    count++
    if (count % 7 === 0) return { token, book: `${book}${refused}` }
    if (count % 11 === 0) return { token, book, body: '{}' }
    if (count % 13 === 0) return { book }
    return count % 5 === 0 ? { token, book, idempotencyKey: `${book}-${String(count >> 4)}` } : { token, book }
  }
  const caller = async (): Promise<void> => {
    while (!isOver) {
      const answer = await callOver(agent, proxy, next())
      if (answer === undefined) return
      told.push(answer)
    }
  }
  const all = Promise.all(Array.from({ length: callers }, caller))
  return {
    told,
    stop: async () => {
      isOver = true
      await all
      agent.destroy()
    },
  }
}

/** Numbers from 0 to 1, the same for the same seed. Mulberry32. */
export const numbersFrom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** From the environment, to see a run again, or new; it is printed. */
export const seedOf = (what: string): number => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  process.stderr.write(`${what}: SEED=${String(seed)}\n`)
  return seed
}
