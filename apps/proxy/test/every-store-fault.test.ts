import { documentedExample } from '@device-install-state/model/fields'
import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { AuditRecord } from '../src/audit/index.js'
import type { GraphAnswer } from '../src/domain/graph-answer.js'
import type { Reply } from '../src/domain/reply.js'
import { handleRequest } from '../src/handle-request.js'
import type { Ports } from '../src/ports.js'
import { aCreateRequest, withHeader } from './a-request.js'
import { aScriptedHand, type CommitFault, type ScriptedHand } from './a-scripted-hand.js'
import { someTokenRules } from './a-trusted-issuer.js'
import { noneTold, storeOn } from './an-audit-store.js'
import { timersByHand, turns } from './timers-by-hand.js'

const now = new Date('2026-11-23T12:00:00Z')
const seconds = now.getTime() / 1000

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = `${part({ alg: 'RS256', typ: 'JWT', kid: 'k1' })}.${part({
  iss: 'https://issuer.example',
  aud: 'a1',
  sub: 's1',
  iat: seconds,
  exp: seconds + 60,
  scope: 'P',
})}.c2ln`

const headersOfGraph = { 'content-type': 'application/json' }
const created: GraphAnswer = { status: 201, headers: headersOfGraph, text: documentedExample.response }
const refusedByGraph: GraphAnswer = {
  status: 403,
  headers: headersOfGraph,
  text: JSON.stringify({ error: { code: 'Forbidden', message: 'no' } }),
}

/** What is asked of the proxy; together they leave every kind of record that requests leave. */
const asked = ['applied', 'refused by Graph', 'lost', 'with a key', 'bad body', 'no token'] as const
type Asked = (typeof asked)[number]

/** One who asked, and what became of it. */
interface Outcome {
  readonly auditId: string
  readonly what: Asked
  readonly reply: Reply
}

/** The proxy's whole pipe on the real engine, over a hand and a Graph that do as they are told. */
const aProxyOn = (faultOf: (commit: number) => CommitFault) => {
  const timers = timersByHand()
  const hand = aScriptedHand(faultOf)
  const told = noneTold()
  const store = storeOn(hand.opened, told, { after: timers.after, monotonicNowInMs: timers.monotonicNowInMs })
  /** By Audit-Id: was the intent on record when Graph was hit? */
  const hits: Array<{ readonly auditId: string; readonly wasOnRecord: boolean }> = []
  const lost: Array<AuditRecord> = []
  const answers = new Map<string, GraphAnswer | 'lost'>()
  const ports: Ports = {
    graphVersions: ['beta'],
    isDraining: () => false,
    trustedIssuers: [{ kind: 'openid', issuer: 'https://issuer.example', discovery: 'https://issuer.example' }],
    tokenRules: someTokenRules,
    checkSignature: () => T.of({ _tag: 'Genuine', isKeyTrusted: () => true }),
    provedTokens: { recall: () => () => undefined, remember: () => () => undefined },
    callerRates: undefined,
    upstreamPolicy: { mode: 'app', own: { kind: 'application', clientId: 'c1' } },
    challenge: { resourceMetadataUrl: undefined, authorizationUri: undefined },
    auditStore: store,
    digest: (field) => `digest of ${field}`,
    digestsOf: (field, value) => [`digest of ${field} ${value}`],
    sealAnswer: (secret, answer) => JSON.stringify([secret, answer]),
    openAnswer: (secret, sealed) => {
      const [by, answer] = JSON.parse(sealed)
      return by === secret ? answer : undefined
    },
    fields: { identifier: 'hmac', personal: 'hmac', text: 'hmac' },
    countRefusal: () => () => false,
    recordLost: (record) => () => lost.push(record),
    upstreamTokens: { take: () => TE.right('upstream'), drop: () => () => undefined },
    sendToGraph:
      () =>
      ({ auditId }) =>
      async () => {
        const wasOnRecord = hand.kept.some((record) => record['auditId'] === auditId && record['kind'] === 'intent')
        hits.push({ auditId, wasOnRecord })
        await turns()
        const answer = answers.get(auditId) ?? created
        return answer === 'lost' ? E.left({ _tag: 'GraphConnectionLost', cause: 'x' }) : E.right(answer)
      },
    upstreamDeadlineInMs: 1_000,
    now: () => now,
    monotonicNowInMs: timers.monotonicNowInMs,
    log: () => () => undefined,
  }

  const ask = async (what: Asked, idempotencyKey?: string): Promise<Outcome> => {
    const auditId = uuidv7()
    if (what === 'refused by Graph') answers.set(auditId, refusedByGraph)
    if (what === 'lost') answers.set(auditId, 'lost')
    const plain = { ...aCreateRequest({ auditId }) }
    const withToken =
      what === 'no token'
        ? withHeader(plain, 'authorization', undefined)
        : withHeader(plain, 'authorization', `Bearer ${token}`)
    const withBody =
      what === 'bad body' ? { ...withToken, readBody: TE.right(new TextEncoder().encode('{}')) } : withToken
    const request = idempotencyKey === undefined ? withBody : withHeader(withBody, 'idempotency-key', idempotencyKey)
    return { auditId, what, reply: await handleRequest(ports)(request)() }
  }
  return { ask, hand, hits, lost, store, timers, told }
}

