import { documentedExample } from '@device-install-state/model/fields'
import { Client, GraphError } from '@microsoft/microsoft-graph-client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { graphErrors } from '../src/index.js'
import { places } from './a-create.js'
import { startSystem, type System } from './support/start-system.js'
import { startTlsFront, type TlsFront } from './support/tls-front.js'

// Microsoft's own client as it comes. It sends its token to https alone, so the proxy stands behind TLS here, as it
// would in earnest.
let system: System
let front: TlsFront
beforeAll(async () => {
  system = await startSystem()
  front = await startTlsFront(system.url)
})
afterEach(() => system.graph.reset())
afterAll(async () => {
  await front.stop()
  await system.stop()
})

const clientWith = (getAccessToken: () => Promise<string>): Client =>
  Client.initWithMiddleware({
    authProvider: { getAccessToken },
    baseUrl: front.url,
    customHosts: new Set([new URL(front.url).hostname]),
    defaultVersion: 'beta',
  })

const aClient = (): Client => clientWith(() => system.tokenForApplication())

const example: Readonly<Record<string, unknown>> = JSON.parse(documentedExample.request)

// Below the version: the client puts it in front.
const betaPaths = places.filter(({ version }) => version === 'beta').map(({ path }) => path.replace('/beta', ''))
const [path = ''] = betaPaths

/** What the client throws, which is one of its own errors. */
const errorOf = async (sent: Promise<unknown>): Promise<GraphError> => {
  const error: unknown = await sent.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof GraphError) return error
  throw new Error('the client threw no GraphError', { cause: error })
}

describe('the client of Microsoft, with the proxy for Graph', () => {
  it.each(betaPaths)('creates at %s', async (at) => {
    const created: unknown = await aClient().api(at).post(example)

    expect(created).toMatchObject({ ...example, ...system.graph.created()[0]?.entity })
    expect(system.graph.journal()).toMatchObject([
      { method: 'POST', path: `/beta${at.replace(/\/$/, '')}`, status: 201 },
    ])
  })

  it('creates by v1.0 when asked to', async () => {
    await aClient().api(path).version('v1.0').post(example)

    expect(system.graph.journal()).toMatchObject([{ path: `/v1.0${path}`, status: 201 }])
  })

  it('creates for a user', async () => {
    await clientWith(() => system.tokenForUser())
      .api(path)
      .post(example)

    expect(system.graph.created()).toHaveLength(1)
  })

  it('tells Graph nothing of itself', async () => {
    await aClient().api(path).post(example)

    expect(system.graph.journal()[0]?.headers).not.toHaveProperty('sdkversion')
    expect(system.graph.journal()[0]?.headers['user-agent']).toMatch(/^device-install-state-proxy\//)
  })
})

describe('an error of the proxy', () => {
  it('is one of the client’s, with our code, our words and the Audit-Id', async () => {
    const error = await errorOf(
      clientWith(() => system.tokenForNewcomer())
        .api(path)
        .post(example),
    )

    expect(error).toMatchObject({
      statusCode: 403,
      code: 'scopeMissing',
      message: expect.stringContaining('The token lacks the permission'),
      requestId: error.headers?.get('audit-id'),
    })
    expect(system.graph.journal()).toEqual([])
  })

  it('has its details in the body of the client’s', async () => {
    const error = await errorOf(
      aClient()
        .api(path)
        .post({ ...example, installState: 'Installed' }),
    )

    expect(error).toMatchObject({ statusCode: 400, code: 'bodyInvalid' })
    expect(JSON.parse(String(error.body))).toMatchObject({
      details: [{ code: 'enum', target: '/installState' }],
      innerError: { outcome: 'notSent', retry: 'never', auditId: error.requestId },
    })
    expect(error.date.getTime()).not.toBeNaN()
  })
})

describe('a refusal of Graph', () => {
  it.each([
    ['forbidden', 'upstreamForbidden'],
    ['notFound', 'upstreamNotFound'],
    ['modelValidationFailure', 'upstreamRejected'],
  ] as const)('(%s) is one of the client’s, with Graph’s own code and request-id', async (name, ours) => {
    const { body, headers, status } = graphErrors[name]
    system.graph.answerNext(graphErrors[name])

    const error = await errorOf(aClient().api(path).post(example))

    expect(error).toMatchObject({ statusCode: status, code: body.error.code, requestId: headers['request-id'] })
    expect(JSON.parse(String(error.body))).toMatchObject({ innerError: { code: ours, source: 'graph' } })
  })
})
