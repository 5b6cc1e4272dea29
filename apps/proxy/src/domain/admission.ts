import type { Caller } from './caller.js'
import type { Quota } from './quota.js'
import type { UpstreamIdentity } from './upstream-identity.js'

/** A caller who may call, and in whose name Graph is called for it. */
export interface Admission {
  readonly caller: Caller
  readonly upstream: UpstreamIdentity
  /** Where calls are counted by caller. */
  readonly quota?: Quota
}
