import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { getRawBody } from 'raw-body'
import { bodyLimitInBytes } from '../arrive/index.js'
import { type ProxyError, requestMalformed } from '../domain/proxy-error.js'

/** A request that is not answered yet, and what has become of its body. */
interface UnderWay {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  failure: ProxyError | undefined
  fail: (error: ProxyError) => void
}

/** The latest request of each connection, so that what the parser says of a connection reaches the one it is about. */
const underWay = new WeakMap<Socket, UnderWay>()

/**
 * Tells what the parser found wrong on a connection to the request whose body was coming in, which then answers for
 * itself. `answered`: that has been done. `busy`: the fault lies behind a whole request that is not answered yet; its
 * reply will be the last on this connection. `idle`: no request is under way.
 */
export const failBodyOn = (socket: Socket, error: ProxyError): 'answered' | 'busy' | 'idle' => {
  const entry = underWay.get(socket)
  if (entry === undefined || entry.response.writableEnded) return 'idle'
  if (!entry.response.headersSent) entry.response.setHeader('Connection', 'close')
  if (entry.request.complete) return 'busy'
  entry.failure = error
  entry.fail(error)
  return 'answered'
}

const errorOf = (error: unknown): ProxyError => {
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined
  if (type === 'entity.too.large') return { _tag: 'BodyTooLarge' }
  return type === 'request.size.invalid'
    ? requestMalformed('The body is not as long as Content-Length says.')
    : { _tag: 'BodyNotReceived', why: 'clientClosed' }
}

/**
 * Makes the reader of a request's body, at most 32 KiB. Nothing is read, and a client that waits for `100 Continue` is
 * not told to go on, before the reader is run.
 */
export const rawBodyReader = (
  request: IncomingMessage,
  response: ServerResponse,
): TE.TaskEither<ProxyError, Uint8Array> => {
  const entry: UnderWay = { request, response, failure: undefined, fail: () => undefined }
  underWay.set(request.socket, entry)
  return () =>
    new Promise((settle) => {
      if (entry.failure !== undefined) {
        settle(E.left(entry.failure))
        return
      }
      entry.fail = (error) => settle(E.left(error))
      if (/^100-continue$/i.test(request.headers.expect?.trim() ?? '')) response.writeContinue()
      const length = request.headers['content-length'] ?? null
      getRawBody(request, { limit: bodyLimitInBytes, length }).then(
        (body) => settle(E.right(body)),
        (error: unknown) => settle(E.left(errorOf(error))),
      )
    })
}
