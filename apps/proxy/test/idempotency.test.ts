import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import { documentedExample } from '@device-install-state/model/fields'
import { afterEach, describe, expect, it } from 'vitest'
import {
  aRunningProxy,
  creates,
  rawExchange,
  type RawReply,
  recordsFor,
  requestText,
  type TestWorld,
} from './a-running-proxy.js'
import { ada, userToken } from './a-tenant.js'
import { httpResponse } from './scripted-server.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

const key = '5f2b1c9e-8a53-4d0c-9d1b-3f1f6f0e7a11'

const calls = async ({ graph }: TestWorld): Promise<number> => graph.received.join('').split('POST /beta/').length - 1

const send = async (
  { port, token }: TestWorld,
  change: {
    readonly key?: string
    readonly body?: string
    readonly authorization?: string
    readonly more?: ReadonlyArray<string>
  } = {},
): Promise<RawReply> =>
  rawExchange(
    port,
    requestText({
      authorization: change.authorization ?? `Bearer ${await token()}`,
      ...(change.body === undefined ? {} : { body: change.body }),
      more: [`Idempotency-Key: ${change.key ?? key}`, ...(change.more ?? [])],
    }),
  )

describe('a call with an idempotency key', () => {
  it('is made once, and its answer given again, which is on record', async () => {
    world = await aRunningProxy()
    const first = await send(world)
    const again = await send(world)

    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.body).toBe(first.body)
    expect(again.headers['request-id']).toBe(first.headers['request-id'])
    expect([first.headers['idempotent-replayed'], again.headers['idempotent-replayed']]).toEqual([undefined, 'true'])
    expect(again.headers['audit-id']).not.toBe(first.headers['audit-id'])
    expect(await calls(world)).toBe(1)
    expect(recordsFor(world, again)).toEqual([
      expect.objectContaining({ kind: 'replay', of: first.headers['audit-id'], status: 201 }),
    ])
  })

  it('is the same call however its body is laid out', async () => {
    world = await aRunningProxy()
    await send(world)
    const body = JSON.stringify(
      Object.fromEntries(Object.entries(JSON.parse(documentedExample.request)).toReversed()),
      undefined,
      2,
    )

    expect((await send(world, { body })).headers['idempotent-replayed']).toBe('true')
    expect(await calls(world)).toBe(1)
  })

  it('is refused when it asks for something else', async () => {
    world = await aRunningProxy()
    const first = await send(world)
    const body = documentedExample.request.replace('installed', 'failed')
    const other = await send(world, { body })

    expect(other).toMatchObject({
      status: 400,
      error: { code: 'invalidIdempotencyKey', innerError: { earlierAuditId: first.headers['audit-id'] } },
    })
    expect(recordsFor(world, other)).toMatchObject([{ kind: 'refusal', code: 'invalidIdempotencyKey' }])
    expect(await calls(world)).toBe(1)
  })

  it('is another call when another caller makes it', async () => {
    world = await aRunningProxy()
    await send(world)
    const ofAda = await send(world, { authorization: `Bearer ${await userToken(world.provider, ada)}` })

    expect(ofAda.headers['idempotent-replayed']).toBeUndefined()
    expect(await calls(world)).toBe(2)
  })

  it('names nobody in the ledger, though its answer does', async () => {
    world = await aRunningProxy()
    await send(world)
    await send(world)
    const { directory, stopProxy } = world
    await stopProxy()
    const bytes = readFileSync(join(directory, 'audit.sqlite')).toString('latin1')

    for (const value of ['User Name value', 'Device Name value', 'Device Id value', key])
      expect(bytes).not.toContain(value)
  })

  it.each([['a'.repeat(256)], ['with blank'], ['ключ']])('is refused when the key is %s', async (malformed) => {
    world = await aRunningProxy()

    expect(await send(world, { key: malformed })).toMatchObject({
      status: 400,
      error: { code: 'invalidIdempotencyKey', innerError: { outcome: 'notSent' } },
    })
  })

  it('is refused when two keys come', async () => {
    world = await aRunningProxy()

    expect(await send(world, { more: ['Idempotency-Key: other'] })).toMatchObject({
      status: 400,
      error: { code: 'duplicateHeader' },
    })
  })

  it('waits for nobody while it is under way', async () => {
    world = await aRunningProxy()
    const running = world
    const asked = new Promise<Socket>((resolve) => running.scriptGraph(resolve))
    const first = send(world)
    const socket = await asked
    const second = await send(world)
    creates(socket, '')

    expect(second).toMatchObject({
      status: 409,
      headers: { 'retry-after': '1' },
      error: { code: 'duplicateInProgress', innerError: { retry: 'after' } },
    })
    expect((await first).status).toBe(201)
    expect(await calls(world)).toBe(1)
  })

  it('is never repeated when nobody knows what came of it', async () => {
    world = await aRunningProxy()
    world.scriptGraph((socket) => socket.destroy())
    const first = await send(world)
    world.scriptGraph(creates)
    const again = await send(world)

    expect(first.error.innerError).toMatchObject({ outcome: 'indeterminate' })
    expect(again).toMatchObject({
      status: 409,
      error: {
        code: 'duplicateOfIndeterminate',
        innerError: { retry: 'check-first', earlierAuditId: first.headers['audit-id'] },
      },
    })
    expect(await calls(world)).toBe(1)
  })

  it('is made anew when Graph saw nothing of it, or said to come later', async () => {
    // Too short for the second wait, which Graph asks for when it was tried again.
    world = await aRunningProxy({ UPSTREAM_DEADLINE_MS: '2500' })
    const throttled = httpResponse('429 Too Many Requests', { 'Retry-After': '1' }, '{}')
    world.scriptGraph((socket) => socket.write(throttled))
    const first = await send(world)
    world.scriptGraph(creates)
    const again = await send(world)

    expect([first.status, again.status]).toEqual([429, 201])
    expect(again.headers['idempotent-replayed']).toBeUndefined()
  })

  it('is not made anew when it was done, though Graph’s answer could not be passed on', async () => {
    world = await aRunningProxy()
    const unreadable = httpResponse('201 Created', { 'Content-Type': 'application/json' }, '{"id":"the-new-one"}')
    world.scriptGraph((socket) => socket.write(unreadable))
    const first = await send(world)
    const again = await send(world)

    expect(first).toMatchObject({
      status: 502,
      error: { innerError: { createdId: 'the-new-one', outcome: 'applied' } },
    })
    expect(again).toMatchObject({ status: 502, body: first.body, headers: { 'idempotent-replayed': 'true' } })
    expect(await calls(world)).toBe(1)
  })

  it('keeps what Graph refused for good', async () => {
    world = await aRunningProxy()
    const refused = httpResponse(
      '400 Bad Request',
      { 'Content-Type': 'application/json' },
      '{"error":{"code":"BadRequest","message":"No."}}',
    )
    world.scriptGraph((socket) => socket.write(refused))
    const first = await send(world)
    const again = await send(world)

    expect(again.body).toBe(first.body)
    expect(again).toMatchObject({
      status: 400,
      headers: { 'idempotent-replayed': 'true' },
      error: { code: 'BadRequest' },
    })
    expect(await calls(world)).toBe(1)
  })

  it('is taken by one of a hundred that come at once', async () => {
    world = await aRunningProxy()
    const running = world
    const authorization = `Bearer ${await world.token()}`
    const replies = await Promise.all(Array.from({ length: 100 }, () => send(running, { authorization })))

    expect(replies.filter(({ status }) => status === 409 || status === 201)).toHaveLength(100)
    expect(replies.some(({ status }) => status === 201)).toBe(true)
    expect(await calls(world)).toBe(1)
  })
})
