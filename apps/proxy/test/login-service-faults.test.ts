import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { aRunningProxy, present, recordsFor, type TestWorld } from './a-running-proxy.js'
import { ada, gateway, userToken } from './a-tenant.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

describe('when the login service gives no token for Graph', () => {
  const toTokenEndpoint =
    (fault: (response: ServerResponse) => unknown) =>
    (request: IncomingMessage, response: ServerResponse): boolean => {
      if (request.method !== 'POST' || request.url?.includes('/oauth2/v2.0/token') !== true) return false
      fault(response)
      return true
    }
  const oauthError = (status: number, body: object) => (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

  const secretive = {
    error: 'invalid_client',
    error_description: `AADSTS7000215: Invalid client secret provided: ${gateway.clientSecret}. Trace ID: x`,
    error_codes: [7000215],
    trace_id: '0f2f2c6e-0000-4000-8000-000000000000',
  }

  describe.each(['app', 'on-behalf-of'])('(UPSTREAM_AUTH=%s)', (mode) => {
    it.each<[string, (response: ServerResponse) => unknown, RegExp]>([
      ['a wrong secret', oauthError(401, secretive), /^invalid_client AADSTS7000215 \(trace 0f2f2c6e-/],
      ['too many requests', oauthError(429, { error: 'temporarily_unavailable' }), /temporarily_unavailable/],
      ['HTML', (response) => response.writeHead(502).end('<html>secret page</html>'), /HTML with status 502/],
      [
        '10 MB',
        (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(`"${'x'.repeat(1e7)}"`),
        /too large/,
      ],
      ['a connection that breaks', (response) => response.destroy(), /Error/],
      ['a redirect', (response) => response.writeHead(307, { location: 'https://evil.example/' }).end(), /redirect/],
    ])('(%s) nothing is sent, the record says why, and no secret is told', async (_, fault, reason) => {
      world = await aRunningProxy({ UPSTREAM_AUTH: mode })
      const token = mode === 'app' ? await world.token() : await userToken(world.provider, ada)
      world.provider.intercept(toTokenEndpoint(fault))
      const reply = await present(world, token)

      expect(reply).toMatchObject({
        status: 503,
        headers: { 'retry-after': '10' },
        error: { code: 'upstreamAuthUnavailable', innerError: { outcome: 'notSent', retry: 'safe' } },
      })
      expect(recordsFor(world, reply)).toMatchObject([
        { kind: 'intent' },
        { kind: 'outcome', outcome: 'notSent', reason: expect.stringMatching(reason) },
      ])
      expect(world.graph.received).toEqual([])
      expect(JSON.stringify([reply, world.records(), world.logged])).not.toMatch(/a secret of|secret page|evil|xxxx/)
    })

    it('(it hangs) the call ends with its deadline, and nothing was sent', async () => {
      world = await aRunningProxy({ UPSTREAM_AUTH: mode, UPSTREAM_DEADLINE_MS: '300' })
      const token = mode === 'app' ? await world.token() : await userToken(world.provider, ada)
      world.provider.intercept(toTokenEndpoint(() => undefined))
      const reply = await present(world, token)

      expect(reply).toMatchObject({ status: 503, error: { code: 'upstreamAuthUnavailable' } })
      expect(recordsFor(world, reply)[1]).toMatchObject({
        outcome: 'notSent',
        reason: 'the time for the call ran out before a token came',
      })
    })
  })
})
