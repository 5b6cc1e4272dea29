import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type GraphDouble, graphErrors, type ScriptedAnswer } from '../src/index.js'
import { bookPath, userPath } from './a-create.js'
import { sdks, type SdkCall } from './support/sdks.js'
import { startSystem, type System, type SystemOptions } from './support/start-system.js'
import { startTlsFront, type TlsFront } from './support/tls-front.js'

// Both SDKs send tokens over https alone, so the proxies stand behind TLS here, as they would in earnest.
interface Site {
  readonly system: System
  readonly front: TlsFront
}

const startSite = async (options: SystemOptions = {}): Promise<Site> => {
  const system = await startSystem(options)
  return { system, front: await startTlsFront(system.url) }
}

const belowVersion = (path: string): string => path.replace('/beta', '')

const callTo = ({ front, system }: Site): SdkCall => ({
  url: front.url,
  getToken: () => system.tokenForApplication(),
  path: belowVersion(bookPath),
})

/** How often a POST came to the proxy. */
const timesSent = ({ front }: Site, before: string): number =>
  front.received().slice(before.length).split('POST /beta/').length - 1

const statusesAt = (graph: GraphDouble) => graph.journal().map(({ status }) => status)

const stopSite = async ({ front, system }: Site): Promise<void> => {
  await front.stop()
  await system.stop()
}

let site: Site
beforeAll(async () => {
  site = await startSite()
})
afterEach(() => site.system.graph.reset())
afterAll(() => stopSite(site))

describe.each(sdks)('$name, with the proxy for Graph', ({ create }) => {
  it.each([bookPath, userPath])('creates at %s', async (path) => {
    const result = await create({ ...callTo(site), path: belowVersion(path) })

    const [created] = site.system.graph.created()
    expect(result).toEqual({ _tag: 'Created', id: created?.entity.id })
    expect(site.system.graph.journal()).toMatchObject([{ method: 'POST', path, status: 201 }])
  })

  it('has all the details of a body that is wrong', async () => {
    const before = site.front.received()
    const result = await create({ ...callTo(site), change: { errorCode: undefined, deviceName: undefined } })

    expect(result).toMatchObject({
      status: 400,
      code: 'bodyInvalid',
      details: [
        { code: 'missing', target: '/deviceName' },
        { code: 'missing', target: '/errorCode' },
      ],
      innerError: { outcome: 'notSent', retry: 'never' },
      auditId: expect.any(String),
    })
    expect(timesSent(site, before)).toBe(1)
  })

  it('is told that a token is none', async () => {
    const result = await create({ ...callTo(site), getToken: () => Promise.resolve('none') })

    expect(result).toMatchObject({ status: 401, code: 'tokenInvalid', innerError: { retry: 'never' } })
  })

  it('is told what a token lacks', async () => {
    const result = await create({ ...callTo(site), getToken: () => site.system.tokenForNewcomer() })

    expect(result).toMatchObject({ status: 403, code: 'scopeMissing', innerError: { retry: 'never' } })
  })

  it('is told that a path is none of ours', async () => {
    const result = await create({ ...callTo(site), path: '/deviceAppManagement/managedEBooks/B1/deviceStatuses' })

    expect(result).toMatchObject({ status: 404, code: 'routeNotFound', innerError: { retry: 'never' } })
  })

  it('is told that a body is too large', async () => {
    const result = await create({ ...callTo(site), change: { deviceName: 'x'.repeat(40_000) } })

    expect(result).toMatchObject({ status: 413, code: 'bodyTooLarge', innerError: { retry: 'never' } })
  })

  const refusals: ReadonlyArray<readonly [ScriptedAnswer, string]> = [
    [graphErrors.modelValidationFailure, 'upstreamRejected'],
    [graphErrors.forbidden, 'upstreamForbidden'],
    [graphErrors.notFound, 'upstreamNotFound'],
    [{ status: 409, body: { error: { code: 'Conflict', message: 'It is there.' } } }, 'upstreamConflict'],
  ]

  it.each(refusals)('has what Graph says when it refuses (%#), once', async (answer, code) => {
    const before = site.front.received()
    site.system.graph.answerNext(answer)

    const result = await create(callTo(site))

    expect(result).toMatchObject({ status: answer.status, innerError: { code, source: 'graph', outcome: 'refused' } })
    expect(timesSent(site, before)).toBe(1)
  })

  it.each([
    [graphErrors.internalServerError, 'upstreamError'],
    [{ ...graphErrors.serviceUnavailable, headers: {} }, 'upstreamError'],
    [{ status: 307, headers: { Location: 'https://graph.example/' } }, 'upstreamRedirect'],
    [{ status: 201, body: '{"id":' }, 'upstreamInvalidResponse'],
  ] as const)('does not by itself repeat what a 502 tells of (%#), which may have been done', async (answer, code) => {
    const before = site.front.received()
    site.system.graph.answerNext(answer)

    const result = await create(callTo(site))

    expect(result).toMatchObject({ status: 502, code, innerError: { outcome: 'indeterminate', retry: 'check-first' } })
    expect(timesSent(site, before)).toBe(1)
  })
})

