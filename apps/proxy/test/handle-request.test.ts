import { documentedExample } from '@device-install-state/model/fields'
import * as E from 'fp-ts/lib/Either.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { describe, expect, it } from 'vitest'
import type { AuditRecord } from '../src/audit/index.js'
import type { IncomingRequest } from '../src/domain/incoming-request.js'
import type { GraphAnswer, GraphRequest } from '../src/domain/graph-answer.js'
import type { ProxyError } from '../src/domain/proxy-error.js'
import { handleRequest } from '../src/handle-request.js'
import type { Ports, RequestLogEntry } from '../src/ports.js'
import { aCreateRequest, bookPath, withHeader } from './a-request.js'
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

const request = withHeader(aCreateRequest(), 'authorization', `Bearer ${token}`)
const created: GraphAnswer = {
  status: 201,
  headers: { 'content-type': 'application/json' },
  text: documentedExample.response,
}

/** Ports that note, in order, what is asked of them. */
const fakePorts = (change: Partial<Ports> = {}) => {
  const happened: Array<string> = []
  const records: Array<AuditRecord> = []
  const sent: Array<GraphRequest> = []
  const owed: Array<AuditRecord> = []
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
    auditStore: {
      append: (record) => async () => {
        // On disk only a turn later: whoever does not wait is found out.
        await new Promise(setImmediate)
        happened.push(`${record.kind} on record`)
        records.push(record)
        return E.right({ _tag: 'Written' })
      },
      owe: (record) => owed.push(record),
      problem: () => undefined,
      close: T.of({ isClosed: true, lost: [] }),
    },
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
    recordLost: (record) => () => happened.push(`${record.kind} lost`),
    ...anOpenGate,
    graphUrl: 'https://graph.example',
    userAgent: 'gateway/1',
    upstreamTokens: { take: () => TE.right('upstream'), drop: () => () => happened.push('token dropped') },
    sendToGraph: () => (graphRequest) => async () => {
      happened.push('sent')
      sent.push(graphRequest)
      return E.right(created)
    },
    upstreamDeadlineInMs: 1_000,
    now: () => now,
    monotonicNowInMs: () => 0,
    log: () => () => undefined,
    ...change,
  }
  return { ports, happened, records, sent, owed }
}

const failing = (kind: AuditRecord['kind'], { ports }: ReturnType<typeof fakePorts>): Ports => ({
  ...ports,
  auditStore: {
    ...ports.auditStore,
    append: (record) =>
      record.kind === kind ? TE.left({ _tag: 'StoreFailed', cause: 'disk full' }) : ports.auditStore.append(record),
  },
})

const errorIn = (body: string) =>
  (JSON.parse(body) as { error: { code: string; innerError: Record<string, unknown> } }).error

