import type { Problem } from '@device-install-state/model'
import type { Caller } from './caller.js'
import type { Differences } from './differences.js'
import type { Quota } from './quota.js'

/** Why a token was not taken. For the audit record alone: a caller is told no more than that it is invalid. */
export type TokenInvalidReason =
  | 'tooLong'
  | 'notAJws'
  | 'header'
  | 'payload'
  | 'issuer'
  | 'keyUnknown'
  | 'keyIssuer'
  | 'signature'
  | 'audience'
  | 'graphTokenPresented'
  | 'version'
  | 'tenant'
  | 'kind'
  | 'boundToKey'
  | 'expired'
  | 'notYetValid'
  | 'issuedInFuture'
  | 'livesTooLong'
  | 'claims'

/** Why a caller whose token is good may not call all the same. */
export type CallerNotAllowedWhy =
  /** Its application is not among those that may. */
  | 'applicationNotListed'
  /** Graph is called in the name of users alone, and this is an application. */
  | 'userNeeded'
  /** A user of a tenant other than the one whose books are meant, in whose name Graph cannot be called there. */
  | 'otherTenant'

/** A refusal that Graph sent: its status is in the closed list of those that say "this was not done". */
export interface GraphRefusal {
  readonly status: number
  /** Graph's own code, which clients branch on; undefined when the body was no Graph error. */
  readonly code: string | undefined
  /** Cleaned of values, hosts and ids, at most 500 characters. */
  readonly message: string | undefined
  /** For the record: the same with the ids that Microsoft's support asks for, at most 1,000 characters. */
  readonly messageOnRecord?: string | undefined
  readonly retryAfterInSeconds: number | undefined
}

