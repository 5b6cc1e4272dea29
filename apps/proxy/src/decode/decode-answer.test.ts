import { DateTimeOffset, type DeviceInstallStateCreate } from '@device-install-state/model'
import { documentedExample } from '@device-install-state/model/fields'
import { describe, expect, it } from 'vitest'
import { decodeAnswer, type DriftPolicy } from './decode-answer.js'

const now = new Date('2026-11-23T12:00:00Z')
const json = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' }
const lastSyncDateTime = '2024-02-29T00:00:00Z'
if (!DateTimeOffset.is(lastSyncDateTime)) throw new Error('no date')
const sent: DeviceInstallStateCreate = {
  deviceName: 'Adas laptop (private)',
  deviceId: 'd',
  lastSyncDateTime,
  installState: 'failed',
  errorCode: null,
  osVersion: '1',
  osDescription: '',
  userName: 'ada@example.com',
}
const decodeUnder =
  (policy: DriftPolicy, body = sent, kind: 'application' | 'user' = 'application') =>
  (status: number, text: string, headers: Readonly<Record<string, string>> = json) =>
    decodeAnswer(policy, now, {
      body,
      route: { operation: 'createManagedEBookDeviceState' },
      upstream: { kind },
    })({ status, text, headers })
const decode = decodeUnder('warn')
const entity = (change: object = {}): string => JSON.stringify({ ...JSON.parse(documentedExample.response), ...change })
const graphError = (code: string, message: string): string => JSON.stringify({ error: { code, message } })