describe('a call', () => {
  it('is on record before it is sent, and its outcome before it is answered', async () => {
    const { happened, ports, records, sent } = fakePorts()
    const reply = await handleRequest(ports)(request)()
    happened.push('answered')

    expect(happened).toEqual(['intent on record', 'sent', 'outcome on record', 'answered'])
    expect(reply).toMatchObject({ status: 201, body: documentedExample.response })
    expect(sent).toMatchObject([{ path: bookPath, token: 'upstream', auditId: request.auditId }])
    expect(records).toMatchObject([
      {
        kind: 'intent',
        fields: { installState: 'installed', userName: 'digest of userName', deviceName: 'digest of deviceName' },
      },
      { kind: 'outcome', outcome: 'applied', createdId: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9' },
    ])
  })

  it('sends a body that says what the caller’s said', async () => {
    const { ports, sent } = fakePorts()
    await handleRequest(ports)(request)()

    expect(JSON.parse(sent[0]?.json ?? '')).toEqual(JSON.parse(documentedExample.request))
  })
})

describe('when the intent cannot be recorded', () => {
  it('answers 503 and sends nothing to Graph', async () => {
    const fake = fakePorts()
    const reply = await handleRequest(failing('intent', fake))(request)()

    expect(reply.status).toBe(503)
    expect(errorIn(reply.body)).toMatchObject({
      code: 'auditUnavailable',
      innerError: { outcome: 'notSent', retry: 'safe' },
    })
    expect(fake.happened).toEqual(['refusal on record'])
    expect(fake.records).toMatchObject([{ kind: 'refusal', code: 'auditUnavailable', caller: { objectId: 's1' } }])
  })
})

describe('when the outcome cannot be recorded', () => {
  it('tells the caller the truth, owes the record and raises the alarm', async () => {
    const fake = fakePorts()
    const reply = await handleRequest(failing('outcome', fake))(request)()

    expect(reply.status).toBe(201)
    expect(fake.owed).toMatchObject([{ kind: 'outcome', outcome: 'applied' }])
    expect(fake.happened).toContain('outcome lost')
  })
})

describe('when a refusal cannot be recorded', () => {
  it('still refuses', async () => {
    const fake = fakePorts()
    const reply = await handleRequest(failing('refusal', fake))(aCreateRequest({ method: 'GET' }))()

    expect(reply.status).toBe(405)
    expect(fake.happened).toEqual(['refusal lost'])
  })
})

describe('when the client is gone', () => {
  it('before the intent is on record, the call is refused', async () => {
    const { happened, ports, records } = fakePorts()
    await handleRequest(ports)({ ...request, isGone: () => true })()

    expect(happened).toEqual(['refusal on record'])
    expect(records).toMatchObject([
      { kind: 'refusal', code: 'requestTimeout', reason: 'clientClosed', caller: { objectId: 's1' } },
    ])
  })

  it('after that, and before anything is sent, it is not sent', async () => {
    const { happened, ports, records } = fakePorts()
    await handleRequest(ports)({ ...request, isGone: () => happened.includes('intent on record') })()

    expect(happened).toEqual(['intent on record', 'outcome on record'])
    expect(records.at(-1)).toMatchObject({
      outcome: 'notSent',
      code: 'requestTimeout',
      reason: 'clientClosed',
      attempts: 0,
      clientGone: true,
    })
  })

  it('after it was sent, the outcome is what Graph says, and that nobody was there to be told', async () => {
    const { happened, ports, records } = fakePorts()
    await handleRequest(ports)({ ...request, isGone: () => happened.includes('sent') })()

    expect(records.at(-1)).toMatchObject({ outcome: 'applied', clientGone: true })
  })
})

const answering = (...answers: ReadonlyArray<E.Either<ProxyError, GraphAnswer>>): Partial<Ports> => {
  const left = [...answers]
  return { sendToGraph: () => () => () => Promise.resolve(left.shift() ?? E.right(created)) }
}
const refusal401: E.Either<ProxyError, GraphAnswer> = E.right({ status: 401, headers: {}, text: '' })

describe('a call that is only to be validated', () => {
  const validateOnly = withHeader(request, 'prefer', 'handling=validate-only')
  const notToBeCalled = { take: () => expect.fail('a token was taken'), drop: () => () => undefined }

  it('takes no token, is not sent, and is on record before it is answered', async () => {
    const { happened, ports, records } = fakePorts({ upstreamTokens: notToBeCalled })
    const reply = await handleRequest(ports)(withHeader(validateOnly, 'idempotency-key', 'k1'))()
    happened.push('answered')

    expect(reply).toMatchObject({ status: 200, headers: { 'Preference-Applied': 'handling=validate-only' } })
    expect(happened).toEqual(['refusal on record', 'answered'])
    expect(records).toMatchObject([{ kind: 'refusal', code: 'validatedOnly', status: 200, caller: { objectId: 's1' } }])
  })

  it('is told what the same call sends', async () => {
    const { ports, sent } = fakePorts()
    const { body } = await handleRequest(ports)(validateOnly)()
    await handleRequest(ports)(request)()
    const { auditId, json, path, traceparent } = sent[0] ?? expect.fail('nothing was sent')

    expect(JSON.parse(body)).toMatchObject({
      url: `https://graph.example${path}`,
      headers: { 'client-request-id': auditId, 'user-agent': 'gateway/1', traceparent },
      body: json,
    })
  })

  it('is answered although the ledger is gone, as a refusal is', async () => {
    const fake = fakePorts()
    const reply = await handleRequest(failing('refusal', fake))(validateOnly)()

    expect(reply.status).toBe(200)
    expect(fake.happened).toEqual(['refusal lost'])
  })
})

describe('when Graph refuses our token', () => {
  it('is sent once more with a fresh one', async () => {
    const { happened, ports, records } = fakePorts(answering(refusal401))
    const reply = await handleRequest(ports)(request)()

    expect(reply.status).toBe(201)
    expect(happened).toContain('token dropped')
    expect(records.at(-1)).toMatchObject({ outcome: 'applied', attempts: 2 })
  })

  it('twice, the call was refused, and the operator must look', async () => {
    const { ports, records } = fakePorts(answering(refusal401, refusal401))
    const reply = await handleRequest(ports)(request)()

    expect(reply.status).toBe(502)
    expect(errorIn(reply.body)).toMatchObject({ code: 'upstreamAuthRejected', innerError: { outcome: 'refused' } })
    expect(records.at(-1)).toMatchObject({ outcome: 'refused', attempts: 2, graphStatus: 401 })
  })

  it('and no second try gets away, it stays refused: Graph did see the first', async () => {
    const unreachable: E.Either<ProxyError, GraphAnswer> = E.left({ _tag: 'GraphUnreachable', cause: 'x' })
    const { ports, records } = fakePorts(answering(refusal401, unreachable, unreachable, unreachable))
    await handleRequest(ports)(request)()

    expect(records.at(-1)).toMatchObject({ outcome: 'refused', attempts: 4 })
  })

  it('and the second try breaks, nobody knows', async () => {
    const { ports, records } = fakePorts(answering(refusal401, E.left({ _tag: 'GraphConnectionLost', cause: 'x' })))
    await handleRequest(ports)(request)()

    expect(records.at(-1)).toMatchObject({ outcome: 'indeterminate' })
  })
})

describe('what is known of a call that failed', () => {
  it.each<[ProxyError, number, string, string, string]>([
    [{ _tag: 'UpstreamAuthUnavailable', cause: 'x' }, 503, 'upstreamAuthUnavailable', 'notSent', 'safe'],
    [{ _tag: 'GraphUnreachable', cause: 'x' }, 502, 'upstreamUnreachable', 'notSent', 'safe'],
    [{ _tag: 'GraphTlsFailed', cause: 'x' }, 502, 'upstreamTls', 'notSent', 'never'],
    [{ _tag: 'GraphTimedOut', sent: false, status: undefined }, 504, 'upstreamTimeout', 'notSent', 'safe'],
    [{ _tag: 'GraphTimedOut', sent: true, status: 201 }, 504, 'upstreamTimeout', 'indeterminate', 'check-first'],
    [{ _tag: 'GraphConnectionLost', cause: 'x' }, 502, 'upstreamError', 'indeterminate', 'check-first'],
  ])('%j is told and recorded', async (error, status, code, outcome, retry) => {
    const { ports, records } = fakePorts({ sendToGraph: () => () => TE.left(error) })
    const reply = await handleRequest(ports)(request)()

    expect(reply.status).toBe(status)
    expect(errorIn(reply.body)).toMatchObject({ code, innerError: { code, outcome, retry, source: 'gateway' } })
    expect(records).toMatchObject([{ kind: 'intent' }, { kind: 'outcome', outcome, code }])
  })
})

describe('what is told of a request when it is over', () => {
  const toldOf = async (sent = request, change: Partial<Ports> = {}) => {
    const told: Array<RequestLogEntry> = []
    const { ports } = fakePorts({ log: (entry) => () => told.push(entry), ...change })
    await handleRequest(ports)(sent)()
    return told
  }

  it('is its ids, who called, by what route, and what became of it', async () => {
    const traced = withHeader(
      withHeader(request, 'traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
      'client-request-id',
      '6f0c7b1e-6b1c-4d7e-9d0f-0a1b2c3d4e5f',
    )

    expect(await toldOf(traced)).toEqual([
      {
        auditId: request.auditId,
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        callerRequestId: '6f0c7b1e-6b1c-4d7e-9d0f-0a1b2c3d4e5f',
        method: 'POST',
        route: '/beta/deviceAppManagement/managedEBooks/{managedEBookId}/deviceStates',
        caller: expect.objectContaining({ objectId: 's1' }),
        end: 'applied',
        status: 201,
        code: undefined,
        reason: undefined,
        durationInMs: 0,
      },
    ])
  })

  it.each<[what: string, sent: IncomingRequest, change: Partial<Ports>, expected: Partial<RequestLogEntry>]>([
    [
      'that Graph never got',
      request,
      { sendToGraph: () => () => TE.left({ _tag: 'GraphUnreachable', cause: undefined }), random: () => 0 },
      { end: 'notSent', status: 502 },
    ],
    [
      'that was refused to a caller who is known',
      request,
      { tokenRules: { ...someTokenRules, scope: 'Another' } },
      { end: 'refusal', status: 403, code: 'scopeMissing', caller: expect.objectContaining({ objectId: 's1' }) },
    ],
    [
      'of nobody knows whom',
      withHeader(request, 'authorization', undefined),
      {},
      { end: 'refusal', code: 'tokenMissing', caller: undefined },
    ],
    ['of a method of its own making', { ...request, method: 'x-made-up' }, {}, { end: 'refusal', method: '_OTHER' }],
    ['for no route', { ...request, target: '/x' }, {}, { end: 'refusal', route: undefined }],
    [
      'that is only validated',
      withHeader(request, 'prefer', 'handling=validate-only'),
      {},
      { end: 'validation', status: 200 },
    ],
  ])('(one %s) says so', async (_, sent, change, expected) => {
    expect(await toldOf(sent, change)).toEqual([expect.objectContaining(expected)])
  })
})
