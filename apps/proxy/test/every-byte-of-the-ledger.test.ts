import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSqliteAuditReader } from '../src/audit/sqlite-audit-reader.js'
import { aSigner, keysOf, ledgerFileIn, openIn, savedOf, verdictBy, writeTwenty } from './a-signed-ledger.js'

// All of them, some 100,000: EXHAUSTIVE=1 pnpm exec vitest run test/every-byte-of-the-ledger.test.ts
const isExhaustive = process.env['EXHAUSTIVE'] === '1'

describe('the file of a ledger of twenty records', () => {
  const signer = aSigner()
  let directory = ''
  let whole: Buffer = Buffer.alloc(0)
  let saved: ReadonlyArray<ReturnType<typeof savedOf>> = []
  let before = ''

  /** All that the reader gives of it; undefined when it cannot be read. */
  const everything = async (): Promise<string | undefined> => {
    const reader = openSqliteAuditReader(directory)
    if (E.isLeft(reader)) return undefined
    try {
      const entries = await reader.right.entries(1, Number.MIN_SAFE_INTEGER, 1_000)()
      const { isSound } = await verdictBy(reader.right, [signer.verifierKey], { saved, withIndex: false })
      if (!isSound || E.isLeft(entries)) return undefined
      return JSON.stringify([await reader.right.ledgerId(), entries.right])
    } catch {
      return undefined
    } finally {
      await reader.right.close()
    }
  }

  /** Other bytes in the file; told as bad, or else all records are read as they were written. */
  const expectHarmless = async (change: (bytes: Buffer) => Buffer, what: unknown): Promise<void> => {
    for (const beside of ['-wal', '-shm']) rmSync(`${ledgerFileIn(directory)}${beside}`, { force: true })
    writeFileSync(ledgerFileIn(directory), change(Buffer.from(whole)))
    const found = await everything()
    expect([what, found === undefined || found === before]).toEqual([what, true])
  }
  const expectFlipHarmless = (at: number, mask: number) =>
    expectHarmless(
      (bytes) => {
        bytes[at] = (bytes[at] ?? 0) ^ mask
        return bytes
      },
      [at, mask],
    )

  beforeAll(async () => {
    const written = mkdtempSync(join(tmpdir(), 'every-byte-'))
    const ledger = openIn(written, keysOf(signer))
    saved = writeTwenty(ledger).map(savedOf)
    ledger.close()
    whole = readFileSync(ledgerFileIn(written))
    directory = mkdtempSync(join(tmpdir(), 'every-byte-'))
    cpSync(written, directory, { recursive: true })
    rmSync(written, { recursive: true, force: true })
    before = (await everything()) ?? ''
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('is read as it was written', () => {
    expect(before).toContain('checkpoint')
  })

  it(`does no harm with any one byte changed (${isExhaustive ? 'all' : 'a sample'})`, {
    timeout: 3_600_000,
  }, async () => {
    if (isExhaustive) {
      for (let at = 0; at < whole.byteLength; at++) await expectFlipHarmless(at, 1 + ((at * 7) % 255))
      return
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.byteLength - 1), fc.integer({ min: 1, max: 255 }), expectFlipHarmless),
      {
        numRuns: 1_000,
      },
    )
  })

  it('does no harm when it is cut', async () => {
    const lengths = Array.from({ length: 60 }, (_, index) => Math.floor((whole.byteLength * index) / 60))
    for (const length of lengths) await expectHarmless((bytes) => bytes.subarray(0, length), length)
  })
})
