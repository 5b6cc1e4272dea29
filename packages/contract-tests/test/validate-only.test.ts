import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleWith, places } from './a-create.js'
import { exchange } from './support/exchange.js'
import { expectRefused } from './support/expect-refused.js'
import { startSystem, type System } from './support/start-system.js'
import { importer } from './support/tenant.js'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.stop())

const validateOnly = { Prefer: 'handling=validate-only' }
const body = exampleWith({ deviceName: 'Ä "quoted" 😀', lastSyncDateTime: '2017-01-01T00:02:49.3200000+00:00' })

interface Told {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

describe.each(places)('a call to $path that is only to be validated', ({ name, path, version }) => {
  it('leaves no trace at Graph: nothing arrives, and nothing is created', async () => {
    const created = system.graph.created().length
    const { answer, arrivals } = await exchange(system, { path, body, headers: validateOnly })

    expect(answer.status).toBe(200)
    expect(answer.headers['preference-applied']).toBe('handling=validate-only')
    expect(arrivals).toEqual([])
    expect(system.graph.created()).toHaveLength(created)
  })

  it('tells what arrives at Graph when it is made, but for the token and what only the transport knows', async () => {
    const { answer } = await exchange(system, { path, body, headers: validateOnly })
    const made = await exchange(system, { path, body })
    const told: Told = JSON.parse(answer.text)
    const [arrived] = made.arrivals
    const { authorization, connection: _connection, host, ...headers } = arrived?.headers ?? {}

    expect(made.answer.headers['preference-applied']).toBeUndefined()
    expect(authorization).toMatch(/^Bearer /)
    expect(told).toEqual({
      method: arrived?.method,
      url: `http://${String(host)}${String(arrived?.path)}`,
      // Both have a call of their own, and a trace of it.
      headers: {
        ...headers,
        'client-request-id': answer.headers['audit-id'],
        traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/),
      },
      body: arrived?.body,
    })
    expect(told.body).toContain('"lastSyncDateTime":"2017-01-01T00:02:49.3200000+00:00"')
  })

  it('is on record once, as validated: who asked for what, and no value', async () => {
    const { records } = await exchange(system, { path, body, headers: validateOnly })

    expect(records).toMatchObject([
      {
        kind: 'refusal',
        code: 'validatedOnly',
        status: 200,
        method: 'POST',
        operation: name,
        version,
        ids: { managedEBookId: 'B1' },
        caller: { kind: 'application', appId: importer.clientId },
      },
    ])
    expect(JSON.stringify(records)).not.toMatch(/quoted|49\.32/)
  })
})

describe('a call that is only to be validated', () => {
  const [{ path } = { path: '' }] = places

  it('is refused for what a create is refused for', async () => {
    expectRefused(await exchange(system, { path, body: '{}', headers: validateOnly }), 400, 'bodyInvalid')
    expectRefused(await exchange(system, { path, body, headers: validateOnly, token: null }), 401, 'tokenMissing')
    expectRefused(
      await exchange(system, { path, body, headers: { ...validateOnly, 'Idempotency-Key': 'a b' } }),
      400,
      'invalidIdempotencyKey',
    )
  })

  it('does not take its Idempotency-Key, nor get the answer of the call that has it', async () => {
    const key = { 'Idempotency-Key': 'k1' }
    const before = await exchange(system, { path, body, headers: { ...validateOnly, ...key } })
    const made = await exchange(system, { path, body, headers: key })
    const after = await exchange(system, { path, body, headers: { ...validateOnly, ...key } })

    expect([before, made, after].map(({ answer }) => answer.status)).toEqual([200, 201, 200])
    expect(after.answer.headers['idempotent-replayed']).toBeUndefined()
    expect(after.arrivals).toEqual([])
  })

  it('is refused, and not made, when the header says it in another way', async () => {
    const refused = await exchange(system, {
      path,
      body,
      headers: { Prefer: 'return=minimal; handling=validate-only' },
    })

    expectRefused(refused, 400, 'malformedRequest')
  })

  it('is made when other things are preferred', async () => {
    const { answer, arrivals } = await exchange(system, { path, body, headers: { Prefer: 'handling=strict, wait=5' } })

    expect(answer.status).toBe(201)
    expect(answer.headers['preference-applied']).toBeUndefined()
    expect(Object.keys(arrivals[0]?.headers ?? {})).not.toContain('prefer')
  })
})
