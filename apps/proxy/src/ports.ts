import type * as IO from 'fp-ts/lib/IO.js'
import type { ArrivePorts } from './arrive/index.js'
import type { AuditPorts } from './audit/index.js'
import type { AuthenticatePorts } from './authenticate/index.js'
import type { DriftPolicy } from './decode/index.js'
import type { Caller } from './domain/caller.js'
import type { Drift } from './domain/differences.js'
import type { IncomingRequest } from './domain/incoming-request.js'
import type { OutcomeKind } from './domain/outcome.js'
import type { ChallengeContext } from './domain/reply.js'
import type { ForwardPorts, WouldBeSentPorts } from './forward/index.js'

/** How a request ended: what became of the call, or, without an intent, what else its record says. */
export type RequestEnd = OutcomeKind | 'refusal' | 'replay' | 'validation' | 'connection'

/** What is told of each request when it is over. No value of a body, no token, no path. */
export interface RequestLogEntry {
  readonly auditId: string
  /** 32 hexadecimal digits: the caller's, if it said one as W3C Trace Context has it, else the audit id. */
  readonly traceId: string
  /** The caller's own name for the request, if it is a GUID. */
  readonly callerRequestId: string | undefined
  /** `_OTHER` where HTTP knows none of that name. */
  readonly method: string
  /** The template of the route, with its version, once it is known. */
  readonly route: string | undefined
  /** Once it is proved who calls. */
  readonly caller: Caller | undefined
  readonly end: RequestEnd
  readonly status: number
  readonly code: string | undefined
  readonly reason: string | undefined
  readonly durationInMs: number
}

/** All that the life of a request asks of the world; each step says what it needs of it. */
export interface Ports extends ArrivePorts, AuthenticatePorts, AuditPorts, ForwardPorts, WouldBeSentPorts {
  readonly challenge: ChallengeContext
  readonly driftPolicy: DriftPolicy
  /** Takes note of how answers differ from what is documented. Nobody waits for it. */
  readonly countDrift: (drift: ReadonlyArray<Drift>) => IO.IO<void>
  /** Told once of each request, and, but for connections, of which one. */
  readonly log: (entry: RequestLogEntry, request?: IncomingRequest) => IO.IO<void>
}
