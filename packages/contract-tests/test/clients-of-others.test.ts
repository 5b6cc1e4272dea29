import { setTimeout } from 'node:timers/promises'
import { InstallState } from '@device-install-state/model'
import { describe, expect, it } from 'vitest'
import {
  ContractBroken,
  type ContractCall,
  type ContractClient,
  expectClientToHonourContract,
  reportOnClient,
} from '../src/client/index.js'
import { verdictOf } from '../src/report/finding.js'
import { without } from './support/worlds.js'
import { clientOf, nodeHttpClient, type Parts, pathOf } from './support/clients.js'

const options = { runs: 10, seed: 7, deadlineInMs: 3_000 }

const json = (response: Response): Promise<unknown> => response.json()

const ok = async (response: Response): Promise<unknown> => {
  if (!response.ok) throw new Error(String(response.status))
  return response.json()
}

type State = Readonly<Record<string, unknown>>

const bodyOf =
  (change: (state: State) => unknown) =>
  ({ state }: ContractCall): string =>
    JSON.stringify(change({ ...state }))

const headersWith =
  (change: Readonly<Record<string, string>>) =>
  ({ token }: ContractCall) => ({ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...change })

const repeating =
  (isRepeated: (response: Response) => boolean): Parts['send'] =>
  async (url, init) => {
    const response = await fetch(url, init)
    return isRepeated(response) ? fetch(url, init) : response
  }

/** Sends again once the wait is over; a wait is what is made of the header, in milliseconds. */
const waiting =
  (wait: (retryAfter: string | null) => number, change: RequestInit = {}): Parts['send'] =>
  async (url, init) => {
    const response = await fetch(url, init)
    if (response.status !== 429 && response.status !== 503) return response
    await setTimeout(wait(response.headers.get('retry-after')))
    return fetch(url, { ...init, ...change })
  }

describe('a client that means well', () => {
  it.each<[string, ContractClient]>([
    ['with the model’s own client', clientOf()],
    ['with Node’s http, a slash, another case and a charset', nodeHttpClient],
    ['with fetch alone', clientOf({ read: ok })],
    [
      'with its properties in another order',
      clientOf({ body: bodyOf((state) => Object.fromEntries(Object.entries(state).toReversed())) }),
    ],
    ['with other white space', clientOf({ body: ({ state }) => JSON.stringify(state, null, 2) })],
    ['without @odata.type', clientOf({ body: bodyOf(without('@odata.type')) })],
    ['with headers of its own', clientOf({ headers: headersWith({ Accept: 'application/json', 'X-Mine': 'x' }) })],
    ['that follows no redirect, and says so', clientOf({ redirect: 'manual' })],
    ['that waits as long as it is told', clientOf({ send: waiting((seconds) => Number(seconds) * 1_000) })],
    ['that gets another token, and asks again', clientOf({ send: repeating(({ status }) => status === 401) })],
  ])('is left alone: %s', async (_, client) => {
    const report = await reportOnClient(client, options)
    const broken = report.results.filter((result) => verdictOf(result) === 'broken')

    expect(broken).toEqual([])
  })
})

const rounded = (date: unknown) => new Date(String(date)).toISOString()

