import type { Caller } from './caller.js'

/** Who counts as one: each caller, or all that call through one application. */
export type CountedBy = 'caller' | 'application'

/** What those that count as one have in common, in each tenant, or with each issuer where there is none. */
export const callerKey =
  (by: CountedBy) =>
  ({ appId, issuer, objectId, tenantId }: Caller): string =>
    JSON.stringify([tenantId ?? issuer, by === 'application' ? (appId ?? objectId) : objectId])
