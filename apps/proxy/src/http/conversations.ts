import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ProxyError } from '../domain/proxy-error.js'

/** A request that came whole as far as its headers go, and what becomes of its body. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Set when the body can no longer come. */
  failure: ProxyError | undefined
  /** Told when that happens while the body is being read. */
  onFailure: (error: ProxyError) => void
}

/** All that is asked over one connection. Requests may come before earlier ones are answered. */
interface Conversation {
  readonly unanswered: Set<Exchange>
  latest: Exchange | undefined
  /** A fault has been judged. */
  isBroken: boolean
  /** Its last reply is decided: whatever comes behind is not looked at. */
  isOver: boolean
  /** How many requests may still come. */
  left: number
}

/** A request behind which another protocol may come: it asks for one, or is of another version of HTTP. */
const isLastByItself = ({ headers, httpVersion }: IncomingMessage): boolean =>
  headers.upgrade !== undefined || httpVersion !== '1.1'

/** What is to be done about bytes that Node's parser could not take. */
export type Verdict =
  /** They belong to the body of a request that has no reply yet: it answers for itself. */
  | 'answersItself'
  /** They belong to a request that has its reply and its record: the connection ends, nothing more is said. */
  | 'nothingToSay'
  /** They follow requests whose replies are still to come: it is recorded, and the connection ends after those. */
  | 'afterOthers'
  /** Nothing is under way: it is recorded and answered. */
  | 'alone'

/** Keeps account of the connections of a server, so that nothing is said twice, or in the place of something else. */
export class Conversations {
  readonly #all = new Map<Socket, Conversation>()
  /** Connections whose TLS handshake is not over: Node ends none of these when it is told to end all. */
  readonly #handshakes = new Set<Socket>()
  readonly #mostRequests: number

  /** So many requests may come over each. */
  constructor(mostRequests = 1_000) {
    this.#mostRequests = mostRequests
  }

  /** Call it for every new connection on which TLS is spoken first. */
  readonly greet = (socket: Socket): void => {
    this.#handshakes.add(socket)
    socket.on('close', () => this.#handshakes.delete(socket))
  }

  /** Call it when that was well. What is said from then on is said over another socket. */
  readonly greeted = (socket: Socket): void => {
    this.#handshakes.delete(socket)
  }

  readonly endHandshakes = (): void => {
    for (const socket of this.#handshakes) socket.destroy()
  }

  /** Call it for every connection on which HTTP is spoken from now on. */
  readonly open = (socket: Socket): void => {
    this.#all.set(socket, {
      unanswered: new Set(),
      latest: undefined,
      isBroken: false,
      isOver: false,
      left: this.#mostRequests,
    })
    socket.on('close', () => this.#all.delete(socket))
  }

  /**
   * Call it for every request, before anything else is done with it. Undefined when it came behind a fault, or behind the
   * last one: then it must not be handled, since it could not be answered.
   */
  readonly begin = (request: IncomingMessage, response: ServerResponse): Exchange | undefined => {
    const exchange: Exchange = { request, response, failure: undefined, onFailure: () => undefined }
    const conversation = this.#all.get(request.socket)
    if (conversation === undefined) return exchange
    if (conversation.isBroken || conversation.isOver || conversation.left === 0) {
      // Node would keep all that comes, request for request, for as long as the last reply takes. When this returns it goes on reading.
      queueMicrotask(() => request.socket.pause())
      return undefined
    }
    conversation.left = isLastByItself(request) ? 0 : conversation.left - 1
    if (conversation.left === 0) response.setHeader('Connection', 'close')
    conversation.latest = exchange
    conversation.unanswered.add(exchange)
    response.on('close', () => conversation.unanswered.delete(exchange))
    return exchange
  }

  /** Is it the last that was asked so far? */
  readonly isLatest = (exchange: Exchange): boolean =>
    (this.#all.get(exchange.request.socket)?.latest ?? exchange) === exchange

  /** Its reply is the last on its connection. */
  readonly endWith = ({ request }: Exchange): void => {
    const conversation = this.#all.get(request.socket)
    if (conversation !== undefined) conversation.isOver = true
  }

  /** Says, once for each connection, what is to be done about a fault; undefined when that has been said before. */
  readonly judge = (socket: Socket, error: ProxyError): Verdict | undefined => {
    const conversation = this.#all.get(socket)
    if (conversation === undefined) return 'alone'
    const { latest, left, unanswered } = conversation
    if (conversation.isBroken || conversation.isOver || (left === 0 && latest?.request.complete === true))
      return undefined
    conversation.isBroken = true
    const last = [...unanswered].at(-1)
    if (last !== undefined) endAfter(last)
    if (latest?.request.complete !== false) return last === undefined ? 'alone' : 'afterOthers'
    if (latest.response.writableEnded) return last === undefined ? 'nothingToSay' : 'answersItself'
    fail(latest, error)
    return 'answersItself'
  }

  /** For a server that listens no more: requests that are not here whole will not be waited for. */
  readonly giveUpOnHalfSent = (error: ProxyError): void => {
    this.endHandshakes()
    for (const [socket, { latest, unanswered }] of this.#all) {
      if (latest?.request.complete === false && !latest.response.writableEnded) {
        endAfter(latest)
        fail(latest, error)
      } else if (unanswered.size === 0) socket.destroy()
    }
  }
}

const fail = (exchange: Exchange, error: ProxyError): void => {
  exchange.failure = error
  exchange.onFailure(error)
}

const endAfter = ({ request, response }: Exchange): void => {
  if (!response.headersSent) response.setHeader('Connection', 'close')
  // A reply that waits behind others has its header already, and the response has lost its socket when it is written.
  response.on('close', () => request.socket.destroySoon())
}
