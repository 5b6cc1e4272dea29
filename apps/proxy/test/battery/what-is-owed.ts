import { GraphError, innerErrorOf } from '@device-install-state/model'
import { expect } from 'vitest'
import { type Answer, type ConnectionOptions, exchangedWith } from '../a-connection.js'
import { finiteRequestsIn, type FiniteRequest } from '../finite-language.js'
import type { TestWorld } from '../a-running-proxy.js'

/** What is owed to bytes that are turned away before Graph hears of them. */
export interface Refusal {
  readonly status: number
  readonly code: string
  /** Who refused: we, a request; or the parser, before there was one. */
  readonly kind?: 'refusal' | 'connection'
  /** What the record has beyond that. */
  readonly record?: Readonly<Record<string, unknown>>
  /** What the answer has besides the headers of every answer. */
  readonly headers?: Readonly<Record<string, string>>
  /** It is the last answer on its connection. What the parser refused always is. */
  readonly closes?: boolean
}

type Bytes = string | ReadonlyArray<string>

const auditIdOf = ({ headers }: Answer): string => headers['audit-id'] ?? ''

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Graph's shape of an error, and in it what ours says of itself. */
const innerErrorIn = ({ body }: Answer): Readonly<Record<string, unknown>> => {
  const decoded = GraphError.decode(JSON.parse(body))
  if (decoded._tag === 'Left') throw new Error(`This is no Graph error: ${body}`)
  return innerErrorOf(decoded.right)
}

interface Done {
  readonly answer: Answer
  readonly sent: FiniteRequest
}

/** Holds what a proxy does with bytes against what it owes them, and keeps account of what is on record and with Graph. */
export interface Battery {
  readonly expectRefused: (bytes: Bytes, owed: Refusal, options?: ConnectionOptions) => Promise<Answer>
  /** Answered as a call is that Graph did: one intent, one request of the finite language, one outcome. */
  readonly expectDone: (bytes: Bytes, path: string) => Promise<Done>
  /** Of answers that are there already, as it is checked above. */
  readonly expectDoneBy: (answers: ReadonlyArray<Answer>, path: string) => Done
  /** Of one answer: its intent and its outcome are on record. */
  readonly expectOutcome: (answer: Answer) => void
  /** Of one answer, as it is checked above. */
  readonly expectRefusal: (answer: Answer | undefined, owed: Refusal, options?: ConnectionOptions) => Answer
  /** So many records more are right, and were looked at by the test itself. */
  readonly owe: (records: number) => void
  /** Since the last look. Throws when anything came to Graph that is not of the finite language. */
  readonly sentSince: () => ReadonlyArray<FiniteRequest>
  /** Nothing is on record but what was owed so far, and Graph has seen nothing else. */
  readonly expectNothingElse: () => void
}

export const aBattery = (world: TestWorld): Battery => {
  const offsets: Array<number> = []
  const before = world.records().length
  let owedRecords = 0

  const sentSince = (): ReadonlyArray<FiniteRequest> =>
    world.graph.received.flatMap((text, index) => {
      const news = text.slice(offsets[index] ?? 0)
      offsets[index] = text.length
      return finiteRequestsIn(news)
    })

  const expectRefusal: Battery['expectRefusal'] = (answer, owed, { isBodiless = false } = {}) => {
    const { code, headers = {}, kind = 'refusal', record = {}, status } = owed
    if (answer === undefined) throw new Error('There was no answer.')
    const auditId = auditIdOf(answer)
    expect(auditId).toMatch(uuidV7)
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      connection: owed.closes === true || kind === 'connection' ? 'close' : 'keep-alive',
      ...headers,
    })
    if (!isBodiless) {
      expect(innerErrorIn(answer)).toMatchObject({
        auditId,
        code,
        outcome: 'notSent',
        source: 'gateway',
        'request-id': answer.headers['request-id'],
        'client-request-id': answer.headers['client-request-id'],
      })
    }
    expect(world.recordsOf(auditId)).toMatchObject([
      { kind, code, peer: '127.0.0.1', ...(kind === 'refusal' ? { status } : {}), ...record },
    ])
    owedRecords += 1
    return answer
  }

  const expectOutcome = (answer: Answer): void => {
    expect(answer.status).toBe(201)
    expect(world.recordsOf(auditIdOf(answer))).toMatchObject([
      { kind: 'intent' },
      { kind: 'outcome', outcome: 'applied', graphStatus: 201 },
    ])
    owedRecords += 2
  }

  const expectDoneBy: Battery['expectDoneBy'] = (answers, path) => {
    expect(answers.map(({ status }) => status)).toEqual([201])
    const [answer] = answers
    const [sent, ...more] = sentSince()
    if (answer === undefined || sent === undefined) throw new Error('Graph was not asked.')
    expect(more).toEqual([])
    expect(sent).toMatchObject({ route: { path }, auditId: auditIdOf(answer) })
    expectOutcome(answer)
    return { answer, sent }
  }

  return {
    expectRefusal,
    expectRefused: async (bytes, owed, options) => {
      const answers = await exchangedWith(world.port, bytes, options)
      expect(answers.map(({ status }) => status)).toEqual([owed.status])
      expect(sentSince()).toEqual([])
      return expectRefusal(answers[0], owed, options)
    },
    expectDone: async (bytes, path) => expectDoneBy(await exchangedWith(world.port, bytes), path),
    expectDoneBy,
    expectOutcome,
    owe: (records) => {
      owedRecords += records
    },
    sentSince,
    expectNothingElse: () => {
      expect(sentSince()).toEqual([])
      expect(world.records()).toHaveLength(before + owedRecords)
    },
  }
}
