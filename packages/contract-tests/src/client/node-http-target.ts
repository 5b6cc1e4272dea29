import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { HttpAnswer, HttpHeaders, HttpRequest } from '../exchange/http-exchange.js'

/** What a target does with a request: answers it, or ends the connection without an answer. */
type Answering = (request: HttpRequest) => HttpAnswer | 'cut'

/** A request, and when it was there. */
interface Arrived extends HttpRequest {
  /** Milliseconds on a clock that only goes forward. */
  readonly atInMs: number
}

/** A listener on loopback that keeps what arrived. */
export interface Target {
  /** Without a slash at its end. */
  readonly url: string
  /** From now on it does this. Forgets what arrived before. */
  readonly play: (answering: Answering) => void
  /** What arrived since it plays this, and belongs to it. */
  readonly arrived: () => ReadonlyArray<Arrived>
  readonly stop: () => Promise<void>
}

const headersIn = ({ headersDistinct }: IncomingMessage): HttpHeaders =>
  Object.fromEntries(Object.entries(headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')]))

/** `onLate` says whether a request belongs to what was played before, and deals with it: it is cut, and not counted. */
export const startTarget = async (onLate: (request: HttpRequest) => boolean = () => false): Promise<Target> => {
  let arrived: Array<Arrived> = []
  let answering: Answering = () => 'cut'

  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const atInMs = performance.now()
    const body = await text(message)
    const { method = '', url: path = '' } = message
    const request = { method, path, headers: headersIn(message), body, atInMs }
    const isLate = onLate(request)
    if (!isLate) arrived.push(request)
    const answer = isLate ? 'cut' : answering(request)
    if (answer === 'cut') response.destroy()
    else response.writeHead(answer.status, { ...answer.headers }).end(answer.body)
  }

  const server = createServer((message, response) => {
    // A client that goes away while it sends has not sent anything that could be looked at.
    serve(message, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the target does not listen on a port')
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    play: (next) => {
      answering = next
      arrived = []
    },
    arrived: () => arrived,
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
