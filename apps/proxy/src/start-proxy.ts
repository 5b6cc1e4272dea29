import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { type AuditPorts, type AuditStore, type LifecycleRecord, recordRefusal } from './audit/index.js'
import { keyedDigestIn } from './audit/node-keyed-digest.js'
import { openSqliteAuditStore } from './audit/sqlite-audit-store.js'
import { joseSignatureChecks, type SignatureChecks } from './authenticate/jose-signature-check.js'
import type { Config } from './config/index.js'
import { contextWithoutRequest, type Reply } from './domain/reply.js'
import { codeOfError, replyToError } from './domain/reply-to-error.js'
import { clientCredentialsTokens } from './forward/oauth4webapi-upstream-tokens.js'
import { type UndiciGraph, undiciGraph } from './forward/undici-graph.js'
import { handleRequest } from './handle-request.js'
import { Conversations } from './http/conversations.js'
import { expressAdminListener } from './http/express-admin-listener.js'
import { expressListener } from './http/express-listener.js'
import { boundedFetch } from './http/node-bounded-fetch.js'
import { closeServer, listen, nodeHttpServer, type RefuseConnection } from './http/node-http-server.js'
import type { Ports } from './ports.js'
import { callsUnderWay, type Phase, stopProxy, type StopResult } from './stop-proxy.js'
import type { Log } from './telemetry/pino-log.js'

/** A proxy that serves. */
export interface RunningProxy {
  readonly url: string
  readonly adminUrl: string
  /**
   * Not ready at once; goes on serving for the delay; then takes no more, finishes what is in flight, writes what waits.
   * `forced` when something was still in flight after the grace. A second call ends the delay.
   */
  readonly stop: () => Promise<StopResult>
}

const versionIn = (packageJson: unknown): string =>
  typeof packageJson === 'object' && packageJson !== null && 'version' in packageJson
    ? String(packageJson.version)
    : '0'

