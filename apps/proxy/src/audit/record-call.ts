import { wordsOfNotWritten } from './words-of-not-written.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as IO from 'fp-ts/lib/IO.js'
import type * as T from 'fp-ts/lib/Task.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { Answer } from '../domain/answer.js'
import type { Call } from '../domain/call.js'
import { intentNotRecorded, type ProxyError } from '../domain/proxy-error.js'
import type { AuditRecord, ConnectionRecord, OutcomeRecord, RefusalRecord, ReplayRecord } from './audit-record.js'
import type { AuditStore, KeyHolder, WithRecord } from './audit-store.js'
import { claimOf, earlierAnswer, type EarlierAnswer, type IdempotencyPorts, sealedAnswer } from './idempotent-call.js'
import { intentOf, type RecordingPorts } from './records.js'

export interface AuditPorts extends RecordingPorts, IdempotencyPorts {
  readonly auditStore: AuditStore
  /** True when a refusal of a caller that proved nothing is counted, and is to have no record of its own. */
  readonly countRefusal: (refusal: RefusalRecord | ConnectionRecord) => IO.IO<boolean>
  readonly now: IO.IO<Date>
  /** Told of records that are not on disk, whole: the process log is then all that has them. */
  readonly recordLost: (record: AuditRecord, cause: unknown) => IO.IO<void>
}

/** A call that may be sent: its intent is on disk. */
export interface Begun {
  readonly _tag: 'Begun'
  /** The idempotency key that it holds, as the ledger knows it. */
  readonly key: string | undefined
}

/** A call that is not to be made: the one that holds its idempotency key has been answered. */
export interface Answered extends EarlierAnswer {
  readonly _tag: 'Answered'
}

const decided = (ports: AuditPorts, call: Call, holder: KeyHolder): E.Either<ProxyError, Answered> =>
  pipe(
    earlierAnswer(ports, call, call.idempotencyKey ?? '', holder),
    E.map((earlier) => ({ _tag: 'Answered', ...earlier })),
  )

/**
 * Writes down what is meant, and takes the call's idempotency key, in one transaction. Right means that it is on disk, or
 * that there is an answer already; on Left nothing may be sent.
 */
export const recordIntent =
  (ports: AuditPorts) =>
  (call: Call): TE.TaskEither<ProxyError, Begun | Answered> =>
  async () => {
    const claim = call.idempotencyKey === undefined ? undefined : claimOf(ports, call, call.idempotencyKey)
    const key = claim?.forms[0].key
    const intent = intentOf(ports, ports.now(), key)(call)
    const appended = await ports.auditStore.append(intent, claim === undefined ? {} : { claim })()
    if (E.isLeft(appended)) {
      const cause = appended.left
      return E.left(
        cause._tag === 'TooMuchWaiting' ? { _tag: 'Overloaded' } : intentNotRecorded(wordsOfNotWritten(cause)),
      )
    }
    return appended.right._tag === 'Written'
      ? E.right({ _tag: 'Begun', key })
      : decided(ports, call, appended.right.holder)
  }

/** What is kept with an outcome for whoever sends the same idempotency key again. */
export interface ForTheKey {
  readonly call: Call
  readonly begun: Begun
  /** The answer to give again; `again`: none, the call may be made anew; `unknown`: nobody knows whether it was done. */
  readonly answer: Answer | 'again' | 'unknown'
}

const keptFor = (ports: AuditPorts, { answer, begun: { key }, call }: ForTheKey): WithRecord => {
  if (key === undefined || answer === 'unknown') return {}
  if (answer === 'again') return { kept: { key, answer: undefined } }
  return { kept: { key, answer: sealedAnswer(ports, call, call.idempotencyKey ?? '', answer) } }
}

/**
 * Writes down what came of it. Graph has answered by now, so a failed write must not change our reply: the record is
 * owed, the alarm is raised, and new calls are refused until it is on disk.
 */
export const recordOutcome =
  (ports: AuditPorts) =>
  (record: OutcomeRecord, forTheKey: ForTheKey): T.Task<void> =>
    appendOrOwe(ports, record, keptFor(ports, forTheKey))

/**
 * Writes down that a request was turned away. It stays turned away when that fails: nothing was sent. Of callers that
 * proved nothing, those above a rate are counted instead, so that nobody fills the disk from outside.
 */
export const recordRefusal =
  (ports: AuditPorts) =>
  (record: RefusalRecord | ConnectionRecord): T.Task<void> =>
  async () => {
    if (!isProved(record) && ports.countRefusal(record)()) return
    const appended = await ports.auditStore.append(record)()
    if (E.isLeft(appended)) ports.recordLost(record, appended.left)()
  }

const isProved = (record: RefusalRecord | ConnectionRecord): boolean =>
  record.kind === 'refusal' && record.caller !== undefined

/** Writes down that a request got an answer that was given before; owed, if it cannot be written. Graph saw nothing of it. */
export const recordReplay =
  (ports: AuditPorts) =>
  (record: ReplayRecord): T.Task<void> =>
    appendOrOwe(ports, record)

const appendOrOwe =
  (
    { auditStore, recordLost }: Pick<AuditPorts, 'auditStore' | 'recordLost'>,
    record: OutcomeRecord | ReplayRecord,
    more: WithRecord = {},
  ): T.Task<void> =>
  async () => {
    const appended = await auditStore.append(record, more)()
    if (E.isRight(appended)) return
    auditStore.owe(record, more)
    recordLost(record, appended.left)()
  }
