import express, { type Express, type Request, type Response } from 'express'
import type * as T from 'fp-ts/lib/Task.js'
import type { IncomingRequest } from '../domain/incoming-request.js'
import type { Reply } from '../domain/reply.js'
import { replyToError } from '../domain/reply-to-error.js'
import { rawBodyReader } from './raw-body-reader.js'
import { sendReply } from './send-reply.js'

export interface HttpPorts {
  readonly handle: (request: IncomingRequest) => T.Task<Reply>
  readonly newAuditId: () => string
  readonly now: () => Date
  /** True once connections should not be kept alive any longer. */
  readonly isStopping: () => boolean
  /** Told of our own mistakes: `handle` never rejects but for those. */
  readonly fatal: (error: unknown) => void
}

const pairsOf = (rawHeaders: ReadonlyArray<string>): IncomingRequest['headers'] =>
  rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? '']] : []))

const incomingOf = ({ newAuditId, now }: HttpPorts, request: Request, response: Response): IncomingRequest => ({
  auditId: newAuditId(),
  receivedAt: now(),
  peer: request.socket.remoteAddress ?? '',
  method: request.method,
  target: request.originalUrl,
  headers: pairsOf(request.rawHeaders),
  readBody: rawBodyReader(request, response),
})

/**
 * The Express application: every request becomes an `IncomingRequest`, every `Reply` bytes. Express routes nothing and
 * parses nothing, so that target and headers are judged as they were sent.
 */
export const expressApp = (ports: HttpPorts): Express => {
  const app = express()
  for (const feature of ['x-powered-by', 'etag', 'query parser']) app.set(feature, false)

  app.use((request: Request, response: Response) => {
    const incoming = incomingOf(ports, request, response)
    ports
      .handle(incoming)()
      .then(
        (reply) => sendReply(request, response, reply, ports.isStopping()),
        (error: unknown) => {
          const { auditId } = incoming
          const context = { auditId, now: ports.now(), clientRequestId: auditId, requestId: auditId }
          sendReply(request, response, replyToError(context, { _tag: 'Unforeseen', cause: error }), true)
          ports.fatal(error)
        },
      )
  })

  return app
}
