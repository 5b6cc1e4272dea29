import request from 'supertest'
import type { HttpRequest, Send } from '../../src/exchange/http-exchange.js'
import type { JournalEntry } from '../../src/index.js'
import type { Subject } from '../../src/suite/index.js'
import type { System } from './start-system.js'

const requestIn = ({ body, headers, method, path, query }: JournalEntry): HttpRequest => ({
  method,
  path: `${path}${query}`,
  headers,
  body,
})

/** What arrived since it was asked last. */
const newAt = (journal: () => ReadonlyArray<JournalEntry>): (() => ReadonlyArray<HttpRequest>) => {
  let seen = journal().length
  return () => {
    const fresh = journal().slice(seen)
    seen += fresh.length
    return fresh.map(requestIn)
  }
}

/** Sends with supertest, as a client that means well would. */
const supertestSend =
  (url: string): Send =>
  async ({ body, headers, method, path }) => {
    const agent = request(url)
    const sent =
      {
        GET: agent.get(path),
        PUT: agent.put(path),
        PATCH: agent.patch(path),
        DELETE: agent.delete(path),
      }[method] ?? agent.post(path)
    sent.set(headers)
    // What comes is a text, whatever its content type says.
    const answer = await sent
      .buffer(true)
      .parse((response, done) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => done(null, text))
      })
      .send(body === '' ? undefined : body)
    return {
      status: answer.status,
      headers: answer.headers,
      body: String(answer.body),
    }
  }

/** The proxy of a system, with its Graph and its ledger to be looked at. */
export const gatewayOf = ({ graph, ledger, token, url }: System, send = supertestSend(url)): Subject => ({
  side: 'gateway',
  send,
  token,
  seenByGraph: newAt(graph.journal),
  recordsOf: async (auditId) => ledger.recordsOf(auditId),
})
