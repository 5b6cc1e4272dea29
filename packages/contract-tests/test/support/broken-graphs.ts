import {
  changed,
  created,
  failed,
  inAnswer,
  inError,
  inRequest,
  renamed,
  withHeader,
  without,
  type World,
} from './worlds.js'

/** Graph, changed in one small way each. */
export const brokenGraphs: ReadonlyArray<World> = [
  {
    name: 'answers 200 for 201',
    breaks: ['/answer/status'],
    answer: (answer) => (answer.status === 201 ? { ...answer, status: 200 } : answer),
  },
  {
    name: 'answers 204 and nothing',
    breaks: ['/answer/status'],
    answer: (answer) => (answer.status === 201 ? { ...answer, status: 204, body: '' } : answer),
  },
  {
    name: 'has no such route',
    breaks: ['/answer/status'],
    answer: (answer) =>
      answer.status === 201
        ? {
            ...answer,
            status: 400,
            body: JSON.stringify({ error: { code: 'No method match route template', message: 'x' } }),
          }
        : answer,
  },
  {
    name: 'renames a property',
    breaks: ['/answer/body/deviceName'],
    answer: inAnswer(created, renamed('deviceName', 'name')),
  },
  { name: 'drops a property', breaks: ['/answer/body/userName'], answer: inAnswer(created, without('userName')) },
  {
    name: 'changes a type',
    breaks: ['/answer/body/errorCode'],
    answer: inAnswer(
      created,
      changed('errorCode', () => 0),
    ),
  },
  {
    name: 'makes a property null that may not be',
    breaks: ['/answer/body/installState'],
    answer: inAnswer(
      created,
      changed('installState', () => null),
    ),
  },
  {
    name: 'answers the state by its number',
    breaks: ['/answer/body/installState'],
    answer: inAnswer(
      created,
      changed('installState', () => 1),
    ),
  },
  {
    name: 'answers the date as a number',
    breaks: ['/answer/body/lastSyncDateTime'],
    answer: inAnswer(
      created,
      changed('lastSyncDateTime', (date) => Date.parse(String(date))),
    ),
  },
  {
    name: 'answers the date without offset',
    breaks: ['/answer/body/lastSyncDateTime'],
    answer: inAnswer(
      created,
      changed('lastSyncDateTime', (date) => String(date).slice(0, 19)),
    ),
  },
  {
    name: 'loses the digits behind the milliseconds',
    breaks: ['/answer/body/lastSyncDateTime'],
    answer: inAnswer(
      created,
      changed('lastSyncDateTime', (date) => new Date(String(date)).toISOString()),
    ),
  },
  {
    name: 'answers an empty key',
    breaks: ['/answer/body/id'],
    answer: inAnswer(
      created,
      changed('id', () => ''),
    ),
  },
  {
    name: 'answers errors as a text',
    breaks: ['/answer/body'],
    answer: (answer) => (answer.status >= 400 ? { ...answer, body: 'no' } : answer),
  },
  {
    name: 'answers errors without code',
    breaks: ['/answer/body/error/code'],
    answer: inAnswer(failed, inError(without('code'))),
  },
  {
    name: 'answers errors by other codes',
    breaks: ['/answer/body/error/code'],
    answer: inAnswer(
      failed,
      inError((error) => ({ ...error, code: 'invalidRequest' })),
    ),
  },
  {
    name: 'answers 403 for a call without token',
    breaks: ['/answer/status'],
    answer: (answer) => (answer.status === 401 ? { ...answer, status: 403 } : answer),
  },
  { name: 'forgets request-id', breaks: ['/answer/headers/request-id'], answer: withHeader('request-id', undefined) },
  {
    name: 'takes properties that nobody knows',
    breaks: ['/request/body/devicename'],
    request: inRequest(without('devicename')),
  },
  {
    name: 'takes states that nobody knows',
    breaks: ['/request/body/installState'],
    request: inRequest(changed('installState', (state) => (state === 'pendingInstall' ? 'unknown' : state))),
  },
  {
    name: 'refuses null',
    breaks: ['/answer/status'],
    request: inRequest(changed('osVersion', (value) => (value === null ? [] : value))),
  },
  {
    name: 'asks for no token',
    breaks: ['/request/headers/authorization'],
    request: withHeader('authorization', 'Bearer the-token'),
  },
  {
    name: 'answers a property that was added',
    breaks: [],
    answer: inAnswer(created, (json) => ({ ...json, isManaged: null })),
  },
  {
    name: 'answers its properties in another order',
    breaks: [],
    answer: inAnswer(created, (json) => Object.fromEntries(Object.entries(json).toReversed())),
  },
  { name: 'leaves the type out', breaks: [], answer: inAnswer(created, without('@odata.type')) },
  { name: 'leaves the context out', breaks: [], answer: inAnswer(created, without('@odata.context')) },
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
    name: 'gives an id of its own',
    breaks: [],
    answer: inAnswer(
      created,
      changed('id', () => 'another-id'),
    ),
  },
  {
    name: 'requires no property, as its metadata has it',
    breaks: [],
    request: (request) =>
      inRequest((json) =>
        json['@odata.type'] !== undefined && Object.keys(json).length === 8
          ? {
              deviceName: null,
              deviceId: null,
              lastSyncDateTime: '2024-01-01T00:00:00Z',
              installState: 'unknown',
              errorCode: null,
              osVersion: null,
              osDescription: null,
              userName: null,
              ...json,
            }
          : json,
      )(request),
  },
]
