import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { documentedExample } from '@device-install-state/model/fields'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { aFaultyGraph, type FaultyGraph, type GraphFault, graphFaults, graphThrottles } from './a-faulty-graph.js'
import { numbersFrom, seedOf } from './a-proxy-process.js'
import { provedLedger } from './a-proved-ledger.js'
import { bookPath } from './a-request.js'
import { aRunningProxy, rawExchange, requestText } from './a-running-proxy.js'
import { figures } from './process-figures.js'

const isLong = process.env['SOAK'] !== undefined
const calls = Number(process.env['SOAK'] ?? 600)
const callers = 32
/** Of each fault of Graph, and of each of clients, of the calls. */
const share = 0.01
/** Each of these lets all calls wait for a second or more, so that they are few. */
const throttlesInTurn = isLong ? graphThrottles : graphThrottles.slice(0, 1)
const throttles = throttlesInTurn.length * Math.ceil(calls / 20_000)

const clientFaults = [
  'resets in its body',
  'resets after its request',
  'goes away in its head',
  'half-closes after its request',
  'sends garbage',
  'drips its body',
  'sends what is no state',
  'has no token',
] as const
type ClientFault = (typeof clientFaults)[number]

const stopping: Array<() => unknown> = []
afterEach(async () => {
  while (stopping.length > 0) await stopping.pop()?.()
})

interface Answer {
  readonly auditId: string
  /** What became of the call, as its caller is told. */
  readonly outcome: unknown
  readonly retryAfterInSeconds: number
}

const answerOf = (headers: Readonly<Record<string, unknown>>, body: string): Answer => ({
  auditId: String(headers['audit-id']),
  outcome: JSON.parse(body)?.error?.innerError?.outcome ?? 'applied',
  retryAfterInSeconds: Number(headers['retry-after'] ?? 0),
})

const wellMeant = (port: number, agent: Agent, token: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    const sent = httpRequest({ host: '127.0.0.1', port, agent, method: 'POST', path: bookPath, headers })
    sent.on('error', reject)
    sent.on('response', (response) => {
      text(response).then((body) => resolve(answerOf(response.headers, body)), reject)
    })
    sent.end(documentedExample.request)
  })

const connected = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** Of an answer that ends with its connection. */
const answerIn = (bytes: string): Answer => {
  const [head = '', body = ''] = bytes.split('\r\n\r\n')
  const headers = Object.fromEntries(
    head
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  )
  return answerOf(headers, body)
}