type Proxy = ReturnType<typeof aProxyOn>

const codeOf = ({ body }: Reply): string | undefined =>
  (JSON.parse(body) as { error?: { code: string; innerError?: { code?: string } } }).error?.innerError?.code

const endsOf = ({ kept }: ScriptedHand, auditId: string) =>
  kept.filter((record) => record['auditId'] === auditId && record['kind'] !== 'intent')
const hasIntent = ({ kept }: ScriptedHand, auditId: string): boolean =>
  kept.some((record) => record['auditId'] === auditId && record['kind'] === 'intent')
const toldMissing = ({ kept }: ScriptedHand): number =>
  kept
    .filter(({ event }) => event === 'gap')
    .reduce((sum, { detail }) => sum + Number((detail as Record<string, unknown>)['unrecordedRefusals']), 0)

const statusWhenWell: Readonly<Record<Asked, number>> = {
  applied: 201,
  'refused by Graph': 403,
  lost: 502,
  'with a key': 201,
  'bad body': 400,
  'no token': 401,
}
const outcomeWhenSent: Readonly<Partial<Record<Asked, string>>> = {
  applied: 'applied',
  'refused by Graph': 'refused',
  lost: 'indeterminate',
  'with a key': 'applied',
}

/** Whatever hangs meanwhile does so for longer than any deadline, then goes on. */
const letHang = async <A>({ hand, timers }: Proxy, asking: Promise<A>): Promise<A> => {
  let isDone = false
  const done = asking.finally(() => (isDone = true))
  await turns()
  while (!isDone) {
    await timers.pass(2_500)
    hand.release()
    await turns()
  }
  return done
}

/** Everybody asks, once all together, once one after the other, while the ledger does what it is told; then it is well. */
const asEverybodyAsks = async (proxy: Proxy): Promise<ReadonlyArray<Outcome>> => {
  const key = uuidv7()
  const all = [
    ...asked.map((what) => proxy.ask(what, what === 'with a key' ? key : undefined)),
    proxy.ask('applied'),
    proxy.ask('bad body'),
  ]
  const outcomes = [...(await letHang(proxy, Promise.all(all)))]
  for (const what of asked)
    outcomes.push(await letHang(proxy, proxy.ask(what, what === 'with a key' ? key : undefined)))
  for (let round = 0; round < 30 && proxy.store.problem() !== undefined; round++) {
    await proxy.timers.pass(1_500)
    proxy.hand.release()
  }
  await proxy.timers.pass(1_500)
  return outcomes
}

