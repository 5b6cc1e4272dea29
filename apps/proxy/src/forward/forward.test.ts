import { documentedExample } from '@device-install-state/model/fields'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { describe, expect, it } from 'vitest'
import { aCall } from '../../test/a-call.js'
import { anOpenGate } from '../../test/an-open-gate.js'
import type { Call } from '../domain/call.js'
import type { GraphAnswer } from '../domain/graph-answer.js'
import type { ProxyError } from '../domain/proxy-error.js'
import { forward, type ForwardPorts } from './forward.js'
import type { TurnEnd } from './gate.js'

type Said = E.Either<ProxyError, GraphAnswer>

const answered = (status: number, headers: GraphAnswer['headers'] = {}): Said => E.right({ status, headers, text: '' })
const created: Said = E.right({ status: 201, headers: {}, text: documentedExample.response })
const unreachable: Said = E.left({ _tag: 'GraphUnreachable', cause: 'x' })
const tooLate: ProxyError = { _tag: 'TurnTooLate', why: 'throttled', retryAfterInSeconds: 30 }

interface World {
  /** What Graph says, one after the other; then that it created the entity. */
  readonly says?: ReadonlyArray<Said>
  /** How many turns there are; further ones would come too late. */
  readonly turns?: number
  readonly isGone?: boolean
  readonly upstream?: Call['upstream']
}

/** Forwards a call, and notes all that is asked of the world. */
const forwarded = async (
  { isGone = false, says = [], turns = 100, upstream = aCall().upstream }: World,
  change: Partial<ForwardPorts> = {},
) => {
  const left = [...says]
  const asked: Array<boolean> = []
  const ends: Array<TurnEnd> = []
  const delays: Array<number> = []
  let nowInMs = 0
  const ports: ForwardPorts = {
    ...anOpenGate,
    gate: {
      turn: ({ isAgain }) => {
        asked.push(isAgain)
        return asked.length > turns ? TE.left(tooLate) : TE.right({ end: (how) => () => ends.push(how) })
      },
    },
    delay: (inMs) => () => {
      delays.push(inMs)
      nowInMs += inMs
      return Promise.resolve()
    },
    upstreamTokens: { take: () => TE.right('token'), drop: () => () => undefined },
    sendToGraph: () => () => () => Promise.resolve(left.shift() ?? created),
    upstreamDeadlineInMs: 25_000,
    now: () => new Date('2026-11-26T12:00:00Z'),
    monotonicNowInMs: () => nowInMs,
    ...change,
  }
  const { attempts, result } = await forward(ports)({ ...aCall({ isGone: () => isGone }), upstream })()
  return { attempts, result, asked, ends, delays }
}

describe('a call that was proved not to be done', () => {
  it.each<[string, Said]>([
    ['429', answered(429)],
    ['429 with Retry-After', answered(429, { 'retry-after': '7' })],
    ['503 with Retry-After', answered(503, { 'retry-after': '7' })],
    ['509', answered(509)],
    ['401', answered(401)],
    ['no connection', unreachable],
  ])('(%s) is tried again, in front of the others of its caller', async (_, said) => {
    expect(await forwarded({ says: [said] })).toMatchObject({ result: created, attempts: 2, asked: [false, true] })
  })

  it('goes on being tried while Graph throttles and turns come', async () => {
    expect(await forwarded({ says: [answered(429), answered(509), answered(429)] })).toMatchObject({
      result: created,
      attempts: 4,
    })
  })

  it('stays refused, as Graph said, when no further turn comes in time', async () => {
    const refused = answered(429, { 'retry-after': '60' })

    expect(await forwarded({ says: [refused], turns: 1 })).toMatchObject({ result: refused, attempts: 1 })
  })

  it('asks for one fresh token, and not for a second', async () => {
    expect(await forwarded({ says: [answered(401), answered(401)] })).toMatchObject({
      result: answered(401),
      attempts: 2,
    })
  })

  it('is tried three times where no connection can be had, each time later, at random', async () => {
    const fifth = { random: () => 0.2 }
    const { attempts, delays, result } = await forwarded({ says: [unreachable, unreachable, unreachable] }, fifth)

    expect(result).toEqual(unreachable)
    expect(attempts).toBe(3)
    expect(delays).toEqual([40, 80])
  })

  it.each<ProxyError>([
    { _tag: 'UserMustInteract', claims: undefined, cause: 'x' },
    { _tag: 'AssertionRefused', consentMissing: false, cause: 'x' },
  ])('stays refused where there is no fresh token for its user ($_tag), who is told why', async (error) => {
    const tokens = [TE.right('token'), TE.left(error)]
    const upstreamTokens = { take: () => tokens.shift() ?? TE.left(error), drop: () => () => undefined }
    const { attempts, result } = await forwarded({ says: [answered(401)], upstream: user }, { upstreamTokens })

    expect(result).toEqual(E.left({ ...error, hasGraphRefused: true }))
    expect(attempts).toBe(1)
  })

  it('is not tried again when there is no time left for it', async () => {
    const short = { upstreamDeadlineInMs: 30 }

    expect(await forwarded({ says: [unreachable] }, short)).toMatchObject({ result: unreachable, attempts: 1 })
  })
})

