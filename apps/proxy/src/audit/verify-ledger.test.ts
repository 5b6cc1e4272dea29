import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { aForgedLedger, type LedgerRow } from '../../test/a-forged-ledger.js'
import {
  aSigner,
  aSpare,
  type ChainedRow,
  keysOf,
  ledgerFileIn,
  openIn,
  recomputed,
  rowOf,
  savedOf,
  sha256,
  signedNote,
  verdictBy,
  verdictOn,
  write,
  writeTwenty,
} from '../../test/a-signed-ledger.js'
import { intent, outcome, refusal } from '../../test/an-audit-store.js'
import type { AuditReader, StoredEntry } from './audit-reader.js'
import { entryOf, genesisOf, originOf } from './entry-chain.js'
import type { LedgerReport } from './verify-report.js'

/** The first bad record, and what is wrong with it. */
const firstOf = ({ problems, streams }: LedgerReport) => {
  const [first] = [...problems, ...streams.flatMap((stream) => stream.problems)]
  return first === undefined ? 'sound' : `${String(first.sequence)} ${first.kind}`
}

const noRow: LedgerRow = { sequence: 0, audit_id: '', kind: '', at: '', outcome: null, entry: '', hash: '' }

type Edit =
  | {
      readonly what: 'byte'
      readonly place: number
      readonly column: 'audit_id' | 'kind' | 'at' | 'entry' | 'hash'
      readonly at: number
      readonly mask: number
    }
  | { readonly what: 'delete' | 'cut'; readonly place: number }
  | { readonly what: 'swap' | 'copy' | 'move'; readonly place: number; readonly to: number }

const edited = (all: ReadonlyArray<LedgerRow>, edit: Edit): ReadonlyArray<LedgerRow> => {
  const row = all[edit.place]
  if (row === undefined) return all
  switch (edit.what) {
    case 'byte': {
      const value = row[edit.column]
      const at = edit.at % value.length
      const other = String.fromCharCode(value.charCodeAt(at) ^ edit.mask)
      return all.with(edit.place, { ...row, [edit.column]: value.slice(0, at) + other + value.slice(at + 1) })
    }
    case 'delete':
      return all.toSpliced(edit.place, 1)
    case 'cut':
      return all.slice(0, edit.place)
    case 'swap': {
      const other = all[edit.to]
      if (other === undefined) return all
      return all
        .with(edit.place, { ...other, sequence: row.sequence })
        .with(edit.to, { ...row, sequence: other.sequence })
    }
    case 'copy':
    case 'move': {
      const sequence = edit.to + 1
      const others = edit.what === 'move' ? all.toSpliced(edit.place, 1) : all
      return [...others.filter((other) => other.sequence !== sequence), { ...row, sequence }].sort(
        (one, other) => one.sequence - other.sequence,
      )
    }
  }
}

const flipped = (text: string, at: number): string =>
  text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1)

