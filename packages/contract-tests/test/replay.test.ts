import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { documentedExample } from '@device-install-state/model/fields'
import { deviceInstallStateCreate, nearMissCreate } from '@device-install-state/model/arbitrary'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CouldNotRun } from '../src/could-not-run.js'
import { graphDouble, printExchange, type RecordedExchange } from '../src/index.js'
import { breaking } from '../src/report/finding.js'
import { findInPair, readRecording, relevanceOf } from '../src/recorded/index.js'
import { aCreate, aGet, bookPath, exampleWith } from './a-create.js'
import { contractTests } from './support/run-command.js'

const recorded = async (...requests: ReadonlyArray<Request>): Promise<ReadonlyArray<RecordedExchange>> => {
  const exchanges: Array<RecordedExchange> = []
  const graph = graphDouble({ onExchange: (exchange) => exchanges.push(exchange) })
  for (const request of requests) await graph.answer(request)
  return exchanges
}

const asJsonLines = (exchanges: ReadonlyArray<RecordedExchange>): string => exchanges.map(printExchange).join('')

const pairsOf = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers).map(([name, value]) => ({ name, value }))

/** As browsers write it. */
const asHar = (exchanges: ReadonlyArray<RecordedExchange>, encoding?: 'base64'): string =>
  JSON.stringify({
    log: {
      version: '1.2',
      entries: exchanges.map(({ answer, request }) => ({
        request: {
          method: request.method,
          url: `https://graph.microsoft.com${request.path}`,
          headers: [{ name: ':authority', value: 'graph.microsoft.com' }, ...pairsOf(request.headers)],
          postData: { mimeType: 'application/json', text: request.body },
        },
        response: {
          status: answer.status,
          headers: pairsOf(answer.headers),
          content: encoding ? { text: Buffer.from(answer.body).toString('base64'), encoding } : { text: answer.body },
        },
      })),
    },
  })

const found = (text: string, side: 'gateway' | 'graph' = 'graph'): ReadonlyArray<string> =>
  readRecording('f', text).flatMap((pair) => {
    const relevance = relevanceOf(pair)
    if (relevance._tag === 'Elsewhere') return ['elsewhere']
    return findInPair(side, relevance, pair).map(({ pointer, severity }) => `${severity} ${pointer}`)
  })

