import type { IncomingMessage } from 'node:http'
import { bodyLimitInBytes } from '../arrive/index.js'
import type { Reply } from '../domain/reply.js'
import type { Conversations, Exchange } from './conversations.js'

const mostDiscardedInBytes = 1024 * 1024
const longestLingerInMs = 1_000

/** Is more to come than is worth reading for the sake of the connection? */
const hasLargeUnreadBody = (request: IncomingMessage): boolean =>
  !request.complete &&
  (request.headers['transfer-encoding'] !== undefined ||
    request.headers.expect !== undefined ||
    Number(request.headers['content-length'] ?? 0) > bodyLimitInBytes)

/**
 * Writes a reply. A body that was refused unread and is large ends the connection; but closing it at once would reset
 * it, and the client might lose the reply, so up to 1 MiB is discarded for up to a second before (RFC 9112 §9.6).
 */
export const sendReply = (
  conversations: Conversations,
  exchange: Exchange,
  { body, headers, status }: Reply,
  isStopping: boolean,
): void => {
  const { request, response } = exchange
  const lingers = hasLargeUnreadBody(request)
  // What was asked behind this is still to be answered, so that a reply says that it is the last only if it is.
  if (lingers || (isStopping && conversations.isLatest(exchange))) {
    response.setHeader('Connection', 'close')
    conversations.endWith(exchange)
  }
  response.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(body)) })
  // Who has ended its half sends no more.
  if (!lingers || request.socket.readableEnded) {
    response.end(body)
    return
  }
  let discarded = 0
  const finish = (): void => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(finish, longestLingerInMs)
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.byteLength
    if (discarded > mostDiscardedInBytes) finish()
  })
  request.on('end', finish)
  request.on('close', finish)
  // It has said all that it wanted, so that nothing of it can meet a connection that is closed.
  request.socket.once('end', finish)
  // Whoever read the body before may have paused it.
  request.resume()
  response.write(request.method === 'HEAD' ? '' : body)
}
