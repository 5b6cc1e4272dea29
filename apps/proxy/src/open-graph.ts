import { setTimeout as wait } from 'node:timers/promises'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { UpstreamPolicy } from './authenticate/index.js'
import type { Config } from './config/index.js'
import { callerKey } from './domain/caller-key.js'
import type { ProxyError } from './domain/proxy-error.js'
import type { UpstreamApplication } from './domain/upstream-identity.js'
import { azureAppTokens } from './forward/azure-app-tokens.js'
import type { BoundedFetch } from './forward/bounded-fetch.js'
import { exchangeScopeOf, msalOnBehalfOfTokens } from './forward/msal-on-behalf-of-tokens.js'
import { type EndableGate, type GateChange, pacedGate } from './forward/paced-gate.js'
import { restrainedFetch } from './forward/restrained-fetch.js'
import { type UndiciBoundedFetch, undiciBoundedFetch } from './forward/undici-bounded-fetch.js'
import { undiciConnector } from './forward/undici-connector.js'
import { undiciGraph } from './forward/undici-graph.js'
import { type EndableTokens, upstreamTokens } from './forward/upstream-tokens.js'
import { type WatchedGate, watchedGate } from './forward/watched-gate.js'
import { version } from './node-package-version.js'
import { newSpanId } from './node-random.js'
import type { Ports } from './ports.js'
import { timedFetch, timedSend } from './telemetry/client-metrics.js'
import type { Metrics } from './telemetry/instruments.js'
import type { Log } from './telemetry/pino-log.js'

const userAgent = `device-install-state-proxy/${version}`

const delay = (inMs: number) => (): Promise<void> => (inMs === 0 ? Promise.resolve() : wait(inMs))

const ownApplicationOf = ({ clientId, credential, identityClientId }: Config['upstream']): UpstreamApplication => {
  const id = credential.kind === 'managedIdentity' ? identityClientId : clientId
  return { kind: 'application', ...(id === undefined ? {} : { clientId: id }) }
}

/** `config/` sees to it that there is an application where one acts on behalf of users. */
const upstreamPolicyOf = (upstream: Config['upstream']): UpstreamPolicy => {
  const { auth, clientId, tenantId } = upstream
  const own = ownApplicationOf(upstream)
  return auth === 'app' || clientId === undefined ? { mode: 'app', own } : { mode: auth, own, clientId, tenantId }
}

/** For how many callers' tokens one for Graph is kept. */
const mostUsers = 10_000

const longestConnectInMs = 3_000

const graphScopeOf = ({ graphUrl }: Config['upstream']): string => `${graphUrl}/.default`

const upstreamTokensBy = (upstream: Config['upstream'], fetch: BoundedFetch, metrics: Metrics): EndableTokens => {
  const { clientId = '', identityClientId } = upstream
  const settings = { ...upstream, scope: graphScopeOf(upstream) }
  // Two lines: however many users come, the gateway's own token does not wait for theirs.
  const ownFetch = restrainedFetch(fetch)
  metrics.count('tokenAcquisitions', { identity: 'gateway', result: 'failed' }, 0)
  const acquiredFor = (identity: 'gateway' | 'user') => (isGood: boolean) =>
    metrics.count('tokenAcquisitions', { identity, result: isGood ? 'acquired' : 'failed' })
  return upstreamTokens(
    azureAppTokens({
      ...settings,
      clientId: ownApplicationOf(upstream).clientId,
      fetch: ownFetch,
      acquired: acquiredFor('gateway'),
    }),
    msalOnBehalfOfTokens({
      ...settings,
      clientId,
      mostUsers,
      fetch: restrainedFetch(fetch),
      ownFetch,
      acquired: acquiredFor('user'),
      ...(identityClientId === undefined ? {} : { managedIdentityClientId: identityClientId }),
    }),
  )
}

/** How connections to Graph and the identity provider are made: directly, or through a proxy. */
export const connectorOf = ({ proxy }: Config['upstream']): ReturnType<typeof undiciConnector> =>
  undiciConnector({ timeoutInMs: longestConnectInMs, proxy })

const longestTokenInMs = 9_000

/** Asks once for a token of the gateway's own, by its credential: for Graph, or what a managed identity vouches with. */
export const takeOwnToken = (
  upstream: Config['upstream'],
  fetch: BoundedFetch,
  purpose: 'graph' | 'vouching',
): ReturnType<TE.TaskEither<ProxyError, string>> =>
  azureAppTokens({
    ...upstream,
    scope: purpose === 'graph' ? graphScopeOf(upstream) : exchangeScopeOf(upstream.authorityHost),
    clientId: ownApplicationOf(upstream).clientId,
    fetch,
  }).take({ atInMs: performance.now() + longestTokenInMs })()

