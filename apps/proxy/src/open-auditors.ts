import { hash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { AuditReader, LedgerUnreadable } from './audit/audit-reader.js'
import { threadedAuditReader } from './audit/node-threaded-audit-reader.js'
import { answerAuditor } from './auditor/index.js'
import type { SignatureChecks } from './authenticate/node-signature-check.js'
import { lruProvedTokens } from './authenticate/lru-proved-tokens.js'
import type { Config } from './config/index.js'
import type { Ledger } from './open-ledger.js'
import type { Log } from './telemetry/pino-log.js'

interface Auditors {
  readonly answer: ReturnType<typeof answerAuditor>
  readonly close: () => Promise<void>
}

/** A reader that is opened at the first question, and tried anew at the next one when it could not be. */
const openedWhenAsked = (open: () => Promise<E.Either<LedgerUnreadable, AuditReader>>): AuditReader => {
  let opened: Promise<E.Either<LedgerUnreadable, AuditReader>> | undefined
  const ask =
    <A>(question: (reader: AuditReader) => TE.TaskEither<LedgerUnreadable, A>): TE.TaskEither<LedgerUnreadable, A> =>
    async () => {
      opened ??= open()
      const reader = await opened
      if (E.isRight(reader)) return question(reader.right)()
      opened = undefined
      return reader
    }
  return {
    ledgerId: ask((reader) => reader.ledgerId),
    streams: ask((reader) => reader.streams),
    entries: (stream, from, limit) => ask((reader) => reader.entries(stream, from, limit)),
    entriesOf: (auditIds) => ask((reader) => reader.entriesOf(auditIds)),
    seek: (seek) => ask((reader) => reader.seek(seek)),
    estimate: (term) => ask((reader) => reader.estimate(term)),
    checkpoints: (stream, limit) => ask((reader) => reader.checkpoints(stream, limit)),
    close: async () => {
      const reader = await opened
      if (reader !== undefined && E.isRight(reader)) await reader.right.close()
    },
  }
}

const readerOf = ({ store }: Config['audit']): AuditReader =>
  store.kind === 'sqlite'
    ? threadedAuditReader(store.directory)
    : openedWhenAsked(async () => (await import('./audit/pg-audit-reader.js')).openPgAuditReader(store.url))

/** Auditors prove themselves as callers do, by a permission of their own; what is known of callers' tokens is no proof of it. */
export const auditorsOf = (
  { audit, callers: { issuers, rules } }: Config,
  log: Log,
  { digestsOf }: Pick<Ledger, 'digestsOf'>,
  keys: SignatureChecks,
): Auditors | undefined => {
  const { readerRole } = audit
  if (readerRole === undefined) return undefined
  const reader = readerOf(audit)
  return {
    answer: answerAuditor({
      trustedIssuers: issuers,
      tokenRules: { ...rules, scope: readerRole, role: readerRole, appIds: undefined },
      checkSignature: keys.check,
      provedTokens: lruProvedTokens((token) => hash('sha256', token, 'base64url')),
      reader,
      digestsOf,
      now: () => new Date(),
      mostUnderWay: 8,
      mostLookedAt: 5_000,
      deadlineInMs: 10_000,
      after: (ms, then) => {
        const timer = setTimeout(then, ms)
        return () => clearTimeout(timer)
      },
      told: (use) => () => log.info('the audit ledger was asked', { ...use }),
      unreadable: (message) => () => log.alarm('the audit ledger cannot be read for an auditor', { message }),
    }),
    close: reader.close,
  }
}