const mistakes: ReadonlyArray<[string, ReadonlyArray<string>, ContractClient]> = [
  [
    'renames a property',
    ['/request/body/deviceName'],
    clientOf({ body: bodyOf(({ deviceName, ...state }) => ({ ...state, devicename: deviceName })) }),
  ],
  ['forgets a property', ['/request/body/osVersion'], clientOf({ body: bodyOf(without('osVersion')) })],
  [
    'leaves out what is null',
    ['/request/body/userName'],
    clientOf({
      body: bodyOf((state) => Object.fromEntries(Object.entries(state).filter(([, value]) => value !== null))),
    }),
  ],
  [
    'sends empty texts for null',
    ['/request/body/userName'],
    clientOf({ body: bodyOf((state) => ({ ...state, userName: state['userName'] ?? '' })) }),
  ],
  [
    'makes a Date of the date',
    ['/request/body/lastSyncDateTime'],
    clientOf({ body: bodyOf((state) => ({ ...state, lastSyncDateTime: rounded(state['lastSyncDateTime']) })) }),
  ],
  [
    'sends the date in milliseconds',
    ['/request/body/lastSyncDateTime'],
    clientOf({
      body: bodyOf((state) => ({ ...state, lastSyncDateTime: Date.parse(String(state['lastSyncDateTime'])) })),
    }),
  ],
  [
    'sends the date without offset',
    ['/request/body/lastSyncDateTime'],
    clientOf({
      body: bodyOf((state) => ({ ...state, lastSyncDateTime: String(state['lastSyncDateTime']).slice(0, 19) })),
    }),
  ],
  [
    'sends the state in capitals',
    ['/request/body/installState'],
    clientOf({ body: bodyOf((state) => ({ ...state, installState: String(state['installState']).toUpperCase() })) }),
  ],
  [
    'sends the state by its number',
    ['/request/body/installState'],
    clientOf({ body: bodyOf((state) => ({ ...state, installState: 1 })) }),
  ],
  [
    'sends one state for all',
    ['/request/body/installState'],
    clientOf({ body: bodyOf((state) => ({ ...state, installState: 'installed' })) }),
  ],
  [
    'sends a number for a text',
    ['/request/body/errorCode'],
    clientOf({ body: bodyOf((state) => ({ ...state, errorCode: 0 })) }),
  ],
  [
    'trims texts',
    ['/request/body/deviceName'],
    clientOf({
      body: bodyOf((state) => ({
        ...state,
        deviceName: typeof state['deviceName'] === 'string' ? state['deviceName'].slice(0, 64) : null,
      })),
    }),
  ],
  ['adds a property', ['/request/body/source'], clientOf({ body: bodyOf((state) => ({ ...state, source: 'x' })) })],
  ['makes an id of its own', ['/request/body/id'], clientOf({ body: bodyOf((state) => ({ id: 'x', ...state })) })],
  [
    'sends another @odata.type',
    ['/request/body/@odata.type'],
    clientOf({ body: bodyOf((state) => ({ ...state, '@odata.type': 'microsoft.graph.deviceInstallState' })) }),
  ],
  [
    'wraps the state',
    ['/request/body/deviceName', '/request/body/value'],
    clientOf({ body: bodyOf((value) => ({ value })) }),
  ],
  ['sends JSON in JSON', ['/request/body'], clientOf({ body: ({ state }) => JSON.stringify(JSON.stringify(state)) })],
  [
    'sends a form',
    ['/request/body'],
    clientOf({
      body: ({ state }) =>
        new URLSearchParams(
          Object.entries({ ...state }).map(([name, value]): [string, string] => [name, String(value)]),
        ).toString(),
    }),
  ],
  ['sends nothing in the body', ['/request/body'], clientOf({ body: () => '' })],
  [
    'forgets the content type',
    ['/request/headers/content-type'],
    clientOf({ headers: ({ token }) => ({ Authorization: `Bearer ${token}` }) }),
  ],
  [
    'sends another content type',
    ['/request/headers/content-type'],
    clientOf({ headers: headersWith({ 'Content-Type': 'text/json' }) }),
  ],
  [
    'forgets the token',
    ['/request/headers/authorization'],
    clientOf({ headers: () => ({ 'Content-Type': 'application/json' }) }),
  ],
  [
    'sends the token without Bearer',
    ['/request/headers/authorization'],
    clientOf({ headers: (call) => headersWith({ Authorization: call.token })(call) }),
  ],
  [
    'sends a token of its own',
    ['/request/headers/authorization'],
    clientOf({ headers: headersWith({ Authorization: 'Bearer another' }) }),
  ],
  [
    'puts the token into the address',
    ['/request/path'],
    clientOf({ path: (call) => `${pathOf(call)}?access_token=${call.token}` }),
  ],
  ['adds a query', ['/request/path'], clientOf({ path: (call) => `${pathOf(call)}?$select=id` })],
  [
    'encodes ids twice',
    ['/request/path'],
    clientOf({ path: (call) => pathOf(call).replace('B1.2_a-b', 'B1%252E2_a-b') }),
  ],
  [
    'knows one version alone',
    ['/request/path'],
    clientOf({ path: (call) => pathOf(call).replace('/beta/', '/v1.0/') }),
  ],
  [
    'knows one route alone',
    ['/request/path'],
    clientOf({ path: (call) => pathOf({ ...call, operation: 'createManagedEBookDeviceState' }) }),
  ],
  [
    'forgets the end of the path',
    ['/request/path'],
    clientOf({ path: (call) => pathOf(call).replace('/deviceStates', '') }),
  ],
  ['sends PUT', ['/request/method'], clientOf({ method: 'PUT' })],
  ['sends all twice', ['/requests'], clientOf({ send: repeating(() => true) })],
  ['is told to wait, and does not', ['/requests'], clientOf({ send: waiting(() => 0) })],
  ['takes seconds for milliseconds', ['/requests'], clientOf({ send: waiting(Number) })],
  ['always waits the same time', ['/requests'], clientOf({ send: waiting(() => 1_000) })],
  [
    'has nothing left to send after the wait',
    ['/request/body/deviceName', '/request/body/userName'],
    clientOf({ send: waiting((seconds) => Number(seconds) * 1_000, { body: '{}' }) }),
  ],
  [
    'sends it twice after the wait',
    ['/requests'],
    clientOf({
      send: async (url, init) => {
        const send = waiting((seconds) => Number(seconds) * 1_000)
        const response = await fetch(url, init)
        if (response.status !== 429) return response
        await setTimeout(2_000)
        await fetch(url, init)
        return send(url, init)
      },
    }),
  ],
  [
    'takes it for done that it was told to wait',
    ['/result'],
    clientOf({ read: async (response) => (response.status === 429 ? undefined : ok(response)) }),
  ],
  ['sends nothing', ['/requests'], { create: async () => undefined }],
  ['repeats what failed', ['/requests'], clientOf({ send: repeating(({ status }) => status === 500) })],
  [
    'repeats what had no answer',
    ['/requests'],
    clientOf({ send: (url, init) => fetch(url, init).catch(() => fetch(url, init)) }),
  ],
  ['repeats what was too late', ['/requests'], clientOf({ send: repeating(({ status }) => status === 504) })],
  ['looks at no status', ['/result'], clientOf({ read: json })],
  [
    'swallows what goes wrong',
    ['/result'],
    {
      create: (call) =>
        clientOf()
          .create(call)
          .catch(() => undefined),
    },
  ],
  [
    'takes 502 for done',
    ['/result'],
    clientOf({ read: async (response) => (response.status === 502 ? undefined : ok(response)) }),
  ],
  [
    'knows six states alone',
    ['/result'],
    clientOf({
      read: async (response) => {
        const entity = await ok(response)
        if (!InstallState.is(Object(entity)['installState'])) throw new Error('no state')
        return entity
      },
    }),
  ],
  [
    'knows its properties alone',
    ['/result'],
    clientOf({
      read: async (response) => {
        const entity = await ok(response)
        if (Object.keys(Object(entity)).length > 11) throw new Error('too many')
        return entity
      },
    }),
  ],
  [
    'wants a GUID for a key',
    ['/result'],
    clientOf({
      read: async (response) => {
        const entity = await ok(response)
        if (!/^[\da-f-]{36}$/.test(String(Object(entity)['id']))) throw new Error('no GUID')
        return entity
      },
    }),
  ],
  [
    'wants back to the letter what it sent',
    ['/result'],
    clientOf({
      read: async (response) => {
        const entity = await ok(response)
        if (
          String(Object(entity)['lastSyncDateTime']).endsWith('Z') &&
          String(Object(entity)['lastSyncDateTime']).startsWith('2017')
        )
          throw new Error('another date')
        return entity
      },
    }),
  ],
  [
    'rejects what was created',
    ['/result'],
    clientOf({
      read: async (response) => {
        if (response.status !== 200) throw new Error('not 200')
      },
    }),
  ],
  [
    'follows a redirect with all it has',
    ['/request/headers/authorization'],
    clientOf({
      send: async (url, init) => {
        const response = await fetch(url, { ...init, redirect: 'manual' })
        const location = response.headers.get('location')
        return location === null ? response : fetch(location, init)
      },
    }),
  ],
  [
    'follows a permanent redirect alone',
    ['/request/headers/authorization'],
    clientOf({
      send: async (url, init) => {
        const response = await fetch(url, { ...init, redirect: 'manual' })
        return response.status === 308 ? fetch(response.headers.get('location') ?? url, init) : response
      },
    }),
  ],
  ['follows a redirect with the body', ['/request/body'], clientOf({ redirect: 'follow' })],
  [
    'follows a redirect with nothing',
    ['/requests'],
    clientOf({
      send: async (url, init) => {
        const response = await fetch(url, { ...init, redirect: 'manual' })
        const location = response.headers.get('location')
        return location === null ? response : fetch(location)
      },
      read: ok,
    }),
  ],
]

