import type { Problem } from '@device-install-state/model'
import type { HttpHeaders } from '../exchange/http-exchange.js'
import type { Place } from './places.js'

/** Whose token goes with a request. */
export type TokenKind = 'good' | 'none' | 'malformed'

/** What is owed to a request, before it is known who answers. */
export type Owed =
  /** It is created, as sent. */
  | { readonly _tag: 'Created' }
  /** The body is JSON and no create: refused, every problem told. */
  | { readonly _tag: 'BodyRefused'; readonly problems: ReadonlyArray<Problem> }
  /** The body cannot be read. */
  | { readonly _tag: 'BodyUnreadable' }
  /** The content type is not JSON's. */
  | { readonly _tag: 'MediaTypeRefused' }
  /** The caller is not known. */
  | { readonly _tag: 'CallerRefused' }
  /** There is no such route, or not by this method. */
  | { readonly _tag: 'RouteRefused'; readonly why: 'method' | 'path' | 'id' | 'query' }

/** One request of the contract, and what is owed to it. */
export interface Interaction {
  /** A sentence about behaviour. Unique at its place. */
  readonly name: string
  readonly place: Place
  readonly method: string
  readonly path: string
  /** All but `Authorization`. */
  readonly headers: HttpHeaders
  readonly token: TokenKind
  /** Empty if there is none. */
  readonly body: string
  readonly owed: Owed
}
