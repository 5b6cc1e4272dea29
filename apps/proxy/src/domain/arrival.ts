import type { Route } from '@device-install-state/model/operations'
import type { IncomingRequest } from './incoming-request.js'

/** A request for one of the two routes, well formed as far as the line and the headers go. */
export interface Arrival {
  readonly request: IncomingRequest
  readonly route: Route
  /** The caller's own name for the call, if it sent one. */
  readonly idempotencyKey?: string
  /** The caller wants to know what would be sent, and nothing is to be. */
  readonly isValidateOnly?: true
}
