import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aForgedLedger, type LedgerRow } from './a-forged-ledger.js'
import { aSigner, keysOf, openIn, write, writeTwenty } from './a-signed-ledger.js'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'columns-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** The columns were compared as pieces of the entry’s text, and a piece may reach beyond the string that it begins with. */
describe('a column that goes on where the string in the entry ends', () => {
  it.each([
    ['audit_id', 'refusal', ({ audit_id }: LedgerRow) => ({ audit_id: `${audit_id}","code` })],
    ['audit_id', 'intent', ({ audit_id }: LedgerRow) => ({ audit_id: `${audit_id}","bodyBytes` })],
    ['outcome', 'outcome', ({ outcome }: LedgerRow) => ({ outcome: `${outcome ?? ''}","createdId` })],
    ['at', 'connection', ({ at }: LedgerRow) => ({ at: `${at}","auditId` })],
  ])('is found out (%s of a record of kind %s)', async (_, kind, change) => {
    const signer = aSigner()
    const ledger = openIn(directory, keysOf(signer))
    writeTwenty(ledger)
    write(ledger, [], true)
    ledger.close()
    const forged = aForgedLedger(directory)
    try {
      const rows = forged.rows()
      const place = rows.findLastIndex((row) => row.kind === kind)
      const row = rows[place]
      if (row === undefined) throw new Error(`there is no ${kind}`)
      forged.put(rows.with(place, { ...row, ...change(row) }))
      const [first] = (await forged.verdict([signer.verifierKey])).streams[0]?.problems ?? []

      expect(first).toMatchObject({ kind: 'columnsDiffer', sequence: row.sequence })
    } finally {
      await forged.close()
    }
  })
})
