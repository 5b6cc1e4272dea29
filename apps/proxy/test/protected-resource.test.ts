import { afterEach, describe, expect, it } from 'vitest'
import { aRunningProxy, present, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'
import { ada, audience, userToken } from './a-tenant.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

describe('what tokens are taken', () => {
  const metadata = '/.well-known/oauth-protected-resource'

  it('is told at the well-known path, and every challenge points there', async () => {
    world = await aRunningProxy({ CALLER_GATEWAY_URL: 'https://gateway.example', CALLER_SCOPE: 'Another.Scope' })
    const got = await rawExchange(world.port, requestText({ method: 'GET', target: metadata, body: '' }))
    const head = await fetch(`${world.url}${metadata}`, { method: 'HEAD' })

    expect(got).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(got.body)).toMatchObject({
      resource: 'https://gateway.example',
      authorization_servers: [world.provider.issuer],
      scopes_supported: [`${audience}/Another.Scope`],
    })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(Buffer.byteLength(got.body))])

    const where = `resource_metadata="https://gateway.example${metadata}"`
    const replies = [
      await rawExchange(world.port, requestText()),
      await present(world, 'a.b.c'),
      await present(world, await userToken(world.provider, ada)),
    ]
    expect(replies.map(({ headers }) => headers['www-authenticate'])).toEqual([
      `Bearer ${where}`,
      `Bearer error="invalid_token", ${where}`,
      `Bearer error="insufficient_scope", scope="Another.Scope", ${where}`,
    ])
  })

  it('is told so that it can be asked for: the published scope gives a token that is taken', async () => {
    world = await aRunningProxy({ CALLER_GATEWAY_URL: 'https://gateway.example' })
    const published: { scopes_supported: ReadonlyArray<string> } = JSON.parse(
      (await rawExchange(world.port, requestText({ method: 'GET', target: metadata, body: '' }))).body,
    )
    const token = await userToken(world.provider, ada, { scope: published.scopes_supported.join(' ') })

    expect(await present(world, token)).toMatchObject({ status: 201 })
  })

  it('is not told where the gateway does not know its own URL', async () => {
    world = await aRunningProxy()

    expect(await rawExchange(world.port, requestText({ method: 'GET', target: metadata }))).toMatchObject({
      status: 404,
      error: { code: 'routeNotFound' },
    })
  })
})