describe('a ledger of twenty records', () => {
  const signer = aSigner()
  const stranger = aSigner()
  const keys = [signer.verifierKey]
  let directory = ''
  let forged: ReturnType<typeof aForgedLedger>
  let rows: ReadonlyArray<LedgerRow> = []
  let notes: ReadonlyArray<string> = []
  let origin = ''
  const saved = () => [savedOf(signedNote(signer, { origin, size: 20, head: rows.at(-1)?.hash ?? '' }))]
  const checkpoints = [8, 17]

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'verify-'))
    const ledger = openIn(directory, keysOf(signer))
    notes = writeTwenty(ledger)
    ledger.close()
    forged = aForgedLedger(directory)
    rows = forged.rows()
    origin = savedOf(notes[0] ?? '').origin
  })
  afterAll(async () => {
    await forged.close()
    rmSync(directory, { recursive: true, force: true })
  })
  afterEach(() => forged.put(rows))

  it('is sound as it was written, and all that was counted is told', async () => {
    expect(await forged.verdict(keys, { saved: [...notes.map(savedOf), ...saved()] })).toMatchObject({
      isSound: true,
      isWhole: true,
      signaturesChecked: true,
      streams: [
        {
          first: 1,
          last: 20,
          count: 20,
          head: rows.at(-1)?.hash,
          checkpoints: { seen: 2, proved: 2, provedBy: { [signer.keyId]: 2 } },
          provedUpTo: 16,
          openIntents: 1,
          pruned: undefined,
          savedCompared: [7, 16, 20],
        },
      ],
    })
    expect(rows).toHaveLength(20)
    expect(rows.filter(({ kind }) => kind === 'checkpoint').map(({ sequence }) => sequence)).toEqual(checkpoints)
  })

  it('says so when there was no key to check signatures with', async () => {
    expect(await forged.verdict([])).toMatchObject({ isSound: true, signaturesChecked: false })
  })

  it.each(['audit_id', 'kind', 'at', 'outcome', 'entry', 'hash'] as const)(
    'is found out by each byte of %s that is changed',
    { timeout: 120_000 },
    async (column) => {
      const update = forged.database.prepare(`UPDATE record SET ${column} = ? WHERE sequence = ?`)
      const wrong: Array<string> = []
      for (const row of rows) {
        const value = row[column] ?? ''
        for (let at = 0; at < value.length; at++) {
          update.run(flipped(value, at), row.sequence)
          const found = firstOf(await forged.verdict(keys))
          const kind = column === 'entry' || column === 'hash' ? 'changed' : 'columnsDiffer'
          if (found !== `${String(row.sequence)} ${kind}`)
            wrong.push(`${String(row.sequence)} byte ${String(at)}: ${found}`)
        }
        update.run(row[column], row.sequence)
      }
      expect(wrong).toEqual([])
    },
  )

  it('is found out by an outcome that is put beside a record of another kind, or taken away', async () => {
    for (const row of rows) {
      forged.put(rows.with(row.sequence - 1, { ...row, outcome: row.kind === 'outcome' ? null : 'applied' }))
      expect(firstOf(await forged.verdict(keys))).toBe(`${String(row.sequence)} columnsDiffer`)
    }
  })

  it('is found out by each row that is renumbered', async () => {
    for (const row of rows)
      for (const sequence of [-1, 0, 21, 22, 1_000_000]) {
        forged.put([...rows.filter((other) => other !== row), { ...row, sequence }])
        const missing = row.sequence === 1 && sequence > 0 ? '1 startMissing' : `${String(row.sequence)} missing`
        expect(firstOf(await forged.verdict(keys))).toBe(sequence > 0 ? missing : `${String(sequence)} outOfPlace`)
      }
  })

  it('is found out by each row that is deleted, but for the last, which a saved checkpoint must tell of', async () => {
    for (const { sequence } of rows) {
      forged.put(rows.filter((row) => row.sequence !== sequence))
      const kind = sequence === 1 ? 'startMissing' : sequence === 20 ? 'tailCut' : 'missing'
      expect(firstOf(await forged.verdict(keys, { saved: saved() }))).toBe(`${String(sequence)} ${kind}`)
      if (sequence === 20) expect((await forged.verdict(keys)).isSound).toBe(true)
    }
  })

  it('is found out by each row that is deleted when the others close ranks', async () => {
    for (const { sequence } of rows.slice(0, -1)) {
      const others = rows.filter((row) => row.sequence !== sequence)
      forged.put(others.map((row, index) => ({ ...row, sequence: index + 1 })))
      expect(firstOf(await forged.verdict(keys))).toBe(`${String(sequence)} outOfPlace`)
    }
  })

  it('is found out by each pair of neighbours that is swapped', async () => {
    for (const [index, row] of rows.slice(0, -1).entries()) {
      const next = rows[index + 1] ?? row
      forged.put(rows.with(index, { ...next, sequence: index + 1 }).with(index + 1, { ...row, sequence: index + 2 }))
      expect(firstOf(await forged.verdict(keys))).toBe(`${String(index + 1)} outOfPlace`)
    }
  })

  it('is found out by each row that is there twice, at the end or in the place of another', async () => {
    for (const row of rows) {
      forged.put([...rows, { ...row, sequence: 21 }])
      expect(firstOf(await forged.verdict(keys))).toBe('21 outOfPlace')
      for (const other of rows.filter(({ sequence }) => sequence !== row.sequence)) {
        forged.put(rows.with(other.sequence - 1, { ...row, sequence: other.sequence }))
        expect(firstOf(await forged.verdict(keys))).toBe(`${String(other.sequence)} outOfPlace`)
      }
    }
  })

  it('is found out by a cut tail of each length where a saved checkpoint tells of more, and by nothing else', async () => {
    const [earlier, last] = notes.map(savedOf)
    if (earlier === undefined || last === undefined) throw new Error('no checkpoints')
    for (let length = 0; length < 20; length++) {
      forged.put(rows.slice(0, length))
      const cut = `${String(length + 1)} tailCut`
      expect(firstOf(await forged.verdict(keys, { saved: saved() }))).toBe(cut)
      expect(firstOf(await forged.verdict(keys, { saved: [last] }))).toBe(length < 16 ? cut : 'sound')
      expect(firstOf(await forged.verdict(keys, { saved: [last, earlier] }))).toBe(length < 16 ? cut : 'sound')
      expect(await forged.verdict(keys)).toMatchObject({ isSound: true, streams: [{ last: length }] })
    }
  })

  describe('whose chain was computed anew from a record on', () => {
    const anew = (from: number, note: (old: string, head: ChainedRow) => string): void => {
      const ledgerId = origin.split('/')[1] ?? ''
      const later = (record: string): string => record.replace(/"at":"2026/, '"at":"2027')
      forged.put(
        recomputed(ledgerId, rows, from, later, note).map((row, index) => ({
          ...(rows[index] ?? noRow),
          ...row,
          at: (rows[index]?.at ?? '').replace(/^2026/, row.sequence === from ? '2027' : '2026'),
        })),
      )
    }
    const claim = ({ hash, sequence }: ChainedRow) => ({ origin, size: sequence, head: hash })

    it('is found out by the next checkpoint that was left as it was', async () => {
      for (const { sequence } of rows) {
        anew(sequence, (old) => old)
        const next = checkpoints.find((checkpoint) => checkpoint > sequence)
        const expected = next === undefined ? 'sound' : `${String(next)} recomputed`
        expect(firstOf(await forged.verdict(keys))).toBe(expected)
        expect(firstOf(await forged.verdict([]))).toBe(expected)
      }
    })

    it('is found out by the next checkpoint whose words were changed', async () => {
      for (const { sequence } of rows) {
        anew(sequence, (old, head) =>
          signedNote(signer, claim(head)).replace(/\n\n.*$/s, old.slice(old.indexOf('\n\n'))),
        )
        const next = checkpoints.find((checkpoint) => checkpoint > sequence)
        expect(firstOf(await forged.verdict(keys))).toBe(
          next === undefined ? 'sound' : `${String(next)} signatureInvalid`,
        )
      }
    })

    it('is found out by the next checkpoint that somebody else has signed', async () => {
      for (const { sequence } of rows) {
        anew(sequence, (_old, head) => signedNote(stranger, claim(head)))
        const next = checkpoints.find((checkpoint) => checkpoint >= sequence)
        expect(firstOf(await forged.verdict(keys))).toBe(next === undefined ? 'sound' : `${String(next)} keyUnknown`)
      }
    })

    it('is found out by a saved checkpoint, even if whoever did it had the key', async () => {
      for (const { sequence } of rows) {
        anew(sequence, (_old, head) => signedNote(signer, claim(head)))
        expect(firstOf(await forged.verdict(keys))).toBe('sound')
        expect(firstOf(await forged.verdict(keys, { saved: saved() }))).toBe('20 recomputed')
        expect(firstOf(await forged.verdict(keys, { saved: saved(), onlySince: true }))).toBe('20 recomputed')
      }
    })
  })

  it('is found out by any edit that leaves it other than it was, given a checkpoint of all of it', async () => {
    const place = fc.nat(19)
    const edit: fc.Arbitrary<Edit> = fc.oneof(
      fc.record({
        what: fc.constant('byte' as const),
        place,
        column: fc.constantFrom('audit_id' as const, 'kind', 'at', 'entry', 'hash'),
        at: fc.nat(1_000),
        mask: fc.integer({ min: 1, max: 127 }),
      }),
      fc.record({ what: fc.constantFrom('delete' as const, 'cut'), place }),
      fc.record({ what: fc.constantFrom('swap' as const, 'copy', 'move'), place, to: fc.nat(24) }),
    )

    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        const all = edits.reduce(edited, rows)
        forged.put(all)
        const { isSound } = await forged.verdict(keys, { saved: saved() })
        expect(isSound).toBe(JSON.stringify(all) === JSON.stringify(rows))
      }),
      { numRuns: 500 },
    )
  })

  it('is another ledger when its name was changed, or when the saved checkpoint is of another', async () => {
    const other = savedOf(signedNote(signer, { origin: originOf(uuidv7(), 1), size: 3, head: rows[2]?.hash ?? '' }))
    expect(firstOf(await forged.verdict(keys, { saved: [other] }))).toBe('0 otherLedger')

    const { id } = forged.database.prepare('SELECT id FROM ledger').get() ?? {}
    forged.database.prepare('UPDATE ledger SET id = ?').run(uuidv7())
    expect(firstOf(await forged.verdict(keys))).toBe('1 broken')
    expect((await forged.verdict(keys)).streams[0]?.problemsByKind).toMatchObject({ otherLedger: 2 })
    forged.database.prepare('UPDATE ledger SET id = ?').run(id ?? '')
  })

  it('is found out by a saved checkpoint whose signature is wrong', async () => {
    const [note] = saved().map((checkpoint) => checkpoint.note)
    const changed = savedOf((note ?? '').replace('\n20\n', '\n19\n'))

    expect(await forged.verdict(keys, { saved: [changed] })).toMatchObject({
      problems: [{ kind: 'signatureInvalid', sequence: 19 }],
      streams: [{ problems: [{ kind: 'recomputed', sequence: 19 }] }],
    })
  })

  it('names a stream that is gone as a whole', async () => {
    const gone = savedOf(signedNote(signer, { origin: origin.replace(/1$/, '2'), size: 5, head: sha256('') }))

    expect(await forged.verdict(keys, { saved: [gone] })).toMatchObject({
      isSound: false,
      streams: [
        { stream: 1, problems: [] },
        { stream: 2, problems: [{ kind: 'tailCut', sequence: 1 }] },
      ],
    })
  })
})

