import type { DeviceInstallStateCreate } from '@device-install-state/model'
import type { Route } from '@device-install-state/model/operations'
import type { Caller } from './caller.js'
import type { IncomingRequest } from './incoming-request.js'

/** A call that is understood: who asks for what. */
export interface Call {
  readonly request: IncomingRequest
  readonly caller: Caller
  readonly route: Route
  readonly body: DeviceInstallStateCreate
  /** What goes to Graph: the body, printed anew from its decoded value. */
  readonly json: string
}
