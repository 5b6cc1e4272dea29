import type * as IO from 'fp-ts/lib/IO.js'
import type { ArrivePorts } from './arrive/index.js'
import type { AuditPorts } from './audit/index.js'
import type { AuthenticatePorts } from './authenticate/index.js'
import type { DriftPolicy } from './decode/index.js'
import type { Drift } from './domain/differences.js'
import type { ChallengeContext } from './domain/reply.js'
import type { ForwardPorts, WouldBeSentPorts } from './forward/index.js'

/** What is told of each request when it is over. No value of a body, no token. */
export interface RequestLogEntry {
  readonly auditId: string
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
  readonly log: (entry: RequestLogEntry) => IO.IO<void>
}
