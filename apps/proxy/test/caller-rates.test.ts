import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  aRunningProxy,
  present,
  type RawReply,
  rawExchange,
  recordsFor,
  requestText,
  type TestWorld,
} from './a-running-proxy.js'
import { ada, importer, userToken } from './a-tenant.js'

let world: TestWorld | undefined
afterEach(async () => {
  vi.useRealTimers()
  await world?.stop()
  world = undefined
})

const recordOf = (running: TestWorld, reply: RawReply) => recordsFor(running, reply)[0]

describe('calls counted by caller', () => {
  it('are refused when there are too many, with the time to wait, and the caller is on record', async () => {
    world = await aRunningProxy({ CALLER_RATE_LIMIT: '2/60s' })
    vi.useFakeTimers({ toFake: ['performance'] })
    const running = world
    const token = await world.token()
    const replies = [
      await present(world, token),
      await present(world, await world.token()),
      await present(world, token),
    ]
    const ofAda = await present(world, await userToken(world.provider, ada))

    expect(replies.map(({ status }) => status)).toEqual([201, 201, 429])
    expect(replies.map(({ headers }) => headers['ratelimit'])).toEqual([
      '"caller";r=1;t=30',
      '"caller";r=0;t=60',
      '"caller";r=0;t=60',
    ])
    expect(replies[2]).toMatchObject({
      headers: { 'ratelimit-policy': '"caller";q=2;w=60', 'retry-after': '30' },
      error: { code: 'callerRateLimited', innerError: { retry: 'after', outcome: 'notSent' } },
    })
    expect(recordOf(running, replies[2] as RawReply)).toMatchObject({
      kind: 'refusal',
      code: 'callerRateLimited',
      caller: { objectId: importer.objectId },
    })
    expect(ofAda).toMatchObject({ status: 201, headers: { ratelimit: '"caller";r=1;t=30' } })
    expect(running.graph.received.join('').match(/POST \/beta/g)).toHaveLength(3)
  })

  it('tell what is left with every refusal of a caller that was counted', async () => {
    world = await aRunningProxy({ CALLER_RATE_LIMIT: '2/60s', UPSTREAM_AUTH: 'on-behalf-of' })
    vi.useFakeTimers({ toFake: ['performance'] })

    expect(await present(world, await world.token())).toMatchObject({
      status: 403,
      headers: { ratelimit: '"caller";r=1;t=30' },
    })
  })

  it('may be shared by those who call through one application', async () => {
    world = await aRunningProxy({ CALLER_RATE_LIMIT: '1/60s', CALLER_RATE_BY: 'application' })

    expect(await present(world, await world.token())).toMatchObject({ status: 201 })
    expect(await present(world, await userToken(world.provider, ada))).toMatchObject({ status: 429 })
  })

  it('tell what is left with refusals of the body, too, and nothing unless it is configured', async () => {
    world = await aRunningProxy({ CALLER_RATE_LIMIT: '2/60s' })
    const authorization = `Bearer ${await world.token()}`
    const refused = await rawExchange(world.port, requestText({ authorization, body: '{}' }))
    expect(refused).toMatchObject({ status: 400, headers: { ratelimit: '"caller";r=1;t=30' } })
    await world.stop()

    world = await aRunningProxy()
    expect((await present(world, await world.token())).headers).not.toHaveProperty('ratelimit')
  })
})
