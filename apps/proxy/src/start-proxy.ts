import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { type LifecycleRecord, wordsOfNotWritten } from './audit/index.js'
import { countedDrift } from './audit/counted-drift.js'
import { countedRefusals } from './audit/counted-refusals.js'
import { nodeSignatureChecks } from './authenticate/node-signature-check.js'
import type { Config } from './config/index.js'
import { contextWithoutRequest } from './domain/reply.js'
import { replyToError } from './domain/reply-to-error.js'
import { auditorsOf } from './open-auditors.js'
import { handleRequest } from './handle-request.js'
import { openGraph } from './open-graph.js'
import { version } from './node-package-version.js'
import { openLedger } from './open-ledger.js'
import { type LedgerAndCounts, portsOf, refuseConnection } from './open-ports.js'
import { openTelemetry, type Telemetry } from './open-telemetry.js'
import { type AdminPort, openAdminPort } from './http/admin-port.js'
import { openApiDocumentation } from './open-api-documentation.js'
import { auditorListener } from './http/auditor-listener.js'
import { Conversations } from './http/conversations.js'
import { expressAdminListener } from './http/express-admin-listener.js'
import { expressListener } from './http/express-listener.js'
import { trustedProxiesIn } from './http/node-trusted-proxies.js'
import {
  closeServer,
  httpLimits,
  type HttpLimits,
  listen,
  nodeHttpServer,
  type RefuseConnection,
  renewTls,
  type ServerTls,
} from './http/node-http-server.js'
import { readTlsFiles, type TlsFiles } from './http/node-tls-files.js'
import { watchTlsFiles } from './http/node-tls-watch.js'
import { newId } from './node-random.js'
import { patience } from './patience.js'
import { callsUnderWay, type Phase, stopProxy, type StopResult } from './stop-proxy.js'
import type { Log } from './telemetry/pino-log.js'
import { watchClock } from './telemetry/watch-clock.js'

/** A proxy that serves. */
export interface RunningProxy {
  readonly url: string
  readonly adminUrl: string
  /**
   * Not ready at once; goes on serving for the delay; then takes no more, finishes what is in flight, writes what waits.
   * `forced` when something was still in flight after the grace. Each further call ends what is being waited for: the delay, then the grace.
   */
  readonly stop: () => Promise<StopResult>
  /**
   * Has it on record, if that can be done within a second, that the process ends through a mistake of ours. Call it once;
   * what is in flight is left as it is, and settled by the next start. Never rejects.
   */
  readonly lastWords: (error: unknown) => Promise<void>
}

/**
 * Opens the admin port, then the ledger, for whose database it waits if that is away, wires every step to the world, and listens. Left
 * tells why nothing was started. `asked` is aborted when the process is asked to end before.
 */
export const startProxy = async (
  config: Config,
  processLog: Log,
  limits: HttpLimits = { ...httpLimits, keepAliveTimeoutInMs: config.listen.keepAliveInMs },
  asked: AbortSignal = new AbortController().signal,
): Promise<E.Either<string, RunningProxy>> => {
  const tlsFiles = config.tls === undefined ? E.right(undefined) : await readTlsFiles(config.tls)()
  if (E.isLeft(tlsFiles)) return E.left(`TLS cannot be spoken: ${tlsFiles.left.join('; ')}.`)
  const listening = { limits, tlsFiles: tlsFiles.right }
  const telemetry = await openTelemetry(config, processLog)
  const log = withAlarmsCounted(processLog, telemetry.metrics)
  const admin = await adminPort(config, telemetry, listening)
  if (E.isLeft(admin)) {
    await telemetry.close()
    return admin
  }
  log.info('the admin port is open', { adminUrl: admin.right.url })
  const started = await startBehind(admin.right, config, log, telemetry, listening, asked)
  if (E.isLeft(started)) await admin.right.close()
  return started
}

const cannotListen = (error: unknown): string =>
  error instanceof Error ? `The proxy cannot listen on ${error.message}.` : String(error)

const adminTls = (files: TlsFiles): ServerTls => ({ files, demandsCertificate: false })

/** Until the ledger is open, probes are told that it is not. */
const adminPort = (
  config: Config,
  telemetry: Telemetry,
  { limits, tlsFiles }: Listening,
): Promise<E.Either<string, AdminPort>> =>
  openAdminPort({
    where: config.admin,
    limits,
    tls: config.tls?.coversAdmin === true && tlsFiles !== undefined ? adminTls(tlsFiles) : undefined,
    refuse: refuseOnAdminPort,
    first: (conversations) =>
      expressAdminListener(
        [{ name: 'auditLedger', isWell: () => false }],
        conversations,
        telemetry.print,
        openApiDocumentation(config),
      ),
  }).then(E.right, (error: unknown) => E.left(cannotListen(error)))

