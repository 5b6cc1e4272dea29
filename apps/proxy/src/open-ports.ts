import { hash } from 'node:crypto'
import { pipe } from 'fp-ts/lib/function.js'
import * as T from 'fp-ts/lib/Task.js'
import { recordRefusal } from './audit/index.js'
import type { CountedDrift } from './audit/counted-drift.js'
import type { CountedRefusals } from './audit/counted-refusals.js'
import { lruCallerRates } from './authenticate/lru-caller-rates.js'
import { lruProvedTokens } from './authenticate/lru-proved-tokens.js'
import type { SignatureChecks } from './authenticate/node-signature-check.js'
import type { Config } from './config/index.js'
import { driftKinds } from './domain/differences.js'
import { contextWithoutRequest, type Reply } from './domain/reply.js'
import { codeOfError, replyToError } from './domain/reply-to-error.js'
import type { RefusedConnection } from './http/node-http-server.js'
import { newId } from './node-random.js'
import type { WayToGraph } from './open-graph.js'
import type { Ledger } from './open-ledger.js'
import type { Telemetry } from './open-telemetry.js'
import type { Ports } from './ports.js'
import type { Phase } from './stop-proxy.js'
import type { Log } from './telemetry/pino-log.js'
import { requestMetrics } from './telemetry/request-metrics.js'

const now = (): Date => new Date()

/** The ledger, and what is counted on its way there. */
export interface LedgerAndCounts extends Ledger {
  readonly refusals: CountedRefusals
  readonly drift: CountedDrift
}

/** All that the life of a request asks of the world, by the adapters that are open. */
export const portsOf = (
  config: Config,
  log: Log,
  { metrics, traces }: Telemetry,
  ledger: LedgerAndCounts,
  phase: Phase,
  keys: SignatureChecks,
  graph: WayToGraph,
): Ports => {
  const inFigures = requestMetrics(metrics)
  for (const kind of driftKinds) metrics.count('drift', { kind }, 0)
  return {
    graphVersions: config.upstream.graphVersions,
    isDraining: () => phase.draining,
    trustedIssuers: config.callers.issuers,
    tokenRules: config.callers.rules,
    checkSignature: keys.check,
    provedTokens: lruProvedTokens((token) => hash('sha256', token, 'base64url')),
    callerRates:
      config.callers.rateLimit &&
      lruCallerRates({
        limit: config.callers.rateLimit,
        by: config.callers.countedBy,
        now: () => performance.now(),
      }),
    ...graph.ports,
    challenge: {
      resourceMetadataUrl: config.callers.metadata?.url,
      authorizationUri: `${config.upstream.authorityHost}/${config.upstream.tenantId}/oauth2/v2.0/authorize`,
    },
    auditStore: ledger.store,
    digest: ledger.digest,
    digestsOf: ledger.digestsOf,
    sealAnswer: ledger.sealAnswer,
    openAnswer: ledger.openAnswer,
    fields: config.audit.fields,
    countRefusal: ledger.refusals.count,
    driftPolicy: config.upstream.drift,
    countDrift: (drift) => () => {
      for (const { kind } of drift) metrics.count('drift', { kind })
      ledger.drift.count(drift)()
    },
    recordLost: (record, cause) => () => log.recordLost(record, cause),
    now,
    monotonicNowInMs: () => performance.now(),
    inStep: traces.inStep,
    beginTry: traces.beginTry,
    log: (entry, request) => () => {
      log.request(entry)
      inFigures(entry)
      if (request !== undefined) traces.end(request, entry)
    },
  }
}

/** For what never becomes a request. */
export const refuseConnection =
  (ports: Ports) =>
  ({ error, ...refused }: RefusedConnection): { readonly reply: Reply; readonly record: T.Task<void> } => {
    const context = contextWithoutRequest(newId(), now())
    const { auditId } = context
    const reply = replyToError(context, error)
    const code = codeOfError(error)
    return {
      reply,
      record: pipe(
        recordRefusal(ports)({ kind: 'connection', auditId, at: context.now.toISOString(), code, ...refused }),
        T.chainIOK(() =>
          ports.log({
            auditId,
            traceId: auditId.replaceAll('-', ''),
            callerRequestId: undefined,
            method: '_OTHER',
            route: undefined,
            caller: undefined,
            end: 'connection',
            status: reply.status,
            code,
            reason: refused.reason,
            durationInMs: 0,
          }),
        ),
      ),
    }
  }
