import type { DeviceInstallStateCreate } from '@device-install-state/model'
import type { Route } from '@device-install-state/model/operations'
import type { Admission } from './admission.js'
import type { IncomingRequest } from './incoming-request.js'

/** A call that is understood: who asks for what, and in whose name Graph is called. */
export interface Call extends Admission {
  readonly request: IncomingRequest
  readonly route: Route
  readonly idempotencyKey?: string
  readonly body: DeviceInstallStateCreate
  /** What goes to Graph: the body, printed anew from its decoded value. */
  readonly json: string
}
