import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, describe, expect, it } from 'vitest'
import { writeSqliteLedger } from '../../test/a-ledger.js'
import { intent, outcome } from '../../test/an-audit-store.js'
import { threadedAuditReader } from './node-threaded-audit-reader.js'
import { termOf } from './record-terms.js'
import { openSqliteAuditReader } from './sqlite-audit-reader.js'

describe('a reader in a thread of its own', () => {
  const directory = mkdtempSync(join(tmpdir(), 'threaded-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('says that there is no ledger, and reads it once there is one', async () => {
    const reader = threadedAuditReader(directory)
    expect(E.isLeft(await reader.ledgerId())).toBe(true)

    const call = intent()
    writeSqliteLedger(directory, [call, outcome(call.auditId)])
    expect(E.isRight(await reader.ledgerId())).toBe(true)

    await reader.close()
  })

  it('gives what the reader in this thread gives', async () => {
    const plain = openSqliteAuditReader(directory)
    if (E.isLeft(plain)) throw new Error(plain.left.message)
    const threaded = threadedAuditReader(directory)
    const term = termOf('outcome', 'applied')
    const hits = await plain.right.seek({ term, limit: 5 })()
    const ids = E.isRight(hits) ? hits.right.map(({ auditId }) => auditId) : []

    expect(ids).toHaveLength(1)
    const asked = [threaded, plain.right].map((reader) =>
      Promise.all([
        reader.ledgerId(),
        reader.streams(),
        reader.entries(1, 1, 10)(),
        reader.entriesOf(ids)(),
        reader.seek({ term, limit: 5 })(),
        reader.estimate(term)(),
        reader.checkpoints(1, 5)(),
      ]),
    )
    const [one, other] = await Promise.all(asked)
    expect(one).toEqual(other)

    await threaded.close()
    await plain.right.close()
  })

  it('lets everything else have its turn between two answers, however many ask', async () => {
    const reader = threadedAuditReader(directory)
    await reader.streams()
    let turns = 0
    let next: NodeJS.Immediate | undefined
    const turn = (): void => {
      turns++
      next = setImmediate(turn)
    }
    turn()
    const turnsOfAnswers: Array<number> = []
    const asked = Array.from({ length: 8 }, async () => {
      await reader.entries(1, 1, 10)()
      turnsOfAnswers.push(turns)
    })
    // All are answered by the thread before this one looks.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
    await Promise.all(asked)
    clearImmediate(next)

    expect(new Set(turnsOfAnswers).size).toBe(8)
    await reader.close()
  })

  it('begins anew after it was closed', async () => {
    const reader = threadedAuditReader(directory)
    await reader.close()
    expect(E.isRight(await reader.streams())).toBe(true)
    await reader.close()
    expect(E.isRight(await reader.streams())).toBe(true)
    await reader.close()
  })
})
