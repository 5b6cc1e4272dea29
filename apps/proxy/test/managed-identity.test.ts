import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { aRunningProxy, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'
import { ada, gateway, userToken } from './a-tenant.js'

const machineKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
const identityClientId = '00000000-0000-4000-8000-000000000009'
const vouching = {
  issuer: 'https://login.example/v2.0',
  subject: 'the identity of the machine',
  audience: 'api://AzureADTokenExchange',
  publicKey: machineKey.publicKey,
}

/** What the machine was asked for: the resource, and the identity if one was named. */
const asked: Array<readonly [resource: string | null, clientId: string | null]> = []

/** As the endpoint of Azure's App Service is: the machine's own tokens, for whatever resource is asked for. */
const machine = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://localhost')
  const resource = searchParams.get('resource')
  asked.push([resource, searchParams.get('client_id')])
  if (request.headers['x-identity-header'] !== 'the-header') {
    response.writeHead(401).end()
    return
  }
  void new SignJWT({ roles: ['DeviceManagementApps.ReadWrite.All'] })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(vouching.issuer)
    .setSubject(vouching.subject)
    .setAudience(resource ?? '')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(machineKey.privateKey)
    .then((token) =>
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(
        JSON.stringify({
          access_token: token,
          expires_on: String(Math.floor(Date.now() / 1000) + 3600),
          resource,
          token_type: 'Bearer',
        }),
      ),
    )
})

let world: TestWorld | undefined
beforeAll(async () => {
  machine.listen(0, '127.0.0.1')
  await once(machine, 'listening')
  const { port } = machine.address() as AddressInfo
  vi.stubEnv('IDENTITY_ENDPOINT', `http://127.0.0.1:${String(port)}/msi/token`)
  vi.stubEnv('IDENTITY_HEADER', 'the-header')
})
afterEach(async () => {
  await world?.stop()
  world = undefined
  asked.length = 0
})
afterAll(() => {
  vi.unstubAllEnvs()
  machine.close()
  machine.closeAllConnections()
})

const settings = { AZURE_CLIENT_SECRET: '', UPSTREAM_CREDENTIAL: 'managed-identity' }

const call = async ({ port, recordsOf }: TestWorld, token: string) => {
  const reply = await rawExchange(port, requestText({ authorization: `Bearer ${token}` }))
  return { reply, records: recordsOf(String(reply.headers['audit-id'])) }
}

describe('with a managed identity', () => {
  it.each([
    ['of the machine', '', null, { kind: 'application' }],
    ['that was assigned', identityClientId, identityClientId, { kind: 'application', clientId: identityClientId }],
  ])('%s Graph is called in its name, and no login service is asked', async (_, clientId, named, upstream) => {
    world = await aRunningProxy({ ...settings, AZURE_CLIENT_ID: clientId })
    const { reply, records } = await call(world, await world.token())

    expect(reply.status).toBe(201)
    expect(asked).toEqual([[world.graph.url, named]])
    expect(records[0]?.['upstream']).toEqual(upstream)
    expect(world.provider.tokenRequests().filter(({ clientId: by }) => by === gateway.clientId)).toEqual([])
  })

  it('that vouches for the application, Graph is called on behalf of users', async () => {
    world = await aRunningProxy(
      { ...settings, UPSTREAM_AUTH: 'on-behalf-of', UPSTREAM_IDENTITY_CLIENT_ID: identityClientId },
      { gateway: { federatedCredential: vouching } },
    )
    const { reply, records } = await call(world, await userToken(world.provider, ada))

    expect(reply.status).toBe(201)
    expect(asked).toEqual([[vouching.audience, identityClientId]])
    expect(records[0]?.['upstream']).toMatchObject({ kind: 'user', clientId: gateway.clientId, objectId: ada.objectId })
    expect(world.provider.tokenRequests().at(-1)).toMatchObject({
      clientId: gateway.clientId,
      clientAuthentication: 'federated',
      status: 200,
    })
  })
})
