import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { graphErrors, type ScriptedAnswer } from '../src/index.js'
import { errorIn, exchange } from './support/exchange.js'
import { startSystem, type System } from './support/start-system.js'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterEach(() => system.graph.reset())
afterAll(() => system.stop())

/** What a caller is told of an answer of Graph, and what is on record. */
interface Told {
  readonly status: number
  readonly code: string
  readonly innerCode: string
  readonly source: 'graph' | 'gateway'
  readonly outcome: 'refused' | 'indeterminate'
  readonly retry: 'after' | 'check-first' | 'never'
  readonly retryAfter?: string
}

const relayed = (status: number, code: string, innerCode: string): Told => ({
  status,
  code,
  innerCode,
  source: 'graph',
  outcome: 'refused',
  retry: 'never',
})

const refused = (status: number, code: string): Told => ({ ...relayed(status, code, code), source: 'gateway' })

const unknown = (status: number, code: string): Told => ({
  ...refused(status, code),
  outcome: 'indeterminate',
  retry: 'check-first',
})

const later = (told: Told, retryAfter: string): Told => ({ ...told, retry: 'after', retryAfter })

/** Sends a create that Graph answers so, each time it is asked; Graph must be asked just so many times. */
const toldOf = async (answer: ScriptedAnswer, times = 1, by = system) => {
  const { answer: got, arrivals, records } = await exchange(by, { graphAnswers: Array(times).fill(answer) })
  const { code, innerError, message } = errorIn(got)
  const retryAfter = got.headers['retry-after']
  const told = {
    status: got.status,
    code,
    innerCode: innerError['code'],
    source: innerError['source'],
    outcome: innerError['outcome'],
    retry: innerError['retry'],
    ...(retryAfter === undefined ? {} : { retryAfter }),
  }
  expect(arrivals).toHaveLength(times)
  expect(records).toMatchObject([
    { kind: 'intent' },
    { kind: 'outcome', outcome: told.outcome, code: told.innerCode, graphStatus: answer.status, attempts: times },
  ])
  return { told, message, answer: got, arrivals, records }
}

describe('an error that Graph is known to answer', () => {
  it.each<[keyof typeof graphErrors, Told]>([
    ['missingRoute', relayed(502, 'No method match route template', 'upstreamRouteUnsupported')],
    ['unknownSegment', relayed(502, 'BadRequest', 'upstreamRouteUnsupported')],
    ['invalidVersion', relayed(404, 'ResourceNotFound', 'upstreamNotFound')],
    ['unreadablePayload', relayed(400, 'BadRequest', 'upstreamRejected')],
    ['emptyPayload', relayed(400, 'BadRequest', 'upstreamRejected')],
    ['modelValidationFailure', relayed(400, 'ModelValidationFailure', 'upstreamRejected')],
    ['intuneBadRequest', relayed(400, 'BadRequest', 'upstreamRejected')],
    ['forbidden', relayed(403, 'Forbidden', 'upstreamForbidden')],
    ['forbiddenWithoutCode', relayed(403, 'upstreamForbidden', 'upstreamForbidden')],
    ['notFound', relayed(404, 'ResourceNotFound', 'upstreamNotFound')],
    ['internalServerError', unknown(502, 'upstreamError')],
    ['gatewayTimeout', unknown(504, 'upstreamTimeout')],
  ])('(%s) is told as what it means for the caller', async (name, expected) => {
    const { answer, told } = await toldOf(graphErrors[name])

    expect(told).toEqual(expected)
    expect(answer.headers['request-id']).toBe(graphErrors[name].headers['request-id'])
  })

  // Each of them has been seen with hosts, ids or line ends in its message.
  it.each(['intuneBadRequest', 'forbidden', 'notFound'] as const)(
    '(%s) is told without the hosts and the ids of Intune',
    async (name) => {
      const { answer } = await toldOf(graphErrors[name])

      expect(answer.text).not.toMatch(/microsoft\.com|https?:|Activity ID|Operation ID|_version|\\r|\\n/)
    },
  )

  it('is told with the words of Graph for people', async () => {
    expect((await toldOf(graphErrors.intuneBadRequest)).message).toContain('Graph says: An error has occurred')
    expect((await toldOf(graphErrors.missingRoute)).message).toContain('No OData route exists')
  })

  it('is told with what the operator has to grant, if it is a 403', async () => {
    const { message } = await toldOf(graphErrors.forbidden)

    expect(message).toContain('DeviceManagementApps.ReadWrite.All')
    expect(message).toContain('Intune license')
  })
})

