import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { GraphError, innerErrorOf } from '@device-install-state/model'
import { documentedExample } from '@device-install-state/model/fields'
import request from 'supertest'
import type { JournalEntry, ScriptedAnswer } from '../../src/index.js'
import { bookPath } from '../a-create.js'
import type { LedgerRecord } from './ledger.js'
import type { System } from './start-system.js'

/** What a caller gets. Names of headers are in lower case. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** One request to the proxy, and what came of it on every side. */
export interface Exchange {
  readonly answer: Answer
  /** What reached Graph meanwhile. */
  readonly arrivals: ReadonlyArray<JournalEntry>
  /** What the ledger holds under the Audit-Id of the answer. */
  readonly records: ReadonlyArray<LedgerRecord>
}

/** The documented example to a book, but for what is said here. */
export interface Sent {
  readonly path?: string
  /** Absent: an application's. `null`: none at all. */
  readonly token?: string | null
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What Graph is to answer, in its turn. */
  readonly graphAnswers?: ReadonlyArray<ScriptedAnswer>
}

const observe = async ({ graph, ledger }: System, send: () => Promise<Answer>): Promise<Exchange> => {
  const before = graph.journal().length
  const answer = await send()
  return {
    answer,
    arrivals: graph.journal().slice(before),
    records: ledger.recordsOf(String(answer.headers['audit-id'])),
  }
}

/** Sends a create with supertest, as a client that means well would. */
export const exchange = (system: System, sent: Sent = {}): Promise<Exchange> => {
  const {
    body = documentedExample.request,
    graphAnswers = [],
    headers = {},
    path = bookPath,
    token = system.token,
  } = sent
  for (const answer of graphAnswers) system.graph.answerNext(answer)
  return observe(system, async () => {
    const create = request(system.url).post(path).set('Content-Type', 'application/json')
    if (token !== null) create.set('Authorization', `Bearer ${token}`)
    return create.set(headers).send(body)
  })
}

/** Sends target and headers to the letter: a URL would tidy up the one, and most clients the others. */
export const exchangeToTheLetter = (
  system: System,
  target: string,
  headers: Readonly<Record<string, string | ReadonlyArray<string>>>,
): Promise<Exchange> =>
  observe(
    system,
    () =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(system.url)
        const sent = httpRequest({ hostname, port, path: target, method: 'POST' }, (response) => {
          const { headers: received, statusCode: status = 0 } = response
          text(response).then((body) => resolve({ status, headers: received, text: body }), reject)
        })
        sent.on('error', reject)
        for (const [name, value] of Object.entries({ 'Content-Type': 'application/json', ...headers })) {
          sent.setHeader(name, value)
        }
        sent.end(documentedExample.request)
      }),
  )

/** What Graph's SDKs, and ours, read in an error. */
export interface ErrorInAnswer {
  readonly code: string
  readonly message: string
  readonly details?: ReadonlyArray<unknown> | null
  readonly innerError: Readonly<Record<string, unknown>>
}

/** The error of an answer, read with the model's codec. Throws if it is none, or if its ids are not those of the headers. */
export const errorIn = ({ headers, text: body }: Answer): ErrorInAnswer => {
  const json: unknown = JSON.parse(body)
  if (!GraphError.is(json)) throw new TypeError(`this is no Graph error: ${body}`)
  const error = json.error
  const innerError = innerErrorOf(json)
  const ids = [innerError['auditId'], innerError['request-id'], innerError['client-request-id']]
  const idsOfHeaders = [headers['audit-id'], headers['request-id'], headers['client-request-id']]
  if (JSON.stringify(ids) !== JSON.stringify(idsOfHeaders)) {
    throw new TypeError(`the ids of the error and those of the headers differ: ${String(ids)}, ${String(idsOfHeaders)}`)
  }
  return { ...error, innerError }
}
