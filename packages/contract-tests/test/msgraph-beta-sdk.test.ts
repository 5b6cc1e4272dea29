import { documentedExample } from '@device-install-state/model/fields'
import { HttpClient, MiddlewareFactory } from '@microsoft/kiota-http-fetchlibrary'
import type { DeviceInstallState } from '@microsoft/msgraph-beta-sdk/models/index.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { graphErrors } from '../src/index.js'
import { bookPath } from './a-create.js'
import { betaSdkAt, type DeviceStatesBuilder, type GetToken } from './support/beta-sdk.js'
import { startSystem, type System } from './support/start-system.js'
import { startTlsFront, type TlsFront } from './support/tls-front.js'

// What this SDK makes of our answers, and of what it is given, besides what it has in common with the others:
// `graph-sdks.test.ts`. It sends its token to https alone.
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

const path = bookPath.replace('/beta', '')

const aSdk = (httpClient?: HttpClient): DeviceStatesBuilder =>
  betaSdkAt(front.url, () => system.tokenForApplication(), path, httpClient)

const { '@odata.type': odataType, lastSyncDateTime, ...others } = JSON.parse(documentedExample.request)
const example: DeviceInstallState = { ...others, lastSyncDateTime: new Date(lastSyncDateTime) }

const bodyAtGraph = (): Readonly<Record<string, unknown>> => JSON.parse(system.graph.journal()[0]?.body ?? '{}')

describe('what the beta SDK sends', () => {
  it('reaches Graph as it was sent: its dates have milliseconds, and are in UTC', async () => {
    const before = front.received()
    await aSdk().post({ ...example, osDescription: null })

    expect(system.graph.journal()[0]?.body).toBe(front.received().slice(before.length).split('\r\n\r\n')[1])
    expect(bodyAtGraph()).toEqual({ ...others, osDescription: null, lastSyncDateTime: '2017-01-01T08:02:49.320Z' })
    // What it was given is lost before it comes to us.
    expect(lastSyncDateTime).toBe('2017-01-01T00:02:49.3205976-08:00')
  })

  it('may have an id and a type', async () => {
    const created = await aSdk().post({ ...example, id: 'mine', odataType })

    expect(created).toMatchObject({ id: 'mine', odataType })
    expect(bodyAtGraph()).toMatchObject({ id: 'mine', '@odata.type': odataType })
  })

  it('is plain: it takes compression back where the proxy refuses it', async () => {
    const before = front.received()
    await aSdk(new HttpClient(undefined, ...MiddlewareFactory.getPerformanceMiddlewares())).post(example)

    expect(front.received().slice(before.length)).toMatch(/content-encoding: gzip/i)
    expect(system.graph.journal()).toMatchObject([{ status: 201 }])
  })

  it('tells the proxy of the SDK, and Graph nothing of it', async () => {
    const headers = { 'client-request-id': '8a2c7b1e-5f0d-4e6a-9b3c-1d2e3f4a5b6c', Prefer: 'return=representation' }
    await aSdk().post(example, { headers })

    expect(front.received()).toMatch(/sdkversion: graph-typescript-beta\//i)
    const [arrival] = system.graph.journal()
    expect(Object.keys(arrival?.headers ?? {})).not.toContain('sdkversion')
    expect(Object.keys(arrival?.headers ?? {})).not.toContain('prefer')
    const auditId = arrival?.headers['client-request-id'] ?? ''
    expect(system.ledger.recordsOf(auditId)[0]).toMatchObject({ callerRequestId: headers['client-request-id'] })
  })
})

describe('what the beta SDK makes of an answer', () => {
  it('is its model: a date to the millisecond, and no null', async () => {
    const body = { ...others, id: 'S1', lastSyncDateTime, errorCode: null }
    system.graph.answerNext({ status: 201, body })

    const created = await aSdk().post(example)

    expect(created).toMatchObject({ id: 'S1', installState: 'installed', deviceName: 'Device Name value' })
    expect(created?.lastSyncDateTime).toEqual(new Date('2017-01-01T08:02:49.320Z'))
    expect(created?.errorCode).toBeUndefined()
  })

  it('is its error, which is no Error, with all that is ours in additionalData', async () => {
    const thrown: unknown = await aSdk()
      .post({ ...example, additionalData: { deviceNmae: 'a slip' } })
      .catch((error: unknown) => error)

    expect(thrown).not.toBeInstanceOf(Error)
    expect(thrown).toMatchObject({
      responseStatusCode: 400,
      errorEscaped: {
        code: 'bodyInvalid',
        details: [{ code: 'extra', target: '/deviceNmae' }],
        innerError: {
          date: expect.any(Date),
          requestId: expect.any(String),
          clientRequestId: expect.any(String),
          additionalData: { outcome: 'notSent', retry: 'never', auditId: expect.any(String) },
        },
      },
    })
  })
})

describe('a claims challenge of Graph, on behalf of a user', () => {
  let onBehalfOf: System
  let itsFront: TlsFront
  beforeAll(async () => {
    onBehalfOf = await startSystem({ environment: { UPSTREAM_AUTH: 'on-behalf-of' } })
    itsFront = await startTlsFront(onBehalfOf.url)
  })
  afterAll(async () => {
    await itsFront.stop()
    await onBehalfOf.stop()
  })

  it('is met by the beta SDK: it gets a token with the claims, and creates once', async () => {
    const asked: Array<string | undefined> = []
    const getToken: GetToken = (claims) => {
      asked.push(claims)
      return onBehalfOf.tokenForUser()
    }
    onBehalfOf.graph.answerNext(graphErrors.claimsChallenge)

    await betaSdkAt(itsFront.url, getToken, path).post(example)

    expect(asked).toEqual([undefined, '{"access_token":{"nbf":{"essential":true,"value":"1768469400"}}}'])
    expect(onBehalfOf.graph.journal().map(({ status }) => status)).toEqual([401, 201])
  })
})