describe('a 401 of Graph', () => {
  const challenges = ['emptyToken', 'malformedToken', 'invalidToken', 'claimsChallenge'] as const

  it.each(challenges)('(%s) is met with a fresh token, once, and goes unnoticed', async (name) => {
    const { answer, arrivals, records } = await exchange(system, { graphAnswers: [graphErrors[name]] })

    expect(answer.status).toBe(201)
    expect(arrivals.map(({ status }) => status)).toEqual([401, 201])
    expect(new Set(arrivals.map(({ headers }) => headers['authorization'])).size).toBe(2)
    expect(new Set(arrivals.map(({ body }) => body)).size).toBe(1)
    expect(records).toMatchObject([{ kind: 'intent' }, { outcome: 'applied', attempts: 2 }])
  })

  it.each(challenges)('(%s) to the fresh token too is the operator’s to look at', async (name) => {
    const { answer, told } = await toldOf(graphErrors[name], 2)

    expect(told).toEqual(refused(502, 'upstreamAuthRejected'))
    expect(answer.headers).not.toHaveProperty('www-authenticate')
  })

  it('does not spoil the call after it', async () => {
    await toldOf(graphErrors.invalidToken, 2)

    const { arrivals } = await exchange(system)

    expect(arrivals.map(({ status }) => status)).toEqual([201])
  })

  it('to the first try, and something else to the second, is told as the second', async () => {
    const { answer, records } = await exchange(system, {
      graphAnswers: [graphErrors.invalidToken, graphErrors.forbidden],
    })

    expect(errorIn(answer)).toMatchObject({ code: 'Forbidden', innerError: { code: 'upstreamForbidden' } })
    expect(records.at(-1)).toMatchObject({ outcome: 'refused', graphStatus: 403, attempts: 2 })
  })
})

describe('a conflict', () => {
  it.each([409, 410, 412, 423])('(%i) keeps its status and the code of Graph', async (status) => {
    const { told } = await toldOf({ status, body: graphErrorNamed('Conflicted') })

    expect(told).toEqual(relayed(status, 'Conflicted', 'upstreamConflict'))
  })
})

describe('a refusal of the form of our request', () => {
  it.each([405, 406, 415, 431])('(%i) is nothing that the caller could have done better', async (status) => {
    const { told } = await toldOf({ status, body: graphErrorNamed('NotSo') })

    expect(told).toEqual(refused(502, 'upstreamError'))
  })
})

describe('a Graph that throttles, when the deadline is before it may be asked again', () => {
  // It lets all calls wait, so that each of these is the first of its proxy.
  const toldAtOnce = async (answer: ScriptedAnswer) => {
    const hasty = await startSystem({ environment: { UPSTREAM_DEADLINE_MS: '900' } })
    try {
      return await toldOf(answer, 1, hasty)
    } finally {
      await hasty.stop()
    }
  }
  const bandwidth = { status: 509, headers: { 'Retry-After': '30' }, body: graphErrorNamed('BandwidthLimitExceeded') }

  it.each<[string, ScriptedAnswer, Told]>([
    ['429', graphErrors.tooManyRequests, later(relayed(429, 'TooManyRequests', 'upstreamThrottled'), '10')],
    [
      '429 without Retry-After',
      graphErrors.tooManyRequestsWithoutRetryAfter,
      later(relayed(429, 'UnknownError', 'upstreamThrottled'), '10'),
    ],
    ['503', graphErrors.serviceUnavailable, later(refused(503, 'upstreamUnavailable'), '10')],
    ['509', bandwidth, later(refused(503, 'upstreamUnavailable'), '30')],
  ])('(%s) is told, and when to come again', async (_, answer, expected) => {
    expect((await toldAtOnce(answer)).told).toEqual(expected)
  })

  it.each([
    ['zero', '0', '1'],
    ['more than anyone waits', '1000000000', '300'],
    ['a date far off', 'Wed, 21 Oct 2099 07:28:00 GMT', '300'],
    ['words', 'soon', '10'],
  ])('may say when by %s: the caller is told seconds, from 1 to 300', async (_, retryAfter, expected) => {
    const answer = { ...graphErrors.tooManyRequests, headers: { 'Retry-After': retryAfter } }

    expect((await toldAtOnce(answer)).told.retryAfter).toBe(expected)
  })
})