describe('a ledger', () => {
  const signer = aSigner()
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'verify-'))
  })
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  const folder = (name: string): string => join(directory, name)
  const sql = (statements: string, at = directory): void => {
    const database = new DatabaseSync(ledgerFileIn(at))
    database.exec(statements)
    database.close()
  }

  it('that is empty is sound', async () => {
    openIn(directory, keysOf(signer)).close()

    expect(await verdictOn(directory, [signer.verifierKey])).toMatchObject({ isSound: true, streams: [{ count: 0 }] })
  })

  it('over which an old copy was put is found out, also when the copy was written on', async () => {
    const [now, copy] = [folder('now'), folder('copy')]
    mkdirSync(now)
    const ledger = openIn(now, keysOf(signer))
    writeTwenty(ledger)
    ledger.close()
    cpSync(now, copy, { recursive: true })
    const later = openIn(now, keysOf(signer))
    const note = savedOf(write(later, [refusal(), refusal()], true))
    later.close()
    expect((await verdictOn(now, [signer.verifierKey], { saved: [note] })).isSound).toBe(true)

    expect(firstOf(await verdictOn(copy, [signer.verifierKey], { saved: [note] }))).toBe('21 tailCut')
    const again = openIn(copy, keysOf(signer))
    const after = savedOf(
      write(
        again,
        Array.from({ length: 9 }, () => refusal()),
        true,
      ),
    )
    again.close()
    expect(firstOf(await verdictOn(copy, [signer.verifierKey]))).toBe('sound')
    const found = `${String(note.size)} recomputed`
    expect(firstOf(await verdictOn(copy, [signer.verifierKey], { saved: [note] }))).toBe(found)
    expect(firstOf(await verdictOn(copy, [signer.verifierKey], { saved: [after, note] }))).toBe(found)
  })

  it('is read from a saved checkpoint on, and what was before is not looked at', async () => {
    const ledger = openIn(directory, keysOf(signer))
    const [earlier = '', last = ''] = writeTwenty(ledger)
    ledger.close()
    const since = { saved: [earlier, last].map(savedOf), onlySince: true, withIndex: false }
    sql("DROP TRIGGER no_update; UPDATE record SET at = '2020-01-01T00:00:00Z' WHERE sequence = 3")

    expect(await verdictOn(directory, [signer.verifierKey], since)).toMatchObject({
      isSound: true,
      streams: [{ first: 16, last: 20, count: 5, savedCompared: [16] }],
    })
    sql("UPDATE record SET at = '2020-01-01T00:00:00Z' WHERE sequence = 19")
    expect(firstOf(await verdictOn(directory, [signer.verifierKey], since))).toBe('19 columnsDiffer')
  })

  describe('of which the start was pruned', () => {
    const prunedTo = (at: string, until: 'half' | 'whole') => {
      const ledger = openIn(at, keysOf(signer), 1_000)
      for (let batch = 0; batch < 6; batch++) {
        const ids = Array.from({ length: 500 }, () => uuidv7())
        const times = { at: aSpare().at }
        write(
          ledger,
          ids.map((auditId) => ({ ...intent(auditId), ...times })),
        )
        // Ends that come after the checkpoint at which the start is cut.
        write(
          ledger,
          ids.map((auditId) => ({ ...outcome(auditId), ...times })),
        )
      }
      const now = aSpare()
      let { more } = ledger.prune(now.at, [aSpare(), aSpare()])
      while (more && until === 'whole') more = ledger.prune(now.at, [aSpare(), aSpare()]).more
      return ledger
    }

    it.each(['half', 'whole'] as const)('is sound (%s)', async (until) => {
      const ledger = prunedTo(directory, until)
      const before = await verdictOn(directory, [signer.verifierKey])
      write(ledger, [refusal()], true)
      ledger.close()
      const after = await verdictOn(directory, [signer.verifierKey])

      expect(before).toMatchObject({ isSound: true, streams: [{ pruned: { isProved: true } }] })
      expect(after).toMatchObject({ isSound: true, streams: [{ pruned: { isProved: true } }] })
      const { first, pruned } = after.streams[0] ?? {}
      expect(first).toBe(until === 'whole' ? pruned?.before : 2_001)
    })

    it('proves nothing about a saved checkpoint of that part, and says so', async () => {
      const ledger = prunedTo(directory, 'whole')
      ledger.close()
      const { ledgerId, streams } = await verdictOn(directory, [signer.verifierKey])
      const first = streams[0]?.first ?? 0
      const note = (size: number, head: string) =>
        savedOf(signedNote(signer, { origin: originOf(ledgerId, 1), size, head }))
      const head = String(first - 1)

      expect(firstOf(await verdictOn(directory, [signer.verifierKey], { saved: [note(5, sha256('x'))] }))).toBe(
        '5 checkpointPruned',
      )
      // The last one that was pruned is named by the first that is there.
      expect(
        firstOf(await verdictOn(directory, [signer.verifierKey], { saved: [note(first - 1, sha256(head))] })),
      ).toBe(`${String(first - 1)} recomputed`)
    })

    it('is sound for whoever has kept a newer checkpoint, too, and says which cannot be compared', async () => {
      const ledger = prunedTo(directory, 'whole')
      const newer = savedOf(write(ledger, [refusal()], true))
      ledger.close()
      const { ledgerId } = await verdictOn(directory, [signer.verifierKey])
      const pruned = savedOf(signedNote(signer, { origin: originOf(ledgerId, 1), size: 5, head: sha256('x') }))
      const elsewhere = { ...newer, head: sha256('y') }

      const verdict = await verdictOn(directory, [signer.verifierKey], { saved: [pruned, newer] })
      expect(verdict).toMatchObject({ isSound: true, streams: [{ savedCompared: [newer.size], savedPruned: [5] }] })
      const other = await verdictOn(directory, [signer.verifierKey], { saved: [pruned, elsewhere] })
      expect(other.streams[0]?.problems.map(({ kind }) => kind)).toEqual(['checkpointPruned', 'recomputed'])
    })

    it('is found out when more was deleted than was pruned', async () => {
      prunedTo(directory, 'whole').close()
      const { streams } = await verdictOn(directory, [signer.verifierKey])
      sql(`DROP TRIGGER no_delete; DELETE FROM record WHERE sequence <= ${String(streams[0]?.first)}`)

      expect(firstOf(await verdictOn(directory, [signer.verifierKey]))).toBe('1 startMissing')
    })

    it('is found out when nothing tells of it', async () => {
      const ledger = openIn(directory, keysOf(signer))
      writeTwenty(ledger)
      ledger.close()
      sql('DROP TRIGGER no_delete')
      for (const before of [2, 8, 9, 17]) {
        sql(`DELETE FROM record WHERE sequence < ${String(before)}`)
        expect(firstOf(await verdictOn(directory, [signer.verifierKey], { withIndex: false }))).toBe('1 startMissing')
      }
    })

    it('is found out when the record that tells of it names no checkpoint that was old enough', async () => {
      const ledger = openIn(directory, keysOf(signer))
      writeTwenty(ledger)
      const pruned = (before: number, olderThan: string) => ({
        kind: 'lifecycle' as const,
        event: 'pruned' as const,
        ...aSpare(),
        detail: { before, olderThan },
      })
      const never = [pruned(8, '2020-01-01T00:00:00.000Z'), pruned(8, '2999-01-01T00:00:00.000Z')]
      write(ledger, [pruned(7, aSpare().at), ...never], true)
      ledger.close()
      sql('DROP TRIGGER no_delete; DELETE FROM record WHERE sequence < 7')

      expect(firstOf(await verdictOn(directory, [signer.verifierKey], { withIndex: false }))).toBe('1 startMissing')
    })
  })

  describe('whose signing key was followed by another', () => {
    const next = aSigner()
    const written = (at: string): string => {
      const first = openIn(at, keysOf(signer))
      writeTwenty(first)
      first.close()
      const second = openIn(at, keysOf(next, signer))
      const note = write(second, [refusal()], true)
      second.close()
      return note
    }
    const everything = { streams: [{ checkpoints: { seen: 3 } }] }

    it('is believed by who trusts the old key, or the new one alone', async () => {
      written(directory)

      expect(await verdictOn(directory, [signer.verifierKey])).toMatchObject({
        isSound: true,
        streams: [{ checkpoints: { seen: 3, proved: 3, provedBy: { [signer.keyId]: 2, [next.keyId]: 1 } } }],
      })
      expect(await verdictOn(directory, [next.verifierKey])).toMatchObject({ isSound: true, ...everything })
      expect(await verdictOn(directory, [next.verifierKey, signer.verifierKey])).toMatchObject({
        isSound: true,
        streams: [{ checkpoints: { proved: 3 } }],
      })
    })

    it('is not believed by who trusts neither', async () => {
      written(directory)

      expect(firstOf(await verdictOn(directory, [aSigner().verifierKey]))).toBe('8 keyUnknown')
    })

    it('is found out when the old key signs on', async () => {
      written(directory)
      const again = openIn(directory, { ...keysOf(signer), changesSince: () => E.right([]) })
      write(again, [refusal()], true)
      again.close()
      const { streams } = await verdictOn(directory, [signer.verifierKey])

      expect(streams[0]?.problems).toEqual([
        expect.objectContaining({ kind: 'keyUnknown', message: expect.stringContaining('followed by another key') }),
      ])
    })

    it('is found out when the statement is not signed by both', async () => {
      const first = openIn(directory, keysOf(signer))
      writeTwenty(first)
      first.close()
      const thief = aSigner()
      const changesSince = () => {
        const statement = signedNote(thief, { origin: 'x', size: 1, head: sha256('') })
        return E.right([{ what: 'signing', from: signer.verifierKey, to: thief.verifierKey, statement }])
      }
      const second = openIn(directory, { ...keysOf(thief), changesSince })
      write(second, [refusal()], true)
      second.close()
      const { streams } = await verdictOn(directory, [signer.verifierKey])

      expect(streams[0]?.problemsByKind).toEqual({ keyChangeInvalid: 1, keyUnknown: 1 })
    })
  })

  it('of the first format is sound after it was brought to this one', async () => {
    const database = new DatabaseSync(ledgerFileIn(directory))
    database.exec(readFileSync(new URL('../../migrations/sqlite/0001-records.sql', import.meta.url), 'utf8'))
    database.exec('PRAGMA user_version = 1')
    const insert = database.prepare(
      'INSERT INTO record (writer, audit_id, kind, at, outcome, record) VALUES (?, ?, ?, ?, ?, ?)',
    )
    const ids = [uuidv7(), uuidv7()]
    const records = [
      ...ids.map((auditId) => intent(auditId)),
      ...ids.map((auditId) => outcome(auditId)),
      refusal(),
      intent(),
    ]
    for (const record of records) {
      const row = rowOf(record)
      // As it was printed then: members in any order.
      insert.run(uuidv7(), row.auditId, row.kind, row.at, row.outcome, JSON.stringify(record))
    }
    database.close()
    const ledger = openIn(directory, keysOf(signer))
    const note = savedOf(write(ledger, [refusal()], true))
    ledger.close()

    // Six, that it was migrated, the end of the open intent, the refusal and the checkpoint.
    expect(await verdictOn(directory, [signer.verifierKey], { saved: [note] })).toMatchObject({
      isSound: true,
      streams: [{ first: 1, count: 10, openIntents: 0 }],
    })
  })

  describe('with an index', () => {
    beforeEach(() => {
      const ledger = openIn(directory, keysOf(signer))
      for (let batch = 0; batch < 12; batch++)
        write(
          ledger,
          Array.from({ length: 1_000 }, () => refusal()),
        )
      ledger.close()
    })
    const index = { withIndex: true }

    it('is sound as it was written', async () => {
      expect(await verdictOn(directory, [signer.verifierKey], index)).toMatchObject({
        isSound: true,
        indexChecked: true,
      })
    })

    it.each([
      ['a bucket is not there', 'DELETE FROM posting WHERE span = 1'],
      ['its postings are others', 'UPDATE posting SET postings = zeroblob(length(postings))'],
      ['a posting is not there', 'UPDATE posting SET postings = substr(postings, 7) WHERE length(postings) > 0'],
      ['a part is not there', 'DELETE FROM span WHERE first = 1'],
      ['its time is another', "UPDATE span SET last_at = '2020-01-01T00:00:00Z', first_at = last_at WHERE first = 1"],
    ])('is found out when %s', async (_what, change) => {
      sql(change)

      expect(firstOf(await verdictOn(directory, [signer.verifierKey], index))).toBe('1 indexIncomplete')
      expect((await verdictOn(directory, [signer.verifierKey], { withIndex: false })).isSound).toBe(true)
    })
  })
})

