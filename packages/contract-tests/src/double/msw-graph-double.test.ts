import { once } from 'node:events'
import { createServer } from 'node:http'
import { GraphError } from '@device-install-state/model'
import { documentedExample } from '@device-install-state/model/fields'
import { operations } from '@device-install-state/model/operations'
import { getResponse, passthrough } from 'msw'
import { http } from 'msw/http'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { aCreate, aGet, aToken, bookPath, exampleWith, places, userPath } from '../../test/a-create.js'
import { type GraphDouble, graphDouble, graphErrors, type ThrottleOptions } from '../index.js'

const id = 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9'
const requestId = '0a6c0ea0-8b0c-4f39-8f5e-6a7b4f1f7a11'
const at = new Date('2026-03-04T05:06:07.089Z')

const newIds = (...ids: ReadonlyArray<string>) => {
  const queue = [...ids]
  return () => queue.shift() ?? crypto.randomUUID()
}

const aDouble = (...ids: ReadonlyArray<string>) => graphDouble({ now: () => at, newId: newIds(requestId, ...ids) })

const errorOf = async (response: Response) => {
  const body: unknown = await response.json()
  if (!GraphError.is(body)) throw new Error('Graph answers no such error')
  return body.error
}

describe('the documented example', () => {
  it('is 374 bytes with CRLF', async () => {
    expect((await aCreate().arrayBuffer()).byteLength).toBe(374)
  })

  it.each(places)('sent to $path is created, as the page shows it', async ({ name, path, version }) => {
    const double = aDouble(id)
    const set = `deviceAppManagement/managedEBooks('B1')${name === operations[0].name ? '' : "/userStateSummary('S1')"}`

    const response = await double.answer(aCreate({ path }))

    expect(response.status).toBe(201)
    expect(await response.json()).toEqual({
      '@odata.context': `https://graph.microsoft.com/${version}/$metadata#${set}/deviceStates/$entity`,
      ...JSON.parse(documentedExample.response),
    })
    expect(double.created()).toMatchObject([
      { route: { operation: name, version, path: path.replace(/\/$/, '') }, entity: { id } },
    ])
  })

  it('is answered with the headers that Graph sends', async () => {
    const response = await aDouble(id).answer(aCreate())

    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type':
        'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
      'cache-control': 'no-cache',
      'odata-version': '4.0',
      location: `https://graph.microsoft.com${bookPath}/${id}`,
      'strict-transport-security': 'max-age=31536000',
      'request-id': requestId,
      'client-request-id': requestId,
      'x-ms-ags-diagnostic': expect.stringMatching(/^\{"ServerInfo":\{/),
      date: 'Wed, 04 Mar 2026 05:06:07 GMT',
    })
  })

  it('keeps the id of a caller who gives one, and gives one to a caller who gives none or an empty one', async () => {
    const double = aDouble('second', 'new-1', 'third', 'new-2')

    await double.answer(aCreate({ body: exampleWith({ id: 'mine' }) }))
    await double.answer(aCreate())
    await double.answer(aCreate({ body: exampleWith({ id: '' }) }))

    expect(double.created().map(({ entity }) => entity.id)).toEqual(['mine', 'new-1', 'new-2'])
  })

  it('keeps null, the @odata.type or its absence, and the date byte for byte', async () => {
    const change = { '@odata.type': undefined, deviceName: null, lastSyncDateTime: '2024-02-29T23:59:59.1+14:00' }

    const response = await aDouble(id).answer(aCreate({ body: exampleWith(change) }))

    expect(await response.json()).toEqual({
      '@odata.context': expect.any(String),
      ...JSON.parse(exampleWith({ ...change, id })),
    })
  })

  it('may come with a query, with other parameters of its media type, and with client-request-id, which is given back', async () => {
    const headers = { 'Content-Type': 'Application/JSON; charset=utf-8', 'client-request-id': 'mine' }

    const response = await aDouble().answer(aCreate({ path: `${bookPath}?$select=id`, headers }))

    expect(response.status).toBe(201)
    expect(response.headers.get('request-id')).toBe(requestId)
    expect(response.headers.get('client-request-id')).toBe('mine')
  })

  it('is no place of a version that is switched off', async () => {
    const response = await graphDouble({ graphVersions: ['v1.0'] }).answer(aCreate())

    expect(response.status).toBe(404)
    expect(await errorOf(response)).toMatchObject({ code: 'ResourceNotFound', message: 'Invalid version: beta' })
  })
})