describe('a client that', () => {
  it.each(mistakes)('%s is found at %j', async (_, pointers, client) => {
    const { results } = await reportOnClient(client, options)
    const found = results.flatMap(({ findings }) => findings).map(({ pointer }) => pointer)

    expect(found).toEqual(expect.arrayContaining([...pointers]))
  })

  it('sends again once it has rejected is found, and not where the next call is looked at', async () => {
    let toRepeat: (() => Promise<unknown>) | undefined
    const client = clientOf({
      send: async (url, init) => {
        // As a queue of retries would, some time after it has rejected.
        await toRepeat?.().catch(() => undefined)
        const response = await fetch(url, init)
        toRepeat = response.status === 400 ? () => fetch(url, init) : undefined
        return response
      },
    })
    const { results } = await reportOnClient(client, options)

    expect(results.filter((result) => verdictOf(result) === 'broken')).toMatchObject([
      {
        name: 'nothing more, once a create has ended',
        findings: [{ pointer: '/requests', found: 'one more' }],
      },
    ])
  })

  it('never ends is told so, in time', async () => {
    const { results } = await reportOnClient(
      { create: () => new Promise(() => undefined) },
      { ...options, runs: 1, deadlineInMs: 5, operations: ['createManagedEBookDeviceState'], versions: ['beta'] },
    )

    expect(results[0]?.findings).toMatchObject([
      { pointer: '/requests', found: 'none' },
      { pointer: '/result', found: 'no end in time' },
    ])
  })

  it('throws before it has a promise is told so', async () => {
    const client: ContractClient = {
      create: () => {
        throw new RangeError('x')
      },
    }
    const { results } = await reportOnClient(client, { ...options, runs: 1 })

    expect(results[0]?.findings).toMatchObject([
      { pointer: '/requests' },
      { pointer: '/result', found: 'it rejects (RangeError: x)' },
    ])
  })
})