const changed = (
  [exchange]: ReadonlyArray<RecordedExchange>,
  change: (exchange: RecordedExchange) => RecordedExchange,
): string => {
  if (exchange === undefined) throw new Error('nothing was recorded')
  return JSON.stringify(change(exchange))
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replay-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('exchanges that keep the contract', () => {
  it.each<[string, (exchanges: ReadonlyArray<RecordedExchange>) => string]>([
    ['JSON Lines', asJsonLines],
    ['HAR', asHar],
    ['HAR in base64', (exchanges) => asHar(exchanges, 'base64')],
  ])('are left alone, as %s', async (_, print) => {
    const exchanges = await recorded(aCreate(), aGet(bookPath), aCreate({ headers: { Authorization: 'Bearer b' } }))

    expect(found(print(exchanges))).toEqual([])
  })

  it('are left alone whatever is drawn, and one that misses is told by its pointer', async () => {
    await fc.assert(
      fc.asyncProperty(deviceInstallStateCreate(), async (state) => {
        expect(found(asHar(await recorded(aCreate({ body: JSON.stringify(state) }))))).toEqual([])
      }),
      { numRuns: 30 },
    )
    await fc.assert(
      fc.asyncProperty(nearMissCreate(), async ({ pointer, value }) => {
        expect(found(asJsonLines(await recorded(aCreate({ body: JSON.stringify(value) }))))).toContain(
          `breaking ${breaking(`/request/body${pointer}`, '', '').pointer}`,
        )
      }),
      { numRuns: 30 },
    )
  })

  it('are known below another path, and others are not', async () => {
    const exchanges = await recorded(aCreate())

    expect(
      found(changed(exchanges, (one) => ({ ...one, request: { ...one.request, path: `/graph${one.request.path}` } }))),
    ).toEqual([])
    expect(found(changed(exchanges, (one) => ({ ...one, request: { ...one.request, path: '/v1.0/me' } })))).toEqual([
      'elsewhere',
    ])
  })
})

describe('a recorded exchange', () => {
  const answer =
    (change: Readonly<Record<string, unknown>>) =>
    (one: RecordedExchange): RecordedExchange => ({
      ...one,
      answer: { ...one.answer, body: JSON.stringify({ ...JSON.parse(one.answer.body), ...change }) },
    })

  it.each<[string, ReadonlyArray<string>, (one: RecordedExchange) => RecordedExchange]>([
    ['with another status', ['breaking /answer/status'], (one) => ({ ...one, answer: { ...one.answer, status: 202 } })],
    ['with a number for a text', ['breaking /answer/body/osVersion'], answer({ osVersion: 17 })],
    ['with another value than was sent', ['breaking /answer/body/deviceName'], answer({ deviceName: 'Another' })],
    [
      'with the same instant, printed otherwise',
      ['compatible /answer/body/lastSyncDateTime'],
      answer({ lastSyncDateTime: '2017-01-01T08:02:49.3205976Z' }),
    ],
    [
      'with another instant',
      ['breaking /answer/body/lastSyncDateTime'],
      answer({ lastSyncDateTime: '2017-01-01T08:02:49Z' }),
    ],
    ['with a property that was added', [], answer({ isManaged: true })],
    [
      'with a body that ends too early',
      ['breaking /answer/body'],
      (one) => ({ ...one, answer: { ...one.answer, body: '{"id":' } }),
    ],
    [
      'without a token',
      ['breaking /request/headers/authorization'],
      (one) => ({ ...one, request: { ...one.request, headers: { 'content-type': 'application/json' } } }),
    ],
    ...(
      [
        ['of another scheme', 'Basic YTpi'],
        ['without its scheme', 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln'],
      ] as const
    ).map(([how, authorization]): [string, ReadonlyArray<string>, (one: RecordedExchange) => RecordedExchange] => [
      `with a token ${how}`,
      ['breaking /request/headers/authorization'],
      (one) => ({
        ...one,
        request: { ...one.request, headers: { 'content-type': 'application/json', authorization } },
      }),
    ]),
    ...['[redacted]', 'REDACTED', 'Bearer ***', 'Bearer [redacted]', '***'].map(
      (authorization): [string, ReadonlyArray<string>, (one: RecordedExchange) => RecordedExchange] => [
        `whose recorder wrote ${authorization} for the token`,
        [],
        (one) => ({
          ...one,
          request: { ...one.request, headers: { 'content-type': 'application/json', authorization } },
        }),
      ],
    ),
    [
      'whose id could leave its path, and that was refused',
      ['breaking /request/path'],
      (one) => ({
        ...one,
        request: { ...one.request, path: one.request.path.replace(/managedEBooks\/[^/]+/, 'managedEBooks/a%2Fb') },
        answer: { ...one.answer, status: 400, body: '{"error":{"code":"BadRequest","message":""}}' },
      }),
    ],
    [
      'whose method is in lower case, as some recorders write it',
      [],
      (one) => ({ ...one, request: { ...one.request, method: 'post' } }),
    ],
    [
      'with another content type',
      ['breaking /request/headers/content-type'],
      (one) => ({
        ...one,
        request: { ...one.request, headers: { ...one.request.headers, 'content-type': 'text/plain' } },
      }),
    ],
    [
      'with a query',
      ['breaking /request/path'],
      (one) => ({ ...one, request: { ...one.request, path: `${one.request.path}?$select=id` } }),
    ],
    [
      'that took what should be refused',
      ['breaking /request/body/installState'],
      (one) => ({ ...one, request: { ...one.request, body: exampleWith({ installState: 'Installed' }) } }),
    ],
    [
      'that refused what should be taken',
      ['breaking /answer/status'],
      (one) => ({
        ...one,
        answer: { ...one.answer, status: 400, body: '{"error":{"code":"BadRequest","message":""}}' },
      }),
    ],
    [
      'with an error that is none',
      ['breaking /answer/body/error'],
      (one) => ({ ...one, answer: { ...one.answer, status: 500, body: '{}' } }),
    ],
  ])('%s is told: %j', async (_, pointers, change) => {
    expect(found(changed(await recorded(aCreate()), change))).toEqual(pointers)
  })

  it('of a gateway is not blamed on it where the Idempotency-Key is none', async () => {
    const refused = changed(await recorded(aCreate()), (one) => ({
      request: { ...one.request, headers: { ...one.request.headers, 'idempotency-key': 'two words' } },
      answer: {
        status: 400,
        headers: { ...one.answer.headers, 'audit-id': 'a' },
        body: JSON.stringify({ error: { code: 'malformedRequest', message: '', innerError: { auditId: 'a' } } }),
      },
    }))

    expect(found(refused, 'gateway')).toContain('breaking /request/headers/idempotency-key')
    expect(found(refused, 'gateway')).not.toContain('breaking /answer/status')
    expect(found(refused, 'graph')).toContain('breaking /answer/status')
  })

  it('whose bodies were left out by the recorder says so', async () => {
    const [pair] = readRecording(
      'f',
      changed(await recorded(aCreate()), ({ answer: answered, request }) => ({
        request: { ...request, body: '' },
        answer: { ...answered, body: '' },
      })),
    )
    if (pair === undefined) throw new Error('nothing was read')
    const relevance = relevanceOf(pair)
    if (relevance._tag === 'Elsewhere') throw new Error('it is a create')

    expect(findInPair('graph', relevance, pair).map(({ hint }) => hint)).toEqual([
      expect.stringContaining('Some recorders leave it out'),
      expect.stringContaining('Some recorders leave bodies out'),
    ])
  })

  it('has nothing in its report that somebody put into the place of a name', async () => {
    const pair = await recorded(
      aCreate({ body: exampleWith({ 'Ada Lovelace': 1, 'ada@example.com': 2, nickName: 3 }) }),
    )

    expect(found(asJsonLines(pair)).toSorted()).toEqual([
      'breaking /request/body/(a name of 12 characters)',
      'breaking /request/body/(a name of 15 characters)',
      'breaking /request/body/nickName',
    ])
  })

  it('has the kinds of what was found told as they are', async () => {
    const [pair] = readRecording('f', changed(await recorded(aCreate()), answer({ osVersion: 17, errorCode: {} })))
    if (pair === undefined) throw new Error('nothing was read')
    const relevance = relevanceOf(pair)
    if (relevance._tag === 'Elsewhere') throw new Error('it is a create')

    expect(
      findInPair('graph', relevance, pair)
        .map((finding) => finding.found)
        .toSorted(),
    ).toEqual(['a number', 'an object'])
  })

  it('of a gateway has its ids', async () => {
    expect(found(asJsonLines(await recorded(aCreate())), 'gateway')).toEqual(['breaking /answer/headers/audit-id'])
  })

  it('may begin with empty lines, and have marks of its byte order', async () => {
    const exchanges = await recorded(aCreate())
    const marked = changed(exchanges, (one) => ({
      ...one,
      answer: { ...one.answer, body: `\uFEFF${one.answer.body}` },
    }))

    expect(found(`\n\r\n${marked}`)).toEqual([])
  })

  it('of a HAR may have a request in base64, and a neighbour that was never answered', async () => {
    const [created] = await recorded(aCreate())
    if (created === undefined) throw new Error('nothing was recorded')
    const postData = { text: Buffer.from(created.request.body).toString('base64'), encoding: 'base64' }
    const url = `https://graph.microsoft.com${created.request.path}`
    const entries = [
      {
        request: { method: 'POST', url, headers: pairsOf(created.request.headers), postData },
        response: {
          status: created.answer.status,
          headers: pairsOf(created.answer.headers),
          content: { text: created.answer.body },
        },
      },
      { request: { method: 'GET', url: 'https://blocked.example.com/' }, response: null },
    ]

    expect(found(JSON.stringify({ log: { entries } }))).toEqual([])
  })

  it('may have bodies that are JSON, pairs of headers, and a response', () => {
    const line = JSON.stringify({
      request: {
        method: 'POST',
        url: `https://gateway.example.com${bookPath}`,
        headers: [
          ['Authorization', '[redacted]'],
          ['Content-Type', 'application/json'],
        ],
        body: JSON.parse(documentedExample.request),
      },
      response: { status: 201, headers: {}, body: JSON.parse(documentedExample.response) },
    })

    expect(found(line)).toEqual([])
  })
})

describe('what is no recording', () => {
  it.each([
    ['a HAR that ends too early', '{"log":{"version":"1.2","entries":[{"request":', /HAR that ends too early/],
    ['a HAR without entries', '{"log":{}}', /\/log\/entries is missing/],
    [
      'a HAR whose entry has no status',
      '{"log":{"entries":[{"request":{"method":"GET","url":"/"}}]}}',
      /entry 1: \/response\/status is missing/,
    ],
    ['HTML', '<!doctype html><p>x</p>', /HTML or XML/],
    ['compressed', '\u001F\u008B', /compressed/],
    ['empty', ' \n', /is empty/],
    ['words', 'nothing at all', /neither HAR nor JSON Lines/],
    [
      'a line that is no JSON',
      '{"request":{"method":"GET","path":"/"},"answer":{"status":200}}\n{"x":}\n',
      /^f:2 is no JSON/,
    ],
    [
      'a line without path',
      '{"request":{"method":"GET"},"answer":{"status":200}}',
      /line 1: \/request\/path is missing/,
    ],
    ['JSON of something else', '[1, 2]', /line 1: /],
  ])('because it is %s is told so', (_, text, why) => {
    expect(() => readRecording('f', text)).toThrow(CouldNotRun)
    expect(() => readRecording('f', text)).toThrow(why)
  })

  it('may be any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify({ log: value })),
        ),
        (text) => {
          try {
            found(text)
          } catch (error) {
            expect(error).toBeInstanceOf(CouldNotRun)
          }
        },
      ),
    )
  })
})