const startBehind = async (
  admin: AdminPort,
  config: Config,
  log: Log,
  telemetry: Telemetry,
  listening: Listening,
  asked: AbortSignal,
): Promise<E.Either<string, RunningProxy>> => {
  let isWaiting = true
  telemetry.metrics.watch('ready', () => (isWaiting ? 0 : undefined), { check: 'auditLedger' })
  const opened = await openLedger(
    config,
    log,
    telemetry.metrics,
    (message) => fatal(new Error(`the audit ledger is gone: ${message}`)),
    patience({
      isOver: () => asked.aborted,
      monotonicNowInMs: () => performance.now(),
      wait: (ms) => wait(ms, undefined, { signal: asked }).catch(() => undefined),
      alarm: log.alarm,
      info: log.info,
    }),
  )
  isWaiting = false
  if (E.isLeft(opened)) {
    // It asks for figures, which can be had no more behind the close.
    await admin.close()
    await telemetry.close()
    return opened
  }
  const { settled, store } = opened.right

  const started = await store.append(
    lifecycle('started', { version, node: process.version, settled, ...whereabouts() }),
  )()
  if (E.isLeft(started)) {
    await store.close()
    await admin.close()
    await telemetry.close()
    return E.left(`It cannot be put on record that it starts: ${wordsOfNotWritten(started.left)}.`)
  }
  if (settled > 0)
    log.alarm('calls of an earlier process have no known outcome; they are settled as indeterminate', { settled })
  if (config.dangerouslyAllowPlainHttp)
    log.alarm('DANGEROUSLY_ALLOW_PLAIN_HTTP is on: tokens and secrets travel unencrypted')

  const refusals = countedRefusals({
    perMinute: config.audit.unauthenticatedPerMinute,
    store,
    newId,
    now,
    monotonicNowInMs: () => performance.now(),
  })
  const drift = countedDrift({
    store,
    newId,
    now,
    alarm: log.alarm,
    info: log.info,
    recordLost: log.recordLost,
  })
  return serve(admin, config, log, telemetry, { ...opened.right, refusals, drift }, listening)
}

const withAlarmsCounted = (log: Log, { count }: Telemetry['metrics']): Log => ({
  ...log,
  alarm: (...told) => {
    count('alarms')
    log.alarm(...told)
  },
})

const now = (): Date => new Date()

/** For our own mistakes: the process records it, ends, and is started anew. */
const fatal = (error: unknown): void => {
  setImmediate(() => {
    throw error
  })
}

const longestLastWordsInMs = 1_000

const lifecycle = (event: LifecycleRecord['event'], detail: LifecycleRecord['detail']): LifecycleRecord => ({
  kind: 'lifecycle',
  event,
  auditId: newId(),
  at: now().toISOString(),
  detail,
})

const whereabouts = () => ({ host: hostname(), pid: process.pid })

const takenTokens = ({ issuers, rules }: Config['callers']) => ({
  issuers: issuers.map(({ issuer }) => issuer),
  audiences: rules.audiences,
  scope: rules.scope,
  role: rules.role,
  appIds: rules.appIds ?? 'all',
})

const inSeconds = (inMs: number | undefined): number | undefined => (inMs === undefined ? undefined : inMs / 1000)

/** The admin port is no part of what is audited. */
const refuseOnAdminPort: RefuseConnection = ({ error }) => ({
  reply: replyToError(contextWithoutRequest(newId(), now()), error),
  recorded: Promise.resolve(),
})

/** How callers are listened to. */
interface Listening {
  readonly limits: HttpLimits
  readonly tlsFiles: TlsFiles | undefined
}

const lookAtTlsFilesEveryInMs = 1_000

