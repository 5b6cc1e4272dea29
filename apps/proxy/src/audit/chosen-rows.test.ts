import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chosenRows, type Known, nothingKnown } from './chosen-rows.js'
import type { Row } from './ledger-writer.js'

const row = (kind: string, auditId: string, more: Partial<Row> = {}): Row => ({
  auditId,
  kind,
  at: '2026-11-23T12:00:00.000Z',
  outcome: null,
  record: '{}',
  terms: [],
  ...more,
})
const claim = (...keys: readonly [string, ...ReadonlyArray<string>]) => {
  const [first, ...others] = keys
  return {
    claim: { forms: [{ key: first, fingerprint: 'f' }, ...others.map((key) => ({ key, fingerprint: 'f' }))] as const },
  }
}
const heldBy = (auditId: string, fingerprint = 'f') => ({ auditId, fingerprint, outcome: undefined, answer: undefined })
const knowing = (change: Partial<Known>): Known => ({ ...nothingKnown, ...change })

describe('the rows of a batch that are written', () => {
  it('are those of calls that have no such record yet, each once', () => {
    const one = fc.record({
      kind: fc.constantFrom('intent', 'outcome', 'refusal'),
      auditId: fc.constantFrom('a', 'b', 'c'),
    })
    fc.assert(
      fc.property(
        fc.array(one),
        fc.subarray(['a', 'b', 'c']),
        fc.subarray(['a', 'b', 'c']),
        (batch, intents, ended) => {
          const known = knowing({ intents: new Set(intents), ended: new Set(ended) })
          const chosen = chosenRows(
            batch.map(({ auditId, kind }) => row(kind, auditId)),
            known,
          )
          const begun = batch.filter(({ kind }) => kind === 'intent').map(({ auditId }) => auditId)
          const isTwice = begun.some((auditId, place) => intents.includes(auditId) || begun.indexOf(auditId) !== place)
          expect(E.isLeft(chosen)).toBe(isTwice)
          if (E.isLeft(chosen)) return
          const ends = chosen.right.rows.filter(({ kind }) => kind !== 'intent').map(({ auditId }) => auditId)
          expect(new Set(ends).size).toBe(ends.length)
          expect(ends.some((auditId) => ended.includes(auditId))).toBe(false)
          expect(new Set([...ends, ...ended])).toEqual(
            new Set([...batch.filter(({ kind }) => kind !== 'intent').map(({ auditId }) => auditId), ...ended]),
          )
        },
      ),
    )
  })

  it('are not those whose key another call holds, by whichever form', () => {
    const known = knowing({
      holders: new Map([
        ['k', heldBy('x')],
        ['old', heldBy('y', 'other')],
        ['n', heldBy('c')],
      ]),
    })
    const rows = [row('intent', 'a', claim('k')), row('intent', 'b', claim('m', 'old')), row('intent', 'c', claim('n'))]

    expect(chosenRows(rows, known)).toEqual(
      E.right({
        rows: [rows[2]],
        held: [
          [0, { auditId: 'x', form: 0, isSameCall: true, outcome: undefined, answer: undefined }],
          [1, { auditId: 'y', form: 1, isSameCall: false, outcome: undefined, answer: undefined }],
        ],
      }),
    )
  })

  it('cannot be told when a key was free again before its holder was found', () => {
    expect(chosenRows([row('intent', 'a', claim('k'))], nothingKnown)).toEqual(E.left({ _tag: 'KeyJustFreed' }))
  })
})
