import * as E from 'fp-ts/lib/Either.js'
import type { Caller } from '../domain/caller.js'
import type { ProxyError } from '../domain/proxy-error.js'
import type { UpstreamApplication, UpstreamIdentity } from '../domain/upstream-identity.js'

type CallerNotAllowed = Extract<ProxyError, { readonly _tag: 'CallerNotAllowed' }>

/** In whose name Graph is to be called. */
export type UpstreamPolicy =
  /** Always the gateway's own. */
  | { readonly mode: 'app'; readonly own: UpstreamApplication }
  /** The user's who calls; `by-caller` lets applications call too, for whom it is the gateway's own. */
  | {
      readonly mode: 'on-behalf-of' | 'by-caller'
      readonly own: UpstreamApplication
      /** Which acts on behalf of users, and may be another than a machine's own identity. */
      readonly clientId: string
      readonly tenantId: string
    }

/** In whose name is Graph called for this caller, if it may be at all? */
export const inWhoseName =
  (policy: UpstreamPolicy) =>
  (caller: Caller): E.Either<CallerNotAllowed, UpstreamIdentity> => {
    if (policy.mode === 'app' || (policy.mode === 'by-caller' && caller.kind === 'application')) {
      return E.right(policy.own)
    }
    if (caller.kind === 'application') return E.left({ _tag: 'CallerNotAllowed', why: 'userNeeded', caller })
    return caller.tenantId === policy.tenantId
      ? E.right({
          kind: 'user',
          clientId: policy.clientId,
          tenantId: caller.tenantId,
          objectId: caller.objectId,
        })
      : E.left({ _tag: 'CallerNotAllowed', why: 'otherTenant', caller })
  }
