import { generateKeyPairSync, randomUUID } from 'node:crypto'

import { decodeJwt, type JWTPayload } from 'jose'
import { generate } from 'selfsigned'

import type { IdentityProvider } from '../src/start-identity-provider.js'

/** Who and what is known in the tenants of these tests: a middle tier with every credential, and what it calls. */
export const aTenant = async () => {
  const { cert, private: certificateKey } = await generate([{ name: 'commonName', value: 'middle tier' }], {
    algorithm: 'sha256',
  })
  const cluster = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const clientId = randomUUID()
  const middle = {
    appIdUri: 'api://middle',
    audience: clientId,
    scopes: ['Things.Create', 'Things.Read'],
  } as const
  const middleV1 = { ...middle, appIdUri: 'api://middle-v1', accessTokenVersion: 1 } as const
  const graph = {
    appIdUri: 'https://graph.microsoft.com',
    audience: 'https://graph.microsoft.com',
    scopes: ['Apps.Read', 'Apps.ReadWrite', 'Users.Read'],
  } as const
  const middleTier = {
    clientId,
    clientSecret: 'a secret of the middle tier',
    certificate: cert,
    federatedCredential: {
      issuer: 'https://cluster.example',
      subject: 'system:serviceaccount:apps:middle',
      audience: 'api://AzureADTokenExchange',
      publicKey: cluster.publicKey,
    },
    objectId: randomUUID(),
    appRoles: { [graph.appIdUri]: ['Apps.ReadWrite.All'] },
    delegatedScopes: { [graph.appIdUri]: ['Apps.Read', 'Apps.ReadWrite'] },
  }
  const secretOnly = {
    clientId: randomUUID(),
    clientSecret: 'a secret of a client',
    objectId: randomUUID(),
    appRoles: {},
  }
  const certificateOnly = { clientId: randomUUID(), certificate: cert, objectId: randomUUID(), appRoles: {} }
  const ada = {
    username: 'ada@example.com',
    password: "ada's password",
    objectId: randomUUID(),
    displayName: 'Ada',
  }
  const grace = {
    username: 'grace@example.com',
    password: "grace's password",
    objectId: randomUUID(),
    displayName: 'Grace',
    mustInteract: true,
  }
  return {
    middle,
    middleV1,
    graph,
    middleTier,
    secretOnly,
    certificateOnly,
    ada,
    grace,
    certificateKey,
    clusterKey: cluster.privateKey,
    options: {
      tenantId: randomUUID(),
      guestTenantIds: [randomUUID()],
      apis: [middle, middleV1, graph],
      clients: [middleTier, secretOnly, certificateOnly],
      users: [ada, grace],
    },
  }
}

export type ATenant = Awaited<ReturnType<typeof aTenant>>

/** Asks a token endpoint: that of the home tenant, or another. */
export const ask = async (
  idp: IdentityProvider,
  form: Record<string, string>,
  endpoint = idp.tokenEndpoint,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> => {
  const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(form) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

export const accessToken = async (...args: Parameters<typeof ask>): Promise<string> => {
  const { body } = await ask(...args)
  if (typeof body['access_token'] !== 'string') {
    throw new TypeError(`no token: ${String(body['error_description'])}`)
  }
  return body['access_token']
}

export const claimsOf = async (...args: Parameters<typeof ask>): Promise<JWTPayload> =>
  decodeJwt(await accessToken(...args))

export const withSecret = ({ clientId, clientSecret }: ATenant['secretOnly']): Record<string, string> => ({
  client_id: clientId,
  client_secret: clientSecret,
})

export const asUser = (
  client: ATenant['secretOnly'],
  { username, password }: ATenant['ada'],
  scope: string,
): Record<string, string> => ({ ...withSecret(client), grant_type: 'password', username, password, scope })

export const onBehalfOf = (
  client: ATenant['secretOnly'],
  assertion: string,
  scope: string,
): Record<string, string> => ({
  ...withSecret(client),
  grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  requested_token_use: 'on_behalf_of',
  assertion,
  scope,
})
