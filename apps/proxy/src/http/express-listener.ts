import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import express from 'express'
import type * as T from 'fp-ts/lib/Task.js'
import type { IncomingRequest } from '../domain/incoming-request.js'
import { contextOf, type Reply } from '../domain/reply.js'
import { replyToError } from '../domain/reply-to-error.js'
import type { Conversations, Exchange } from './conversations.js'
import { clientCertificateOf } from './node-client-certificate.js'
import { forwardedClaimOf } from './forwarded-claim.js'
import { asksForMetadata, metadataReply, type ProtectedResource } from './protected-resource-metadata.js'
import { rawBodyReader } from './raw-body-reader.js'
import { sendReply } from './send-reply.js'

export interface HttpPorts {
  readonly handle: (request: IncomingRequest) => T.Task<Reply>
  readonly conversations: Conversations
  readonly newAuditId: () => string
  readonly now: () => Date
  /** True once connections should not be kept alive any longer. */
  readonly isStopping: () => boolean
  /** Whether a peer is believed what it says of the caller's address; undefined: none is. */
  readonly isTrustedProxy: ((address: string) => boolean) | undefined
  /** Undefined where nothing is published of whose tokens are taken. */
  readonly protectedResource: ProtectedResource | undefined
  /** Told of our own mistakes: `handle` never rejects but for those. */
  readonly fatal: (error: unknown) => void
}

const pairsOf = (rawHeaders: ReadonlyArray<string>): IncomingRequest['headers'] => {
  const pairs: Array<readonly [string, string]> = []
  for (let index = 0; index < rawHeaders.length; index += 2)
    pairs.push([(rawHeaders[index] ?? '').toLowerCase(), rawHeaders[index + 1] ?? ''])
  return pairs
}

/** A request as the steps see it. */
export const incomingOf = (
  { isTrustedProxy, newAuditId, now }: Pick<HttpPorts, 'isTrustedProxy' | 'newAuditId' | 'now'>,
  exchange: Exchange,
): IncomingRequest => {
  const { request } = exchange
  const peer = request.socket.remoteAddress ?? ''
  const headers = pairsOf(request.rawHeaders)
  const claim = isTrustedProxy && forwardedClaimOf(isTrustedProxy)({ headers, peer })
  const clientCertificate = clientCertificateOf(request.socket)
  return {
    auditId: newAuditId(),
    receivedAt: now(),
    peer,
    ...(claim === undefined ? {} : { claim }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    httpVersion: request.httpVersion,
    method: request.method ?? '',
    target: request.url ?? '',
    headers,
    readBody: rawBodyReader(exchange),
    isGone: () => request.socket.destroyed,
  }
}

const answer =
  (ports: HttpPorts) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const { conversations, fatal, handle, isStopping, now, protectedResource } = ports
    const exchange = conversations.begin(request, response)
    if (exchange === undefined) return
    if (protectedResource !== undefined && asksForMetadata(request)) {
      sendReply(conversations, exchange, metadataReply(protectedResource), isStopping())
      return
    }
    const incoming = incomingOf(ports, exchange)
    handle(incoming)()
      .then((reply) => sendReply(conversations, exchange, reply, isStopping()))
      .catch((error: unknown) => {
        const reply = replyToError(contextOf(incoming, now()), { _tag: 'Unforeseen', cause: error })
        if (!response.headersSent) sendReply(conversations, exchange, reply, true)
        fatal(error)
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