const upstreamInWords = ({
  auth,
  clientId,
  credential,
  graphUrl,
  identityClientId,
  proxy,
  tenantId,
}: Config['upstream']) => ({
  graphUrl,
  // Without the user and the password that may be in its URL.
  proxy: proxy && new URL(proxy.url).host,
  tenantId,
  auth,
  credential: credential.kind,
  clientId,
  identityClientId,
})

const after = (inMs: number, run: () => void): (() => void) => {
  // Whoever waits is waited for by its connection, and by the stop of the process.
  const timer = setTimeout(run, inMs).unref()
  return () => clearTimeout(timer)
}

const tellOperator =
  (log: Log) =>
  (change: GateChange): void => {
    switch (change._tag) {
      case 'GraphThrottles':
        log.alarm('Graph throttles the gateway: calls wait', { inSeconds: change.inSeconds, budget: change.budget })
        return
      case 'GraphThrottlesNoMore':
        log.info('Graph throttles the gateway no more', { budget: change.budget })
        return
      case 'GraphIsLeftAlone':
        log.alarm(
          change.byAll
            ? 'Graph fails, and is left alone for a while'
            : 'Graph fails for one caller, whose calls are not sent for a while',
          { failuresInARow: change.failures },
        )
        return
      case 'GraphIsWellAgain':
        log.info('Graph is well again')
    }
  }

const gateOf = (
  { callers, upstream: { breakerFailures, concurrency, pace } }: Config,
  told: (change: GateChange) => void,
): EndableGate =>
  pacedGate({
    pace,
    concurrency,
    breakerFailures,
    keyOf: callerKey(callers.countedBy),
    monotonicNowInMs: () => performance.now(),
    random: () => Math.random(),
    after,
    onChange: told,
  })

const gateMetrics = (metrics: Metrics, budgetAtFirst: number): ((change: GateChange) => void) => {
  let budget = budgetAtFirst
  metrics.watch('paceBudget', () => budget)
  metrics.count('breakerOpenings', { scope: 'allCallers' }, 0)
  return (change) => {
    if ('budget' in change) ({ budget } = change)
    if (change._tag === 'GraphIsLeftAlone')
      metrics.count('breakerOpenings', { scope: change.byAll ? 'allCallers' : 'oneCaller' })
  }
}

const watched = (gate: EndableGate, metrics: Metrics): WatchedGate => {
  const one = watchedGate(gate, () => performance.now(), {
    waited: (inMs, result) => metrics.measure('paceWait', inMs / 1000, { result }),
    throttled: () => metrics.count('throttles'),
  })
  metrics.watch('paceWaiting', one.waiting)
  metrics.watch('atGraph', one.underWay)
  return one
}

/** What the steps ask of the way to Graph. */
type PortsToGraph = Pick<
  Ports,
  | 'upstreamPolicy'
  | 'gate'
  | 'upstreamTokens'
  | 'sendToGraph'
  | 'graphUrl'
  | 'userAgent'
  | 'upstreamDeadlineInMs'
  | 'newSpanId'
  | 'random'
  | 'delay'
>

/** The way to Graph, and to the identity provider, which is the same: directly, or through a proxy. */
export interface WayToGraph {
  readonly ports: PortsToGraph
  readonly identityProviderFetch: UndiciBoundedFetch['fetch']
  /** Tells the operator how Graph is called. */
  readonly tell: () => void
  /** Ends the calls that wait or are in flight, so that each gets its answer. */
  readonly endCalls: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Wires what calls go through on their way to Graph. Nothing is asked of anyone yet. */
export const openGraph = (config: Config, log: Log, metrics: Metrics): WayToGraph => {
  const { upstream } = config
  const connect = connectorOf(upstream)
  const identityProvider = undiciBoundedFetch(connect)
  const graph = undiciGraph({
    origin: upstream.graphUrl,
    userAgent,
    connect,
    connections: upstream.concurrency,
  })
  const inFigures = gateMetrics(metrics, upstream.pace.calls)
  const inWords = tellOperator(log)
  const gate = gateOf(config, (change) => {
    inFigures(change)
    inWords(change)
  })
  const clock = { monotonicNowInMs: () => performance.now(), measure: metrics.measure }
  const fetch = timedFetch(clock, identityProvider.fetch)
  const tokens = upstreamTokensBy(upstream, fetch, metrics)
  return {
    ports: {
      upstreamPolicy: upstreamPolicyOf(upstream),
      gate: watched(gate, metrics),
      upstreamTokens: tokens,
      sendToGraph: timedSend(clock, upstream.graphUrl, graph.send),
      graphUrl: upstream.graphUrl,
      userAgent,
      upstreamDeadlineInMs: upstream.deadlineInMs,
      newSpanId,
      random: () => Math.random(),
      delay,
    },
    identityProviderFetch: fetch,
    tell: () => log.info('Graph is called', upstreamInWords(upstream)),
    endCalls: () => {
      gate.end()
      tokens.end()
      return graph.close()
    },
    close: async () => {
      await Promise.all([graph.close(), identityProvider.close()])
    },
  }
}
