import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { aRunningProxy, present, recordsFor, type TestWorld } from './a-running-proxy.js'
import {
  ada,
  applicationToken,
  eve,
  gateway,
  guestTenantId,
  importer,
  permission,
  tenantId,
  userToken,
} from './a-tenant.js'
import { httpResponse } from './scripted-server.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

/** The claims of every token that Graph was called with. */
const namesAtGraph = ({ graph }: TestWorld) =>
  graph.received.flatMap((bytes) =>
    [...bytes.matchAll(/^authorization: Bearer (\S+)/gim)].map(([, token = '']) => decodeJwt(token)),
  )

const onBehalfOf = (running: TestWorld) =>
  running.provider.tokenRequests().filter(({ grantType }) => grantType.endsWith('jwt-bearer'))

describe('with UPSTREAM_AUTH=app', () => {
  it.each([
    ['an application', applicationToken, { kind: 'application', objectId: importer.objectId }],
    ['a user', (provider: TestWorld['provider']) => userToken(provider, ada), { kind: 'user', objectId: ada.objectId }],
  ])('Graph is called in the gateway’s own name for %s, and both names are on record', async (_, take, caller) => {
    world = await aRunningProxy()
    const reply = await present(world, await take(world.provider))

    expect(reply.status).toBe(201)
    expect(namesAtGraph(world)).toMatchObject([{ azp: gateway.clientId, oid: gateway.objectId, roles: [permission] }])
    expect(recordsFor(world, reply)).toMatchObject([
      {
        kind: 'intent',
        caller: {
          ...caller,
          appId: importer.clientId,
          tenantId,
          tokenId: expect.any(String),
          keyId: expect.any(String),
        },
        upstream: { kind: 'application', clientId: gateway.clientId },
      },
      { kind: 'outcome', outcome: 'applied' },
    ])
  })
})