describe('a ledger of several streams', () => {
  const ledgerId = uuidv7()
  const entriesOf = (
    stream: number,
    records: ReadonlyArray<Parameters<typeof rowOf>[0]>,
  ): ReadonlyArray<StoredEntry> => {
    let head = genesisOf(sha256, originOf(ledgerId, stream))
    return records.map((record) => {
      const { at, auditId, kind, outcome: end, record: json } = rowOf(record)
      const entry = entryOf(head, { stream, writer: uuidv7() }, json)
      head = { sequence: head.sequence + 1, hash: sha256(entry) }
      return { stream, auditId, kind, at, outcome: end ?? undefined, sequence: head.sequence, entry, hash: head.hash }
    })
  }
  const unused = TE.left({ _tag: 'LedgerUnreadable', message: 'not asked in these tests' } as const)
  const readerOf = (streams: () => ReadonlyArray<ReadonlyArray<StoredEntry>>): AuditReader => ({
    ledgerId: TE.right(ledgerId),
    streams: () =>
      Promise.resolve(
        E.right(
          streams().map((entries, index) => ({
            stream: index + 1,
            first: entries[0]?.sequence ?? 1,
            last: entries.at(-1)?.sequence ?? 0,
          })),
        ),
      ),
    entries: (stream, from, limit) => () =>
      Promise.resolve(
        E.right((streams()[stream - 1] ?? []).filter(({ sequence }) => sequence >= from).slice(0, limit)),
      ),
    entriesOf: () => unused,
    seek: () => unused,
    estimate: () => unused,
    checkpoints: () => unused,
    indexedSpan: () => TE.right(undefined),
    close: () => Promise.resolve(),
  })

  it('is sound when a call that began in one was ended in another', async () => {
    const auditId = uuidv7()
    const streams = [entriesOf(1, [intent(auditId)]), entriesOf(2, [refusal(), outcome(auditId)])]

    expect(
      (
        await verdictBy(
          readerOf(() => streams),
          [],
        )
      ).isSound,
    ).toBe(true)
  })

  it('is found out when an end has no beginning in any, or a call begins twice', async () => {
    const auditId = uuidv7()
    const orphan = [entriesOf(1, [intent()]), entriesOf(2, [outcome()])]
    const ended = [entriesOf(1, [intent(auditId), outcome(auditId), outcome(auditId)])]
    const begun = [entriesOf(1, [intent(auditId), intent(auditId)])]

    expect(
      firstOf(
        await verdictBy(
          readerOf(() => orphan),
          [],
        ),
      ),
    ).toBe('1 endWithoutIntent')
    expect(
      firstOf(
        await verdictBy(
          readerOf(() => ended),
          [],
        ),
      ),
    ).toBe('3 endWithoutIntent')
    expect(
      firstOf(
        await verdictBy(
          readerOf(() => begun),
          [],
        ),
      ),
    ).toBe('2 secondIntent')
  })

  it('is read anew when its start is pruned while it is read', async () => {
    const records = Array.from({ length: 5_000 }, () => refusal())
    const all = entriesOf(1, records)
    let reads = 0
    // All is there when the streams are asked for, and the first half is gone when they are read.
    const streams = () => [reads++ === 0 ? all : all.slice(2_500)]
    const report = await verdictBy(readerOf(streams), [])

    expect(firstOf(report)).toBe('1 startMissing')
    expect(report.streams).toMatchObject([{ first: 2_501, count: 2_500, problemsByKind: { startMissing: 1 } }])
  })

  it('is found out, and reading ends, when a damaged file gives the same rows again and again', async () => {
    const entries = entriesOf(1, [refusal(), refusal(), refusal()])
    const reader = readerOf(() => [entries])
    const damaged: AuditReader = {
      ...reader,
      streams: TE.right([{ stream: 1, first: 1, last: 20 }]),
      entries: () => TE.right([...entries, ...entries.map((entry) => ({ ...entry, sequence: 0 }))]),
    }

    expect(firstOf(await verdictBy(damaged, []))).toBe('0 outOfPlace')
  })

  it('does not claim that an index was compared where there is none of ours', async () => {
    const { indexedSpan: _none, ...reader } = readerOf(() => [entriesOf(1, [refusal()])])

    expect(await verdictBy(reader, [], { withIndex: true })).toMatchObject({ isSound: true, indexChecked: false })
  })

  it('tells what it was kept from reading', async () => {
    const failing = { ...readerOf(() => [entriesOf(1, [refusal()])]), entries: () => unused }

    await expect(verdictBy(failing, [])).rejects.toThrow('not asked in these tests')
  })
})
