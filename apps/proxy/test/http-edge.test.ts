import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aRunningProxy, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'

let world: TestWorld
let authorization = ''
beforeAll(async () => {
  world = await aRunningProxy()
  authorization = `Bearer ${await world.token()}`
})
afterAll(() => world.stop())

const send = (request: Parameters<typeof requestText>[0]) =>
  rawExchange(world.port, requestText({ authorization, ...request }))

const recordsOf = (reply: { readonly headers: Readonly<Record<string, string>> }) =>
  world.recordsOf(String(reply.headers['audit-id']))

const auditId = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('a refusal', () => {
  it('has no name on record that its sender made up', async () => {
    const [extra, twice] = [
      await send({ body: '{"Ada Lovelace":1}' }),
      await send({ body: '{"Ada Lovelace":1,"Ada Lovelace":2}' }),
    ]

    expect(extra).toMatchObject({ status: 400, error: { code: 'bodyInvalid' } })
    expect(twice).toMatchObject({ status: 400, error: { code: 'bodyInvalid' } })
    expect(JSON.stringify([recordsOf(extra), recordsOf(twice), world.logged])).not.toContain('Lovelace')
  })
})

describe('every reply', () => {
  it('has the ids of the call: ours, Graph’s, and the caller’s own if it sent a GUID', async () => {
    const mine = '7E0F6E3C-7A0B-4C57-9E7D-0A3B1C2D3E4F'
    const reply = await send({ more: [`client-request-id: ${mine}`] })

    expect(reply.headers).toMatchObject({
      'audit-id': expect.stringMatching(auditId),
      'request-id': 'graph-1',
      'client-request-id': mine,
      'content-type': 'application/json',
    })
    expect(world.graph.received.join('')).toContain(`client-request-id: ${reply.headers['audit-id'] ?? ''}`)
    expect(recordsOf(reply)).toMatchObject([
      { kind: 'intent', callerRequestId: mine },
      { kind: 'outcome', graphRequestId: 'graph-1' },
    ])
    expect((await send({ more: ['client-request-id: {"not":"a guid"}'] })).headers['client-request-id']).toMatch(
      auditId,
    )
  })
})

describe('a body', () => {
  it('that is refused leaves the connection open for the next request', async () => {
    const refused = requestText({ body: '{"a":1}', authorization: undefined })
    const reply = await rawExchange(world.port, `${refused}${refused}`)

    expect(reply.body).toContain('tokenMissing')
    expect(reply.headers['connection']).toBe('keep-alive')
  })
})