/** Undefined where nothing is answered. */
const misbehaving = async (port: number, token: string, fault: ClientFault): Promise<Answer | undefined> => {
  const whole = requestText({ authorization: `Bearer ${token}` })
  const told = async (bytes: string): Promise<Answer> => {
    const { body, headers } = await rawExchange(port, bytes)
    return answerOf(headers, body)
  }
  const resetAfter = async (bytes: string): Promise<undefined> => {
    const socket = await connected(port)
    socket.on('error', () => undefined)
    await new Promise((written) => socket.write(bytes, written))
    socket.resetAndDestroy()
  }
  switch (fault) {
    case 'resets in its body':
      return resetAfter(whole.slice(0, -100))
    case 'resets after its request':
      return resetAfter(whole)
    case 'goes away in its head':
      return resetAfter(whole.slice(0, 40))
    case 'half-closes after its request': {
      const socket = await connected(port)
      socket.end(whole)
      return answerIn(await text(socket))
    }
    case 'drips its body': {
      const socket = await connected(port)
      const reply = text(socket)
      socket.write(whole.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n').slice(0, -300))
      for (let left = 300; left > 0; left -= 100) {
        await setTimeout(5)
        socket.write(whole.slice(-left, left > 100 ? 100 - left : undefined))
      }
      return answerIn(await reply)
    }
    case 'sends garbage':
      return told('\u0016\u0003\u0001 this is no HTTP\r\n\r\n')
    case 'sends what is no state':
      return told(requestText({ authorization: `Bearer ${token}`, body: '{"deviceName":1}' }))
    case 'has no token':
      return told(requestText())
  }
}

/** What clients know in the end. */
interface Told {
  readonly answered: Array<Answer>
  /** How many have gone before an answer could come. */
  gone: number
}

const expectTheTruth = (directory: string, { answered, gone }: Told, seen: FaultyGraph['seen']): void => {
  const { faults, open, records } = provedLedger(directory)
  expect(faults).toEqual([])
  expect(open).toEqual([])
  const ends = records.filter(({ kind }) => ['outcome', 'refusal', 'connection', 'replay'].includes(String(kind)))
  const endsOf = new Map<string, number>()
  for (const { auditId } of ends) endsOf.set(String(auditId), (endsOf.get(String(auditId)) ?? 0) + 1)

  expect([...endsOf].filter(([, count]) => count > 1)).toEqual([])
  expect(answered.filter(({ auditId }) => !endsOf.has(auditId))).toEqual([])
  const outcomes = new Map(ends.map(({ auditId, outcome = 'notSent' }) => [auditId, outcome]))
  expect(answered.filter(({ auditId, outcome }) => outcomes.get(auditId) !== outcome)).toEqual([])
  expect(ends.length).toBeGreaterThanOrEqual(answered.length)
  expect(ends.length).toBeLessThanOrEqual(answered.length + gone)

  const intents = new Set(records.filter(({ kind }) => kind === 'intent').map(({ auditId }) => auditId))
  expect([...seen.keys()].filter((auditId) => auditId !== '' && !intents.has(auditId))).toEqual([])

  const untrue = records.flatMap(({ auditId, code, graphStatus, kind, outcome }) => {
    const answers = seen.get(String(auditId))
    const last = answers?.at(-1)
    const isTrue =
      kind !== 'outcome' ||
      outcome === 'indeterminate' ||
      (outcome === 'applied' && last?.status === 201 && answers?.filter(({ status }) => status === 201).length === 1) ||
      (outcome === 'notSent' && answers === undefined) ||
      (outcome === 'refused' && last?.status === graphStatus && answers?.every(({ isRefusal }) => isRefusal) === true)
    return isTrue ? [] : [{ auditId, code, graphStatus, outcome, answers }]
  })
  expect(untrue).toEqual([])
}

/** The ledger, looked at while the proxy runs. */
const whatIsOnRecord = (directory: string) => {
  const database = new DatabaseSync(join(directory, 'audit.sqlite'), { readOnly: true })
  stopping.push(() => database.close())
  const intent = database.prepare("SELECT 1 FROM record WHERE audit_id = ? AND kind = 'intent'")
  const open = database.prepare("SELECT sum((kind = 'intent') - (kind = 'outcome')) AS open FROM record")
  return {
    has: (auditId: string): boolean => intent.get(auditId) !== undefined,
    /** Intents without outcome. */
    open: (): number => Number(open.get()?.['open']),
  }
}

const patience = { timeout: 30_000, interval: 50 }

/** Connections that are kept alive for a next request end by themselves. */
const untilNobodyIsConnected = (): Promise<void> => vi.waitFor(() => expect(figures().sockets).toBe(0), patience)

describe(`a proxy that has ${String(calls)} calls over HTTP, with 1 % of each fault of Graph and of clients`, () => {
  it(
    'keeps nothing of them but what is on record, has one end for each, and tells the truth',
    async () => {
      const random = numbersFrom(seedOf('soak over HTTP'))
      let isOnRecord: (auditId: string) => boolean = () => false
      let throttlesLeft = 0
      let nth = 0
      // One of each at least, however short it is.
      const nextFault = (): GraphFault | undefined => {
        const fault = graphFaults[++nth - 100]
        if (fault !== undefined) return fault
        if (throttlesLeft > 0 && nth % Math.floor(calls / throttles / 2) === 0)
          return throttlesInTurn[--throttlesLeft % throttlesInTurn.length]
        return graphFaults[Math.floor(random() / share)]
      }
      const graph = await aFaultyGraph(nextFault, (auditId) => isOnRecord(auditId))
      stopping.push(graph.stop)
      const world = await aRunningProxy(
        {
          // That it leaves Graph alone takes a second, too.
          ...(isLong ? { GRAPH_BREAKER_FAILURES: '20' } : {}),
          UPSTREAM_DEADLINE_MS: '500',
          AUDIT_UNAUTHENTICATED_PER_MINUTE: '1000000',
          AUDIT_RESERVE_MB: '0',
        },
        {
          graphUrl: graph.url,
          // One that is kept alive would be waited for at the end.
          intercept: (_request, response) => {
            response.setHeader('Connection', 'close')
            return false
          },
        },
      )
      stopping.push(world.stop)
      const onRecord = whatIsOnRecord(world.directory)
      isOnRecord = onRecord.has
      const token = await world.token()
      const told: Told = { answered: [], gone: 0 }
      let left = 0

      const caller = async (agent: Agent): Promise<void> => {
        while (left-- > 0) {
          const fault = clientFaults[Math.floor(random() / share)]
          const answer = await (fault === undefined
            ? wellMeant(world.port, agent, token)
            : misbehaving(world.port, token, fault))
          if (answer === undefined) told.gone++
          else {
            told.answered.push(answer)
            if (answer.retryAfterInSeconds > 0) await setTimeout(1000 * answer.retryAfterInSeconds)
          }
        }
      }
      const all = async (count: number): Promise<void> => {
        left = count
        const agent = new Agent({ keepAlive: true, maxSockets: callers })
        await Promise.all(Array.from({ length: callers }, () => caller(agent)))
        agent.destroy()
      }
      // Few, since what is kept of them to be looked at counts as what was there before.
      await all(Math.min(Math.ceil(calls / 10), 500))
      await vi.waitFor(() => expect(onRecord.open()).toBe(0), patience)
      graph.hangUp()
      await untilNobodyIsConnected()
      ;(world.logged as Array<unknown>).length = 0
      const before = figures()
      throttlesLeft = throttles
      await all(calls)
      await vi.waitFor(() => expect(onRecord.open()).toBe(0), patience)

      graph.hangUp()
      await untilNobodyIsConnected()
      // To look at the file opens it, and what is closed of it stays open until the ledger is.
      const { descriptors, timers } = figures()
      expect(graph.breaches).toEqual([])
      expectTheTruth(world.directory, told, graph.seen)
      const counts = { answered: told.answered.length, gone: told.gone, seen: graph.seen.size }
      graph.forget()
      told.answered.length = 0
      ;(world.logged as Array<unknown>).length = 0
      const after = { ...figures(), descriptors, timers }
      process.stderr.write(
        `soak over HTTP: ${JSON.stringify(counts)}, before ${JSON.stringify(before)}, after ${JSON.stringify(after)}\n` +
          `soak over HTTP: ${JSON.stringify(Object.fromEntries([...graphFaults, ...graphThrottles].map((fault) => [fault, graph.count(fault)])))}\n`,
      )
      expect(after.timers).toBeLessThanOrEqual(before.timers)
      expect(after.descriptors).toBeLessThanOrEqual(before.descriptors)
      expect(after.heapInMiB - before.heapInMiB).toBeLessThan(8)
    },
    60_000 + 20 * calls,
  )
})
