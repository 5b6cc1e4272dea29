import type { DeviceInstallStateCreate } from '@device-install-state/model'
import type { Admission } from './admission.js'
import type { Arrival } from './arrival.js'

/** A call that is understood: who asks for what, and in whose name Graph is called. */
export interface Call extends Arrival, Admission {
  readonly body: DeviceInstallStateCreate
  /** What goes to Graph: the body, printed anew from its decoded value. */
  readonly json: string
}
