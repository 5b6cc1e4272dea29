import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GraphDouble, graphDouble, listenGraphDouble } from '@device-install-state/contract-tests'
import { startIdentityProvider, trustCertificate } from '@device-install-state/identity-provider'

/** What a deployed proxy needs around it, on loopback. */
export interface World {
  readonly graph: GraphDouble
  /** Anyone may read what is in it; gone at the end. */
  readonly folder: string
  readonly clientSecret: string
  /** What is of this world, in the place of what a manifest says. */
  readonly environment: Readonly<Record<string, string>>
  /** A token of an application that may call. */
  readonly token: () => Promise<string>
  readonly stop: () => Promise<void>
}

const tenantId = '00000000-0000-4000-8000-000000000001'
const appIdUri = 'api://device-install-state'
const audience = '00000000-0000-4000-8000-000000000002'
const importer = {
  clientId: '00000000-0000-4000-8000-000000000003',
  clientSecret: 'a secret of the importer',
  objectId: '00000000-0000-4000-8000-000000000004',
}
const graphAudience = 'https://graph.microsoft.com'

const isForGraph = (token: string): boolean => {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(payload) as { readonly aud: unknown }).aud === graphAudience
}

/** `callerRole`: what callers must have, by the manifests. */
export const aWorld = async (callerRole: string): Promise<World> => {
  await using begun = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'deployed-'))
  begun.defer(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  const graph = graphDouble({ acceptsToken: async (token) => isForGraph(token) })
  const { stop: stopGraph, url: graphUrl } = await listenGraphDouble(graph, { port: 0 })
  begun.defer(stopGraph)
  const clientSecret = 'a secret of the gateway'
  const provider = await startIdentityProvider({
    tenantId,
    tls: true,
    apis: [
      { appIdUri, audience, scopes: [] },
      { appIdUri: graphUrl, audience: graphAudience, scopes: [] },
    ],
    clients: [
      { ...importer, appRoles: { [appIdUri]: [callerRole] } },
      {
        clientId: audience,
        clientSecret,
        objectId: '00000000-0000-4000-8000-000000000005',
        appRoles: { [graphUrl]: ['DeviceManagementApps.ReadWrite.All'] },
      },
    ],
    users: [],
  })
  begun.defer(provider.stop)
  const certificate = provider.certificate ?? ''
  begun.defer(trustCertificate(certificate))
  writeFileSync(join(folder, 'provider.pem'), certificate)
  const running = begun.move()
  return {
    graph,
    folder,
    clientSecret,
    environment: {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: audience,
      AZURE_AUTHORITY_HOST: provider.authorityHost,
      CALLER_AUDIENCE: audience,
      GRAPH_URL: graphUrl,
      NODE_EXTRA_CA_CERTS: join(folder, 'provider.pem'),
      DANGEROUSLY_ALLOW_PLAIN_HTTP: 'true',
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_HOST: '127.0.0.1',
      ADMIN_PORT: '0',
      SHUTDOWN_DELAY_MS: '0',
    },
    token: async () => {
      const response = await fetch(provider.tokenEndpoint, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          scope: `${appIdUri}/.default`,
          client_id: importer.clientId,
          client_secret: importer.clientSecret,
        }),
      })
      return ((await response.json()) as { readonly access_token: string }).access_token
    },
    stop: () => running.disposeAsync(),
  }
}