/** All that can go wrong with a request. `reply-to-error.ts` turns each into what the caller reads. */
export type ProxyError =
  // before there is a request
  | { readonly _tag: 'TlsHandshakeFailed' }
  | { readonly _tag: 'TooManyConnections' }
  // 1 arrive
  | { readonly _tag: 'RequestMalformed'; readonly what: string }
  | { readonly _tag: 'HeaderDuplicated'; readonly name: string }
  | { readonly _tag: 'HeadersTooLarge' }
  | { readonly _tag: 'TargetTooLong' }
  | { readonly _tag: 'RouteNotFound' }
  | { readonly _tag: 'PathIdMalformed'; readonly names: ReadonlyArray<string> }
  | { readonly _tag: 'MethodNotAllowed' }
  | { readonly _tag: 'MediaTypeUnsupported' }
  | { readonly _tag: 'ExpectationFailed' }
  | { readonly _tag: 'BodyTooLarge'; readonly bytesRead: number }
  | { readonly _tag: 'BodyNotReceived'; readonly why: 'timeout' | 'clientClosed' }
  | { readonly _tag: 'IdempotencyKeyMalformed' }
  | { readonly _tag: 'Draining' }
  // 2 authenticate
  | { readonly _tag: 'TokenMissing' }
  | { readonly _tag: 'CredentialsMalformed' }
  | {
      readonly _tag: 'TokenInvalid'
      readonly reason: TokenInvalidReason
      readonly audience: string
      /** Whom the token names, if its signature is genuine: for the record. */
      readonly caller?: Caller
    }
  | { readonly _tag: 'ScopeMissing'; readonly permission: string; readonly caller: Caller }
  | {
      readonly _tag: 'CallerNotAllowed'
      readonly why: CallerNotAllowedWhy
      readonly caller: Caller
      /** Where calls are counted, and this one was. */
      readonly quota?: Quota
    }
  | { readonly _tag: 'CallerRateLimited'; readonly quota: Quota; readonly caller: Caller }
  | { readonly _tag: 'AuthKeysUnavailable'; readonly cause: unknown }
  // 3 decode
  | { readonly _tag: 'JsonMalformed'; readonly offset: number | undefined; readonly what: string }
  | { readonly _tag: 'BodyInvalid'; readonly problems: ReadonlyArray<Problem> }
  // 4 record the intent
  | { readonly _tag: 'IntentNotRecorded'; readonly cause: unknown }
  /** More waits for the ledger than it can take. */
  | { readonly _tag: 'Overloaded' }
  /** The idempotency key belongs to a call that asked for something else. */
  | { readonly _tag: 'IdempotencyKeyReused'; readonly earlierAuditId: string }
  /** The same call is under way. */
  | { readonly _tag: 'DuplicateInProgress'; readonly earlierAuditId: string }
  /** The same call was sent, and nobody knows what became of it, or what was answered. */
  | { readonly _tag: 'DuplicateOfIndeterminate'; readonly earlierAuditId: string }
  // 5 forward
  /** Its turn would come too late for the caller, who may ask again then. */
  | {
      readonly _tag: 'TurnTooLate'
      /** Graph takes so many calls a while, it said so of others just now, or as many as may be are with it. */
      readonly why: 'pace' | 'throttled' | 'concurrency'
      readonly retryAfterInSeconds: number
    }
  /** Graph failed so often in a row that it is left alone for a while. */
  | { readonly _tag: 'GraphLeftAlone'; readonly retryAfterInSeconds: number }
  | { readonly _tag: 'UpstreamAuthUnavailable'; readonly cause: unknown }
  | {
      readonly _tag: 'UserMustInteract'
      /** The claims that Entra asks for, as JSON in printable ASCII. */
      readonly claims: string | undefined
      readonly cause: string
      /** Graph had refused a first try by then. */
      readonly hasGraphRefused?: true
    }
  | {
      readonly _tag: 'AssertionRefused'
      readonly consentMissing: boolean
      readonly cause: string
      readonly hasGraphRefused?: true
    }
  | { readonly _tag: 'GraphUnreachable'; readonly cause: unknown }
  | { readonly _tag: 'GraphTlsFailed'; readonly cause: unknown }
  | { readonly _tag: 'GraphConnectionLost'; readonly cause: unknown }
  | {
      readonly _tag: 'GraphTimedOut'
      readonly sent: boolean
      readonly status: number | undefined
      /** Time ran out for another reason than Graph. */
      readonly why?: 'the process ends'
      readonly requestId?: string | undefined
    }
  // 6 decode the answer
  | {
      readonly _tag: 'GraphAnswerUnreadable'
      readonly status: number | undefined
      /** Graph's `request-id`, if its headers came. */
      readonly requestId?: string | undefined
      readonly what: string
      /** Known where the entity's key could be read although the rest could not. */
      readonly createdId: string | undefined
      readonly differences?: Differences
    }
  | { readonly _tag: 'GraphRedirected'; readonly status: number }
  | { readonly _tag: 'GraphRouteUnsupported'; readonly refusal: GraphRefusal }
  | { readonly _tag: 'GraphRejectedOurToken'; readonly refusal: GraphRefusal }
  | {
      readonly _tag: 'GraphDemandsClaims'
      /** What the user must satisfy before Graph is called in its name, as JSON in printable ASCII. */
      readonly claims: string
      readonly refusal: GraphRefusal
    }
  | { readonly _tag: 'GraphRefused'; readonly refusal: GraphRefusal }
  | {
      readonly _tag: 'GraphFailed'
      readonly status: number
      readonly code: string | undefined
      readonly messageOnRecord?: string | undefined
    }
  // any
  | { readonly _tag: 'Unforeseen'; readonly cause: unknown }

export const requestMalformed = (what: string): ProxyError => ({ _tag: 'RequestMalformed', what })
export const headerDuplicated = (name: string): ProxyError => ({ _tag: 'HeaderDuplicated', name })
export const intentNotRecorded = (cause: unknown): ProxyError => ({ _tag: 'IntentNotRecorded', cause })
export const authKeysUnavailable = (cause: unknown): ProxyError => ({ _tag: 'AuthKeysUnavailable', cause })
export const bodyInvalid = (problems: ReadonlyArray<Problem>): ProxyError => ({ _tag: 'BodyInvalid', problems })
