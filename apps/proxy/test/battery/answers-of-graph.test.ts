import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parsedRecord } from '../../src/audit/kept-record.js'
import { tellRecord } from '../../src/cli/tell-record.js'
import {
  aRunningProxy,
  type RawReply,
  rawExchange,
  recordsFor,
  requestText,
  type TestWorld,
} from '../a-running-proxy.js'
import { ada, userToken } from '../a-tenant.js'
import { httpResponse } from '../scripted-server.js'

const json = { 'Content-Type': 'application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8' }
const id = 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9'
/** As Intune answers the documented example: in UTC, and without a type. */
const usual = {
  '@odata.context': 'https://graph.microsoft.com/beta/$metadata#deviceAppManagement/managedEBooks',
  id,
  ...JSON.parse(documentedExample.request),
  lastSyncDateTime: '2017-01-01T08:02:49.3205976Z',
  '@odata.type': undefined,
}
const entity = (change: object = {}): string => JSON.stringify({ ...usual, ...change }, undefined, 2)
const graphError = (code: string, message: string): string => JSON.stringify({ error: { code, message } })

interface Answer {
  readonly status?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

const worlds: Record<'warn' | 'enforce', TestWorld | undefined> = { warn: undefined, enforce: undefined }

const worldWith = (policy: 'warn' | 'enforce'): TestWorld => {
  const world = worlds[policy]
  if (world === undefined) throw new Error('no world')
  return world
}

beforeAll(async () => {
  const [warn, enforce] = await Promise.all([
    aRunningProxy({ UPSTREAM_AUTH: 'by-caller' }),
    aRunningProxy({ UPSTREAM_AUTH: 'by-caller', GRAPH_DRIFT: 'enforce' }),
  ])
  Object.assign(worlds, { warn, enforce })
})
afterAll(() => Promise.all([worlds.warn?.stop(), worlds.enforce?.stop()]))

/** As people are told of a record. */
const wordsOf = (record: unknown): string | undefined => {
  const parsed = parsedRecord(JSON.stringify(record))
  return parsed && tellRecord(parsed)
}

/** Makes the documented call, which Graph answers so. */
const answered = async (
  policy: 'warn' | 'enforce',
  { body, headers = json, status = '201 Created' }: Answer,
  {
    more = [],
    token,
    ...request
  }: { readonly more?: ReadonlyArray<string>; readonly token?: string; readonly body?: string } = {},
) => {
  const world = worldWith(policy)
  world.scriptGraph((socket) => socket.write(httpResponse(status, headers, body)))
  const asked = world.graph.received.join('').split('POST /').length
  const authorization = `Bearer ${token ?? (await world.token())}`
  const reply = await rawExchange(world.port, requestText({ authorization, more, ...request }))
  const [intent, outcome] = recordsFor(world, reply)
  expect(intent).toMatchObject({ kind: 'intent' })
  return { reply, outcome, sends: world.graph.received.join('').split('POST /').length - asked }
}

const innerOf = ({ error }: RawReply) => error.innerError
const policies = ['warn', 'enforce'] as const
const events = (world: TestWorld) => world.records().filter((record) => record['event'] === 'driftSeen')

describe('an answer that differs from what is documented', () => {
  it.each(policies)('is as usual with annotations and in UTC (%s)', async (policy) => {
    const { outcome, reply } = await answered(policy, { body: entity() })

    expect([reply.status, reply.body]).toEqual([201, entity()])
    expect(outcome).toMatchObject({ outcome: 'applied', createdId: id, graphStatus: 201 })
    expect(outcome).not.toHaveProperty('drift')
    expect(outcome).not.toHaveProperty('echoMismatch')
  })

  const drifts = [
    ['newProperty', 'enrolledBy', { enrolledBy: 'x' }],
    ['newInstallState', 'unknownFutureValue', { installState: 'unknownFutureValue' }],
    ['otherDateForm', 'dddd-dd-ddTdd:ddZ', { lastSyncDateTime: '2017-01-01T08:02Z' }],
  ] as const

  it.each(drifts)('(%s) is passed on as it came with warn', async (kind, _, change) => {
    const { outcome, reply } = await answered('warn', { body: entity(change) })

    expect([reply.status, reply.body]).toEqual([201, entity(change)])
    expect(outcome).toMatchObject({ outcome: 'applied', createdId: id, drift: [kind] })
  })

  it('loses a property that is not documented with enforce', async () => {
    const { outcome, reply } = await answered('enforce', { body: entity({ enrolledBy: 'x' }) })

    expect([reply.status, reply.body]).toEqual([201, JSON.stringify(usual)])
    expect(outcome).toMatchObject({ outcome: 'applied', createdId: id, drift: ['newProperty'] })
  })

  it.each(drifts.slice(1))('(%s) is not passed on with enforce, and says what was created', async (kind, _, change) => {
    const { outcome, reply } = await answered('enforce', { body: entity(change) })

    expect([reply.status, innerOf(reply)]).toMatchObject([
      502,
      { code: 'upstreamInvalidResponse', outcome: 'applied', retry: 'never', createdId: id },
    ])
    expect(outcome).toMatchObject({ outcome: 'applied', createdId: id, graphStatus: 201, drift: [kind] })
  })

  it.each(policies)('is told to the operator once for each kind and place (%s)', async (policy) => {
    const world = worldWith(policy)
    const change = { secondProperty: 1, ...drifts[0][2] }
    for (let times = 0; times < 3; times++) await answered(policy, { body: entity(change) })
    const told = (place: string) => ({ drift: 'newProperty', place })

    expect(events(world).map(({ detail }) => detail)).toEqual(
      expect.arrayContaining([told('enrolledBy'), told('secondProperty')]),
    )
    expect(events(world).filter(({ detail }) => JSON.stringify(detail).includes('secondProperty'))).toHaveLength(1)
    expect(
      world.logged.filter(
        (line) =>
          JSON.stringify(line).includes('no longer as documented') && JSON.stringify(line).includes('secondProperty'),
      ),
    ).toHaveLength(1)
  })

  it.each(
    policies.flatMap((policy) => [
      [policy, 'no id', { id: undefined }, undefined] as const,
      [policy, 'an empty id', { id: '' }, undefined] as const,
      [policy, 'a nullable property left out', { errorCode: undefined }, id] as const,
      [policy, 'null for a state', { installState: null }, id] as const,
      [policy, 'a number for a name', { deviceName: 5 }, id] as const,
    ]),
  )('(%s) with %s is no entity', async (policy, _, change, createdId) => {
    const { outcome, reply, sends } = await answered(policy, { body: entity(change) })
    const what = createdId === undefined ? 'indeterminate' : 'applied'

    expect([reply.status, innerOf(reply)]).toMatchObject([502, { code: 'upstreamInvalidResponse', outcome: what }])
    expect(innerOf(reply)?.['createdId']).toBe(createdId)
    expect(outcome).toMatchObject({ outcome: what, graphStatus: 201, drift: ['otherShape'] })
    expect(sends).toBe(1)
  })
})

describe('an answer that has other values than were sent', () => {
  it.each(policies)('is passed on, and the names are on record (%s)', async (policy) => {
    const body = entity({ userName: 'Somebody Else', osVersion: null, installState: 'failed' })
    const { outcome, reply } = await answered(policy, { body })

    expect([reply.status, reply.body]).toEqual([201, body])
    expect(outcome).toMatchObject({ outcome: 'applied', echoMismatch: ['installState', 'osVersion', 'userName'] })
    expect(JSON.stringify(outcome)).not.toContain('Somebody')
    expect(wordsOf(outcome)).toContain('answered otherwise than sent: installState osVersion userName')
  })

  it('is given again for the same idempotency key, as it was given before', async () => {
    const more = ['Idempotency-Key: k-17']
    const body = entity({ fourthProperty: 1, userName: 'x' })
    const { reply } = await answered('enforce', { body }, { more })
    const world = worldWith('enforce')
    const authorization = `Bearer ${await world.token()}`
    const again = await rawExchange(world.port, requestText({ authorization, more }))

    expect(again.body).toBe(reply.body)
    expect(again.headers['idempotent-replayed']).toBe('true')
  })
})

describe('a status that says nothing sure', () => {
  it.each([
    ['202 Accepted', 502, 'upstreamInvalidResponse'],
    ['204 No Content', 502, 'upstreamInvalidResponse'],
    ['206 Partial Content', 502, 'upstreamInvalidResponse'],
    ['299 Whatever', 502, 'upstreamInvalidResponse'],
    ['302 Found', 502, 'upstreamRedirect'],
    ['304 Not Modified', 502, 'upstreamRedirect'],
    ['408 Request Timeout', 502, 'upstreamInvalidResponse'],
    ['499 Client Closed Request', 502, 'upstreamInvalidResponse'],
    ['500 Internal Server Error', 502, 'upstreamError'],
    ['501 Not Implemented', 502, 'upstreamError'],
    ['502 Bad Gateway', 502, 'upstreamError'],
    ['503 Service Unavailable', 502, 'upstreamError'],
    ['504 Gateway Timeout', 504, 'upstreamTimeout'],
    ['507 Insufficient Storage', 502, 'upstreamError'],
    ['599 Whatever', 502, 'upstreamError'],
    ['999 Whatever', 502, 'upstreamInvalidResponse'],
  ])('%s is a %i, and nobody knows what was done', async (status, expected, code) => {
    const bodiless = status.startsWith('204') || status.startsWith('304')
    const { outcome, reply, sends } = await answered('warn', { status, body: bodiless ? '' : entity() })

    expect([reply.status, innerOf(reply)]).toMatchObject([
      expected,
      { code, outcome: 'indeterminate', retry: 'check-first', source: 'gateway' },
    ])
    expect(outcome).toMatchObject({ outcome: 'indeterminate', code, graphStatus: Number(status.slice(0, 3)) })
    expect(sends).toBe(1)
  })

  it.each([
    ['HTML', { body: '<html>sign in</html>', headers: { 'Content-Type': 'text/html' } }],
    ['an entity without a type', { body: entity(), headers: {} }],
    ['an entity that is said to be text', { body: entity(), headers: { 'Content-Type': 'text/json' } }],
    ['nothing', { body: '' }],
    ['an entity cut off', { body: entity().slice(0, -3) }],
    ['a list', { body: `[${entity()}]` }],
  ])('201 with %s is none to rely on', async (_, answer) => {
    for (const policy of policies) {
      const { outcome, reply } = await answered(policy, answer)

      expect([reply.status, innerOf(reply)]).toMatchObject([502, { outcome: 'indeterminate', retry: 'check-first' }])
      expect(outcome).toMatchObject({ outcome: 'indeterminate', graphStatus: 201 })
    }
  })
})

describe('the headers of an answer', () => {
  it('are left out but for request-id', async () => {
    const { reply } = await answered('warn', {
      body: entity(),
      headers: {
        ...json,
        'request-id': 'd18618d9-5e29-407b-9d19-28c621581f2d',
        Location: 'https://graph.microsoft.com/beta/x',
        'Set-Cookie': 'a=b',
        Server: 'Kestrel',
        'x-ms-ags-diagnostic': '{"ServerInfo":{}}',
        'Strict-Transport-Security': 'max-age=1',
        'OData-Version': '4.0',
        ETag: 'W/"1"',
        'Retry-After': '5',
        'WWW-Authenticate': 'Bearer error="x"',
        'Cache-Control': 'public',
      },
    })

    expect(Object.keys(reply.headers).toSorted()).toEqual([
      'audit-id',
      'cache-control',
      'client-request-id',
      'connection',
      'content-length',
      'content-type',
      'date',
      'keep-alive',
      'request-id',
    ])
    expect(reply.headers).toMatchObject({
      'request-id': 'd18618d9-5e29-407b-9d19-28c621581f2d',
      'client-request-id': reply.headers['audit-id'],
      'cache-control': 'no-store',
      'content-type': 'application/json',
    })
  })

  it.each(['two words', 'x'.repeat(37), 'x'.repeat(9_000), 'a\tb', '<b>', 'caf\u00e9', 'a\r\nrequest-id: b', ''])(
    'do not pass on a request-id that is none: %j',
    async (value) => {
      const { outcome, reply } = await answered('warn', { body: entity(), headers: { ...json, 'request-id': value } })

      expect(reply.headers['request-id']).toBe(reply.headers['audit-id'])
      expect(outcome).not.toHaveProperty('graphRequestId')
    },
  )
})

const nested = (message: string): string =>
  JSON.stringify({
    _version: 3,
    Message: `${message} - Operation ID (for customer support): 7829b5ca-a26c-4d51-8b3f-a139646f4eb3 - Activity ID: ad0fa2b4-1f9c-4b0c-9a3e-6d2f0c5b9a11 - Url: https://fef.amsua0102.manage.microsoft.com/DeviceFE/x`,
    CustomApiErrorPhrase: '',
  })

describe('a refusal of Graph’s', () => {
  it.each([
    ['400 Bad Request', 400, 'upstreamRejected'],
    ['402 Payment Required', 402, 'upstreamRejected'],
    ['403 Forbidden', 403, 'upstreamForbidden'],
    ['404 Not Found', 404, 'upstreamNotFound'],
    ['409 Conflict', 409, 'upstreamConflict'],
    ['410 Gone', 410, 'upstreamConflict'],
    ['412 Precondition Failed', 412, 'upstreamConflict'],
    ['422 Unprocessable Content', 422, 'upstreamRejected'],
    ['423 Locked', 423, 'upstreamConflict'],
  ])('%s is told with Graph’s code, and refused', async (status, expected, code) => {
    const body = graphError('SomeCode', nested('Device Name value is in the way'))
    const { outcome, reply, sends } = await answered('warn', { status, body })

    expect([reply.status, reply.error]).toMatchObject([
      expected,
      { code: 'SomeCode', innerError: { code, outcome: 'refused', retry: 'never', source: 'graph' } },
    ])
    expect(reply.error['message']).toMatch(/Graph says: … is in the way$/)
    expect(reply.body).not.toMatch(/Device Name|manage\.microsoft|7829b5ca|ad0fa2b4/)
    expect(outcome).toMatchObject({ outcome: 'refused', code, graphCode: 'SomeCode' })
    expect(outcome?.['reason']).toMatch(/^… is in the way - Operation ID .*7829b5ca.* - Activity ID: ad0fa2b4/)
    expect(JSON.stringify(outcome)).not.toContain('Device Name')
    expect(sends).toBe(1)
  })

  it.each([405, 406, 411, 413, 414, 415, 416, 417, 431])('%i is about the gateway’s own request', async (status) => {
    const { outcome, reply } = await answered('warn', { status: `${String(status)} No`, body: graphError('x', 'y') })

    expect([reply.status, innerOf(reply)]).toMatchObject([
      502,
      { code: 'upstreamError', outcome: 'refused', retry: 'never' },
    ])
    expect(outcome).toMatchObject({ outcome: 'refused', graphStatus: status })
  })

  it('403 says what permission is needed', async () => {
    const { reply } = await answered('warn', { status: '403 Forbidden', body: graphError('Forbidden', 'No.') })

    expect(reply.error['message']).toContain('DeviceManagementApps.ReadWrite.All')
  })

  it.each([
    ['HTML', { body: '<html><script>x</script>', headers: { 'Content-Type': 'text/html' } }],
    ['nothing', { body: '' }],
    ['a list', { body: '[]' }],
    ['an error without a code', { body: '{"error":{"message":"x"}}' }],
  ])('is one with %s as body, too', async (_, answer) => {
    const { outcome, reply } = await answered('warn', { status: '404 Not Found', ...answer })

    expect([reply.status, reply.error]).toMatchObject([
      404,
      { code: 'upstreamNotFound', innerError: { source: 'gateway' } },
    ])
    expect(reply.body).not.toContain('<')
    expect(outcome).toMatchObject({ outcome: 'refused', graphStatus: 404 })
  })
})

describe('a route that Graph does not offer', () => {
  const noRoute = 'No OData route exists that match template ~/singleton/navigation with http verb POST for request /x.'

  it.each([
    ['No method match route template', noRoute],
    ['NO METHOD MATCH ROUTE TEMPLATE', ''],
    ['BadRequest', "Resource not found for the segment 'deviceStates'."],
    ['BadRequest', nested(noRoute)],
  ])('(%s, %s) is its own error, with Graph’s code', async (code, message) => {
    const { outcome, reply, sends } = await answered('warn', {
      status: '400 Bad Request',
      body: graphError(code, message),
    })

    expect([reply.status, reply.error]).toMatchObject([
      502,
      { code, innerError: { code: 'upstreamRouteUnsupported', outcome: 'refused', retry: 'never', source: 'graph' } },
    ])
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'upstreamRouteUnsupported', graphCode: code })
    expect(sends).toBe(1)
  })