describe('contract-tests replay', () => {
  it('ends with 0 or 1, and prints nothing of people and no token', async () => {
    const [good, bad] = [join(folder, 'good.jsonl'), join(folder, 'bad.har')]
    await writeFile(good, asJsonLines(await recorded(aCreate())))
    await writeFile(
      bad,
      asHar(await recorded(aCreate({ body: exampleWith({ userName: 'Ada Lovelace', osVersion: 17 }) }))),
    )

    const kept = await contractTests(['replay', good])
    const broken = await contractTests(['replay', good, bad])

    expect([kept.code, broken.code]).toEqual([0, 1])
    expect(broken.stdout).toMatch(
      /bad\.har: entry 1: POST createManagedEBookDeviceState → 400\n +\/request\/body\/osVersion/,
    )
    expect(broken.stdout).not.toMatch(/Ada|a-token/)
  })

  it.each([
    ['UTF-16, as PowerShell redirects', '\uFEFF', 'utf16le'],
    ['UTF-8 with a mark', '\uFEFF', 'utf8'],
  ] as const)('reads %s', async (_, mark, encoding) => {
    const file = join(folder, `${encoding}.jsonl`)
    await writeFile(file, Buffer.from(`${mark}${asJsonLines(await recorded(aCreate()))}`, encoding))

    const { code, stdout } = await contractTests(['replay', file])

    expect(stdout).toContain('1 kept')
    expect(code).toBe(0)
  })

  it.each([
    ['there is no such file', ['nowhere.har'], /nowhere\.har cannot be read: there is no such file/],
    ['it is a folder', ['.'], /it is a folder/],
    ['no file is named', [], /Which file\?/],
    ['the side is none', ['--side', 'both', 'x'], /neither gateway nor graph/],
  ])('ends with 2 when %s', async (_, args, why) => {
    const { code, stderr } = await contractTests(['replay', ...args])

    expect(stderr).toMatch(why)
    expect(code).toBe(2)
  })

  it('ends with 2 when there is no create in it', async () => {
    const file = join(folder, 'elsewhere.jsonl')
    await writeFile(file, '{"request":{"method":"GET","path":"/v1.0/me"},"answer":{"status":200}}\n')

    const { code, stderr } = await contractTests(['replay', file])

    expect(stderr).toContain('has no create among its 1 exchanges')
    expect(code).toBe(2)
  })
})
