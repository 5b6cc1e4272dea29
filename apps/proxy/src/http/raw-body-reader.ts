import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { getRawBody } from 'raw-body'
import { bodyLimitInBytes } from '../arrive/index.js'
import { type ProxyError, requestMalformed } from '../domain/proxy-error.js'
import type { Exchange } from './conversations.js'

const receivedOf = (error: unknown): number =>
  typeof error === 'object' && error !== null && 'received' in error ? Number(error.received) : 0

const errorOf = (error: unknown): ProxyError => {
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined
  if (type === 'entity.too.large') return { _tag: 'BodyTooLarge', bytesRead: receivedOf(error) }
  return type === 'request.size.invalid'
    ? requestMalformed('The body is not as long as Content-Length says.')
    : { _tag: 'BodyNotReceived', why: 'clientClosed' }
}

/**
 * Makes the reader of a request's body, at most 32 KiB. Nothing is read, and a client that waits for `100 Continue` is
 * not told to go on, before the reader is run.
 */
export const rawBodyReader = (exchange: Exchange): TE.TaskEither<ProxyError, Uint8Array> => {
  const { request, response } = exchange
  return () =>
    new Promise((settle) => {
      if (exchange.failure !== undefined) {
        settle(E.left(exchange.failure))
        return
      }
      exchange.onFailure = (error) => settle(E.left(error))
      if (/^100-continue$/i.test(request.headers.expect?.trim() ?? '')) response.writeContinue()
      const length = request.headers['content-length'] ?? null
      getRawBody(request, { limit: bodyLimitInBytes, length }).then(
        (body) => settle(E.right(body)),
        (error: unknown) => settle(E.left(errorOf(error))),
      )
    })
}