describe('the line of what a client sent', () => {
  it('has the headers that were there, and no others', async () => {
    const client = clientOf({ headers: () => ({ 'Content-Type': 'application/json' }) })
    const { results } = await reportOnClient(client, { ...options, runs: 1 })

    expect(results[0]?.reproduce).toMatch(/^# What your client sent.*\ncurl /)
    expect(results[0]?.reproduce).toContain(`"$TARGET"'/v1.0/deviceAppManagement/managedEBooks/B1.2_a-b/deviceStates'`)
    expect(results[0]?.reproduce).not.toContain('authorization')
  })

  it('has none of the credentials that a client brings itself, nor has what it says', async () => {
    const own = 'sk-live-0123456789abcdef0123456789abcdef'
    const client: ContractClient = {
      create: async ({ baseUrl }) => {
        await fetch(`${baseUrl}/v1.0`, { method: 'POST', headers: { Authorization: `Basic ${own}` } })
        throw new Error(`refused: ${own}`)
      },
    }
    const report = await reportOnClient(client, { ...options, runs: 1 })

    expect(report.results[0]?.reproduce).toContain("-H 'authorization: Basic [redacted]'")
    expect(JSON.stringify(report)).not.toContain(own)
  })

  it('has a variable in the place of the token, in what the client says, too', async () => {
    const client: ContractClient = {
      create: ({ token }) => Promise.reject(new Error(`401 for ${token}`)),
    }
    const { results } = await reportOnClient(client, { ...options, runs: 1 })

    expect(results[0]?.findings[1]?.found).toBe('it rejects (Error: 401 for $TOKEN)')
  })
})

describe('what is told of a client', () => {
  const client = clientOf({
    body: bodyOf((state) => ({ ...state, lastSyncDateTime: rounded(state['lastSyncDateTime']) })),
  })

  it('fails a test, with the place, what was expected and found, why, and a line that sends it again', async () => {
    const failure = await expectClientToHonourContract(client, options).catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(ContractBroken)
    const { message } = failure as ContractBroken
    expect(message).toContain('/request/body/lastSyncDateTime')
    expect(message).toContain('expected what was given, "2017-01-01T00:02:49.3205976-08:00"')
    expect(message).toContain('found    "2017-01-01T08:02:49.320Z", another one')
    expect(message).toContain('JavaScript’s Date loses the digits')
    expect(message).toContain('Authorization'.toLowerCase())
    expect(message).toContain('$TOKEN')
    expect(message).not.toContain('eyJ0eXAi')
    expect(message).toContain('seed 7')
  })

  it('is the same again with the same seed', async () => {
    const told = async () =>
      (await reportOnClient(client, options)).results.map(({ findings, name }) => [name, findings])

    expect(await told()).toEqual(await told())
  })

  it('is of the operations and versions that it knows', async () => {
    const report = await expectClientToHonourContract(clientOf(), {
      ...options,
      operations: ['createUserStateSummaryDeviceState'],
      versions: ['v1.0'],
    })

    expect(report.subject).toBe('createUserStateSummaryDeviceState, v1.0')
  })
})
