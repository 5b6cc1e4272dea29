import { documentedExample } from '@device-install-state/model/fields'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aConnectionTo, type Answer } from '../a-connection.js'
import { seedOf } from '../a-proxy-process.js'
import { bookPath } from '../a-request.js'
import { aRunningProxy, creates, requestText, type TestWorld } from '../a-running-proxy.js'
import { finiteRequestsIn } from '../finite-language.js'
import { aBattery, type Battery } from './what-is-owed.js'

// More of them: ANY_BYTES=10000 pnpm exec vitest run test/battery/any-bytes.test.ts
const numRuns = Number(process.env['ANY_BYTES'] ?? 150)
const timeout = 60_000 + 100 * numRuns

let world: TestWorld
let battery: Battery
let token = ''
/** What was on record of each call when Graph saw it. */
const onRecordThen = new Map<string, ReadonlyArray<unknown>>()
beforeAll(async () => {
  world = await aRunningProxy({
    AUDIT_UNAUTHENTICATED_PER_MINUTE: '1000000',
  })
  token = await world.token()
  battery = aBattery(world)
  world.scriptGraph((socket, request) => {
    for (const { auditId } of finiteRequestsIn(request))
      onRecordThen.set(
        auditId,
        world.recordsOf(auditId).map(({ kind }) => kind),
      )
    creates(socket, request)
  })
})
afterAll(() => world.stop())

const userPath = bookPath.replace('/deviceStates', '/userStateSummary/S1/deviceStates')

/** Sends parts one after the other, then nothing more, and waits until the connection is gone. */
const allAnswersTo = async (parts: ReadonlyArray<string>): Promise<ReadonlyArray<Answer>> => {
  const connection = await aConnectionTo(world.port)
  for (const part of parts) {
    connection.send(part)
    await new Promise(setImmediate)
  }
  connection.socket.end()
  await connection.closed()
  return connection.answers()
}

const isRefusal = ({ status }: Answer): boolean => status >= 400 && status < 500

const bytes = (constraints: fc.IntArrayConstraints): fc.Arbitrary<string> =>
  fc.uint8Array(constraints).map((array) => Buffer.from(array).toString('latin1'))

const tricky = fc.string({
  unit: fc.constantFrom(...Array.from('aZ0._-~%25eE/\\;:@?#&=()\'"{}[]<>|^` \r\n\t\0\u007f\u0080\u00e9\u00ff')),
  maxLength: 40,
})
const wellFormed = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,126}$/)

describe('an id of any bytes', () => {
  it.each([
    ['a book', (id: string) => bookPath.replace('B1', () => id)],
    ['a book, on the longer route', (id: string) => userPath.replace('B1', () => id)],
    ['a summary of a user', (id: string) => userPath.replace('S1', () => id).replace('/beta/', '/v1.0/')],
  ])(
    '(of %s) is refused, or stands in what Graph gets byte for byte',
    async (_, pathWith) => {
      const seed = seedOf('ids of any bytes')
      await fc.assert(
        fc.asyncProperty(fc.oneof(bytes({ maxLength: 140 }), tricky, wellFormed), async (id) => {
          const target = pathWith(id)
          const answers = await allAnswersTo([requestText({ authorization: `Bearer ${token}`, target })])
          const sent = battery.sentSince()

          // Graph has seen nothing else: what is not of the finite language would have been thrown.
          if (sent.length === 0) expect([answers.length > 0, answers.every(isRefusal)]).toEqual([true, true])
          else {
            expect(sent.map(({ route }) => route.path)).toEqual([target])
            expect(answers.map(({ status }) => status)).toEqual([201])
          }
        }),
        { numRuns, seed, examples: [['B1'], ['..'], ['B1/userStateSummary/S1'], ['a\r\nX: y'], ['%2e%2e'], ['a b']] },
      )
    },
    timeout,
  )
})

const TOKEN = '<TOKEN>'
const BODY = '<BODY>'
const size = Buffer.byteLength(documentedExample.request)

