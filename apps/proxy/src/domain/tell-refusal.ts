import type { GraphRefusal } from './proxy-error.js'
import { retryAfter, type Told } from './told.js'

const conflicts: ReadonlySet<number> = new Set([409, 410, 412, 423])

const permissionHint =
  'The gateway’s application needs the permission DeviceManagementApps.ReadWrite.All with admin consent, and the tenant an active Intune license; where Graph is called on behalf of users, the user a role in Intune as well.'

/** What a caller is told of a refusal that Graph sent. */
export const tellRefusal = (refusal: GraphRefusal): Told => {
  const said = refusal.message === undefined ? '' : ` Graph says: ${refusal.message}`
  switch (refusal.status) {
    case 400:
    case 402:
    case 422:
      return {
        status: refusal.status,
        code: 'upstreamRejected',
        message: `Graph rejected the request.${said}`,
        retry: 'never',
        graph: refusal,
      }
    case 403:
      return {
        status: 403,
        code: 'upstreamForbidden',
        message: `Graph forbids this call. ${permissionHint}${said}`,
        retry: 'never',
        graph: refusal,
      }
    case 404:
      return {
        status: 404,
        code: 'upstreamNotFound',
        message: `Graph does not know this book or this user’s summary; check the ids in the path.${said}`,
        retry: 'never',
        graph: refusal,
      }
    case 429:
    case 503:
    case 509:
      return {
        status: refusal.status === 429 ? 429 : 503,
        code: refusal.status === 429 ? 'upstreamThrottled' : 'upstreamUnavailable',
        message: `Graph takes no more calls for now; send it again after the time in Retry-After.${said}`,
        retry: 'after',
        headers: retryAfter(refusal.retryAfterInSeconds ?? 10),
        ...(refusal.status === 429 ? { graph: refusal } : {}),
      }
    default:
      return conflicts.has(refusal.status)
        ? {
            status: refusal.status,
            code: 'upstreamConflict',
            message: `Graph refused the call.${said}`,
            retry: 'never',
            graph: refusal,
          }
        : {
            status: 502,
            code: 'upstreamError',
            message: `Graph refused the form of the gateway’s request (status ${String(refusal.status)}); its operator should look at this.`,
            retry: 'never',
          }
  }
}
