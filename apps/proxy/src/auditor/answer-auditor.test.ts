import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { describe, expect, it } from 'vitest'
import { digestsOf, memoryReader } from '../../test/a-ledger.js'
import { aCreateRequest } from '../../test/a-request.js'
import { intent } from '../../test/an-audit-store.js'
import type { AuditReader } from '../audit/audit-reader.js'
import { answerAuditor } from './answer-auditor.js'

const now = new Date('2026-11-23T12:00:00Z')
const inSeconds = now.getTime() / 1000

const auditor = { kind: 'application', issuer: 'i', objectId: 'auditor', keyId: 'k' } as const

type Ports = Parameters<typeof answerAuditor>[0]

const portsOn = (reader: AuditReader, change: Partial<Ports> = {}): Ports => ({
  trustedIssuers: [],
  tokenRules: {
    audiences: ['a'],
    graphAudiences: [],
    scope: 's',
    role: 'r',
    appIds: undefined,
    algorithms: ['RS256'],
    tokenTypes: ['JWT'],
    longestLifeInSeconds: 3_600,
  },
  checkSignature: () => () => Promise.reject(new Error('not asked')),
  provedTokens: {
    recall: () => () => ({ caller: auditor, times: { iat: inSeconds - 1, exp: inSeconds + 60, nbf: undefined } }),
    remember: () => () => undefined,
  },
  reader,
  digestsOf,
  now: () => now,
  mostUnderWay: 2,
  mostLookedAt: 2,
  deadlineInMs: 1_000,
  after: () => () => undefined,
  told: () => () => undefined,
  unreadable: () => () => undefined,
  ...change,
})

const question = (target: string) => aCreateRequest({ method: 'GET', target })

const codeOf = ({ body }: { readonly body: string }): string => JSON.parse(body).error.code

describe('an answer to an auditor', () => {
  it('is refused to more than so many at a time, until one of them has its own', async () => {
    const waiting: Array<() => void> = []
    const slow: AuditReader = {
      ...memoryReader([]),
      seek: () => () => new Promise((resolve) => waiting.push(() => resolve(E.right([])))),
    }
    const answer = answerAuditor(portsOn(slow))
    const ask = () => answer(question('/audit/calls'))()
    const first = [ask(), ask()]

    const refused = await ask()
    expect([refused.status, codeOf(refused), refused.headers['Retry-After']]).toEqual([503, 'overloaded', '1'])
    while (waiting.length < 2) await new Promise(setImmediate)
    for (const goOn of waiting.splice(0)) goOn()
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200])
    const next = ask()
    while (waiting.length === 0) await new Promise(setImmediate)
    for (const goOn of waiting) goOn()
    expect((await next).status).toBe(200)
  })

  it('is given up after the deadline, and counts until it has really ended', async () => {
    const timers: Array<() => void> = []
    const never: AuditReader = { ...memoryReader([]), seek: () => () => new Promise(() => undefined) }
    const answer = answerAuditor(
      portsOn(never, {
        mostUnderWay: 1,
        after: (_ms, then) => {
          timers.push(then)
          return () => undefined
        },
      }),
    )
    const asked = answer(question('/audit/calls'))()
    while (timers.length === 0) await new Promise(setImmediate)
    timers[0]?.()

    expect(codeOf(await asked)).toBe('auditTimeout')
    expect(codeOf(await answer(question('/audit/calls'))())).toBe('overloaded')
  })

  it('says that the ledger cannot be read, to the auditor without the words, to the log with them', async () => {
    const told: Array<string> = []
    const reader: AuditReader = {
      ...memoryReader([]),
      streams: TE.left({ _tag: 'LedgerUnreadable', message: '/secret/path: gone' }),
    }
    const reply = await answerAuditor(portsOn(reader, { unreadable: (message) => () => void told.push(message) }))(
      question('/audit/checkpoints'),
    )()

    expect([reply.status, codeOf(reply), told]).toEqual([503, 'auditUnreadable', ['/secret/path: gone']])
    expect(reply.body).not.toContain('secret')
  })

  it('says that enough was looked at, and where to go on', async () => {
    const reader = memoryReader([intent(), intent(), intent()])
    const reply = await answerAuditor(portsOn(reader))(question('/audit/calls?peer=127.0.0.1&outcome=applied'))()

    // By the outcome, which none has, there is nothing to look at.
    expect(JSON.parse(reply.body)).toEqual({ value: [] })
    const open = await answerAuditor(portsOn(reader))(question('/audit/calls?peer=127.0.0.1&tenant=x&limit=5'))()
    expect(JSON.parse(open.body)).toMatchObject({
      value: [],
      lookedAt: 2,
      isCutShort: true,
      '@odata.nextLink': expect.stringMatching(/^\/audit\/calls\?peer=127\.0\.0\.1&tenant=x&limit=5&cursor=[\w-]+$/),
    })
  })

  it('is not given to a request that says twice who sends it', async () => {
    const request = question('/audit/calls')
    const reply = await answerAuditor(portsOn(memoryReader([])))({
      ...request,
      headers: [...request.headers, ['authorization', 'Bearer d.e.f']],
    })()

    expect([reply.status, codeOf(reply)]).toEqual([400, 'duplicateHeader'])
  })
})
