import type { AuditNotWritten } from './audit-store.js'

const wordsOfCause = (cause: unknown): string =>
  typeof cause === 'string' ? cause : 'for a reason that it did not tell'

/** Why a record is not known to be durable, as people read it. */
export const wordsOfNotWritten = (failure: AuditNotWritten): string => {
  switch (failure._tag) {
    case 'StoreFailed':
      return `the audit ledger failed: ${wordsOfCause(failure.cause)}`
    case 'StoreFailing':
      return `the audit ledger is failing: ${wordsOfCause(failure.cause)}`
    case 'TooMuchWaiting':
      return 'too many records wait to be written'
    case 'TooSlow':
      return `the audit ledger did not take it within ${String(failure.deadlineInMs)} ms`
    case 'Unserialisable':
      return `it has no canonical JSON: ${failure.why}`
  }
}
