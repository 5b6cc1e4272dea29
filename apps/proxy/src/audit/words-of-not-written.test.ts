import { describe, expect, it } from 'vitest'
import type { AuditNotWritten } from './audit-store.js'
import { wordsOfNotWritten } from './words-of-not-written.js'

describe('why a record is not durable', () => {
  it.each<[AuditNotWritten, string]>([
    [{ _tag: 'StoreFailed', cause: 'disk full' }, 'the audit ledger failed: disk full'],
    [{ _tag: 'StoreFailing', cause: 'disk full' }, 'the audit ledger is failing: disk full'],
    [{ _tag: 'StoreFailed', cause: undefined }, 'the audit ledger failed: for a reason that it did not tell'],
    [{ _tag: 'TooMuchWaiting' }, 'too many records wait to be written'],
    [{ _tag: 'TooSlow', deadlineInMs: 2_000 }, 'the audit ledger did not take it within 2000 ms'],
    [{ _tag: 'Unserialisable', why: 'a half of a pair' }, 'it has no canonical JSON: a half of a pair'],
  ])('(%j) is told in words', (failure, words) => {
    expect(wordsOfNotWritten(failure)).toBe(words)
  })
})
