import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { aRunningProxy, creates, present, recordsFor, type TestWorld } from './a-running-proxy.js'
import { ada, userToken } from './a-tenant.js'
import { httpResponse } from './scripted-server.js'
import { until } from './until.js'

type Environment = Readonly<Record<string, string>>

/** Tests wait here, each in a world of its own, so that they may do so at once. */
const inAWorld = (environment: Environment, test: (world: TestWorld) => Promise<void>) => async (): Promise<void> => {
  const world = await aRunningProxy(environment)
  try {
    await test(world)
  } finally {
    await world.stop()
  }
}

const sent = ({ graph }: TestWorld): number => graph.received.join('').match(/POST \/beta/g)?.length ?? 0

/** Graph takes calls, and answers none until it is told to. */
const holds = (running: TestWorld) => {
  const held: Array<[Socket, string]> = []
  const waiting: Array<() => void> = []
  running.scriptGraph((socket, request) => {
    held.push([socket, request])
    for (const run of waiting) run()
  })
  return {
    untilHeld: async (count: number): Promise<void> => {
      while (held.length < count) await new Promise<void>((resolve) => void waiting.push(resolve))
    },
    answerAll: () => {
      running.scriptGraph(creates)
      held.forEach(([socket, request]) => creates(socket, request))
    },
  }
}

describe.concurrent('more calls than Graph takes in a while', () => {
  it(
    'are not sent, and told when to come again',
    inAWorld({ GRAPH_PACE: '2/60s' }, async (world) => {
      const token = await world.token()
      const replies = [await present(world, token), await present(world, token)]
      const late = await present(world, token)

      expect(replies.map(({ status }) => status)).toEqual([201, 201])
      expect(late).toMatchObject({
        status: 503,
        error: { innerError: { code: 'overloaded', outcome: 'notSent', retry: 'after' } },
      })
      // A window after the first was answered, less half of what it may wait when it comes again.
      expect(late.headers['retry-after']).toMatch(/^(?:4[89]|50)$/)
      expect(sent(world)).toBe(2)
      expect(recordsFor(world, late)).toMatchObject([
        { kind: 'intent' },
        { kind: 'outcome', outcome: 'notSent', code: 'overloaded', reason: 'pace', attempts: 0 },
      ])
    }),
  )
})

describe.concurrent('as many calls as may be with Graph at once', () => {
  it(
    'are with it at once, each over a connection of its own, and no more',
    inAWorld({ GRAPH_CONCURRENCY: '70' }, async (world) => {
      const token = await world.token()
      const held = holds(world)
      const replies = Array.from({ length: 71 }, () => present(world, token))
      await held.untilHeld(70)
      expect([sent(world), world.graph.connections()]).toEqual([70, 70])
      held.answerAll()

      expect(new Set((await Promise.all(replies)).map(({ status }) => status))).toEqual(new Set([201]))
      expect(sent(world)).toBe(71)
    }),
  )

  it(
    'let another go that waits, unsent, when there would be no time left for it',
    inAWorld({ GRAPH_CONCURRENCY: '1', UPSTREAM_DEADLINE_MS: '3000' }, async (world) => {
      const token = await world.token()
      await present(world, token)
      holds(world)
      // Both at once, with keys and tokens at hand: the one is let go half a second before the other has no more time.
      const replies = await Promise.all([present(world, token), present(world, token)])
      const [second, first] = replies.sort((one, other) => one.status - other.status)

      expect(second).toMatchObject({
        status: 503,
        headers: { 'retry-after': expect.stringMatching(/^[123]$/) },
        error: { innerError: { code: 'overloaded', outcome: 'notSent' } },
      })
      expect(recordsFor(world, second)).toMatchObject([
        { kind: 'intent' },
        { outcome: 'notSent', reason: 'concurrency' },
      ])
      expect(first).toMatchObject({ status: 504, error: { innerError: { outcome: 'indeterminate' } } })
      expect(sent(world)).toBe(2)
    }),
  )
})