describe('a caller', () => {
  it.each([
    ['no Authorization', undefined, 'Access token is empty.'],
    ['an empty token', 'Bearer ', 'Access token is empty.'],
    ['another scheme', 'Basic YTpi', graphErrors.malformedToken.body.error.message],
    ['a token with a blank in it', 'Bearer a b', graphErrors.malformedToken.body.error.message],
    ['two tokens', 'Bearer a, Bearer b', graphErrors.malformedToken.body.error.message],
    ['a token that is not accepted', 'Bearer another', graphErrors.invalidToken.body.error.message],
  ])('with %s gets 401 and a challenge', async (_, Authorization, message) => {
    const double = graphDouble({ acceptsToken: async (token) => token === 'a-token' })

    const response = await double.answer(aCreate({ headers: { Authorization } }))

    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="", authorization_uri="https:/)
    expect(await errorOf(response)).toMatchObject({ code: 'InvalidAuthenticationToken', message })
    expect(double.created()).toEqual([])
  })

  it('with a token that is accepted is served, whatever the case of the scheme', async () => {
    const double = graphDouble({ acceptsToken: async (token) => token === 'a-token' })

    expect((await double.answer(aCreate({ headers: { Authorization: 'bearer a-token' } }))).status).toBe(201)
  })
})

describe('a body that cannot be read', () => {
  const unreadable = graphErrors.unreadablePayload.body.error.message

  it.each([
    ['empty', { body: '' }, 'Empty Payload. JSON content expected.'],
    ['no JSON', { body: '{"deviceName":' }, unreadable],
    ['without Content-Type', { headers: { 'Content-Type': undefined } }, unreadable],
    ['of another Content-Type', { headers: { 'Content-Type': 'text/plain' } }, unreadable],
    ['of a Content-Type that only begins like JSON', { headers: { 'Content-Type': 'application/jsonx' } }, unreadable],
  ])('because it is %s gets 400 BadRequest', async (_, change, message) => {
    const double = aDouble()

    const response = await double.answer(aCreate(change))

    expect(response.status).toBe(400)
    expect(response.headers.get('Content-Type')).toBe('application/json')
    expect(await errorOf(response)).toEqual({
      code: 'BadRequest',
      message,
      innerError: { date: '2026-03-04T05:06:07', 'request-id': requestId, 'client-request-id': requestId },
    })
    expect(double.created()).toEqual([])
  })
})

describe('a body that the model refuses', () => {
  const type = 'microsoft.management.services.api'

  it.each([
    [
      'an unknown property',
      exampleWith({ foo: 1 }),
      `The property 'foo' does not exist on type '${type}.deviceInstallState'. Make sure to only use property names that are defined by the type.`,
    ],
    ['an unknown state', exampleWith({ installState: 'Installed' }), "Requested value 'Installed' was not found."],
    [
      'another type',
      exampleWith({ '@odata.type': '#microsoft.graph.foo' }),
      "A type named '#microsoft.graph.foo' could not be resolved by the model. When a model is available, each type name must resolve to a valid type.",
    ],
    [
      'a date without offset',
      exampleWith({ lastSyncDateTime: '2024-01-01T00:00:00' }),
      "Cannot convert the literal '2024-01-01T00:00:00' to the expected type 'Edm.DateTimeOffset'.",
    ],
    [
      'a number for a string',
      exampleWith({ errorCode: 5 }),
      "Cannot convert the literal '5' to the expected type 'Edm.String'.",
    ],
    [
      'an object for a string',
      exampleWith({ userName: {} }),
      "An unexpected 'StartObject' node was found when reading from the JSON reader. A 'PrimitiveValue' node was expected.",
    ],
    [
      'no state',
      exampleWith({ installState: null }),
      `A null value was found for the property named 'installState', which has the expected type '${type}.installState[Nullable=False]'. The expected type '${type}.installState[Nullable=False]' does not allow null values.`,
    ],
    ['a missing property', exampleWith({ deviceId: undefined }), "The property 'deviceId' is required."],
    [
      'an array around it',
      `[${documentedExample.request}]`,
      "An unexpected 'StartArray' node was found when reading from the JSON reader. A 'StartObject' node was expected.",
    ],
    [
      'no object',
      'null',
      "An unexpected 'PrimitiveValue' node was found when reading from the JSON reader. A 'StartObject' node was expected.",
    ],
  ])('for %s gets 400 ModelValidationFailure, told twice', async (_, body, message) => {
    const double = aDouble()

    const response = await double.answer(aCreate({ body, headers: { 'client-request-id': 'mine' } }))

    expect(response.status).toBe(400)
    expect(await errorOf(response)).toEqual({
      code: 'ModelValidationFailure',
      message,
      innerError: { message, date: '2026-03-04T05:06:07', 'request-id': requestId, 'client-request-id': 'mine' },
    })
    expect(double.created()).toEqual([])
  })
})

