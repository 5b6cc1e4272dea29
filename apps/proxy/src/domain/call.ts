import type { DeviceInstallStateCreate, Route } from '@device-install-state/model'
import type { Arrival } from './arrival.js'
import type { Caller } from './caller.js'

/** A call that is understood: who asks for what. */
export interface Call {
  readonly arrival: Arrival
  readonly caller: Caller
  readonly route: Route
  readonly body: DeviceInstallStateCreate
  /** What goes to Graph: the body, printed anew from its decoded value. */
  readonly json: string
}