const version = versionIn(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')))

/** Opens the ledger, wires every step to the world, and listens. Left tells why nothing was started. */
export const startProxy = async (config: Config, log: Log): Promise<E.Either<string, RunningProxy>> => {
  const digest = keyedDigestIn(config.auditDirectory)
  if (E.isLeft(digest)) return E.left(`The audit directory cannot be used: ${digest.left}`)

  const opened = await openSqliteAuditStore({
    directory: config.auditDirectory,
    writer: uuidv7(),
    deadlineInMs: 2_000,
    mostWaiting: 10_000,
    now,
    newId: uuidv7,
    alarm: log.alarm,
    info: log.info,
    ended: (message) => fatal(new Error(`the audit ledger is gone: ${message}`)),
  })
  if (E.isLeft(opened)) return E.left(`The audit ledger cannot be opened: ${opened.left}`)
  const { settled, store } = opened.right

  const started = await store.append(
    lifecycle('started', { version, node: process.version, settled, ...whereabouts() }),
  )()
  if (E.isLeft(started)) return E.left(`The audit ledger cannot be written: ${JSON.stringify(started.left)}`)
  if (settled > 0)
    log.alarm('calls of an earlier process have no known outcome; they are settled as indeterminate', { settled })
  if (config.dangerouslyAllowPlainHttp)
    log.alarm('DANGEROUSLY_ALLOW_PLAIN_HTTP is on: tokens and secrets travel unencrypted')

  return serve(config, log, { store, digest: digest.right })
}

const now = (): Date => new Date()

/** For our own mistakes: the process records it, ends, and is started anew. */
const fatal = (error: unknown): void => {
  setImmediate(() => {
    throw error
  })
}

const lifecycle = (event: LifecycleRecord['event'], detail: LifecycleRecord['detail']): LifecycleRecord => ({
  kind: 'lifecycle',
  event,
  auditId: uuidv7(),
  at: now().toISOString(),
  detail,
})

const whereabouts = () => ({ host: hostname(), pid: process.pid })

interface Ledger {
  readonly store: AuditStore
  readonly digest: AuditPorts['digest']
}

const portsOf = (
  config: Config,
  log: Log,
  ledger: Ledger,
  phase: Phase,
  keys: SignatureChecks,
  graph: UndiciGraph,
): Ports => ({
  graphVersions: config.upstream.graphVersions,
  isDraining: () => phase.draining,
  checkSignature: keys.check,
  tokenRules: config.callers,
  auditStore: ledger.store,
  digest: ledger.digest,
  upstreamClientId: config.upstream.clientId,
  recordLost: (record, cause) => () => log.recordLost(record, cause),
  upstreamTokens: clientCredentialsTokens({
    tokenEndpoint: config.upstream.tokenEndpoint,
    clientId: config.upstream.clientId,
    clientSecret: config.upstream.clientSecret,
    scope: `${config.upstream.graphUrl}/.default`,
    dangerouslyAllowPlainHttp: config.dangerouslyAllowPlainHttp,
    fetch: (url, options) => boundedFetch(url, options),
  }),
  sendToGraph: graph.send,
  upstreamDeadlineInMs: config.upstream.deadlineInMs,
  now,
  monotonicNowInMs: () => performance.now(),
  log: (entry) => () => log.request(entry),
})

/** For what Node's parser refuses before there is a request. */
const refuseConnection =
  (ports: Ports): RefuseConnection =>
  async ({ error, peer, reason }): Promise<Reply> => {
    const context = contextWithoutRequest(uuidv7(), now())
    const { auditId } = context
    const reply = replyToError(context, error)
    const code = codeOfError(error)
    await recordRefusal(ports)({ kind: 'connection', auditId, at: context.now.toISOString(), code, reason, peer })()
    ports.log({ auditId, status: reply.status, code, reason, durationInMs: 0 })()
    return reply
  }

/** The admin port is no part of what is audited. */
const refuseOnAdminPort: RefuseConnection = ({ error }) =>
  Promise.resolve(replyToError(contextWithoutRequest(uuidv7(), now()), error))

const serve = async (config: Config, log: Log, ledger: Ledger): Promise<E.Either<string, RunningProxy>> => {
  const phase: Phase = { stopping: false, draining: false }
  const keys = joseSignatureChecks({
    issuer: config.callers.issuer,
    dangerouslyAllowPlainHttp: config.dangerouslyAllowPlainHttp,
    fetch: (url, options) => boundedFetch(url, options),
    onChange: (problem) => {
      if (problem === undefined) log.info('the keys of the issuer are there')
      else log.alarm(problem)
    },
  })
  const graph = undiciGraph({
    origin: config.upstream.graphUrl,
    userAgent: `device-install-state-proxy/${version}`,
    connectTimeoutInMs: 3_000,
    connections: 64,
  })
  const ports = portsOf(config, log, ledger, phase, keys, graph)

  const { allHandled, track } = callsUnderWay()
  const handle = handleRequest(ports)
  const conversations = new Conversations()
  const server = nodeHttpServer(
    expressListener({
      handle: (request) => track(handle(request)),
      conversations,
      newAuditId: uuidv7,
      now,
      isStopping: () => phase.stopping,
      fatal,
    }),
    conversations,
    refuseConnection(ports),
  )
  const adminConversations = new Conversations()
  const admin = nodeHttpServer(
    expressAdminListener(
      [
        { name: 'running', isWell: () => !phase.stopping },
        { name: 'auditLedger', isWell: () => ledger.store.problem() === undefined },
        { name: 'issuerKeys', isWell: () => keys.problem() === undefined },
      ],
      adminConversations,
    ),
    adminConversations,
    refuseOnAdminPort,
  )

  const release = async (result: StopResult | 'notStarted'): Promise<StopResult> => {
    const stopped = await ledger.store.append(lifecycle('stopped', { ...whereabouts(), result }))()
    keys.stop()
    await closeServer(admin)
    const { isClosed, lost } = await ledger.store.close()
    await graph.close()
    for (const record of lost) log.recordLost(record, 'the process ends')
    if (!isClosed) return 'stuck'
    return E.isLeft(stopped) || lost.length > 0 || result === 'forced' ? 'forced' : 'finished'
  }

  try {
    const url = await listen(server, config.listen)
    const adminUrl = await listen(admin, config.admin)
    keys.begin()
    const giveUpOnHalfSent = (): void => conversations.giveUpOnHalfSent({ _tag: 'Draining' })
    const stop = stopProxy(config.shutdown, {
      server,
      phase,
      giveUpOnHalfSent,
      allHandled,
      endCalls: graph.close,
      release,
    })
    return E.right({ url, adminUrl, stop })
  } catch (error) {
    await closeServer(server)
    await release('notStarted')
    return E.left(error instanceof Error ? `The proxy cannot listen: ${error.message}` : String(error))
  }
}
