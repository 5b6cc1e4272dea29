import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as IO from 'fp-ts/lib/IO.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Call } from '../domain/call.js'
import { intentNotRecorded, type ProxyError } from '../domain/proxy-error.js'
import type { AuditRecord, ConnectionRecord, OutcomeRecord, RefusalRecord } from './audit-record.js'
import type { AuditStore } from './audit-store.js'
import { intentOf, type KeyedDigest } from './records.js'

export interface AuditPorts {
  readonly auditStore: AuditStore
  readonly digest: KeyedDigest
  /** True when a refusal of a caller that proved nothing is counted, and is to have no record of its own. */
  readonly countRefusal: (refusal: RefusalRecord | ConnectionRecord) => IO.IO<boolean>
  readonly now: IO.IO<Date>
  /** Told of records that are not on disk, whole: the process log is then all that has them. */
  readonly recordLost: (record: AuditRecord, cause: unknown) => IO.IO<void>
}

/** Writes down what is meant. Right means that it is on disk; on Left nothing may be sent. */
export const recordIntent =
  ({ auditStore, digest, now }: AuditPorts) =>
  (call: Call): TE.TaskEither<ProxyError, void> =>
    pipe(
      TE.fromIO(now),
      TE.map((at) => intentOf(digest, at)(call)),
      TE.chain(auditStore.append),
      TE.map(() => undefined),
      TE.mapLeft(intentNotRecorded),
    )

/**
 * Writes down what came of it. Graph has answered by now, so a failed write must not change our reply: the record is
 * owed, the alarm is raised, and new calls are refused until it is on disk.
 */
export const recordOutcome =
  ({ auditStore, recordLost }: AuditPorts) =>
  (record: OutcomeRecord): T.Task<void> =>
    pipe(
      auditStore.append(record),
      T.map(
        E.match(
          (cause) => {
            auditStore.owe(record)
            recordLost(record, cause)()
          },
          () => undefined,
        ),
      ),
    )

/**
 * Writes down that a request was turned away. It stays turned away when that fails: nothing was sent. Of callers that
 * proved nothing, those above a rate are counted instead, so that nobody fills the disk from outside.
 */
export const recordRefusal =
  (ports: AuditPorts) =>
  (record: RefusalRecord | ConnectionRecord): T.Task<void> =>
    pipe(
      T.fromIO(isProved(record) ? () => false : ports.countRefusal(record)),
      T.chain((isCounted) => (isCounted ? T.of(undefined) : appendRefusal(ports)(record))),
    )

const isProved = (record: RefusalRecord | ConnectionRecord): boolean =>
  record.kind === 'refusal' && record.caller !== undefined

const appendRefusal =
  ({ auditStore, recordLost }: AuditPorts) =>
  (record: RefusalRecord | ConnectionRecord): T.Task<void> =>
    pipe(
      auditStore.append(record),
      T.map(
        E.match(
          (cause) => recordLost(record, cause)(),
          () => undefined,
        ),
      ),
    )
