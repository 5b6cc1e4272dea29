import {
  changed,
  created,
  failed,
  inAnswer,
  inError,
  inInnerError,
  inRequest,
  type Json,
  renamed,
  withHeader,
  without,
  type World,
} from './worlds.js'

const swap =
  (one: string, other: string) =>
  (json: Json): Json => ({ ...json, [one]: json[other], [other]: json[one] })

const rounded = (date: unknown): unknown => new Date(String(date)).toISOString()

const asText = (value: unknown): unknown => (value === null ? 'null' : value)

const withoutNulls = (json: Json): Json =>
  Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null))

const detailsOf =
  (change: (details: ReadonlyArray<unknown>) => unknown) =>
  (json: Json): Json =>
    changed('details', (details) => (Array.isArray(details) ? change(details) : details))(json)

const targetOf =
  (change: (target: string) => string) =>
  (detail: unknown): unknown =>
    typeof detail === 'object' && detail !== null && 'target' in detail
      ? { ...detail, target: change(String(detail.target)) }
      : detail

/** The gateway, changed in one small way each. */
export const brokenGateways: ReadonlyArray<World> = [
  // What it sends to Graph.
  {
    name: 'renames a property',
    breaks: ['/graph/request/body/deviceName', '/graph/request/body/device_name'],
    toGraph: inRequest(renamed('deviceName', 'device_name')),
  },
  { name: 'drops a property', breaks: ['/graph/request/body/osVersion'], toGraph: inRequest(without('osVersion')) },
  { name: 'drops what is null', breaks: ['/graph/request/body/errorCode'], toGraph: inRequest(withoutNulls) },
  {
    name: 'writes null as a word',
    breaks: ['/graph/request/body/userName'],
    toGraph: inRequest(changed('userName', asText)),
  },
  {
    name: 'rounds the date to milliseconds',
    breaks: ['/graph/request/body/lastSyncDateTime'],
    toGraph: inRequest(changed('lastSyncDateTime', rounded)),
  },
  {
    name: 'cuts the digits behind the milliseconds',
    breaks: ['/graph/request/body/lastSyncDateTime'],
    toGraph: inRequest(changed('lastSyncDateTime', (date) => String(date).replace(/(\.\d{3})\d+/, '$1'))),
  },
  {
    name: 'moves the date by its offset',
    breaks: ['/graph/request/body/lastSyncDateTime'],
    toGraph: inRequest(changed('lastSyncDateTime', (date) => String(date).replace(/[+-]\d\d:\d\d$/, 'Z'))),
  },
  {
    name: 'writes the state in capitals',
    breaks: ['/graph/request/body/installState'],
    toGraph: inRequest(changed('installState', (state) => String(state).toUpperCase())),
  },
  {
    name: 'takes every state for installed',
    breaks: ['/graph/request/body/installState'],
    toGraph: inRequest(changed('installState', () => 'installed')),
  },
  {
    name: 'swaps two values',
    breaks: ['/graph/request/body/osVersion', '/graph/request/body/osDescription'],
    toGraph: inRequest(swap('osVersion', 'osDescription')),
  },
  {
    name: 'trims texts',
    breaks: ['/graph/request/body/deviceName'],
    toGraph: inRequest(changed('deviceName', (text) => (typeof text === 'string' ? text.slice(0, 255) : text))),
  },
  {
    name: 'normalises letters',
    breaks: ['/graph/request/body/deviceName'],
    toGraph: inRequest(changed('deviceName', (text) => (typeof text === 'string' ? text.normalize('NFC') : text))),
  },
  {
    name: 'makes empty texts null',
    breaks: ['/graph/request/body/deviceName'],
    toGraph: inRequest(changed('deviceName', (text) => (text === '' ? null : text))),
  },
  {
    name: 'adds a property of its own',
    breaks: ['/graph/request/body/gateway'],
    toGraph: inRequest((json) => ({ ...json, gateway: 'x' })),
  },
  { name: 'drops the id', breaks: ['/graph/request/body/id'], toGraph: inRequest(without('id')) },
  {
    name: 'adds @odata.type where there was none',
    breaks: ['/graph/request/body/@odata.type'],
    toGraph: inRequest((json) => ({ '@odata.type': '#microsoft.graph.deviceInstallState', ...json })),
  },
  {
    name: 'sends the body as a string',
    breaks: ['/graph/request/body/deviceName'],
    toGraph: (request) => ({ ...request, body: JSON.stringify(request.body) }),
  },
  {
    name: 'passes the caller’s token on',
    breaks: ['/graph/request/headers/authorization'],
    toGraph: (request, token) => withHeader('authorization', `Bearer ${token}`)(request),
  },
  {
    name: 'sends no token',
    breaks: ['/graph/request/headers/authorization'],
    toGraph: withHeader('authorization', undefined),
  },
  { name: 'passes a cookie on', breaks: ['/graph/request/headers/cookie'], toGraph: withHeader('cookie', 'a=b') },
  {
    name: 'passes the caller’s address on',
    breaks: ['/graph/request/headers/x-forwarded-for'],
    toGraph: withHeader('x-forwarded-for', '127.0.0.1'),
  },
  {
    name: 'drops the content type',
    breaks: ['/graph/request/headers/content-type'],
    toGraph: withHeader('content-type', undefined),
  },
  {
    name: 'drops the id by which Microsoft finds the call',
    breaks: ['/graph/request/headers/client-request-id'],
    toGraph: withHeader('client-request-id', undefined),
  },
  {
    name: 'decodes the id of the book once more',
    breaks: ['/graph/request/path'],
    toGraph: (request) => ({ ...request, path: request.path.replace('B1', '%42%31') }),
  },
  {
    name: 'keeps the slash at the end',
    breaks: ['/graph/request/path'],
    toGraph: (request) => ({ ...request, path: `${request.path}/` }),
  },
  {
    name: 'takes the other version',
    breaks: ['/graph/request/path'],
    toGraph: (request) => ({ ...request, path: request.path.replace('/v1.0/', '/beta/') }),
  },
  {
    name: 'adds a query',
    breaks: ['/graph/request/path'],
    toGraph: (request) => ({ ...request, path: `${request.path}?api-version=1` }),
  },
  // What it takes from callers.
  {
    name: 'requires an id',
    breaks: ['/request/body/id'],
    answer: (answer, { body }) =>
      answer.status === 201 && !body.includes('"id"')
        ? {
            ...answer,
            status: 400,
            body: JSON.stringify({
              error: {
                code: 'bodyInvalid',
                message: 'x',
                details: [{ code: 'missing', message: 'x', target: '/id' }],
                innerError: {},
              },
            }),
          }
        : answer,
  },
  {
    name: 'takes a property that nobody knows',
    breaks: ['/request/body/devicename'],
    request: inRequest(without('devicename')),
  },
  {
    name: 'takes a body without deviceName',
    breaks: ['/request/body/deviceName'],
    request: inRequest((json) => ({ deviceName: null, ...json })),
  },
  {
    name: 'takes a number for a text',
    breaks: ['/request/body/osVersion'],
    request: inRequest(changed('osVersion', (value) => (typeof value === 'number' ? String(value) : value))),
  },
  {
    name: 'takes a state in capitals',
    breaks: ['/request/body/installState'],
    request: inRequest(changed('installState', (state) => (typeof state === 'string' ? state.toLowerCase() : state))),
  },
  {
    name: 'takes a state that was added',
    breaks: ['/request/body/installState'],
    request: inRequest(changed('installState', (state) => (state === 'pendingInstall' ? 'unknown' : state))),
  },
  {
    name: 'takes a state away',
    breaks: ['/request/body/installState'],
    request: inRequest(changed('installState', (state) => (state === 'uninstallFailed' ? 'UninstallFailed' : state))),
  },
  {
    name: 'takes dates without offset',
    breaks: ['/request/body/lastSyncDateTime'],
    request: inRequest(changed('lastSyncDateTime', (date) => (date === '2024-06-30T00:00:00' ? `${date}Z` : date))),
  },
  {
    name: 'refuses dates of seven digits',
    breaks: ['/request/body/lastSyncDateTime'],
    request: inRequest(changed('lastSyncDateTime', (date) => (/\.\d{7}/.test(String(date)) ? 'x' : date))),
  },
  {
    name: 'refuses null',
    breaks: ['/request/body/userName'],
    request: inRequest(changed('userName', (value) => (value === null ? 7 : value))),
  },
  {
    name: 'takes any content type',
    breaks: ['/request/headers/content-type'],
    request: withHeader('content-type', 'application/json'),
  },
  {
    name: 'takes any query',
    breaks: ['/request/path'],
    request: (request) => ({ ...request, path: request.path.replace(/\?.*$/, '') }),
  },
  {
    name: 'takes PUT for POST',
    breaks: ['/request/method'],
    request: (request) => (request.method === 'PUT' ? { ...request, method: 'POST' } : request),
  },
  {
    name: 'takes a path in any letters',
    breaks: ['/request/path'],
    request: (request) => ({ ...request, path: request.path.replace('devicestates', 'deviceStates') }),
  },
  {
    name: 'knows no slash at the end of a path',
    breaks: ['/answer/status'],
    request: (request) => ({ ...request, path: request.path.replace(/\/$/, '/x') }),
  },
  // What it answers.
  {
    name: 'answers 200 for 201',
    breaks: ['/answer/status'],
    answer: (answer) => (answer.status === 201 ? { ...answer, status: 200 } : answer),
  },
  {
    name: 'answers 202 for 201',
    breaks: ['/answer/status'],
    answer: (answer) => (answer.status === 201 ? { ...answer, status: 202 } : answer),
  },
  {
    name: 'answers 422 for 400',
    breaks: ['/answer/status'],
    answer: (answer) => (answer.status === 400 ? { ...answer, status: 422 } : answer),
  },
  {
    name: 'answers 500 for 400',
    breaks: ['/answer/status'],
    answer: (answer) => (answer.status === 400 ? { ...answer, status: 500 } : answer),
  },
  {
    name: 'answers 403 for 401',
    breaks: ['/answer/status'],
    answer: (answer) => (answer.status === 401 ? { ...answer, status: 403 } : answer),
  },
  {
    name: 'drops a property of the answer',
    breaks: ['/answer/body/osVersion'],
    answer: inAnswer(created, without('osVersion')),
  },
  {
    name: 'renames a property of the answer',
    breaks: ['/answer/body/deviceId'],
    answer: inAnswer(created, renamed('deviceId', 'deviceID')),
  },
  {
    name: 'answers a number for a text',
    breaks: ['/answer/body/osVersion'],
    answer: inAnswer(
      created,
      changed('osVersion', () => 17),
    ),
  },
  { name: 'answers without id', breaks: ['/answer/body/id'], answer: inAnswer(created, without('id')) },
  {
    name: 'answers another date',
    breaks: ['/answer/body/lastSyncDateTime'],
    answer: inAnswer(
      created,
      changed('lastSyncDateTime', () => '2017-01-01T00:00:00Z'),
    ),
  },
  {
    name: 'answers another state',
    breaks: ['/answer/body/installState'],
    answer: inAnswer(
      created,
      changed('installState', () => 'unknown'),
    ),
  },
  {
    name: 'wraps the answer in value',
    breaks: ['/answer/body/deviceName'],
    answer: inAnswer(created, (value) => ({ value })),
  },
  {
    name: 'answers nothing',
    breaks: ['/answer/body'],
    answer: (answer) => (answer.status === 201 ? { ...answer, body: '' } : answer),
  },
  {
    name: 'answers XML',
    breaks: ['/answer/headers/content-type'],
    answer: withHeader('content-type', 'application/xml'),
  },
  { name: 'forgets Audit-Id', breaks: ['/answer/headers/audit-id'], answer: withHeader('audit-id', undefined) },
  { name: 'forgets request-id', breaks: ['/answer/headers/request-id'], answer: withHeader('request-id', undefined) },
  {
    name: 'answers another client-request-id',
    breaks: ['/answer/headers/client-request-id'],
    answer: withHeader('client-request-id', 'another'),
  },
  {
    name: 'forgets the challenge',
    breaks: ['/answer/headers/www-authenticate'],
    answer: withHeader('www-authenticate', undefined),
  },
  {
    name: 'answers errors as text',
    breaks: ['/answer/body'],
    answer: (answer) => (answer.status >= 400 ? { ...answer, body: 'Bad Request' } : answer),
  },
  {
    name: 'answers errors as problem details (RFC 9457)',
    breaks: ['/answer/body/error'],
    answer: inAnswer(failed, () => ({ type: 'about:blank', title: 'Bad Request' })),
  },
  {
    name: 'answers an error without message',
    breaks: ['/answer/body/error/message'],
    answer: inAnswer(failed, inError(without('message'))),
  },
  {
    name: 'answers errors by another code',
    breaks: ['/answer/body/error/code'],
    answer: inAnswer(
      failed,
      inError((error) => ({ ...error, code: 'badRequest' })),
    ),
  },
  {
    name: 'forgets the details',
    breaks: ['/answer/body/error/details'],
    answer: inAnswer(failed, inError(without('details'))),
  },
  {
    name: 'tells the first problem alone',
    breaks: ['/answer/body/error/details'],
    answer: inAnswer(failed, inError(detailsOf((details) => details.slice(0, 1)))),
  },
  {
    name: 'tells another place',
    breaks: ['/answer/body/error/details'],
    answer: inAnswer(failed, inError(detailsOf((details) => details.map(targetOf((target) => target.toLowerCase()))))),
  },
  {
    name: 'tells dots for pointers',
    breaks: ['/answer/body/error/details'],
    answer: inAnswer(
      failed,
      inError(detailsOf((details) => details.map(targetOf((target) => target.replaceAll('/', '.'))))),
    ),
  },
  {
    name: 'forgets what became of the call',
    breaks: ['/answer/body/error/innerError/outcome'],
    answer: inAnswer(failed, inInnerError(without('outcome'))),
  },
  {
    name: 'says that a refused call may have been done',
    breaks: ['/answer/body/error/innerError/outcome'],
    answer: inAnswer(
      failed,
      inInnerError((inner) => ({ ...inner, outcome: 'indeterminate' })),
    ),
  },
  {
    name: 'forgets whether to send it again',
    breaks: ['/answer/body/error/innerError/retry'],
    answer: inAnswer(failed, inInnerError(without('retry'))),
  },
  {
    name: 'says that its refusals are Graph’s',
    breaks: ['/answer/body/error/innerError/source'],
    answer: inAnswer(
      failed,
      inInnerError((inner) => ({ ...inner, source: 'graph' })),
    ),
  },
  {
    name: 'has another id in the error than in the header',
    breaks: ['/answer/body/error/innerError/auditId'],
    answer: inAnswer(
      failed,
      inInnerError((inner) => ({ ...inner, auditId: 'another' })),
    ),
  },
  // What it writes down.
  { name: 'writes nothing down', breaks: ['/audit/records'], records: () => [] },
  {
    name: 'writes no intent',
    breaks: ['/audit/records'],
    records: (records) => records.filter(({ kind }) => kind !== 'intent'),
  },
  {
    name: 'writes no outcome',
    breaks: ['/audit/records'],
    records: (records) => records.filter(({ kind }) => kind !== 'outcome'),
  },
  {
    name: 'writes no refusals',
    breaks: ['/audit/records'],
    records: (records) => records.filter(({ kind }) => kind !== 'refusal'),
  },
  {
    name: 'writes another outcome',
    breaks: ['/audit/outcome'],
    records: (records) =>
      records.map((record) => (record.kind === 'outcome' ? { ...record, outcome: 'indeterminate' } : record)),
  },
  // What harms nobody.
  {
    name: 'sends its properties in another order',
    breaks: [],
    toGraph: inRequest((json) => Object.fromEntries(Object.entries(json).toReversed())),
  },
  {
    name: 'sends other white space',
    breaks: [],
    toGraph: (request) => ({ ...request, body: JSON.stringify(JSON.parse(request.body), null, 4) }),
  },
  {
    name: 'sends its headers in other letters and another user agent',
    breaks: [],
    toGraph: withHeader('user-agent', 'another/2.0'),
  },
  {
    name: 'answers its properties in another order',
    breaks: [],
    answer: inAnswer(created, (json) => Object.fromEntries(Object.entries(json).toReversed())),
  },
  {
    name: 'answers a property that was added',
    breaks: [],
    answer: inAnswer(created, (json) => ({ ...json, isManaged: true })),
  },
  {
    name: 'answers an annotation that was added',
    breaks: [],
    answer: inAnswer(created, (json) => ({ ...json, '@microsoft.graph.tips': 'x' })),
  },
  {
    name: 'answers other white space',
    breaks: [],
    answer: (answer) => ({
      ...answer,
      body: answer.body === '' ? '' : JSON.stringify(JSON.parse(answer.body), null, 2),
    }),
  },
  { name: 'answers another header more', breaks: [], answer: withHeader('x-served-by', 'node-7') },
  { name: 'answers a charset', breaks: [], answer: withHeader('content-type', 'application/json; charset=utf-8') },
  {
    name: 'answers the date in UTC',
    breaks: [],
    answer: inAnswer(
      created,
      changed('lastSyncDateTime', (date) =>
        date === '2017-01-01T00:02:49.3205976-08:00' ? '2017-01-01T08:02:49.3205976Z' : date,
      ),
    ),
  },
  {
    name: 'says its errors in other words',
    breaks: [],
    answer: inAnswer(
      failed,
      inError((error) => ({ ...error, message: 'Ungültig.' })),
    ),
  },
  {
    name: 'says more in its errors',
    breaks: [],
    answer: inAnswer(
      failed,
      inInnerError((inner) => ({ ...inner, help: 'x' })),
    ),
  },
]