describe('a path', () => {
  it.each(['a..b', 'a;b', '%252f', 'a'.repeat(129)])('with the malformed id %j gets 404', async (malformed) => {
    for (const path of [bookPath.replace('B1', malformed), userPath.replace('S1', malformed)]) {
      const response = await aDouble().answer(aCreate({ path }))

      expect(response.status).toBe(404)
      expect(await errorOf(response)).toMatchObject({ code: 'ResourceNotFound' })
    }
  })

  it.each([
    ['of another resource', '/beta/me', 'me'],
    ['in other case', bookPath.toLowerCase(), 'devicestates'],
    ['with two slashes at its end', `${bookPath}//`, 'deviceStates'],
    ['further down than one state', `${bookPath}/x/deviceName`, 'deviceName'],
  ])('%s gets 400, like any segment that Graph does not know', async (_, path, segment) => {
    const response = await aDouble().answer(aGet(path, {}))

    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({
      code: 'BadRequest',
      message: `Resource not found for the segment '${segment}'.`,
    })
  })

  it('that a URL has changed is refused, and written down as it stood', async () => {
    const double = aDouble()
    const target = bookPath.replace('B1', 'x/../B1')

    expect((await double.answer(aCreate(), target)).status).toBe(400)
    expect(double.journal()).toMatchObject([{ path: target, status: 400 }])
  })

  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('has no route for %s', async (method) => {
    const double = aDouble()
    const ask = (path: string) =>
      double.answer(new Request(`https://graph.microsoft.com${path}`, { method, headers: aToken }))

    expect((await ask(bookPath)).status).toBe(400)
    expect(await errorOf(await ask(userPath))).toMatchObject({
      code: 'No method match route template',
      message: `No OData route exists that match template ~/singleton/navigation/key/navigation/key/navigation with http verb ${method} for request /DeviceFE/StatelessDeviceFEService${userPath.replace('/beta', '')}.`,
    })
    expect((await errorOf(await ask(`${bookPath}/x`))).message).toContain('~/singleton/navigation/key/navigation/key ')
  })
})

describe('what was created', () => {
  it.each(places)('at $path is listed and found there, by either version, and nowhere else', async ({ path }) => {
    const double = aDouble()
    const body = exampleWith({ id: 'a b/c' })
    await double.answer(aCreate({ path, body }))

    for (const version of ['beta', 'v1.0']) {
      const set = path.replace(/^\/[^/]+/, `/${version}`).replace(/\/$/, '')
      const other = set.includes('userStateSummary') ? bookPath : userPath
      const list = await double.answer(aGet(`${set}?$top=1`))
      const item = await double.answer(aGet(`${set}/a%20b%2Fc`))

      expect(list.status).toBe(200)
      expect(await list.json()).toEqual({
        '@odata.context': expect.stringMatching(
          new RegExp(`^https://graph\\.microsoft\\.com/${version}/\\$metadata#.*\\)/deviceStates$`),
        ),
        value: [JSON.parse(body)],
      })
      expect(item.status).toBe(200)
      expect(await item.json()).toEqual({ '@odata.context': expect.stringMatching(/\/\$entity$/), ...JSON.parse(body) })
      expect(await (await double.answer(aGet(other))).json()).toMatchObject({ value: [] })
      expect((await double.answer(aGet(`${other}/a%20b%2Fc`))).status).toBe(404)
    }
  })

  it('leads there by its Location', async () => {
    const double = aDouble()
    const created = await double.answer(aCreate({ body: exampleWith({ id: 'a b/c' }) }))

    const found = await double.answer(new Request(created.headers.get('Location') ?? '', { headers: aToken }))

    expect(found.status).toBe(200)
    expect(await found.json()).toEqual(await created.json())
  })

  it.each(['another', '%E0%A4%A'])('is not found by the id %s', async (other) => {
    const response = await aDouble().answer(aGet(`${bookPath}/${other}`))

    expect(response.status).toBe(404)
    expect(await errorOf(response)).toMatchObject({ code: 'ResourceNotFound' })
  })

  it('is shown to nobody without a token', async () => {
    expect((await aDouble().answer(aGet(bookPath, {}))).status).toBe(401)
  })
})

