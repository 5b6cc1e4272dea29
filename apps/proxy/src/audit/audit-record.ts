import type { ProblemCode } from '@device-install-state/model'
import type { OperationName } from '@device-install-state/model/operations'
import type { Caller } from '../domain/caller.js'
import type { DriftKind } from '../domain/differences.js'
import type { NoClaim } from '../domain/incoming-request.js'
import type { OutcomeKind } from '../domain/outcome.js'
import type { UpstreamIdentity } from '../domain/upstream-identity.js'

/** What the ledger keeps. Sequence and writer are the store's to add. Time is for people, the sequence is for order. */
export type AuditRecord =
  | IntentRecord
  | OutcomeRecord
  | RefusalRecord
  | ReplayRecord
  | ConnectionRecord
  | RefusalsRecord
  | LifecycleRecord
  | CheckpointRecord

interface Recorded {
  readonly auditId: string
  /** RFC 3339, UTC. */
  readonly at: string
}

/** From where a request came. */
interface FromWhere {
  /** The address of the other end of the connection. */
  readonly peer: string
  /** The caller's address, as the peer says, if that is a proxy that is trusted to say it; not proved. */
  readonly claimedFor?: string
  /** Why such a proxy has not said it. */
  readonly noClaim?: NoClaim
  /** SHA-256, in lower-case hex, of the certificate that the peer has proved to be its own, where one is demanded. */
  readonly clientCertificate?: string
}

/** What a caller wants done, written down before Graph hears of it. */
export interface IntentRecord extends Recorded, FromWhere {
  readonly kind: 'intent'
  readonly caller: Caller
  /** The caller's own `client-request-id`, if it sent a GUID. */
  readonly callerRequestId?: string
  /** It sent one that is no GUID. */
  readonly callerRequestIdIgnored?: true
  readonly operation: OperationName
  readonly version: string
  readonly ids: Readonly<Record<string, string>>
  /** Of the body as it goes to Graph: printed anew from what was decoded. */
  readonly bodyBytes: number
  /** Keyed, since a plain digest of so few possible bodies could be guessed. */
  readonly bodyDigest: string
  /** By class: enum and timestamp as sent, the others as keyed digests, null as null. */
  readonly fields: Readonly<Record<string, string | null>>
  /** In whose name Graph is called. */
  readonly upstream: UpstreamIdentity
  /** Of the caller's `Idempotency-Key`, keyed. */
  readonly idempotencyKey?: string
}

/** What became of an intent. */
export interface OutcomeRecord extends Recorded {
  readonly kind: 'outcome'
  readonly outcome: OutcomeKind
  /** Our name for what went wrong; absent when nothing did. */
  readonly code?: string
  /** How it came about, where the code alone does not tell. Bounded; no value of the body, no token. */
  readonly reason?: string
  readonly graphStatus?: number
  readonly graphCode?: string
  readonly graphRequestId?: string
  readonly createdId?: string
  /** How many times it was given to a connection to Graph; 0 where there was no token to send it with. */
  readonly attempts?: number
  readonly durationInMs?: number
  /** How Graph's answer differs from what is documented, by kind. */
  readonly drift?: ReadonlyArray<DriftKind>
  /** Names of properties that were sent with another value than Graph answered. */
  readonly echoMismatch?: ReadonlyArray<string>
  /** The client was no longer there to be told. */
  readonly clientGone?: true
}

/** A request that was turned away before an intent; or one that was only to be validated, see `isValidation`. */
export interface RefusalRecord extends Recorded, FromWhere {
  readonly kind: 'refusal'
  readonly code: string
  readonly status: number
  /** The exact reason, which the caller may not have been told. */
  readonly reason?: string
  readonly callerRequestId?: string
  readonly callerRequestIdIgnored?: true
  readonly method: string
  /** As far as it was known when the request was refused: whom a genuine token names, and what was asked for. */
  readonly caller?: Caller
  readonly operation?: OperationName
  readonly version?: string
  readonly ids?: Readonly<Record<string, string>>
  /** Of a body that was too large: it was not read to its end. */
  readonly bodyBytesRead?: number
  readonly problems?: ReadonlyArray<{ readonly pointer?: string; readonly code: ProblemCode }>
}

/**
 * The code of a request that was only to be validated, and was good. Its record is a refusal's by kind, which ledgers that are
 * in use know already: nothing was meant, and nothing was sent. It is no failure. Decision 0018.
 */
export const validatedOnly = 'validatedOnly'

export const isValidation = ({ code }: RefusalRecord): boolean => code === validatedOnly

/** A request that was answered from the ledger: its idempotency key belongs to a call that has ended. Graph saw nothing. */
export interface ReplayRecord extends Recorded, FromWhere {
  readonly kind: 'replay'
  /** The Audit-Id of the call whose answer was given again. */
  readonly of: string
  readonly status: number
  readonly callerRequestId?: string
  readonly callerRequestIdIgnored?: true
  readonly caller: Caller
  readonly operation: OperationName
  readonly version: string
  readonly ids: Readonly<Record<string, string>>
}

/** What never became a request: bytes that Node's parser refused, a TLS handshake that failed, a connection too many. */
export interface ConnectionRecord extends Recorded {
  readonly kind: 'connection'
  readonly code: string
  readonly reason: string
  readonly peer: string
  readonly clientCertificate?: string
}

/** How often a request, or a connection, was refused with one code to one network. */
export interface RefusalCount {
  /** `other` where there were too many codes. */
  readonly code: string
  /** At most 128 characters. */
  readonly reason?: string
  /** The peer's /24 (IPv4) or /48 (IPv6) as CIDR; `unknown`; `other`, without reason, where there were too many. */
  readonly prefix: string
  readonly count: number
}

/** Refusals of callers that proved nothing, above the rate of those that have a record each. */
export interface RefusalsRecord extends Recorded {
  readonly kind: 'refusals'
  /** When the first and the last of them came. RFC 3339, UTC. */
  readonly from: string
  readonly to: string
  /** The sum of all counts, always. */
  readonly total: number
  /** At most 1,000, most frequent first. */
  readonly counts: ReadonlyArray<RefusalCount>
}

/** What happened to the ledger, its process, or the contract with Graph. */
export interface LifecycleRecord extends Recorded {
  readonly kind: 'lifecycle'
  readonly event: LifecycleEvent
  readonly detail: Readonly<Record<string, string | number>>
}

export type LifecycleEvent =
  | 'started'
  | 'stopped'
  /** The process ends through a mistake of ours. */
  | 'failed'
  /** For a while nothing could be written. */
  | 'gap'
  /** Digests are made, or checkpoints signed, with another key from here on. */
  | 'keyChanged'
  /** Old records were deleted, up to a checkpoint. */
  | 'pruned'
  /** The ledger had an older format, and was written anew. */
  | 'migrated'
  /** For the first time in this process an answer of Graph's differed from what is documented in this way. */
  | 'driftSeen'
  /** `check-config --online` has seen that the ledger can be written. */
  | 'configChecked'

/** The signed word on all that stands before it in its stream. */
export interface CheckpointRecord extends Recorded {
  readonly kind: 'checkpoint'
  /** A C2SP signed note: origin, number of entries before this one, hash of the last of them. */
  readonly note: string
  /** Every intent before this sequence has its end on record. */
  readonly openFrom: number
  /** The name of the key that digests are made with. */
  readonly digestKey: string
  /** The public half of the key that signed the note. */
  readonly signedWith: string
}
