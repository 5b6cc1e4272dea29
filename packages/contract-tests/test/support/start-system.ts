import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type IdentityProvider, startIdentityProvider, trustCertificate } from '@device-install-state/identity-provider'
import { decodeConfig, type RunningProxy, startProxy } from '@device-install-state/proxy'
import { vi } from 'vitest'
import { type GraphDouble, graphDouble, listenGraphDouble, type ThrottleOptions } from '../../src/index.js'
import { collectingLog, type LogEntry } from './collecting-log.js'
import { type Ledger, ledgerIn } from './ledger.js'
import { gateway, permission, proxyApi, tenantId, tenantWithGraphAt } from './tenant.js'
import { isGatewaysTokenForGraph, type Tokens, tokensFrom } from './tokens.js'

/** The real proxy, between a Graph and an identity provider that are ours. All of it is on loopback, in this process. */
export interface System extends Tokens {
  /** Of the proxy. */
  readonly url: string
  /** An application's, for all the requests whose caller is not what matters. */
  readonly token: string
  readonly graph: GraphDouble
  readonly graphUrl: string
  readonly identityProvider: IdentityProvider
  readonly ledger: Ledger
  readonly log: ReadonlyArray<LogEntry>
  /** Ends everything, and removes the ledger. */
  readonly stop: () => Promise<void>
}

export interface SystemOptions {
  /** Settings of the proxy besides those it needs here, or in their place. */
  readonly environment?: Readonly<Record<string, string>>
  /** How often one may write to Graph. Absent: as often as one likes. */
  readonly throttle?: ThrottleOptions
  /** What stands between Graph and the proxy. Absent: nothing. */
  readonly inFrontOfGraph?: (answer: GraphDouble['answer']) => GraphDouble['answer']
}

const environmentOf = (identityProvider: IdentityProvider, graphUrl: string, auditDirectory: string) => ({
  HOST: '127.0.0.1',
  PORT: '0',
  ADMIN_HOST: '127.0.0.1',
  ADMIN_PORT: '0',
  CALLER_AUDIENCE: proxyApi.audience,
  CALLER_SCOPE: permission,
  CALLER_ROLE: permission,
  AZURE_AUTHORITY_HOST: identityProvider.authorityHost,
  AZURE_TENANT_ID: tenantId,
  AZURE_CLIENT_ID: gateway.clientId,
  AZURE_CLIENT_SECRET: gateway.clientSecret,
  GRAPH_URL: graphUrl,
  AUDIT_DIRECTORY: auditDirectory,
  SHUTDOWN_DELAY_MS: '0',
  DANGEROUSLY_ALLOW_PLAIN_HTTP: 'true',
  // Tests make more calls than Graph would take, and let it fail more often than it would be asked.
  GRAPH_PACE: '100000/1s',
  GRAPH_BREAKER_FAILURES: '0',
})

/** Ready, that is: it has the keys of the identity provider, and its ledger can be written. */
const untilReady = ({ adminUrl }: RunningProxy): Promise<void> =>
  vi.waitFor(
    async () => {
      const response = await fetch(`${adminUrl}/readyz`)
      if (response.status !== 200) throw new Error(`the proxy is not ready: ${await response.text()}`)
    },
    { interval: 10, timeout: 5_000 },
  )

/** Starts the whole, and waits until the proxy is ready. */
export const startSystem = async (options: SystemOptions = {}): Promise<System> => {
  const { environment = {}, inFrontOfGraph = (answer) => answer, throttle } = options
  const graph = graphDouble({
    acceptsToken: (token) => acceptsToken(token),
    ...(throttle === undefined ? {} : { throttle }),
  })
  const listening = await listenGraphDouble({ answer: inFrontOfGraph(graph.answer) })
  const identityProvider = await startIdentityProvider(tenantWithGraphAt(listening.url))
  const distrust = trustCertificate(identityProvider.certificate ?? '')
  const acceptsToken = isGatewaysTokenForGraph(identityProvider)

  const auditDirectory = await mkdtemp(join(tmpdir(), 'contract-tests-'))
  const config = decodeConfig({
    ...environmentOf(identityProvider, listening.url, auditDirectory),
    ...environment,
  })
  if (config._tag === 'Left') throw new Error(`the proxy does not take its settings: ${JSON.stringify(config.left)}`)
  const { entries, log } = collectingLog()
  const started = await startProxy(config.right, log)
  if (started._tag === 'Left') throw new Error(started.left)
  const proxy = started.right
  await untilReady(proxy)

  const tokens = tokensFrom(identityProvider, listening.url)
  return {
    ...tokens,
    url: proxy.url,
    token: await tokens.tokenForApplication(),
    graph,
    graphUrl: listening.url,
    identityProvider,
    ledger: ledgerIn(auditDirectory),
    log: entries,
    stop: async () => {
      await proxy.stop()
      await listening.stop()
      await identityProvider.stop()
      distrust()
      await rm(auditDirectory, { recursive: true })
    },
  }
}