describe('a scripted answer', () => {
  it('comes instead of the next creates, in order, and creates nothing', async () => {
    const double = aDouble()
    double.answerNext(graphErrors.tooManyRequests)
    double.answerNext({ status: 503, body: '<h1>busy</h1>', headers: { 'Content-Type': 'text/html' } })
    double.answerNext({ status: 204 })

    const throttled = await double.answer(aCreate({ headers: { 'client-request-id': 'mine' } }))
    const busy = await double.answer(aCreate())
    const empty = await double.answer(aCreate())

    expect(throttled.status).toBe(429)
    expect(throttled.headers.get('Retry-After')).toBe('10')
    expect(throttled.headers.get('client-request-id')).toBe('mine')
    expect(await throttled.json()).toEqual(graphErrors.tooManyRequests.body)
    expect(busy.status).toBe(503)
    expect(busy.headers.get('Content-Type')).toBe('text/html')
    expect(await busy.text()).toBe('<h1>busy</h1>')
    expect(empty.status).toBe(204)
    expect(double.created()).toEqual([])
    expect((await double.answer(aCreate())).status).toBe(201)
  })

  it('waits while requests are refused, or do not create', async () => {
    const double = aDouble()
    double.answerNext(graphErrors.forbidden)

    expect((await double.answer(aCreate({ body: '' }))).status).toBe(400)
    expect((await double.answer(aGet(bookPath))).status).toBe(200)
    expect((await double.answer(aCreate())).status).toBe(403)
  })
})

describe('a double that throttles', () => {
  const throttling = (throttle: ThrottleOptions) => {
    const clock = { now: at.getTime() }
    return { clock, double: graphDouble({ now: () => new Date(clock.now), newId: newIds(), throttle }) }
  }

  /** The statuses of so many creates. */
  const creates = async (double: GraphDouble, count: number, change: Parameters<typeof aCreate>[0] = {}) => {
    const statuses: Array<number> = []
    for (let made = 0; made < count; made++) statuses.push((await double.answer(aCreate(change))).status)
    return statuses
  }

  it('takes 100 creates of an application in 20 seconds, and says of the next when to come again', async () => {
    const { clock, double } = throttling({})

    expect(new Set(await creates(double, 100))).toEqual(new Set([201]))
    clock.now += 4_500
    const refused = await double.answer(aCreate())
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('16')
    expect(await errorOf(refused)).toMatchObject({ code: 'TooManyRequests', message: 'Please retry again later.' })
    clock.now += 16_000
    expect(await creates(double, 1)).toEqual([201])
    expect(double.created()).toHaveLength(101)
    expect(double.journal().filter(({ status }) => status === 429)).toHaveLength(1)
  })

  it('counts what other applications of the tenant write', async () => {
    const { double } = throttling({ ofApplication: 2, ofTenant: 3 })
    double.countElsewhere('another', 2)

    expect(await creates(double, 2)).toEqual([201, 429])
  })

  it('counts each application that comes here for itself', async () => {
    const { double } = throttling({ ofApplication: 1 })
    const other = { headers: { Authorization: 'Bearer another-token' } }

    expect([...(await creates(double, 2)), ...(await creates(double, 2, other))]).toEqual([201, 429, 201, 429])
  })

  it('knows an application by what it is told of tokens', async () => {
    const { double } = throttling({ ofApplication: 1, applicationOf: () => 'the one' })
    const other = { headers: { Authorization: 'Bearer another-token' } }

    expect([...(await creates(double, 1)), ...(await creates(double, 1, other))]).toEqual([201, 429])
  })

  it('counts writes that it refuses, but neither reads nor those whose token it does not know', async () => {
    const { double } = throttling({ ofApplication: 2 })
    await double.answer(aGet(bookPath))
    await double.answer(aCreate({ headers: { Authorization: undefined } }))

    expect(await creates(double, 1, { body: '{}' })).toEqual([400])
    expect(await creates(double, 2)).toEqual([201, 429])
    expect((await double.answer(aGet(bookPath))).status).toBe(200)
  })

  it('throttles in windows that are fixed, if so told', async () => {
    const { clock, double } = throttling({ ofApplication: 1, windowInMs: 1000, kind: 'fixed' })
    clock.now = 1999

    const before = await creates(double, 2)
    clock.now = 2000

    expect([...before, ...(await creates(double, 2))]).toEqual([201, 429, 201, 429])
  })

  it.each([
    ['date', 'Wed, 04 Mar 2026 05:06:28 GMT', 'TooManyRequests'],
    ['absent', null, 'UnknownError'],
    [{ text: 'soon' }, 'soon', 'TooManyRequests'],
  ] as const)('says when to come again in the form that it is told: %j', async (retryAfter, told, code) => {
    const { double } = throttling({ ofApplication: 1, retryAfter })
    await creates(double, 1)

    const refused = await double.answer(aCreate())

    expect(refused.headers.get('retry-after')).toBe(told)
    expect(await errorOf(refused)).toMatchObject({ code })
  })

  it('forgets what it has counted with a reset', async () => {
    const { double } = throttling({ ofApplication: 1 })
    await creates(double, 2)

    double.reset()

    expect(await creates(double, 1)).toEqual([201])
  })

  it.each([{ ofApplication: 0 }, { ofTenant: 1.5 }, { windowInMs: Number.NaN }])('throws for %j', (limits) => {
    expect(() => throttling(limits)).toThrow('this is no limit')
  })
})