describe('a Graph that cannot go on', () => {
  it('may have done the call when its 503 does not say when to come again', async () => {
    const answer = { status: 503, body: graphErrorNamed('serviceNotAvailable') }

    expect((await toldOf(answer)).told).toEqual(unknown(502, 'upstreamError'))
  })

  it.each([
    ['HTML', { 'Content-Type': 'text/html' }, '<html>Our services aren’t available right now</html>'],
    ['nothing', {}, undefined],
    ['JSON of another kind', {}, { Message: 'An error has occurred.' }],
  ])('may answer %s for an error', async (_, headers, body) => {
    expect((await toldOf({ status: 500, headers, body })).told).toEqual(unknown(502, 'upstreamError'))
    expect((await toldOf({ status: 403, headers, body })).told).toEqual(refused(403, 'upstreamForbidden'))
  })
})

describe('an answer that is none', () => {
  const unreadable = unknown(502, 'upstreamInvalidResponse')

  it.each<[string, ScriptedAnswer]>([
    ['201 with HTML', { status: 201, headers: { 'Content-Type': 'text/html' }, body: '<html></html>' }],
    ['201 with nothing', { status: 201 }],
    ['201 with a byte order mark', { status: 201, body: `\uFEFF${documentedExample.response}` }],
    ['201 with two ids', { status: 201, body: documentedExample.response.replace('{', '{"id":"a",') }],
    ['201 with half an entity', { status: 201, body: documentedExample.response.slice(0, 99) }],
    ['201 with another entity', { status: 201, body: { displayName: 'A book' } }],
    ['201 without a media type', { status: 201, headers: { 'Content-Type': '' }, body: documentedExample.response }],
    ['201 in brotli', { status: 201, headers: { 'Content-Encoding': 'br' }, body: documentedExample.response }],
    ['204', { status: 204 }],
    ['202', { status: 202, body: documentedExample.response }],
    [
      '201 with more than anyone reads',
      { status: 201, body: { ...JSON.parse(documentedExample.response), a: 'x'.repeat(300_000) } },
    ],
  ])('(%s) leaves it open whether the call was done', async (_, answer) => {
    const { answer: got, arrivals, records } = await exchange(system, { graphAnswers: [answer] })

    expect(got.status).toBe(unreadable.status)
    expect(errorIn(got)).toMatchObject({
      code: unreadable.innerCode,
      innerError: { code: unreadable.innerCode, source: 'gateway', outcome: 'indeterminate', retry: 'check-first' },
    })
    expect(arrivals).toHaveLength(1)
    expect(records.at(-1)).toMatchObject({ outcome: 'indeterminate', graphStatus: answer.status })
  })

  it.each([301, 302, 307, 308])('(%i) is not followed', async (status) => {
    const answer = { status, headers: { Location: `${system.graphUrl}/elsewhere` } }

    expect((await toldOf(answer)).told).toEqual(unknown(502, 'upstreamRedirect'))
  })

  it('but has an id tells that the entity is there', async () => {
    const { deviceName: _, ...entity } = JSON.parse(documentedExample.response)
    const { answer, records } = await exchange(system, { graphAnswers: [{ status: 201, body: entity }] })

    expect(answer.status).toBe(502)
    expect(errorIn(answer).innerError).toMatchObject({ outcome: 'applied', retry: 'never', createdId: entity.id })
    expect(records.at(-1)).toMatchObject({ outcome: 'applied', createdId: entity.id })
  })
})

function graphErrorNamed(code: string) {
  return { error: { code, message: 'No.' } }
}