describe('with UPSTREAM_AUTH=on-behalf-of', () => {
  it('Graph is called in the user’s name, and both names are on record', async () => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'on-behalf-of' })
    const reply = await present(world, await userToken(world.provider, ada))

    expect(reply.status).toBe(201)
    expect(namesAtGraph(world)).toMatchObject([{ azp: gateway.clientId, oid: ada.objectId, scp: permission }])
    expect(recordsFor(world, reply)).toMatchObject([
      {
        kind: 'intent',
        caller: { kind: 'user', objectId: ada.objectId, appId: importer.clientId },
        upstream: { kind: 'user', clientId: gateway.clientId, tenantId, objectId: ada.objectId },
      },
      { kind: 'outcome', outcome: 'applied' },
    ])
  })

  it('a token is exchanged once, however many calls come with it, and another for itself', async () => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'on-behalf-of' })
    const running = world
    const [first, second] = [await userToken(running.provider, ada), await userToken(running.provider, ada)]
    const replies = await Promise.all(Array.from({ length: 20 }, () => present(running, first)))
    await present(running, second)

    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201]))
    expect(onBehalfOf(running)).toHaveLength(2)
  })

  it('an application is refused, and nothing is asked of Entra or Graph', async () => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'on-behalf-of' })
    const reply = await present(world, await world.token())

    expect(reply).toMatchObject({
      status: 403,
      error: { code: 'callerNotAllowed', message: expect.stringContaining('on behalf of users alone') },
    })
    expect(recordsFor(world, reply)).toMatchObject([
      { kind: 'refusal', code: 'callerNotAllowed', reason: 'userNeeded', caller: { objectId: importer.objectId } },
    ])
    expect(onBehalfOf(world)).toEqual([])
    expect(namesAtGraph(world)).toEqual([])
  })

  it('a user of another tenant is refused', async () => {
    world = await aRunningProxy(
      { UPSTREAM_AUTH: 'on-behalf-of', CALLER_TENANT_IDS: `${tenantId},${guestTenantId}` },
      { guestTenantIds: [guestTenantId] },
    )
    const reply = await present(world, await userToken(world.provider, ada, { tenant: guestTenantId }))

    expect(reply).toMatchObject({ status: 403, error: { code: 'callerNotAllowed' } })
    expect(recordsFor(world, reply)).toMatchObject([{ reason: 'otherTenant', caller: { tenantId: guestTenantId } }])
  })

  it('a user who must do more first is told so with the claims, and may call when it is done', async () => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'on-behalf-of' })
    const reply = await present(world, await userToken(world.provider, eve))

    expect(reply).toMatchObject({
      status: 401,
      error: { code: 'interactionRequired', innerError: { outcome: 'notSent', retry: 'never' } },
    })
    const { authorityHost } = world.provider
    const [, claims = '', where] =
      /^Bearer error="insufficient_claims", claims="([^"]+)", authorization_uri="([^"]+)"$/.exec(
        reply.headers['www-authenticate'] ?? '',
      ) ?? []
    expect(where).toBe(`${authorityHost}/${tenantId}/oauth2/v2.0/authorize`)
    expect(recordsFor(world, reply)).toMatchObject([
      { kind: 'intent' },
      {
        kind: 'outcome',
        outcome: 'notSent',
        code: 'interactionRequired',
        reason: expect.stringMatching(/^interaction_required .*AADSTS50076/),
      },
    ])
    expect(namesAtGraph(world)).toEqual([])

    const again = await userToken(world.provider, eve, { claims: Buffer.from(claims, 'base64').toString() })
    expect(await present(world, again)).toMatchObject({ status: 201 })
    expect(namesAtGraph(world)).toMatchObject([{ oid: eve.objectId }])
  })

  it('that nobody consented to is told', async () => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'on-behalf-of' }, { gateway: { delegatedScopes: {} } })
    const reply = await present(world, await userToken(world.provider, ada))

    expect(reply).toMatchObject({ status: 403, error: { code: 'consentMissing', innerError: { outcome: 'notSent' } } })
    expect(recordsFor(world, reply)[1]).toMatchObject({ reason: expect.stringContaining('AADSTS65001') })
  })

  it('a token that Entra no longer takes is told to be renewed', async () => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'on-behalf-of' })
    const token = await userToken(world.provider, ada)
    // Gone from Entra; we have seen it, and go on trusting it for a while.
    world.provider.removeSigningKey(world.provider.signingKey.kid)
    const reply = await present(world, token)

    expect(reply).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      error: { code: 'assertionRefused' },
    })
    expect(recordsFor(world, reply)[1]).toMatchObject({
      outcome: 'notSent',
      reason: expect.stringContaining('AADSTS50013'),
    })
  })

  const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
  const claimsChallenge = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="${btoa(claims)}"`

  it.each(['401 Unauthorized', '403 Forbidden'])(
    'what Graph demands of the user (%s) reaches the user, and is not asked for twice',
    async (status) => {
      world = await aRunningProxy({ UPSTREAM_AUTH: 'on-behalf-of' })
      world.scriptGraph((socket) =>
        socket.write(
          httpResponse(
            status,
            { 'Content-Type': 'application/json', 'WWW-Authenticate': claimsChallenge },
            '{"error":{"code":"InvalidAuthenticationToken","message":"Continuous access evaluation resulted in challenge."}}',
          ),
        ),
      )
      const token = await userToken(world.provider, ada)
      const reply = await present(world, token)

      expect(reply).toMatchObject({
        status: 401,
        headers: {
          'www-authenticate': `Bearer error="insufficient_claims", claims="${btoa(claims)}", authorization_uri="${world.provider.authorityHost}/${tenantId}/oauth2/v2.0/authorize"`,
        },
        error: { code: 'interactionRequired', innerError: { outcome: 'refused', retry: 'never' } },
      })
      expect(namesAtGraph(world)).toHaveLength(1)
      expect(recordsFor(world, reply)[1]).toMatchObject({ outcome: 'refused', code: 'interactionRequired' })
    },
  )

  it('what Graph demands of the gateway’s own application is nobody’s else to give', async () => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'by-caller' })
    world.scriptGraph((socket) =>
      socket.write(httpResponse('401 Unauthorized', { 'WWW-Authenticate': claimsChallenge }, '')),
    )
    const reply = await present(world, await world.token())

    expect(reply).toMatchObject({ status: 502, error: { code: 'upstreamAuthRejected' } })
    expect(reply.headers).not.toHaveProperty('www-authenticate')
    expect(recordsFor(world, reply)[1]).toMatchObject({ outcome: 'refused', attempts: 2 })
  })

  it('what Entra demands when Graph has refused the first token reaches the user, too', async () => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'on-behalf-of' })
    const { provider, scriptGraph } = world
    const token = await userToken(provider, ada)
    let times = 0
    scriptGraph((socket) => {
      times++
      provider.intercept((request, response) => {
        if (request.method !== 'POST') return false
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end(JSON.stringify({ error: 'interaction_required', error_codes: [50_076], claims }))
        return true
      })
      socket.write(httpResponse('401 Unauthorized', {}, ''))
    })
    const reply = await present(world, token)

    expect(reply).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringContaining(`claims="${btoa(claims)}"`) },
      error: { code: 'interactionRequired', innerError: { outcome: 'refused' } },
    })
    expect(recordsFor(world, reply)[1]).toMatchObject({
      outcome: 'refused',
      code: 'interactionRequired',
      reason: expect.stringContaining('AADSTS50076'),
    })
    expect(times).toBe(1)
  })

  it.each([
    ['Graph', 'its token', (request: string) => /^authorization: Bearer (\S+)/im.exec(request)?.[1] ?? ''],
    [
      'Graph',
      'a part of its token',
      (request: string) => /^authorization: Bearer [^.]+\.[^.]+\.(\S+)/im.exec(request)?.[1] ?? '',
    ],
  ])('%s that puts %s into a challenge does not have it passed on', async (_, __, quote) => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'on-behalf-of' })
    world.scriptGraph((socket, request) => {
      const quoted = btoa(JSON.stringify({ access_token: { x: { value: quote(request) } }, t: quote(request) }))
      socket.write(
        httpResponse(
          '401 Unauthorized',
          { 'WWW-Authenticate': `Bearer error="insufficient_claims", claims="${quoted}"` },
          '',
        ),
      )
    })
    const reply = await present(world, await userToken(world.provider, ada))

    expect(reply).toMatchObject({ status: 502, error: { code: 'upstreamAuthRejected' } })
    expect(reply.headers).not.toHaveProperty('www-authenticate')
  })

  it('a token that Graph refuses is dropped, and the call made once more with a fresh one', async () => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'on-behalf-of' })
    world.scriptGraph((socket) => socket.write(httpResponse('401 Unauthorized', {}, '')))
    const reply = await present(world, await userToken(world.provider, ada))

    expect(reply).toMatchObject({ status: 502, error: { code: 'upstreamAuthRejected' } })
    const [first, second] = namesAtGraph(world)
    expect(second?.['uti']).not.toBe(first?.['uti'])
    expect(recordsFor(world, reply)[1]).toMatchObject({ outcome: 'refused', attempts: 2 })
    expect(onBehalfOf(world)).toHaveLength(2)
  })
})

describe('when Graph refuses whatever token comes', () => {
  it('the login service is not asked for another with every call', async () => {
    world = await aRunningProxy()
    world.scriptGraph((socket) => socket.write(httpResponse('401 Unauthorized', {}, '')))
    const running = world
    const token = await running.token()
    for (let n = 0; n < 20; n++) expect(await present(running, token)).toMatchObject({ status: 502 })

    const own = running.provider.tokenRequests().filter(({ clientId }) => clientId === gateway.clientId)
    expect(own).toHaveLength(6)
  })
})

describe('with UPSTREAM_AUTH=by-caller', () => {
  it('Graph is called in the name of users, and for applications in the gateway’s own', async () => {
    world = await aRunningProxy({ UPSTREAM_AUTH: 'by-caller' })
    const replies = [
      await present(world, await userToken(world.provider, ada)),
      await present(world, await world.token()),
    ]

    expect(replies.map(({ status }) => status)).toEqual([201, 201])
    expect(namesAtGraph(world)).toMatchObject([{ oid: ada.objectId }, { oid: gateway.objectId }])
    const running = world
    expect(replies.map((reply) => recordsFor(running, reply)[0])).toMatchObject([
      { upstream: { kind: 'user', objectId: ada.objectId } },
      { upstream: { kind: 'application', clientId: gateway.clientId } },
    ])
  })
})
