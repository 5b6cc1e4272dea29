import type * as IO from 'fp-ts/lib/IO.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { ProxyError } from './proxy-error.js'

/** Why, although the peer is trusted to say it, nothing is known of where a request comes from. */
export type NoClaim =
  | 'headerMissing'
  /** Every hop is a trusted proxy. */
  | 'onlyTrustedHops'
  /** Behind hops that are all trusted comes one that is no address. */
  | 'unreadable'
  | 'tooManyHops'

/** From where a request is said to come by proxies that are trusted to say so. Never proved; an address in its one form. */
export type ForwardedClaim = { readonly claimedFor: string } | { readonly noClaim: NoClaim }

/** One request as it came over the wire, nothing decoded, nothing trusted. */
export interface IncomingRequest {
  /** Our name for this call: a UUIDv7. It is the caller's receipt, and Graph's `client-request-id`. */
  readonly auditId: string
  readonly receivedAt: Date
  /** The address of the other end of the connection; proxies in between are not seen through. */
  readonly peer: string
  /** What the peer says of that; undefined unless it is a proxy that is trusted. */
  readonly claim?: ForwardedClaim
  /** SHA-256, in lower-case hex, of the certificate that the peer has proved to be its own; undefined unless one is demanded. */
  readonly clientCertificate?: string
  /** As on the request line, `1.1` if all is well. */
  readonly httpVersion: string
  readonly method: string
  /** The request target as sent, undecoded. */
  readonly target: string
  /** Names in lower case, in the order they came; a name that came twice stands here twice. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** Reads the body, once, up to the limit. Nothing is read before this is called. */
  readonly readBody: TE.TaskEither<ProxyError, Uint8Array>
  /** True once the connection is known to be gone. A client that only ended its own half still waits. */
  readonly isGone: IO.IO<boolean>
}

/** The value of a header that is known to come at most once. */
export const headerOf = (request: IncomingRequest, name: string): string | undefined =>
  request.headers.find(([key]) => key === name)?.[1]

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The caller's own id for this request, if it is a GUID as Graph asks for; anything else is ignored. */
export const callerRequestIdOf = (request: IncomingRequest): string | undefined => {
  const id = headerOf(request, 'client-request-id')
  return id !== undefined && guid.test(id) ? id : undefined
}

/** The same for the record, which also says that there was one that was ignored. */
export const callerRequestIdIn = (
  request: IncomingRequest,
): { readonly callerRequestId?: string; readonly callerRequestIdIgnored?: true } => {
  const callerRequestId = callerRequestIdOf(request)
  if (callerRequestId !== undefined) return { callerRequestId }
  return headerOf(request, 'client-request-id') === undefined ? {} : { callerRequestIdIgnored: true }
}

// RFC 9110 §9.1 and RFC 5789: those that semantic conventions of telemetry know, too.
const methods: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
])

/** A method as telemetry may name it: what else a sender calls one is `_OTHER`. */
export const knownMethod = (method: string): string => (methods.has(method) ? method : '_OTHER')
