import { hash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { intent, outcome, refusal } from '../../test/an-audit-store.js'
import type { AuditRecord } from './audit-record.js'
import { genesisOf } from './entry-chain.js'
import { rowOf } from './ledger-records.js'
import { Draft, positionFrom, type SealedRow, tailBeginsAt } from './stream-position.js'

const sha256 = (text: string): string => hash('sha256', text, 'base64')
const genesis = genesisOf(sha256, 'a ledger')
const seat = { stream: 1, writer: uuidv7() }

const chainOf = (...records: ReadonlyArray<AuditRecord>): Array<SealedRow> => {
  const empty = positionFrom(sha256, genesis, 0, [])
  if (E.isLeft(empty)) throw new Error('an empty stream has a position')
  const draft = new Draft(sha256, seat, empty.right)
  for (const record of records) draft.add(draft.seal(rowOf(record)))
  return [...draft.added]
}

describe('the end of a stream', () => {
  it('is read from the start when there is no checkpoint', () => {
    expect(tailBeginsAt(undefined, 4_096)).toBe(1)
  })

  it('is read from the last checkpoint, or earlier: from the first call that was open then, and from what is not indexed', () => {
    expect(tailBeginsAt({ sequence: 9_000, openFrom: 9_000 }, 9_000)).toBe(9_000)
    expect(tailBeginsAt({ sequence: 9_000, openFrom: 12 }, 9_000)).toBe(12)
    expect(tailBeginsAt({ sequence: 9_000, openFrom: 9_000 }, 4_096)).toBe(4_097)
  })

  it('gives the head, and the intents that have no end', () => {
    const [ended, open] = [intent(), intent()]
    const rows = chainOf(ended, open, outcome(ended.auditId), refusal())

    const position = positionFrom(sha256, genesis, 0, rows)

    expect(E.isRight(position) && position.right.head).toEqual({ sequence: 4, hash: rows[3]?.hash })
    expect(E.isRight(position) && [...position.right.open]).toEqual([[open.auditId, 2]])
  })

  it('may begin in the middle, where what it follows is not looked at', () => {
    expect(E.isRight(positionFrom(sha256, genesis, 0, chainOf(refusal(), refusal(), refusal()).slice(1)))).toBe(true)
  })

  it('is not believed where an entry does not follow the one before, although its hash is right', () => {
    const [first, second, third] = chainOf(refusal(), refusal(), refusal())
    const [, otherSecond] = chainOf(refusal(), refusal())
    const [otherFirst] = chainOf(refusal())
    if (!first || !second || !third || !otherFirst || !otherSecond) throw new Error('they were made above')

    expect(positionFrom(sha256, genesis, 0, [first, otherSecond, third])).toEqual(E.left(2))
    expect(positionFrom(sha256, genesis, 0, [otherFirst, second, third])).toEqual(E.left(2))
    expect(positionFrom(sha256, genesis, 0, [first, third])).toEqual(E.left(3))
    expect(positionFrom(sha256, genesisOf(sha256, 'another ledger'), 0, [first])).toEqual(E.left(1))
    expect(positionFrom(sha256, genesis, 0, [first, { ...second, hash: third.hash }])).toEqual(E.left(2))
  })

  it('indexes what is not indexed yet, by its least and its greatest time, though clocks step back', () => {
    const at = (second: string) => ({ ...refusal(), at: `2026-11-23T12:00:0${second}.000Z` })
    const position = positionFrom(sha256, genesis, 1, chainOf(at('0'), at('5'), at('3'), at('7'), at('4')))

    expect(E.isRight(position) && [position.right.span.first, position.right.span.last]).toEqual([2, 5])
    expect(E.isRight(position) && position.right.span.times).toEqual([at('3').at, at('7').at])
  })
})
