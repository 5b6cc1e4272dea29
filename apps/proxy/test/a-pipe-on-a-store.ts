import { documentedExample } from '@device-install-state/model/fields'
import * as E from 'fp-ts/lib/Either.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { v7 as uuidv7 } from 'uuid'
import type { AuditRecord, AuditStore } from '../src/audit/index.js'
import type { GraphAnswer } from '../src/domain/graph-answer.js'
import type { Reply } from '../src/domain/reply.js'
import { handleRequest } from '../src/handle-request.js'
import type { Ports } from '../src/ports.js'
import { aCreateRequest, withHeader } from './a-request.js'
import { anOpenGate } from './an-open-gate.js'
import { someTokenRules } from './a-trusted-issuer.js'

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
export const asked = ['applied', 'refused by Graph', 'lost', 'with a key', 'bad body', 'no token'] as const
export type Asked = (typeof asked)[number]

/** One who asked, and what became of it. */
export interface Outcome {
  readonly auditId: string
  readonly what: Asked
  readonly reply: Reply
}

export interface PipeSettings {
  /** Asked of each call at the moment when Graph is hit. */
  readonly isOnRecord: (auditId: string) => boolean
  readonly monotonicNowInMs: () => number
  readonly untilGraphAnswers: () => Promise<void>
}

/** The proxy's whole pipe on a store, with a Graph that is counted and does as it is told. */
export const aPipeOn = (store: AuditStore, { isOnRecord, monotonicNowInMs, untilGraphAnswers }: PipeSettings) => {
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
    driftPolicy: 'warn',
    countDrift: () => () => undefined,
    recordLost: (record) => () => lost.push(record),
    ...anOpenGate,
    graphUrl: 'https://graph.example',
    userAgent: 'gateway/1',
    upstreamTokens: { take: () => TE.right('upstream'), drop: () => () => undefined },
    sendToGraph:
      () =>
      ({ auditId }) =>
      async () => {
        hits.push({ auditId, wasOnRecord: isOnRecord(auditId) })
        await untilGraphAnswers()
        const answer = answers.get(auditId) ?? created
        answers.delete(auditId)
        return answer === 'lost' ? E.left({ _tag: 'GraphConnectionLost', cause: 'x' }) : E.right(answer)
      },
    upstreamDeadlineInMs: 1_000,
    now: () => now,
    monotonicNowInMs,
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
  return { ask, hits, lost }
}