describe('the journal', () => {
  it('tells every request in order, and what was answered', async () => {
    const double = aDouble()

    await double.answer(aCreate({ path: `${bookPath}/?a=%20`, headers: { 'X-Mine': 'yes' } }))
    await double.answer(aGet('/v2.0/me'))

    expect(double.journal()).toEqual([
      {
        method: 'POST',
        path: `${bookPath}/`,
        query: '?a=%20',
        headers: { authorization: 'Bearer a-token', 'content-type': 'application/json', 'x-mine': 'yes' },
        body: documentedExample.request,
        at,
        status: 201,
      },
      expect.objectContaining({ method: 'GET', path: '/v2.0/me', body: '', status: 404 }),
    ])
  })

  it('knows a request before its answer', async () => {
    const decision = Promise.withResolvers<boolean>()
    const asked = Promise.withResolvers<void>()
    const acceptsToken = () => {
      asked.resolve()
      return decision.promise
    }
    const double = graphDouble({ acceptsToken })
    const response = double.answer(aCreate())
    await asked.promise

    expect(double.journal()).toMatchObject([{ path: bookPath, status: undefined }])
    decision.resolve(true)
    await response
    expect(double.journal()).toMatchObject([{ path: bookPath, status: 201 }])
  })

  it('is emptied by a reset, as are the entities and the script', async () => {
    const double = aDouble()
    await double.answer(aCreate())
    double.answerNext(graphErrors.forbidden)

    double.reset()

    expect(double.journal()).toEqual([])
    expect(double.created()).toEqual([])
    expect((await double.answer(aCreate())).status).toBe(201)
  })

  it('does not tell of a request that was under way at the reset', async () => {
    const decision = Promise.withResolvers<boolean>()
    const asked = Promise.withResolvers<void>()
    const acceptsToken = () => {
      asked.resolve()
      return decision.promise
    }
    const double = graphDouble({ acceptsToken })
    const response = double.answer(aCreate())
    await asked.promise

    double.reset()
    decision.resolve(false)
    await response

    expect(double.journal()).toEqual([])
  })
})

describe('a double that would answer what the model cannot read', () => {
  it('throws, and has created nothing', async () => {
    const double = graphDouble({ newId: () => '' })

    await expect(double.answer(aCreate())).rejects.toThrow('no DeviceInstallState')
    expect(double.created()).toEqual([])
  })
})

describe('the handlers in setupServer', () => {
  const double = graphDouble()
  const server = setupServer(...double.handlers)
  beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
  afterEach(() => double.reset())
  afterAll(() => server.close())

  it.each(places)('serve fetch at https://graph.microsoft.com$path', async ({ path }) => {
    const response = await fetch(aCreate({ path }))

    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ deviceName: 'Device Name value' })
    expect(double.journal()).toMatchObject([{ path, body: documentedExample.request, status: 201 }])
  })

  it('serve the other clouds, too', async () => {
    expect((await fetch(aCreate({ origin: 'https://graph.microsoft.us' }))).status).toBe(201)
  })

  it('leave all other paths to others', async () => {
    expect(await getResponse([...double.handlers], aGet('/beta/me'))).toBeUndefined()
    expect(await getResponse([...double.handlers], aGet(`${bookPath}//`))).toBeUndefined()
    expect(double.journal()).toEqual([])
  })

  it('let a server with the same paths be reached, if a passthrough stands before them', async () => {
    const gateway = createServer((_, response) => void response.writeHead(418).end())
    gateway.listen(0, '127.0.0.1')
    await once(gateway, 'listening')
    const address = gateway.address()
    const port = address === null || typeof address === 'string' ? 0 : address.port
    server.use(http.all(({ request }) => new URL(request.url).hostname === '127.0.0.1', passthrough))

    const response = await fetch(aCreate({ origin: `http://127.0.0.1:${port}` }))

    expect(response.status).toBe(418)
    expect(double.journal()).toEqual([])
    expect((await fetch(aCreate())).status).toBe(201)
    gateway.close()
    gateway.closeAllConnections()
    server.resetHandlers()
  })
})
