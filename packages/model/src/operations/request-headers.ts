import { type Described, stringLeaf } from '../described.js'
import { type ObjectCodec, objectCodec, optional, required } from '../object-codec.js'
import { text } from '../text.js'

/** What an `Authorization` header must hold. RFC 6750 section 2.1; the scheme in any case, RFC 9110 section 11.1. */
export const BearerCredentials: Described<string> = stringLeaf(
  'BearerCredentials',
  (u): u is string => text.is(u) && /^Bearer +[\w.~+/-]+=*$/i.test(u),
  'Bearer, a blank, and an access token',
  'format',
)

/** JSON, with or without parameters. */
export const JsonMediaType: Described<string> = stringLeaf(
  'JsonMediaType',
  (u): u is string => text.is(u) && /^application\/json\s*(?:;|$)/i.test(u),
  'application/json',
  'format',
)

/**
 * The headers of a create as a plain object, names in lower case: as Node gives them, or `Object.fromEntries` of a `Headers`.
 * Source: Graph's page and its example.
 */
export interface RequestHeaders {
  readonly authorization: string
  readonly accept?: string
  readonly 'content-type': string
}

/** Other headers are kept. */
export const RequestHeaders: ObjectCodec<RequestHeaders> = objectCodec<RequestHeaders>('RequestHeaders', {
  authorization: required(BearerCredentials),
  accept: optional(text),
  'content-type': required(JsonMediaType),
})