describe('a 201', () => {
  it('with an entity is what was created, its text untouched', () => {
    expect(decode(201, documentedExample.response)).toEqual({
      _tag: 'Right',
      right: {
        status: 201,
        id: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9',
        text: documentedExample.response,
        drift: [],
        echoMismatch: expect.any(Array),
      },
    })
  })

  it.each([
    ['an @odata.context', { '@odata.context': 'x' }],
    ['no @odata.type', { '@odata.type': undefined }],
    ['annotations of a property and of others', { 'deviceName@odata.type': '#String', '@microsoft.graph.tips': 'x' }],
  ])('with %s is as usual', (_, change) => {
    expect(decode(201, entity(change))).toMatchObject({ right: { drift: [] } })
  })

  it.each([
    ['an empty body', '', json],
    ['HTML', '<html>', { 'content-type': 'text/html' }],
    ['an entity said to be text', entity(), { 'content-type': 'text/json' }],
    ['an entity without a type', entity(), {}],
    ['a compressed entity', entity(), { ...json, 'content-encoding': 'gzip' }],
    ['JSON that is cut off', entity().slice(0, -5), json],
    ['a property twice', entity().replace('{', '{"id":"x",'), json],
    ['no id', entity({ id: undefined }), json],
    ['a list', `[${entity()}]`, json],
  ])('with %s says nothing sure', (_, text, headers) => {
    expect(decode(201, text, headers)).toMatchObject({
      left: { _tag: 'GraphAnswerUnreadable', status: 201, createdId: undefined },
    })
  })

  it.each([
    ['x'.repeat(100_000), 'x'.repeat(256)],
    // Cut in the midst of a sign.
    [`${'x'.repeat(255)}\u{1f600}`, `${'x'.repeat(255)}\ufffd`],
  ])('with an id that is endless names no more than its beginning (%#)', (id, createdId) => {
    expect(decode(201, JSON.stringify({ id }))).toMatchObject({ left: { createdId } })
  })

  it.each([
    ['a type that is another', entity({ deviceName: 5 }), '/deviceName (type)'],
    ['a nullable property left out', entity({ errorCode: undefined }), '/errorCode (missing)'],
    ['null where none may be', entity({ installState: null }), '/installState (type)'],
    ['a date that is none', entity({ lastSyncDateTime: 'yesterday' }), '/lastSyncDateTime (format)'],
    ['half a surrogate pair', entity({ deviceName: '\ud83d' }), 'it is not JSON'],
    ['something very deep', entity({ more: JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`) }), 'it is not JSON'],
  ])('with a readable id and %s names what was created, whatever the policy', (_, text, what) => {
    for (const policy of ['warn', 'enforce'] as const)
      expect(decodeUnder(policy)(201, text)).toMatchObject({
        left: { createdId: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9', what },
      })
  })

  it('whose shape is another tells that as drift, in the names of the contract', () => {
    expect(decode(201, entity({ id: undefined, deviceName: 5 }))).toMatchObject({
      left: {
        createdId: undefined,
        differences: { drift: [{ kind: 'otherShape', place: 'id (missing), deviceName (type)' }] },
      },
    })
  })
})

describe('an answer that drifts', () => {
  const drifts = [
    ['newProperty', 'enrolledBy', { enrolledBy: 'x' }],
    ['newProperty', 'tips', { tips: { '@odata.type': 'x' } }],
    ['newProperty', 'other', { '@odata.count': 12345678901234567890n.toString().length }],
    ['newInstallState', 'pendingInstall', { installState: 'pendingInstall' }],
    ['newInstallState', 'Installed', { installState: 'Installed' }],
    ['otherDateForm', 'dddd-dd-ddTdd:ddZ', { lastSyncDateTime: '2024-10-03T18:07Z' }],
    ['otherDateForm', 'dddd-dd-ddTdd:dd:ddZ', { lastSyncDateTime: '2023-02-29T00:00:00Z' }],
  ] as const

  it.each(drifts)('(%s %s) is passed on as it came with warn, and the drift is told', (kind, place, change) => {
    const text = entity(change)

    expect(decode(201, text)).toMatchObject({ _tag: 'Right', right: { text, drift: [{ kind, place }] } })
  })

  it.each(drifts.filter(([kind]) => kind === 'newProperty'))(
    '(%s %s) loses that alone with enforce',
    (kind, place, change) => {
      const usual = { '@odata.context': 'x', ...JSON.parse(entity()), 'userName@odata.type': '#String' }
      const [first, ...rest] = Object.entries(usual)
      const text = JSON.stringify(Object.fromEntries([first ?? [], ...Object.entries(change), ...rest]), undefined, 1)

      expect(decodeUnder('enforce')(201, text)).toMatchObject({
        right: { text: JSON.stringify(usual), drift: [{ kind, place }] },
      })
    },
  )

  it.each(drifts.filter(([kind]) => kind !== 'newProperty'))(
    '(%s %s) is not passed on with enforce',
    (kind, place, change) => {
      expect(decodeUnder('enforce')(201, entity(change))).toMatchObject({
        left: {
          _tag: 'GraphAnswerUnreadable',
          createdId: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9',
          differences: { drift: [{ kind, place }] },
        },
      })
    },
  )

  it('keeps its date byte for byte with enforce', () => {
    const lastSync = '2017-01-01T00:02:49.3205970-08:00'

    expect(decodeUnder('enforce')(201, entity({ extra: 1, lastSyncDateTime: lastSync }))).toMatchObject({
      right: { text: entity({ lastSyncDateTime: lastSync }) },
    })
  })

  it('is passed on as it came with enforce where there is nothing to leave out', () => {
    expect(decodeUnder('enforce')(201, documentedExample.response)).toMatchObject({
      right: { text: documentedExample.response },
    })
  })

  it('with 200 is told as such, with either policy', () => {
    for (const policy of ['warn', 'enforce'] as const)
      expect(decodeUnder(policy)(200, entity())).toMatchObject({
        right: { status: 200, drift: [{ kind: 'status200', place: 'status' }] },
      })
  })

  it.each([
    ['a value that was sent', { 'ada@example.com': 1 }],
    ['a name that holds one', { xd: 1, mail_ofAda: 1 }],
    ['words', { 'two words': 1 }],
    ['a token', { ['x'.repeat(41)]: 1 }],
    ['marks that turn text around', { 'a\u202eb': 1 }],
  ])('does not tell a name that is %s', (_, change) => {
    const places = decodeUnder('warn', { ...sent, userName: 'ofAda', deviceId: 'xd' })(201, entity(change))

    expect(places).toMatchObject({ right: { drift: [{ kind: 'newProperty', place: 'other' }] } })
  })

  it('tells no more than ten new properties of one answer', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`p${String(index)}`, 1]))
    const decoded = decode(201, entity(many))

    expect(decoded._tag === 'Right' && decoded.right.drift).toHaveLength(10)
  })
})

describe('an answer that has other values than were sent', () => {
  const answered = (change: object, body: DeviceInstallStateCreate = sent) => {
    const decoded = decodeUnder('enforce', body)(201, JSON.stringify({ ...body, id: 'i', ...change }))
    return decoded._tag === 'Right' ? decoded.right.echoMismatch : decoded
  }

  it('is told by the names of these properties, sorted', () => {
    expect(answered({})).toEqual([])
    expect(answered({ userName: 'Ada', deviceName: null, errorCode: '', osVersion: '1 ' })).toEqual([
      'deviceName',
      'errorCode',
      'osVersion',
      'userName',
    ])
  })

  it.each([
    ['2024-02-29T00:00:00Z', []],
    ['2024-02-29T00:00:00.0000000Z', []],
    ['2024-02-28T16:00:00-08:00', []],
    ['2024-02-29T00:00:00.0000001Z', ['lastSyncDateTime']],
    ['0001-01-01T00:00:00Z', ['lastSyncDateTime']],
  ])('compares dates as instants: %s', (date, mismatch) => {
    expect(answered({ lastSyncDateTime: date })).toEqual(mismatch)
  })

  it('compares an id that was sent, and no annotation', () => {
    expect(answered({ id: 'j' }, { ...sent, id: 'i', '@odata.type': '#microsoft.graph.deviceInstallState' })).toEqual([
      'id',
    ])
    expect(
      answered({ '@odata.type': undefined }, { ...sent, '@odata.type': '#microsoft.graph.deviceInstallState' }),
    ).toEqual([])
  })
})

describe('a status that says "not done"', () => {
  it.each([400, 402, 403, 404, 405, 409, 410, 412, 422, 423, 429, 509])(
    '%i is a refusal with Graph’s code',
    (status) => {
      expect(decode(status, graphError('Some code', 'Some words.'))).toMatchObject({
        left: { _tag: 'GraphRefused', refusal: { status, code: 'Some code', message: 'Some words.' } },
      })
    },
  )

  it('is told without the values that were sent', () => {
    const message =
      "Cannot convert 'ADA@example.com' of Adas laptop (private), '1' in '2024-02-29T00:00:00Z', code 11d."

    expect(decode(400, graphError('ModelValidationFailure', message))).toMatchObject({
      left: { refusal: { message: "Cannot convert '…' of …, '…' in '…', code 11d." } },
    })
  })

  it('is a refusal even when its body is no Graph error', () => {
    expect(decode(403, '<html>', { 'content-type': 'text/html' })).toMatchObject({
      left: { _tag: 'GraphRefused', refusal: { code: undefined, message: undefined } },
    })
  })

  it.each([
    ['no message', '{"error":{"code":"Some code"}}'],
    ['null for a message', '{"error":{"code":"Some code","message":null,"details":5}}'],
    ['half a surrogate pair in its message', '{"error":{"code":"Some code","message":"\\ud83d"}}'],
    [
      'something very deep',
      `{"error":{"code":"Some code","message":"x","innerError":${'['.repeat(99)}${']'.repeat(99)}}}`,
    ],
  ])('is a refusal with Graph’s code with %s', (_, body) => {
    expect(decode(409, body)).toMatchObject({ left: { _tag: 'GraphRefused', refusal: { code: 'Some code' } } })
  })

  it.each(['x.'.repeat(65), 'two\nlines', 'caf\u00e9', `a token ${'x'.repeat(41)}`])(
    'is told without a code that is none: %j',
    (code) => {
      expect(decode(400, graphError(code, 'Some words.'))).toMatchObject({ left: { refusal: { code: undefined } } })
    },
  )

  it('is told without a code that holds what was sent', () => {
    const told = ['Model_ada@example.com', 'ada.example', '1', 'd'].map((code) => {
      const named = sent.userName === null ? sent : { ...sent, userName: 'ada.example' }
      return decodeUnder('warn', named)(400, graphError(code, 'Some words.'))
    })

    // One or two letters are in many a word.
    expect(told).toMatchObject([
      { left: { refusal: { code: undefined } } },
      { left: { refusal: { code: undefined } } },
      { left: { refusal: { code: '1' } } },
      { left: { refusal: { code: 'd' } } },
    ])
  })

  it('503 counts as one only with Retry-After', () => {
    expect(decode(503, '', { 'retry-after': '3' })).toMatchObject({ left: { _tag: 'GraphRefused' } })
    expect(decode(503, '', {})).toMatchObject({ left: { _tag: 'GraphFailed' } })
  })

  const intune = (message: string): string => JSON.stringify({ _version: 3, Message: message })
  const noRoute =
    'No OData route exists that match template ~/singleton/navigation/key/navigation with http verb POST for request /x/y.'
  const noSegment = "Resource not found for the segment 'deviceStates'."

  it.each([
    [400, 'No method match route template', 'x'],
    [400, 'no method match route template', ''],
    [400, 'BadRequest', noRoute],
    [400, '', noRoute],
    [400, 'BadRequest', ` ${noSegment.toUpperCase()}`],
    [400, 'UnknownError', intune(noSegment)],
    [400, 'UnknownError', JSON.stringify({ ErrorCode: 'BadRequest', Message: intune(noRoute) })],
    [400, 'BadRequest', 'No method match route template'],
    [404, 'ResourceNotFound', noSegment],
    [405, 'No method match route template', noRoute],
  ])('%i %j, %s tells of a route that Graph does not offer, with its own code', (status, code, message) => {
    expect(decode(status, graphError(code, message))).toMatchObject({
      left: { _tag: 'GraphRouteUnsupported', refusal: { code } },
    })
  })

  it.each([
    [400, 'BadRequest', `Bad value: ${noSegment}`],
    [400, 'BadRequest', 'Resource not found for the segmentation'],
    [403, 'Forbidden', noSegment],
    [409, 'No method match route template', 'x'],
    [404, 'ResourceNotFound', 'Resource not found.'],
  ])('%i %j, %s does not', (status, code, message) => {
    expect(decode(status, graphError(code, message))).toMatchObject({ left: { _tag: 'GraphRefused' } })
  })

  it('tells of such a route even to whoever sent these very words', () => {
    const words = { ...sent, deviceName: 'No OData route exists', userName: 'Resource not found' }

    for (const message of [noRoute, noSegment])
      expect(decodeUnder('warn', words)(400, graphError('BadRequest', message))).toMatchObject({
        left: { _tag: 'GraphRouteUnsupported' },
      })
  })

  it('has for the record what Microsoft’s support asks for, and not what was sent', () => {
    const message = intune(
      'Bad ADA@example.com in Adas laptop (private) - Operation ID (for customer support): 7829b5ca-a26c-4d51-8b3f-a139646f4eb3 - Activity ID: 1a2b',
    )

    expect(decode(400, graphError('BadRequest', message))).toMatchObject({
      left: {
        refusal: {
          message: 'Bad … in …',
          messageOnRecord:
            'Bad … in … - Operation ID (for customer support): 7829b5ca-a26c-4d51-8b3f-a139646f4eb3 - Activity ID: 1a2b',
        },
      },
    })
  })

  it('401 is a 403 where Intune says inside of it that the user may not', () => {
    const message = JSON.stringify({
      ErrorCode: 'Forbidden',
      Message: intune('An error has occurred - Operation ID (for customer support): 0'),
      Target: null,
    })

    expect(decode(401, graphError('UnknownError', message))).toMatchObject({
      left: {
        _tag: 'GraphRefused',
        refusal: { status: 403, code: 'UnknownError', message: 'An error has occurred' },
      },
    })
  })

  it('500 is none where Intune says so inside of that', () => {
    const message = JSON.stringify({ ErrorCode: 'Forbidden', Message: 'An error has occurred' })

    expect(decode(500, graphError('UnknownError', message))).toMatchObject({ left: { _tag: 'GraphFailed' } })
  })

  it('401 is about our token', () => {
    expect(decode(401, graphError('InvalidAuthenticationToken', 'x'))).toMatchObject({
      left: { _tag: 'GraphRejectedOurToken' },
    })
  })
})

describe('any other status', () => {
  it.each([301, 302, 307, 308])('%i is a redirect, and not followed', (status) => {
    expect(decode(status, '')).toMatchObject({ left: { _tag: 'GraphRedirected', status } })
  })

  it.each([500, 501, 502, 504, 507])('%i is a failure', (status) => {
    expect(decode(status, graphError('Unknown', 'x'))).toMatchObject({
      left: { _tag: 'GraphFailed', status, code: 'Unknown' },
    })
  })

  it.each([202, 204, 206, 99, 418, 451, 600, 999])('%i is unreadable', (status) => {
    expect(decode(status, entity())).toMatchObject({ left: { _tag: 'GraphAnswerUnreadable', status } })
  })
})

describe('every status', () => {
  const told = (status: number, headers: Readonly<Record<string, string>>): string => {
    const decoded = decode(status, graphError('Some code', 'Some words.'), { ...json, ...headers })
    return decoded._tag === 'Right' ? 'created' : decoded.left._tag
  }
  const refused = new Set([
    400, 402, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 416, 417, 422, 423, 429, 431, 509,
  ])
  const expected = (status: number): string => {
    if (status === 401) return 'GraphRejectedOurToken'
    if (refused.has(status)) return 'GraphRefused'
    if (status >= 300 && status < 400) return 'GraphRedirected'
    return status >= 500 && status < 600 ? 'GraphFailed' : 'GraphAnswerUnreadable'
  }
  const every = Array.from({ length: 1_101 }, (_, status) => status)

  it('has exactly one meaning', () => {
    expect(every.map((status) => [status, told(status, {})])).toEqual(every.map((status) => [status, expected(status)]))
  })

  it('has the same with Retry-After, but for 503', () => {
    expect(every.filter((status) => told(status, { 'retry-after': '3' }) !== told(status, {}))).toEqual([503])
  })

  it('that is documented for errors is either a refusal, or says nothing sure', () => {
    const documented = [
      400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 412, 413, 415, 416, 422, 423, 429, 500, 501, 503, 504, 507, 509,
    ]
    const unsure = documented.filter((status) => told(status, {}) === 'GraphFailed')

    expect(unsure).toEqual([500, 501, 503, 504, 507])
  })
})

describe('a challenge in several headers', () => {
  const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
  const challenge = `PoP nonce="x", Bearer claims="${Buffer.from(claims).toString('base64url')}", realm="", error="insufficient_claims"`

  it.each([401, 403])('(%i) asks the user, and the user alone', (status) => {
    const headers = { ...json, 'www-authenticate': challenge }

    expect(decodeUnder('warn', sent, 'user')(status, '', headers)).toMatchObject({
      left: { _tag: 'GraphDemandsClaims', claims },
    })
    expect(decode(status, '', headers)).toMatchObject({
      left: { _tag: status === 401 ? 'GraphRejectedOurToken' : 'GraphRefused' },
    })
  })

  it.each(['*', 'e30', 'x'.repeat(100_000), 'claims="'.repeat(12_000)])('with claims that are none is none', (text) => {
    const header = `Bearer error="insufficient_claims", claims="${text}"`

    expect(decodeUnder('warn', sent, 'user')(401, '', { ...json, 'www-authenticate': header })).toMatchObject({
      left: { _tag: 'GraphRejectedOurToken' },
    })
  })
})