  it('without a code has ours', async () => {
    const { reply } = await answered('warn', { status: '400 Bad Request', body: graphError('', noRoute) })

    expect(reply.error).toMatchObject({
      code: 'upstreamRouteUnsupported',
      innerError: { code: 'upstreamRouteUnsupported' },
    })
  })
})

describe('a 401', () => {
  const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
  const challenged = {
    ...json,
    'WWW-Authenticate': `PoP nonce="x"\r\nWWW-Authenticate: Bearer claims="${Buffer.from(claims).toString('base64url')}", error="insufficient_claims"`,
  }

  it('for the gateway’s own token is tried once more', async () => {
    const { outcome, reply, sends } = await answered('warn', {
      status: '401 Unauthorized',
      headers: challenged,
      body: graphError('InvalidAuthenticationToken', 'x'),
    })

    expect([reply.status, innerOf(reply)]).toMatchObject([502, { code: 'upstreamAuthRejected', outcome: 'refused' }])
    expect(reply.headers).not.toHaveProperty('www-authenticate')
    expect(outcome).toMatchObject({ outcome: 'refused', attempts: 2 })
    expect(sends).toBe(2)
  })

  it.each(['401 Unauthorized', '403 Forbidden'])('(%s) that asks a user for claims asks the caller', async (status) => {
    const token = await userToken(worldWith('warn').provider, ada)
    const { outcome, reply, sends } = await answered('warn', { status, headers: challenged, body: '' }, { token })

    expect([reply.status, innerOf(reply)]).toMatchObject([401, { code: 'interactionRequired', outcome: 'refused' }])
    expect(reply.headers['www-authenticate']).toContain(`claims="${btoa(claims)}"`)
    expect(outcome).toMatchObject({ outcome: 'refused', attempts: 1 })
    expect(sends).toBe(1)
  })
})

describe('when the proxy stops', () => {
  it('its last record says how often each drift was seen', async () => {
    const world = worldWith('enforce')
    await world.stopProxy()
    const stopped = world.records().find((record) => record['event'] === 'stopped')

    expect(stopped?.['detail']).toMatchObject({
      'drift newProperty secondProperty': 3,
      'drift newProperty enrolledBy': 4,
      'drift newInstallState unknownFutureValue': 1,
    })
  })
})
