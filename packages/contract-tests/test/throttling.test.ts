import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { GraphError, innerErrorOf } from '@device-install-state/model'
import { afterEach, describe, expect, it } from 'vitest'
import { bookPath, exampleWith } from './a-create.js'
import { startSystem, type System, type SystemOptions } from './support/start-system.js'
import { crowd } from './support/tenant.js'

/** As Intune has it, which takes more than three minutes; or faster, which shows the same. */
const isInEarnest = process.env['THROTTLE'] !== undefined
const { calls, windowInMs } = isInEarnest ? { calls: 100, windowInMs: 20_000 } : { calls: 200, windowInMs: 1_000 }
const pace = `${String(calls)}/${String(windowInMs / 1000)}s`
const creates = 1_000
const ofFlood = 550

let system: System | undefined
afterEach(async () => {
  await system?.stop()
  system = undefined
})

const started = async (options: SystemOptions): Promise<System> => {
  system = await startSystem(options)
  return system
}

interface Reply {
  readonly status: number
  readonly code: unknown
  readonly retry: unknown
  readonly retryAfterInSeconds: number
}

const send = (url: string, token: string, body: string): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    // A connection of its own: one that was kept may be closed just as it is used again.
    const sent = httpRequest(`${url}${bookPath}`, { agent: false, method: 'POST', headers })
    sent.on('error', reject)
    sent.on('response', (response) => {
      text(response).then((answer) => {
        const json: unknown = JSON.parse(answer)
        const { code, retry } = GraphError.is(json) ? innerErrorOf(json) : {}
        resolve({
          status: response.statusCode ?? 0,
          code,
          retry,
          retryAfterInSeconds: Number(response.headers['retry-after'] ?? 0),
        })
      }, reject)
    })
    sent.end(body)
  })

/** What callers saw, and for how long they waited. */
interface Seen {
  readonly replies: Array<Reply>
  readonly waitsInMs: Map<string, Array<number>>
}

/** Asks until it is done, as `Retry-After` and `retry` say, and never otherwise. */
const createOf =
  ({ url }: System, { replies, waitsInMs }: Seen) =>
  async (caller: string, token: string, name: string): Promise<void> => {
    const body = exampleWith({ deviceName: name })
    const begunAtInMs = performance.now()
    for (;;) {
      const reply = await send(url, token, body)
      replies.push(reply)
      if (reply.status === 201) break
      if (reply.retry !== 'safe' && reply.retry !== 'after')
        throw new Error(`not to be repeated: ${JSON.stringify(reply)}`)
      await setTimeout(reply.retryAfterInSeconds * 1000)
    }
    waitsInMs.set(caller, [...(waitsInMs.get(caller) ?? []), performance.now() - begunAtInMs])
  }

const namesCreated = ({ graph }: System) => graph.created().map(({ entity }) => String(entity.deviceName))

/** Each of these names, once. */
const expectEachOnce = (running: System, names: ReadonlyArray<string>): void => {
  expect(namesCreated(running).sort()).toEqual([...names].sort())
  expect(running.ledger.outcomes()['applied']).toBe(names.length)
}

const longest = (values: ReadonlyArray<number> = []): number => Math.round(Math.max(...values))

describe('a Graph that throttles as Intune does', () => {
  it(`creates what ${String(crowd.length)} callers ask for, one of them all at once, each once and with hardly a call wasted`, async () => {
    const running = await started({
      environment: { GRAPH_PACE: pace, CALLER_RATE_LIMIT: '100000/1s' },
      throttle: { windowInMs, ofApplication: calls, ofTenant: 2 * calls },
    })
    const tokens = await Promise.all(crowd.map((client) => running.tokenForApplication(client)))
    const seen: Seen = { replies: [], waitsInMs: new Map() }
    const create = createOf(running, seen)
    const [tokenOfFlood = '', ...quiet] = tokens
    const eachOfQuiet = (creates - ofFlood) / quiet.length
    const flood = Array.from({ length: ofFlood }, (_, index) => `flood ${String(index)}`)

    // At the rate of the limit. With its first window at once, and so on, it could be one window less.
    const neededInMs = (windowInMs * creates) / calls
    const begunAtInMs = performance.now()
    const names = await Promise.all([
      ...flood.map(async (name) => {
        await create('flood', tokenOfFlood, name)
        return name
      }),
      ...quiet.flatMap((token, caller) =>
        Array.from({ length: eachOfQuiet }, async (_, index) => {
          const name = `quiet ${String(caller)} ${String(index)}`
          // Evenly, so that each needs a bit more than half of its fair share.
          await setTimeout(((index + caller / quiet.length) * (neededInMs - windowInMs)) / eachOfQuiet)
          await create('quiet', token, name)
          return name
        }),
      ),
    ])
    const tookInMs = performance.now() - begunAtInMs

    const fairShareInMs = (windowInMs * crowd.length) / calls
    const arrived = running.graph.journal().length
    const wasted = arrived - running.graph.created().length
    process.stderr.write(
      `throttling: ${pace}, ${String(Math.round(tookInMs))} ms where the limit needs ${String(neededInMs)}; ` +
        `wasted ${String(wasted)} of ${String(arrived)}; a quiet caller waited ${String(longest(seen.waitsInMs.get('quiet')))} ms at most, ` +
        `its fair share is a call in ${String(fairShareInMs)} ms; the flood ${String(longest(seen.waitsInMs.get('flood')))} ms; ` +
        `asked to come again ${String(seen.replies.filter(({ status }) => status !== 201).length)} times\n`,
    )
    expectEachOnce(running, names)
    expect(wasted).toBeLessThan(arrived / 100)
    expect(seen.replies.filter(({ status }) => status === 429)).toEqual([])
    // How long it takes is of interest where the machine is not what one waits for.
    if (isInEarnest) {
      expect(tookInMs).toBeLessThan(1.1 * neededInMs)
      expect(longest(seen.waitsInMs.get('quiet'))).toBeLessThan(2 * fairShareInMs)
    }
  }, 300_000)

  it.each(['seconds', ...(isInEarnest ? (['date', 'absent', { text: 'soon' }] as const) : [])] as const)(
    'creates all, each once, although other applications of the tenant write, and says when to come again by %j',
    async (retryAfter) => {
      const running = await started({
        environment: { GRAPH_PACE: '20/1s' },
        throttle: { windowInMs: 1_000, ofApplication: 20, ofTenant: 40, retryAfter },
      })
      const seen: Seen = { replies: [], waitsInMs: new Map() }
      const create = createOf(running, seen)
      const names = Array.from({ length: 12 }, (_, index) => `one ${String(index)}`)
      running.graph.countElsewhere('another application', 35)

      await Promise.all(names.map((name) => create('one', running.token, name)))

      const statuses = running.graph.journal().map(({ status }) => status)
      process.stderr.write(
        `throttling: the tenant is busy, Retry-After ${JSON.stringify(retryAfter)}: ${String(statuses.length)} requests, ` +
          `${String(longest(seen.waitsInMs.get('one')))} ms at most\n`,
      )
      expectEachOnce(running, names)
      expect(statuses).toContain(429)
      expect(new Set(seen.replies.map(({ status }) => status))).toEqual(new Set([201]))
    },
  )
})
