// Where the microseconds of one call go: each step alone, as it is built. `node bench/steps.bench.ts`.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { documentedExample } from '@device-install-state/model/fields'
import { matchRoute } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { Bench } from 'tinybench'
import { arrive } from '../dist/arrive/index.js'
import { boundedRecord } from '../dist/audit/bounded-record.js'
import { canonicalJson } from '../dist/audit/canonical-json.js'
import { rowWith } from '../dist/audit/ledger-records.js'
import { hmacSha256 } from '../dist/audit/node-hmac.js'
import { appliedOutcomeOf, intentOf } from '../dist/audit/records.js'
import { isSignedBy } from '../dist/authenticate/node-jws.js'
import { decodeAnswer, decodeRequest } from '../dist/decode/index.js'
import type { Call } from '../dist/domain/call.js'
import type { IncomingRequest } from '../dist/domain/incoming-request.js'
import { contextOf, headersOf } from '../dist/domain/reply.js'
import { graphHeaders } from '../dist/forward/graph-headers.js'
import { graphRequestOf } from '../dist/forward/graph-request.js'
import { traceparentOf } from '../dist/domain/trace-context.js'
import { newId, newSpanId } from '../dist/node-random.js'
import { measured } from './ledger-bench.ts'

const path = '/beta/deviceAppManagement/managedEBooks/52f3ff29-7b6c-4f0b-9d3a-0c8a6d1f2e51/deviceStates'
const match = matchRoute(['v1.0', 'beta'], path)
if (match._tag !== 'Matched') throw new Error('the path is none')

const bytes = new TextEncoder().encode(documentedExample.request)
const request: IncomingRequest = {
  auditId: newId(),
  receivedAt: new Date(),
  peer: '127.0.0.1',
  httpVersion: '1.1',
  method: 'POST',
  target: path,
  headers: [
    ['host', 'localhost:8080'],
    ['authorization', `Bearer ${'a'.repeat(700)}`],
    ['content-type', 'application/json'],
    ['content-length', String(bytes.byteLength)],
  ],
  readBody: TE.right(bytes),
  isGone: () => false,
}
const call: Call = {
  request,
  route: match.route,
  caller: { kind: 'application', issuer: 'https://issuer.example', tenantId: 't', objectId: newId(), keyId: 'k' },
  upstream: { kind: 'application', clientId: newId() },
  body: JSON.parse(documentedExample.request),
  json: documentedExample.request,
}
const key = randomBytes(32)
const hmac = hmacSha256(key)
const ports = {
  digest: (field: string, value: string): string => `hmac-sha256:01234567:${hmac(`${field}\0${value}`)}`,
  fields: { identifier: 'hmac', personal: 'hmac', text: 'clear' },
} as const
const now = new Date()
const answer = { status: 201, headers: { 'content-type': 'application/json' }, text: documentedExample.response }
const arrived = arrive({ graphVersions: ['v1.0', 'beta'], isDraining: () => false })
const decoded = decodeAnswer('warn', now, call)
const created = decoded(answer)
if (E.isLeft(created)) throw new Error('the answer is none')
const intent = intentOf(ports, now)(call)
const outcome = appliedOutcomeOf(request.auditId, { status: 201, attempts: 1, durationInMs: 1 }, created.right, now)
const jsonOf = (record: typeof intent | typeof outcome): string => {
  const json = canonicalJson(boundedRecord(record))
  if (E.isLeft(json)) throw new Error(json.left)
  return json.right
}
const [intentJson, outcomeJson] = [jsonOf(intent), jsonOf(outcome)]

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const signed = 'a'.repeat(600)
const signature = sign('sha256', Buffer.from(signed), privateKey).toString('base64url')
const token = `${signed}.${signature}`

const bench = new Bench({ time: 400, warmupTime: 200 })
  .add('id of the call', () => newId())
  .add('arrive: line, headers, route', () => arrived(request))
  .add('RS256, for a token that was not seen before', () => isSignedBy(publicKey, 'RS256', token))
  .add('decode the request: strict JSON, codec, encode', () => decodeRequest({ request, route: match.route })(call)())
  .add('intent: record with its digests', () => intentOf(ports, now)(call))
  .add('intent: canonical JSON', () => jsonOf(intent))
  .add('intent: what it is found by', () => rowWith(intent, intentJson))
  .add('request to Graph: span, headers', () =>
    graphHeaders('x', graphRequestOf(call, traceparentOf(call.request, newSpanId()))),
  )
  .add('decode the answer, and what differs', () => decoded(answer))
  .add('outcome: record and canonical JSON', () =>
    jsonOf(appliedOutcomeOf(request.auditId, { status: 201, attempts: 1, durationInMs: 1 }, created.right, now)),
  )
  .add('outcome: what it is found by', () => rowWith(outcome, outcomeJson))
  .add('headers of the reply', () =>
    headersOf(
      contextOf(request, now, {
        quota: undefined,
        challenge: { resourceMetadataUrl: undefined, authorizationUri: undefined },
      }),
    ),
  )
  .add('both rows to the thread of the ledger: structured clone', () =>
    structuredClone([rowWith(intent, intentJson), rowWith(outcome, outcomeJson)]),
  )

await measured(
  {
    command: 'node bench/steps.bench.ts',
    file: 'steps.md',
    how: 'one after the other, in one process',
    title: 'What the steps of a call cost, each alone',
  },
  async (print) => {
    await bench.run()
    print('| Step | µs, median | µs, p99 |')
    print('| --- | ---: | ---: |')
    for (const { name, result } of bench.tasks) {
      if (result.state !== 'completed') throw new Error(`${name} did not complete`)
      const { p50, p99 } = result.latency
      print(`| ${name} | ${(p50 * 1_000).toFixed(2)} | ${(p99 * 1_000).toFixed(1)} |`)
    }
  },
)
