import * as E from 'fp-ts/lib/Either.js'
import { headerOf, type IncomingRequest } from './incoming-request.js'
import type { ProxyError } from './proxy-error.js'

/** What a key must match: the OpenAPI document says so, too. */
export const idempotencyKeyForm = /^[\x21-\x7e]{1,255}$/

/**
 * The caller's own name for a call, so that it is made once however often it is sent. 1 to 255 visible ASCII characters,
 * taken as they are; the quotes that draft-ietf-httpapi-idempotency-key-header asks for are part of it.
 */
export const idempotencyKeyOf = (request: IncomingRequest): E.Either<ProxyError, string | undefined> => {
  const key = headerOf(request, 'idempotency-key')
  return key === undefined || idempotencyKeyForm.test(key) ? E.right(key) : E.left({ _tag: 'IdempotencyKeyMalformed' })
}