const serve = async (
  admin: AdminPort,
  config: Config,
  log: Log,
  telemetry: Telemetry,
  ledger: LedgerAndCounts,
  { limits, tlsFiles }: Listening,
): Promise<E.Either<string, RunningProxy>> => {
  const phase: Phase = { stopping: false, draining: false }
  const graph = openGraph(config, log, telemetry.metrics)
  const keys = nodeSignatureChecks({
    issuers: config.callers.issuers,
    algorithms: config.callers.rules.algorithms,
    dangerouslyAllowPlainHttp: config.dangerouslyAllowPlainHttp,
    fetch: graph.identityProviderFetch,
    onChange: (issuer, problem) => {
      if (problem === undefined) log.info('the keys of the issuer are there', { issuer })
      else log.alarm(problem)
    },
    onClock: watchClock(log, telemetry.metrics),
  })
  const ports = portsOf(config, log, telemetry, ledger, phase, keys, graph)

  const { allHandled, count, track } = callsUnderWay()
  const handle = handleRequest(ports)
  const callersTls = (files: TlsFiles): ServerTls => ({
    files,
    demandsCertificate: config.tls?.clientCaFile !== undefined,
  })
  const conversations = new Conversations(limits.mostRequestsPerConnection)
  const refuse = refuseConnection(ports)
  const server = nodeHttpServer(
    expressListener({
      handle: (request) => track(handle(request)),
      conversations,
      newAuditId: newId,
      now,
      isStopping: () => phase.stopping,
      isTrustedProxy: config.callers.trustedProxies && trustedProxiesIn(config.callers.trustedProxies),
      protectedResource: config.callers.metadata,
      fatal,
    }),
    conversations,
    (refused) => {
      const { record, reply } = refuse(refused)
      return { reply, recorded: track(record)() }
    },
    { limits, mostConnections: config.listen.mostConnections, tls: tlsFiles && callersTls(tlsFiles) },
  )
  const auditors = auditorsOf(config, log, ledger, keys)
  const checks = [
    { name: 'running', isWell: () => !phase.stopping },
    { name: 'auditLedger', isWell: () => ledger.store.problem() === undefined },
    { name: 'issuerKeys', isWell: () => keys.problem() === undefined },
  ]
  const onAdminPort = expressAdminListener(
    checks,
    admin.conversations,
    telemetry.print,
    openApiDocumentation(config),
    auditors &&
      auditorListener({ answer: auditors.answer, conversations: admin.conversations, newAuditId: newId, now, fatal }),
  )
  const { watch } = telemetry.metrics
  for (const { isWell, name } of checks) watch('ready', () => (isWell() ? 1 : 0), { check: name })
  for (const [issuer, ageInMs] of keys.ages) watch('keysAge', () => inSeconds(ageInMs()), { issuer })
  watch('activeRequests', count)
  const tlsWatch =
    config.tls &&
    tlsFiles &&
    watchTlsFiles({
      config: config.tls,
      files: tlsFiles,
      everyInMs: lookAtTlsFilesEveryInMs,
      now,
      take: (files) => {
        renewTls(server, callersTls(files))
        admin.renewTls(adminTls(files))
      },
      alarm: log.alarm,
      info: log.info,
    })

  if (tlsWatch !== undefined) watch('certificateLife', () => inSeconds(tlsWatch.notAfter().getTime() - now().getTime()))

  const release = async (result: StopResult | 'notStarted'): Promise<StopResult> => {
    tlsWatch?.stop()
    await ledger.refusals.stop()
    const stopped = await ledger.store.append(
      lifecycle('stopped', { ...whereabouts(), result, ...ledger.drift.counts() }),
    )()
    keys.stop()
    await admin.close()
    await auditors?.close()
    const { isClosed, lost } = await ledger.store.close()
    await graph.close()
    for (const record of lost) log.recordLost(record, 'the process ends')
    await telemetry.close()
    if (!isClosed) return 'stuck'
    return E.isLeft(stopped) || lost.length > 0 || result === 'forced' ? 'forced' : 'finished'
  }

  const lastWords = async (error: unknown): Promise<void> => {
    // Its message might quote anything.
    const detail = { ...whereabouts(), error: error instanceof Error ? error.name : typeof error }
    await Promise.race([ledger.store.append(lifecycle('failed', detail))(), wait(longestLastWordsInMs)])
  }

  try {
    const url = await listen(server, config.listen)
    admin.answerBy(onAdminPort)
    keys.begin()
    log.info('tokens of callers are taken', takenTokens(config.callers))
    graph.tell()
    const giveUpOnHalfSent = (): void => conversations.giveUpOnHalfSent({ _tag: 'Draining' })
    const stop = stopProxy(config.shutdown, {
      server,
      phase,
      giveUpOnHalfSent,
      allHandled,
      endCalls: graph.endCalls,
      release,
    })
    return E.right({ url, adminUrl: admin.url, stop, lastWords })
  } catch (error) {
    await closeServer(server, conversations)
    await release('notStarted')
    return E.left(cannotListen(error))
  }
}