/** What is changed, with a mark for what is long, so that changes do not all meet that. */
const requests: Readonly<Record<string, string>> = {
  good: requestText({ authorization: `Bearer ${TOKEN}`, body: BODY }),
  ofASummary: requestText({ authorization: `Bearer ${TOKEN}`, body: BODY, target: userPath.replace('beta', 'v1.0') }),
  inChunks: requestText({
    authorization: `Bearer ${TOKEN}`,
    body: `${size.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  }).replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked'),
  withMore: requestText({
    authorization: `Bearer ${TOKEN}`,
    body: BODY,
    more: ['Expect: 100-continue', 'Connection: keep-alive', 'traceparent: x', 'Upgrade: h2c', 'Prefer: x'],
  }),
  ofNobody: requestText({ body: BODY }),
  ofAnotherMethod: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
}

const withLength = (text: string): string =>
  text.replace(`Content-Length: ${String(BODY.length)}`, `Content-Length: ${String(size)}`)
const filledIn = (text: string): string => text.replaceAll(TOKEN, token).replaceAll(BODY, documentedExample.request)

type Change = (text: string) => string

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const index = (at: number, length: number): number => Math.floor(at * length)

const overLines = (text: string, change: (lines: ReadonlyArray<string>) => ReadonlyArray<string>): string =>
  change(text.split('\r\n')).join('\r\n')

const telling = fc.constantFrom(
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  '/',
  '%',
  '?',
  '#',
  ',',
  ';',
  '0',
  '\u00ff',
)

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.oneof(telling, bytes({ minLength: 1, maxLength: 3 }))).map(
    ([at, inserted]): Change =>
      (text) =>
        text.slice(0, index(at, text.length)) + inserted + text.slice(index(at, text.length)),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 12 })).map(
    ([at, count]): Change =>
      (text) =>
        text.slice(0, index(at, text.length)) + text.slice(index(at, text.length) + count),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(
    ([at, offset]): Change =>
      (text) => {
        const where = index(at, text.length)
        const byte = String.fromCharCode((text.charCodeAt(where) + offset) % 256)
        return text.slice(0, where) + byte + text.slice(where + 1)
      },
  ),
  place.map(
    (at): Change =>
      (text) =>
        overLines(text, (lines) => lines.toSpliced(index(at, lines.length), 0, lines[index(at, lines.length)] ?? '')),
  ),
  fc.tuple(place, place).map(
    ([one, other]): Change =>
      (text) =>
        overLines(text, (lines) => {
          const [from, to] = [index(one, lines.length), index(other, lines.length)]
          return lines.with(from, lines[to] ?? '').with(to, lines[from] ?? '')
        }),
  ),
  place.map(
    (at): Change =>
      (text) =>
        text.slice(0, index(at, text.length)),
  ),
)

const almostGood = fc
  .record({
    which: fc.array(fc.constantFrom(...Object.keys(requests)), { minLength: 1, maxLength: 3 }),
    changes: fc.array(change, { maxLength: 3 }),
    late: fc.array(change, { maxLength: 1 }),
  })
  .map(({ changes, late, which }) => () => {
    const text = which.map((name) => withLength(requests[name] ?? '')).join('')
    const changed = changes.reduce((so, one) => one(so), text)
    return late.reduce((so, one) => one(so), filledIn(changed))
  })

const garbage = bytes({ maxLength: 300 }).map((text) => () => text)

const inParts = (text: string, cuts: ReadonlyArray<number>): ReadonlyArray<string> => {
  const places = cuts.map((at) => index(at, text.length)).toSorted((one, other) => one - other)
  return [0, ...places].map((from, part) => text.slice(from, [...places, text.length][part]))
}

const idsOf = (records: ReadonlyArray<Readonly<Record<string, unknown>>>): ReadonlySet<unknown> =>
  new Set(records.map(({ auditId }) => auditId))

describe('whatever comes to the port', () => {
  it(
    'Graph gets requests of the finite language, each with its intent on record, and all that is answered has one end on record',
    async () => {
      const seed = seedOf('any bytes')
      let recorded = world.records().length
      let [sentInAll, refusedInAll] = [0, 0]
      await fc.assert(
        fc.asyncProperty(
          fc.oneof({ arbitrary: almostGood, weight: 9 }, { arbitrary: garbage, weight: 1 }),
          fc.array(place, { maxLength: 3 }),
          async (textOf, cuts) => {
            const answers = await allAnswersTo(inParts(textOf(), cuts))
            const sent = battery.sentSince()
            const records = world.records(recorded)
            recorded += records.length
            sentInAll += sent.length
            refusedInAll += answers.filter(isRefusal).length

            // All of Graph's requests were calls on record by then, and nothing is an intent that Graph has not seen.
            expect(sent.map(({ auditId }) => onRecordThen.get(auditId))).toEqual(sent.map(() => ['intent']))
            expect(new Set<unknown>(sent.map(({ auditId }) => auditId))).toEqual(
              idsOf(records.filter(({ kind }) => kind === 'intent')),
            )
            // Each answer has one end on record; beyond them there is at most what came behind, and could not be read.
            const ends = records.filter(({ kind }) => kind !== 'intent')
            const unanswered = ends.filter(
              ({ auditId }) => !answers.some(({ headers }) => headers['audit-id'] === auditId),
            )
            expect(ends).toHaveLength(answers.length + unanswered.length)
            expect(unanswered).toMatchObject(unanswered.length === 0 ? [] : [{ kind: 'connection' }])
          },
        ),
        { numRuns, seed },
      )
      process.stderr.write(`any bytes: ${String(sentInAll)} sent to Graph, ${String(refusedInAll)} refused\n`)

      expect(sentInAll).toBeGreaterThan(0)
      expect(refusedInAll).toBeGreaterThan(0)
      expect((await fetch(`${world.adminUrl}/readyz`)).status).toBe(200)
      const [answer] = await allAnswersTo([requestText({ authorization: `Bearer ${token}` })])
      expect(answer).toMatchObject({ status: 201 })
    },
    timeout,
  )
})
