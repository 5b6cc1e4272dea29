import { type GraphVersion, matchRoute, operationNamed, type Route } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import type * as IO from 'fp-ts/lib/IO.js'
import type { Arrival } from '../domain/arrival.js'
import { idempotencyKeyOf } from '../domain/idempotency-key.js'
import { headerOf, type IncomingRequest } from '../domain/incoming-request.js'
import { headerDuplicated, type ProxyError, requestMalformed } from '../domain/proxy-error.js'
import { isValidateOnly } from './validate-only.js'

/** The largest body that is read, in bytes. */
export const bodyLimitInBytes = 32 * 1024

const longestTarget = 8192
const mostHeaders = 64

// Headers of which two would let two readers see two requests.
const singletons: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'expect',
  'client-request-id',
  'idempotency-key',
])

/** A name, an IPv4 address, or an IPv6 address in brackets, with or without a port. RFC 9110 §7.2, but for what no host of ours has. */
const host = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i

const json = /^application\/json(?: *; *charset=(?:utf-8|"utf-8"))? *$/i

/** What is wrong with a request; undefined if that is nothing. */
type Check = (request: IncomingRequest) => ProxyError | undefined

const refuseIf =
  (isRefused: (request: IncomingRequest) => boolean, error: ProxyError): Check =>
  (request) =>
    isRefused(request) ? error : undefined

const duplicated: Check = ({ headers }) => {
  const seen = new Set<string>()
  for (const [name] of headers) {
    if (!singletons.has(name)) continue
    if (seen.has(name)) return headerDuplicated(name)
    seen.add(name)
  }
  return undefined
}

const routeOf = (
  versions: ReadonlyArray<GraphVersion>,
  { method, target }: IncomingRequest,
): E.Either<ProxyError, Route> => {
  const [path = '', ...query] = target.split('?')
  const match = matchRoute(versions, path)
  if (match._tag === 'NoSuchRoute') return E.left({ _tag: 'RouteNotFound' })
  const operation = operationNamed(match._tag === 'Matched' ? match.route.operation : match.operation)
  if (method !== operation.method) return E.left({ _tag: 'MethodNotAllowed' })
  if (query.length > 0) return E.left(requestMalformed('These routes have no query parameters; send none, and no "?".'))
  return match._tag === 'MalformedIds' ? E.left({ _tag: 'PathIdMalformed', names: match.names }) : E.right(match.route)
}

const bodyCannotBeTaken: Check = (request) => {
  if (headerOf(request, 'content-encoding') !== undefined || !json.test(headerOf(request, 'content-type') ?? '')) {
    return { _tag: 'MediaTypeUnsupported' }
  }
  return Number(headerOf(request, 'content-length') ?? 0) > bodyLimitInBytes
    ? { _tag: 'BodyTooLarge', bytesRead: 0 }
    : undefined
}

const isAbsoluteForm = ({ target }: IncomingRequest): boolean => /^[a-z][a-z0-9+.-]*:/i.test(target)

const hasNoReadableHost = (request: IncomingRequest): boolean => !host.test(headerOf(request, 'host') ?? '')

const expectsAnythingElse = (request: IncomingRequest): boolean =>
  (headerOf(request, 'expect') ?? '100-continue').trim().toLowerCase() !== '100-continue'

const hasUnknownTransferCoding = (request: IncomingRequest): boolean =>
  (headerOf(request, 'transfer-encoding') ?? 'chunked').trim().toLowerCase() !== 'chunked'

export interface ArrivePorts {
  readonly graphVersions: ReadonlyArray<GraphVersion>
  /** True once the process no longer takes new calls. */
  readonly isDraining: IO.IO<boolean>
}

// In the order in which they are told.
const checks: ReadonlyArray<Check> = [
  refuseIf(({ target }) => target.length > longestTarget, { _tag: 'TargetTooLong' }),
  refuseIf(({ headers }) => headers.length > mostHeaders, { _tag: 'HeadersTooLarge' }),
  refuseIf(({ httpVersion }) => httpVersion !== '1.1', requestMalformed('Only HTTP/1.1 is understood here.')),
  refuseIf(isAbsoluteForm, requestMalformed('Send the path alone as request target, not a whole URL.')),
  duplicated,
  refuseIf(hasNoReadableHost, requestMalformed('Send the header Host, with the name or the address of the gateway.')),
  refuseIf(expectsAnythingElse, { _tag: 'ExpectationFailed' }),
  refuseIf(hasUnknownTransferCoding, requestMalformed('No other Transfer-Encoding than chunked is understood.')),
]

/** The first that one of them finds. */
const problemIn = (request: IncomingRequest): ProxyError | undefined => {
  for (const check of checks) {
    const error = check(request)
    if (error !== undefined) return error
  }
  return undefined
}

/**
 * Is this one of the two calls, by its line and its headers? Looks at no token and reads no body. What Node's own
 * parser refuses does not come here. RFC 9110, RFC 9112; docs/decisions/0020.
 */
export const arrive =
  ({ graphVersions, isDraining }: ArrivePorts) =>
  (request: IncomingRequest): E.Either<ProxyError, Arrival> => {
    if (isDraining()) return E.left({ _tag: 'Draining' })
    const problem = problemIn(request)
    if (problem !== undefined) return E.left(problem)
    const route = routeOf(graphVersions, request)
    if (E.isLeft(route)) return route
    const ofBody = bodyCannotBeTaken(request)
    if (ofBody !== undefined) return E.left(ofBody)
    const key = idempotencyKeyOf(request)
    if (E.isLeft(key)) return key
    const handling = isValidateOnly(request)
    if (E.isLeft(handling)) return handling
    return E.right({
      request,
      route: route.right,
      ...(key.right === undefined ? {} : { idempotencyKey: key.right }),
      ...(handling.right ? { isValidateOnly: true } : {}),
    })
  }
