import { type GraphVersion, matchRoute, operationNamed, type Route } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
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

const refuseIf =
  (isRefused: (request: IncomingRequest) => boolean, error: ProxyError) =>
  (request: IncomingRequest): E.Either<ProxyError, IncomingRequest> =>
    isRefused(request) ? E.left(error) : E.right(request)

const withoutDuplicates = (request: IncomingRequest): E.Either<ProxyError, IncomingRequest> => {
  const seen = new Set<string>()
  for (const [name] of request.headers) {
    if (singletons.has(name) && seen.has(name)) return E.left(headerDuplicated(name))
    seen.add(name)
  }
  return E.right(request)
}

const withRoute =
  (versions: ReadonlyArray<GraphVersion>) =>
  (request: IncomingRequest): E.Either<ProxyError, Arrival> => {
    const [path = '', ...query] = request.target.split('?')
    const match = matchRoute(versions, path)
    if (match._tag === 'NoSuchRoute') return E.left({ _tag: 'RouteNotFound' })
    const { method } = operationNamed(match._tag === 'Matched' ? match.route.operation : match.operation)
    if (request.method !== method) return E.left({ _tag: 'MethodNotAllowed' })
    if (query.length > 0)
      return E.left(requestMalformed('These routes have no query parameters; send none, and no "?".'))
    return match._tag === 'MalformedIds'
      ? E.left({ _tag: 'PathIdMalformed', names: match.names })
      : E.right(arrivalOf(request, match.route))
  }

const arrivalOf = (request: IncomingRequest, route: Route): Arrival => ({ request, route })

const withAcceptableBody = (arrival: Arrival): E.Either<ProxyError, Arrival> => {
  const { request } = arrival
  if (headerOf(request, 'content-encoding') !== undefined || !json.test(headerOf(request, 'content-type') ?? '')) {
    return E.left({ _tag: 'MediaTypeUnsupported' })
  }
  return Number(headerOf(request, 'content-length') ?? 0) > bodyLimitInBytes
    ? E.left({ _tag: 'BodyTooLarge', bytesRead: 0 })
    : E.right(arrival)
}

const withIdempotencyKey = (arrival: Arrival): E.Either<ProxyError, Arrival> =>
  pipe(
    idempotencyKeyOf(arrival.request),
    E.map((idempotencyKey) => (idempotencyKey === undefined ? arrival : { ...arrival, idempotencyKey })),
  )

const withHandling = (arrival: Arrival): E.Either<ProxyError, Arrival> =>
  pipe(
    isValidateOnly(arrival.request),
    E.map((isAsked) => (isAsked ? { ...arrival, isValidateOnly: true } : arrival)),
  )

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

/**
 * Is this one of the two calls, by its line and its headers? Looks at no token and reads no body. What Node's own
 * parser refuses does not come here. RFC 9110, RFC 9112; docs/decisions/0020.
 */
export const arrive =
  ({ graphVersions, isDraining }: ArrivePorts) =>
  (request: IncomingRequest): E.Either<ProxyError, Arrival> =>
    pipe(
      request,
      refuseIf(isDraining, { _tag: 'Draining' }),
      E.chain(refuseIf(({ target }) => target.length > longestTarget, { _tag: 'TargetTooLong' })),
      E.chain(refuseIf(({ headers }) => headers.length > mostHeaders, { _tag: 'HeadersTooLarge' })),
      E.chain(
        refuseIf(({ httpVersion }) => httpVersion !== '1.1', requestMalformed('Only HTTP/1.1 is understood here.')),
      ),
      E.chain(refuseIf(isAbsoluteForm, requestMalformed('Send the path alone as request target, not a whole URL.'))),
      E.chain(withoutDuplicates),
      E.chain(
        refuseIf(
          hasNoReadableHost,
          requestMalformed('Send the header Host, with the name or the address of the gateway.'),
        ),
      ),
      E.chain(refuseIf(expectsAnythingElse, { _tag: 'ExpectationFailed' })),
      E.chain(
        refuseIf(hasUnknownTransferCoding, requestMalformed('No other Transfer-Encoding than chunked is understood.')),
      ),
      E.chain(withRoute(graphVersions)),
      E.chain(withAcceptableBody),
      E.chain(withIdempotencyKey),
      E.chain(withHandling),
    )
