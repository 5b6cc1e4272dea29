import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import express from 'express'
import type * as T from 'fp-ts/lib/Task.js'
import type { IncomingRequest } from '../domain/incoming-request.js'
import { contextOf, type Reply } from '../domain/reply.js'
import { replyToError } from '../domain/reply-to-error.js'
import type { Conversations } from './conversations.js'
import { rawBodyReader } from './raw-body-reader.js'
import { sendReply } from './send-reply.js'

export interface HttpPorts {
  readonly handle: (request: IncomingRequest) => T.Task<Reply>
  readonly conversations: Conversations
  readonly newAuditId: () => string
  readonly now: () => Date
  /** True once connections should not be kept alive any longer. */
  readonly isStopping: () => boolean
  /** Told of our own mistakes: `handle` never rejects but for those. */
  readonly fatal: (error: unknown) => void
}

const pairsOf = (rawHeaders: ReadonlyArray<string>): IncomingRequest['headers'] =>
  rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? '']] : []))

const incomingOf = (
  { conversations, newAuditId, now }: HttpPorts,
  request: IncomingMessage,
  response: ServerResponse,
): IncomingRequest => ({
  auditId: newAuditId(),
  receivedAt: now(),
  peer: request.socket.remoteAddress ?? '',
  httpVersion: request.httpVersion,
  method: request.method ?? '',
  target: request.url ?? '',
  headers: pairsOf(request.rawHeaders),
  readBody: rawBodyReader(conversations.begin(request, response)),
})

const answer =
  (ports: HttpPorts) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const incoming = incomingOf(ports, request, response)
    ports
      .handle(incoming)()
      .then((reply) => sendReply(request, response, reply, ports.isStopping()))
      .catch((error: unknown) => {
        const reply = replyToError(contextOf(incoming, ports.now()), { _tag: 'Unforeseen', cause: error })
        if (!response.headersSent) sendReply(request, response, reply, true)
        ports.fatal(error)
      })
  }

/**
 * The Express application, as a listener: every request becomes an `IncomingRequest`, every `Reply` bytes. Express routes
 * nothing and parses nothing, so that target and headers are judged as they were sent. Targets that are no path do not
 * reach it: its router would answer them by itself, in HTML, and have Node print them as a warning.
 */
export const expressListener = (ports: HttpPorts): RequestListener => {
  const answerOf = answer(ports)
  const app = express()
  for (const feature of ['x-powered-by', 'etag', 'query parser']) app.set(feature, false)
  app.use(answerOf)
  return (request, response) => {
    if (request.url?.startsWith('/') === true) app(request, response)
    else answerOf(request, response)
  }
}