/** What must hold whatever the ledger did. `isExact`: it never said that it failed when it had not. */
const expectTheTruth = (
  { hand, hits, lost, store, told }: Proxy,
  outcomes: ReadonlyArray<Outcome>,
  isExact: boolean,
): void => {
  expect(store.problem()).toBeUndefined()
  expect(hits.every(({ wasOnRecord }) => wasOnRecord)).toBe(true)
  const hit = new Set(hits.map(({ auditId }) => auditId))
  expect(hits).toHaveLength(hit.size)
  let ends = 0
  for (const { auditId, reply, what } of outcomes) {
    const records = endsOf(hand, auditId)
    ends += records.length
    if (hit.has(auditId)) {
      // Graph's word is passed on, whatever became of the record; and the record is there in the end.
      expect([what, reply.status]).toEqual([what, statusWhenWell[what]])
      expect(records).toMatchObject([{ kind: 'outcome', outcome: outcomeWhenSent[what] }])
    } else if (hasIntent(hand, auditId)) {
      expect(codeOf(reply)).toBe('auditUnavailable')
      expect(records).toMatchObject([{ kind: 'outcome', outcome: 'notSent' }])
    } else {
      expect(records.length).toBeLessThanOrEqual(1)
      if (records.length === 0) expect(lost.some((record) => record.auditId === auditId)).toBe(true)
      expect(records.map(({ kind }) => kind)).not.toContain('outcome')
    }
  }
  const accounted = ends + toldMissing(hand)
  if (isExact) expect(accounted).toBe(outcomes.length)
  else expect(accounted).toBeGreaterThanOrEqual(outcomes.length)
  expect(told.infos.length).toBeGreaterThanOrEqual(told.alarms.length)
}

const close = async ({ hand, store }: Proxy): Promise<void> => {
  hand.release()
  await store.close()
}

describe('when the ledger fails at one of its commits', () => {
  it('the battery below meets every commit that it makes', async () => {
    const proxy = aProxyOn(() => 'none')
    const outcomes = await asEverybodyAsks(proxy)
    const commits = proxy.hand.batches.length
    expectTheTruth(proxy, outcomes, true)
    await close(proxy)

    expect(commits).toBeGreaterThan(8)
    expect(commits).toBeLessThan(20)
    const kinds = new Set(proxy.hand.kept.map(({ kind }) => String(kind)))
    expect([...kinds].sort()).toEqual(['intent', 'outcome', 'refusal', 'replay'])
  })

  const places = Array.from({ length: 20 }, (_, place) => place)

  it.each<CommitFault>(['fails', 'ambiguous', 'hangs'])(
    '(%s) Graph is hit after a durable intent alone, callers get the truth, and each call has one end',
    async (fault) => {
      for (const place of places) {
        const proxy = aProxyOn((commit) => (commit === place ? fault : 'none'))
        expectTheTruth(proxy, await asEverybodyAsks(proxy), fault !== 'ambiguous')
        await close(proxy)
      }
    },
  )

  it.each<CommitFault>(['fails', 'ambiguous', 'hangs'])(
    '(%s) and goes on failing for a while, the same',
    async (fault) => {
      for (const place of places) {
        const proxy = aProxyOn((commit) => (commit >= place && commit < place + 4 ? fault : 'none'))
        expectTheTruth(proxy, await asEverybodyAsks(proxy), fault !== 'ambiguous')
        await close(proxy)
      }
    },
  )

  it('in whatever way and however often, the same', async () => {
    const faults = fc.array(fc.constantFrom<CommitFault>('none', 'none', 'fails', 'ambiguous', 'hangs'), {
      maxLength: 24,
    })
    await fc.assert(
      fc.asyncProperty(faults, async (script) => {
        const proxy = aProxyOn((commit) => script[commit] ?? 'none')
        expectTheTruth(proxy, await asEverybodyAsks(proxy), !script.includes('ambiguous'))
        await close(proxy)
      }),
      { numRuns: Number(process.env['STORE_FAULTS'] ?? 100) },
    )
  })
})

describe('when the outcome of a call that Graph has made cannot be written', () => {
  it('the caller gets its 201, the log has the record, new calls are refused, and it is written when it can be', async () => {
    let isBroken = false
    const proxy = aProxyOn(() => (isBroken ? 'fails' : 'none'))
    const asking = proxy.ask('applied')
    while (proxy.hits.length === 0) await new Promise(setImmediate)
    isBroken = true
    const { auditId, reply } = await asking

    expect(reply).toMatchObject({ status: 201, body: documentedExample.response })
    expect(proxy.lost).toMatchObject([{ kind: 'outcome', auditId, outcome: 'applied' }])
    expect(proxy.store.problem()).toBeDefined()
    expect(codeOf((await proxy.ask('applied')).reply)).toBe('auditUnavailable')
    expect(proxy.hits).toHaveLength(1)

    isBroken = false
    await proxy.timers.pass(2_000)
    expect(proxy.store.problem()).toBeUndefined()
    expect(endsOf(proxy.hand, auditId)).toMatchObject([{ outcome: 'applied' }])
    await close(proxy)
  })
})