describe.concurrent('a Graph that throttles', () => {
  it(
    'is left in peace by all callers, then asked again, and the call is made',
    inAWorld({}, async (world) => {
      const [token, ofAda] = [await world.token(), await userToken(world.provider, ada)]
      world.scriptGraph((socket) => {
        world.scriptGraph(creates)
        socket.write(httpResponse('429 Too Many Requests', { 'Retry-After': '1' }, '{}'))
      })
      const first = present(world, token)
      await until(() => sent(world) >= 1)
      const second = present(world, ofAda)
      const replies = await Promise.all([first, second])

      expect(replies.map(({ status }) => status)).toEqual([201, 201])
      expect(sent(world)).toBe(3)
      expect(recordsFor(world, replies[0]).at(-1)).toMatchObject({ outcome: 'applied', attempts: 2 })
      const told = world.logged.filter((line) => JSON.stringify(line).includes('throttles'))
      expect(told).toEqual([
        ['Graph throttles the gateway: calls wait', { inSeconds: 2, budget: expect.any(Number) }],
        ['Graph throttles the gateway no more', { budget: expect.any(Number) }],
      ])
    }),
  )
})

describe.concurrent('a Graph that fails and fails', () => {
  const fails = (world: TestWorld): void =>
    world.scriptGraph((socket) => socket.write(httpResponse('500 Internal Server Error', {}, '{}')))
  const leftAlone = {
    status: 503,
    headers: { 'retry-after': expect.stringMatching(/^[345]$/) },
    error: { innerError: { code: 'upstreamUnavailable', outcome: 'notSent', retry: 'after' } },
  }

  it(
    'is left alone, and callers are told so',
    inAWorld({ GRAPH_BREAKER_FAILURES: '3' }, async (world) => {
      const [token, ofAda] = [await world.token(), await userToken(world.provider, ada)]
      fails(world)
      const replies = [await present(world, token), await present(world, ofAda), await present(world, token)]
      const later = await present(world, ofAda)

      expect(replies.map(({ status }) => status)).toEqual([502, 502, 502])
      expect(later).toMatchObject(leftAlone)
      expect(sent(world)).toBe(3)
      expect(world.logged).toContainEqual(['Graph fails, and is left alone for a while', { failuresInARow: 3 }])
    }),
  )

  it(
    'is left alone by one caller, where all that failed were its calls',
    inAWorld({ GRAPH_BREAKER_FAILURES: '2' }, async (world) => {
      const [token, ofAda] = [await world.token(), await userToken(world.provider, ada)]
      fails(world)
      const replies = [await present(world, token), await present(world, token)]
      world.scriptGraph(creates)

      expect(replies.map(({ status }) => status)).toEqual([502, 502])
      expect(await present(world, token)).toMatchObject(leftAlone)
      expect(await present(world, ofAda)).toMatchObject({ status: 201 })
      expect(world.logged).toContainEqual([
        'Graph fails for one caller, whose calls are not sent for a while',
        { failuresInARow: 2 },
      ])
    }),
  )

  it(
    'is left alone by all that call through one application, where CALLER_RATE_BY says that they are one',
    inAWorld({ GRAPH_BREAKER_FAILURES: '2', CALLER_RATE_BY: 'application' }, async (world) => {
      const [token, ofAda] = [await world.token(), await userToken(world.provider, ada)]
      fails(world)
      const replies = [await present(world, token), await present(world, token)]

      expect(replies.map(({ status }) => status)).toEqual([502, 502])
      expect(await present(world, ofAda)).toMatchObject(leftAlone)
      expect(sent(world)).toBe(2)
    }),
  )
})

describe.concurrent('when the proxy is stopped while a call waits for its turn', () => {
  it(
    'the call ends with the grace, unsent and on record',
    inAWorld({ GRAPH_CONCURRENCY: '1', SHUTDOWN_GRACE_MS: '50' }, async (world) => {
      const token = await world.token()
      const held = holds(world)
      const first = present(world, token)
      await held.untilHeld(1)
      const second = present(world, token)
      await until(() => world.records().filter(({ kind }) => kind === 'intent').length >= 2)

      expect(await world.stopProxy()).toBe('forced')
      expect(await second).toMatchObject({
        status: 503,
        error: { code: 'draining', innerError: { outcome: 'notSent', retry: 'safe' } },
      })
      expect(await first).toMatchObject({ error: { innerError: { outcome: 'indeterminate' } } })
      expect(world.records().map(({ kind, outcome }) => outcome ?? kind)).toEqual([
        'lifecycle',
        'intent',
        'intent',
        'notSent',
        'indeterminate',
        'lifecycle',
      ])
    }),
  )
})