const user: Call['upstream'] = { kind: 'user', clientId: 'c', tenantId: 't', objectId: 'o' }

describe('a call that Graph wants more claims for', () => {
  const challenge = answered(401, {
    'www-authenticate': `Bearer error="insufficient_claims", claims="${btoa('{"access_token":{"a":{"essential":true}}}')}"`,
  })

  it('is tried once more where the gateway itself is meant', async () => {
    expect(await forwarded({ says: [challenge] })).toMatchObject({ result: created, attempts: 2 })
  })

  it('is not where its user must act first', async () => {
    expect(await forwarded({ says: [challenge], upstream: user })).toMatchObject({ result: challenge, attempts: 1 })
  })
})

describe('a call that may have been done, or never will', () => {
  it.each<[string, Said]>([
    ['200', answered(200)],
    ['400', answered(400)],
    ['404', answered(404)],
    ['409', answered(409)],
    ['500', answered(500)],
    ['503 without Retry-After', answered(503)],
    ['504', answered(504)],
    ['a redirect', answered(307)],
    ['the connection broke', E.left({ _tag: 'GraphConnectionLost', cause: 'x' })],
    ['no answer in time', E.left({ _tag: 'GraphTimedOut', sent: true, status: undefined })],
    ['no time to connect', E.left({ _tag: 'GraphTimedOut', sent: false, status: undefined })],
    ['TLS', E.left({ _tag: 'GraphTlsFailed', cause: 'x' })],
  ])('(%s) is never sent twice', async (_, said) => {
    expect(await forwarded({ says: [said] })).toMatchObject({ result: said, attempts: 1, asked: [false] })
  })
})

describe('a call that Graph refused, and that was sent again', () => {
  it.each<[string, ProxyError]>([
    ['the connection broke', { _tag: 'GraphConnectionLost', cause: 'x' }],
    ['no answer came in time', { _tag: 'GraphTimedOut', sent: true, status: undefined }],
  ])('may have been done then, if %s', async (_, error) => {
    for (const refused of [answered(429), answered(401)])
      expect(await forwarded({ says: [refused, E.left(error)] })).toMatchObject({ result: E.left(error), attempts: 2 })
  })

  it('is sent with another token after a 401, and with the same after a 429', async () => {
    const dropped: Array<string> = []
    const upstreamTokens: ForwardPorts['upstreamTokens'] = {
      take: () => TE.right(`token ${String(dropped.length)}`),
      drop: (_call, token) => () => dropped.push(token),
    }
    await forwarded({ says: [answered(429), answered(401), answered(429)] }, { upstreamTokens })

    expect(dropped).toEqual(['token 0'])
  })
})

describe('a turn', () => {
  it('that comes too late is an error, and nothing is sent', async () => {
    expect(await forwarded({ turns: 0 })).toMatchObject({ result: E.left(tooLate), attempts: 0, ends: [] })
  })

  it('is given back where no token can be had', async () => {
    const unavailable: ProxyError = { _tag: 'UpstreamAuthUnavailable', cause: 'x' }
    const noToken = { upstreamTokens: { take: () => TE.left(unavailable), drop: () => () => undefined } }

    expect(await forwarded({}, noToken)).toMatchObject({ result: E.left(unavailable), ends: [{ _tag: 'Unused' }] })
  })

  it('is given back where the client has gone while it waited, and nothing is sent', async () => {
    expect(await forwarded({ isGone: true })).toMatchObject({
      result: E.left({ _tag: 'BodyNotReceived', why: 'clientClosed' }),
      attempts: 0,
      ends: [{ _tag: 'Unused' }],
    })
  })

  it.each<[string, Said, TurnEnd]>([
    ['created', created, { _tag: 'Answered', status: 201 }],
    ['to wait', answered(503, { 'retry-after': '7' }), { _tag: 'Throttled', retryAfterInSeconds: 7 }],
    [
      'to wait until a date',
      answered(429, { 'retry-after': 'Thu, 26 Nov 2026 12:00:09 GMT' }),
      { _tag: 'Throttled', retryAfterInSeconds: 9 },
    ],
    [
      'to wait, unreadably',
      answered(429, { 'retry-after': 'soon' }),
      { _tag: 'Throttled', retryAfterInSeconds: undefined },
    ],
    ['no connection', unreachable, { _tag: 'NotConnected' }],
    ['no answer', E.left({ _tag: 'GraphTimedOut', sent: true, status: undefined }), { _tag: 'Unanswered' }],
    ['nothing whole', E.left({ _tag: 'GraphConnectionLost', cause: 'x' }), { _tag: 'Unanswered' }],
  ])('ends with what Graph said: %s', async (_, said, end) => {
    const { ends } = await forwarded({ says: [said] })

    expect(ends[0]).toEqual(end)
  })
})
