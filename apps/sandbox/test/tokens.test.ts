import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditRecordsOf } from '../src/audit-records.js'
import { type Answer, post, takeToken } from '../src/client.js'
import { pathOf } from '../src/demonstration.js'
import { valueAt } from '../src/json.js'
import { applicationGrant, type Grant, proxyApi, user, userGrant } from '../src/sandbox-tenant.js'
import { startWorld, type World } from '../src/start-world.js'

let world: World
beforeAll(async () => {
  world = await startWorld({ signal: AbortSignal.timeout(60_000) })
})
afterAll(() => world.stop())

const postAt = async (origin: string, grant: Grant, signal: AbortSignal): Promise<Answer> => {
  const token = await takeToken(world.identityProvider.tokenEndpoint, grant, signal)
  return post(origin, { path: pathOf('v1.0', 'a book'), token, body: documentedExample.request }, signal)
}

describe('a token of a user', () => {
  it('is taken by the proxy, and the record names the user', async ({ signal }) => {
    const answer = await postAt(world.proxy.url, userGrant, signal)

    expect(answer.status).toBe(201)
    const [intent] = await auditRecordsOf(world.auditDirectory, answer.headers.get('Audit-Id') ?? '', signal)
    expect(valueAt(intent, 'record', 'caller')).toMatchObject({ kind: 'user', objectId: user.objectId })
  })
})

describe('a token for Graph', () => {
  it('is refused by the proxy, which names the audience that it should have', async ({ signal }) => {
    const answer = await postAt(world.proxy.url, applicationGrant(world.graphUrl), signal)

    expect(answer.status).toBe(401)
    expect(valueAt(answer.json, 'error', 'message')).toBe(
      `This token is meant for Microsoft Graph, and the gateway may not accept it: ask for one whose audience is ${proxyApi.audience}, with the scope ${proxyApi.audience}/.default.`,
    )
  })

  it('is refused by Graph, too, if its bearer was not granted the permission', async ({ signal }) => {
    const answer = await postAt(world.graphUrl, applicationGrant(world.graphUrl), signal)

    expect(answer.status).toBe(401)
  })
})

describe('a token for the proxy', () => {
  it.each([applicationGrant(), userGrant])('is worth nothing at Graph', async (grant) => {
    const answer = await postAt(world.graphUrl, grant, AbortSignal.timeout(10_000))

    expect(answer.status).toBe(401)
  })
})

describe('the identity provider', () => {
  it('says why it gives no token', async ({ signal }) => {
    const grant = { ...userGrant, password: 'wrong' }

    await expect(takeToken(world.identityProvider.tokenEndpoint, grant, signal)).rejects.toThrow(
      /gave no token: .*invalid_grant/,
    )
  })
})