describe('a caller that has had its share', () => {
  let sparing: Site
  beforeAll(async () => {
    sparing = await startSite({ environment: { CALLER_RATE_LIMIT: '2/1s' } })
  })
  afterEach(() => sparing.system.graph.reset())
  afterAll(() => stopSite(sparing))

  it('has its SDKs wait as the 429 of the proxy says, and all is created once', async () => {
    const before = sparing.front.received()
    const results = await Promise.all([...sdks, ...sdks].map(({ create }) => create(callTo(sparing))))

    expect(new Set(results.map(({ _tag }) => _tag))).toEqual(new Set(['Created']))
    expect(statusesAt(sparing.system.graph)).toEqual([201, 201, 201, 201])
    expect(sparing.front.received().slice(before.length)).toMatch(/retry-attempt: 1/i)
  })
})

describe('a Graph that does what it is asked and answers nobody', () => {
  let silent: Site
  let isSilent = false
  beforeAll(async () => {
    silent = await startSite({
      environment: { UPSTREAM_DEADLINE_MS: '500' },
      inFrontOfGraph: (answer) => async (request, target) => {
        const response = await answer(request, target)
        return isSilent ? new Promise(() => undefined) : response
      },
    })
    // With this the proxy has its token, so that the deadline is for Graph alone.
    await Promise.all(sdks.map(({ create }) => create(callTo(silent))))
    silent.system.graph.reset()
    isSilent = true
  })
  afterEach(() => silent.system.graph.reset())
  afterAll(() => stopSite(silent))

  it('creates twice, since the SDKs by themselves repeat what may have been done', async () => {
    const results = await Promise.all(sdks.map(({ create }) => create({ ...callTo(silent), mostRetries: 1 })))

    const told = { status: 504, innerError: { outcome: 'indeterminate', retry: 'check-first' } }
    expect(results).toMatchObject([told, told])
    expect(silent.system.graph.created()).toHaveLength(4)
  })

  it('creates once when the calls have keys, and who uses the SDKs learns what to do', async () => {
    const before = silent.front.received()
    const results = await Promise.all(
      sdks.map(({ create }) =>
        create({ ...callTo(silent), mostRetries: 1, headers: { 'Idempotency-Key': randomUUID() } }),
      ),
    )

    const told = {
      status: 409,
      code: 'duplicateOfIndeterminate',
      innerError: { outcome: 'indeterminate', retry: 'check-first', earlierAuditId: expect.any(String) },
    }
    expect(results).toMatchObject([told, told])
    expect(timesSent(silent, before)).toBe(4)
    expect(silent.system.graph.created()).toHaveLength(2)
  })
})

describe('a Graph that throttles, with a deadline that is too short to wait for it', () => {
  let hasty: Site
  beforeAll(async () => {
    hasty = await startSite({ environment: { UPSTREAM_DEADLINE_MS: '900' } })
  })
  afterEach(() => hasty.system.graph.reset())
  afterAll(() => stopSite(hasty))

  it.each([graphErrors.tooManyRequests, graphErrors.serviceUnavailable])(
    'is waited out by the SDKs, as the proxy says ($status), and all is created once',
    async ({ body, status }) => {
      const before = hasty.front.received()
      hasty.system.graph.answerNext({ status, body, headers: { 'Retry-After': '1' } })

      const results = await Promise.all(sdks.map(({ create }) => create(callTo(hasty))))

      expect(results).toMatchObject([{ _tag: 'Created' }, { _tag: 'Created' }])
      expect(hasty.system.graph.created()).toHaveLength(2)
      expect(hasty.front.received().slice(before.length)).toMatch(/retry-attempt: 1/i)
    },
  )
})
