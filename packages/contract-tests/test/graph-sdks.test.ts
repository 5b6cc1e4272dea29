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

describe.each(sdks)('$name, with the proxy for Graph', ({ create }) => {
  let site: Site
  beforeAll(async () => {
    site = await startSite()
  })
  afterEach(() => site.system.graph.reset())
  afterAll(() => stopSite(site))

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
    [{ status: 307, headers: { Location: 'https://graph.example/' } }, 'upstreamRedirect'],
    [{ status: 201, body: '{"id":' }, 'upstreamInvalidResponse'],
  ] as const)('does not by itself repeat what a 502 tells of (%#), which may have been done', async (answer, code) => {
    const before = site.front.received()
    site.system.graph.answerNext(answer)

    const result = await create(callTo(site))

    expect(result).toMatchObject({ status: 502, code, innerError: { outcome: 'indeterminate', retry: 'check-first' } })
    expect(timesSent(site, before)).toBe(1)
  })

  it('by itself repeats what a 503 tells of, although Graph has not said that it did nothing', async () => {
    site.system.graph.answerNext({ ...graphErrors.serviceUnavailable, headers: {} })

    expect(await create({ ...callTo(site), mostRetries: 1 })).toMatchObject({ _tag: 'Created' })
    expect(statusesAt(site.system.graph)).toEqual([503, 201])
  })
})

describe.each(sdks)('$name, when its caller has had its share', ({ create }) => {
  let site: Site
  beforeAll(async () => {
    site = await startSite({ environment: { CALLER_RATE_LIMIT: '1/1s' } })
  })
  afterAll(() => stopSite(site))

  it('waits as the 429 of the proxy says, and all is created once', async () => {
    const results = await Promise.all([create(callTo(site)), create(callTo(site))])

    expect(results).toMatchObject([{ _tag: 'Created' }, { _tag: 'Created' }])
    expect(statusesAt(site.system.graph)).toEqual([201, 201])
    expect(site.front.received()).toMatch(/retry-attempt: 1/i)
  })
})

describe.each(sdks)('$name, with a Graph that does what it is asked and answers nobody', ({ create }) => {
  let site: Site
  beforeAll(async () => {
    site = await startSite({
      environment: { UPSTREAM_DEADLINE_MS: '300' },
      inFrontOfGraph: (answer) => async (request, target) => {
        await answer(request, target)
        return new Promise(() => undefined)
      },
    })
  })
  afterEach(() => site.system.graph.reset())
  afterAll(() => stopSite(site))

  it('by itself repeats what may have been done, which creates it twice', async () => {
    const result = await create({ ...callTo(site), mostRetries: 1 })

    expect(result).toMatchObject({ status: 504, innerError: { outcome: 'indeterminate', retry: 'check-first' } })
    expect(site.system.graph.created()).toHaveLength(2)
  })

  it('creates it once when the call has a key, and learns what to do', async () => {
    const before = site.front.received()
    const result = await create({
      ...callTo(site),
      mostRetries: 1,
      headers: { 'Idempotency-Key': randomUUID() },
    })

    expect(result).toMatchObject({
      status: 409,
      code: 'duplicateOfIndeterminate',
      innerError: { outcome: 'indeterminate', retry: 'check-first', earlierAuditId: expect.any(String) },
    })
    expect(timesSent(site, before)).toBe(2)
    expect(site.system.graph.created()).toHaveLength(1)
  })
})
