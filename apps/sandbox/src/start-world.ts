import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GraphDouble, graphDouble, listenGraphDouble } from '@device-install-state/contract-tests'
import { type IdentityProvider, startIdentityProvider, trustCertificate } from '@device-install-state/identity-provider'
import { type NameAtGraph, upstreamTokenCheck } from './jose-upstream-token.js'
import { mustBeFree, onPreferredPort } from './preferred-port.js'
import { type ProxyProcess, startProxyProcess } from './proxy-process.js'
import { callerRole, callerScope, gatewayAt, proxyApi, tenantAround } from './sandbox-tenant.js'

/** All that the proxy needs around it, on this machine, and the proxy. */
export interface World {
  readonly graph: GraphDouble
  readonly graphUrl: string
  /** In whose name Graph was called, in order. */
  readonly namesAtGraph: () => ReadonlyArray<NameAtGraph>
  readonly identityProvider: IdentityProvider
  /** The identity provider speaks https; whoever calls it must trust this. */
  readonly certificateFile: string
  readonly upstreamAuth: UpstreamAuth
  readonly proxy: ProxyProcess
  /** With this environment another proxy can take the place of one that has ended. */
  readonly proxyEnvironment: Readonly<Record<string, string>>
  readonly auditDirectory: string
  readonly logFile: string
  /** Of this run; ledger and log are in it. */
  readonly folder: string
  /** Proxy first, then what it leans on; then the folder goes, unless it is kept. To stop twice is harmless. */
  readonly stop: () => Promise<void>
}

/** Where people expect to find it. What is taken is replaced by any port that is free. */
export const handyPorts = { proxy: 8080, identityProvider: 8090, graph: 8091 } as const

/** In whose name the proxy calls Graph, as in its variable `UPSTREAM_AUTH`. */
export const upstreamAuths = ['app', 'on-behalf-of', 'by-caller'] as const
export type UpstreamAuth = (typeof upstreamAuths)[number]

export interface WorldOptions {
  /** Absent: by-caller, which shows both ways. */
  readonly upstreamAuth?: UpstreamAuth
  /** Absent: the system chooses. */
  readonly ports?: Readonly<Record<keyof typeof handyPorts, number>>
  /** `PATH`, the one variable that the proxy shares with us. */
  readonly path?: string | undefined
  /** Leave the folder of this run where it is. */
  readonly keep?: boolean
  readonly onProxyLog?: ((line: string) => void) | undefined
  /** Graph takes up a request when this resolves: for what happens meanwhile. Absent: at once. */
  readonly untilGraphAnswers?: (request: Request) => Promise<void>
  /** Gives up the start. It has no effect afterwards. */
  readonly signal: AbortSignal
}

/** Graph first, since tokens name it; then the identity provider; then the proxy. Rejects with nothing left running. */
export const startWorld = async (options: WorldOptions): Promise<World> => {
  const { ports = { proxy: 0, identityProvider: 0, graph: 0 }, signal, upstreamAuth = 'by-caller' } = options
  await using started = new AsyncDisposableStack()

  const folder = await mkdtemp(join(tmpdir(), 'device-install-state-sandbox-'))
  if (options.keep !== true) started.defer(() => rm(folder, { recursive: true, force: true }))
  const auditDirectory = join(folder, 'audit')
  const logFile = join(folder, 'proxy.log')
  const certificateFile = join(folder, 'identity-provider.pem')

  // Graph listens before there is anyone whose tokens it could trust; until then it trusts none.
  let accepts = (_token: string): Promise<boolean> => Promise.resolve(false)
  const graph = graphDouble({ acceptsToken: (token) => accepts(token) })
  const answer: GraphDouble['answer'] = async (request, target) => {
    await options.untilGraphAnswers?.(request)
    return graph.answer(request, target)
  }
  const listening = await onPreferredPort(ports.graph, (port) => listenGraphDouble({ answer }, { port }))
  started.defer(listening.stop)
  const { url: graphUrl } = listening

  const identityProvider = await onPreferredPort(ports.identityProvider, (port) =>
    startIdentityProvider({ ...tenantAround(graphUrl), port }),
  )
  started.defer(identityProvider.stop)
  const certificate = identityProvider.certificate ?? ''
  await writeFile(certificateFile, certificate)
  started.defer(trustCertificate(certificate))
  const tokenCheck = upstreamTokenCheck(identityProvider)
  accepts = tokenCheck.accepts

  const proxyEnvironment = {
    PATH: options.path ?? '',
    AUDIT_DIRECTORY: auditDirectory,
    NODE_EXTRA_CA_CERTS: certificateFile,
    UPSTREAM_AUTH: upstreamAuth,
    ...environmentAround(graphUrl, identityProvider),
  }
  const proxy = await onPreferredPort(ports.proxy, async (port) => {
    // A proxy that cannot listen leaves a start in its ledger, so it is not started for nothing.
    await mustBeFree(port)
    const environment = {
      ...proxyEnvironment,
      PORT: String(port),
      // Known beforehand only where the port was wished for; without it nothing is published at the well-known path.
      ...(port === 0 ? {} : { CALLER_GATEWAY_URL: `http://127.0.0.1:${String(port)}` }),
    }
    return startProxyProcess({ environment, logFile, signal, onLogLine: options.onProxyLog })
  })
  started.defer(async () => void (await proxy.stop()))

  const running = started.move()
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= running.disposeAsync())
  return {
    graph,
    graphUrl,
    namesAtGraph: tokenCheck.names,
    identityProvider,
    certificateFile,
    upstreamAuth,
    proxy,
    proxyEnvironment,
    auditDirectory,
    logFile,
    folder,
    stop,
  }
}

/** What the proxy must know of those around it, and that all of it is on this machine. */
const environmentAround = (graphUrl: string, { authorityHost }: IdentityProvider) => ({
  CALLER_AUDIENCE: proxyApi.audience,
  CALLER_SCOPE: callerScope,
  CALLER_ROLE: callerRole,
  AZURE_AUTHORITY_HOST: authorityHost,
  AZURE_TENANT_ID: tenantAround(graphUrl).tenantId,
  AZURE_CLIENT_ID: gatewayAt(graphUrl).clientId,
  AZURE_CLIENT_SECRET: gatewayAt(graphUrl).clientSecret,
  GRAPH_URL: graphUrl,
  HOST: '127.0.0.1',
  PORT: '0',
  ADMIN_HOST: '127.0.0.1',
  ADMIN_PORT: '0',
  SHUTDOWN_DELAY_MS: '0',
  SHUTDOWN_GRACE_MS: '5000',
  DANGEROUSLY_ALLOW_PLAIN_HTTP: 'true',
})
