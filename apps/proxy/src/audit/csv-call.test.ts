import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AuditedCall } from './audited-call.js'
import { csvHeader, csvLineOf } from './csv-call.js'

/** Reads what RFC 4180 describes. */
const cellsOf = (text: string): ReadonlyArray<ReadonlyArray<string>> => {
  const rows: Array<Array<string>> = []
  let row: Array<string> = []
  let rest = text
  while (rest !== '') {
    const [whole = '', quoted, plain = '', end = ''] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest) ?? []
    if (whole === '') throw new Error(`no CSV: ${JSON.stringify(rest.slice(0, 40))}`)
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    rest = rest.slice(whole.length)
    if (end === '\r\n') {
      rows.push(row)
      row = []
    }
  }
  return rows
}

const call = (reason: string): AuditedCall => ({
  auditId: '01900000-0000-7000-8000-000000000001',
  at: '2026-11-23T12:00:00.000Z',
  kind: 'refusal',
  reason,
  fields: { userName: '=1+1' },
})

const place = (name: string): number => cellsOf(csvHeader)[0]?.indexOf(name) ?? -1

const readBack = (reason: string): string => cellsOf(csvLineOf(call(reason)))[0]?.[place('reason')] ?? ''

describe('a line of CSV', () => {
  it('has as many cells as the header, and ends with CR and LF', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (reason) => {
        const rows = cellsOf(csvHeader + csvLineOf(call(reason)))

        expect(rows.map(({ length }) => length)).toEqual([rows[0]?.length, rows[0]?.length])
      }),
    )
  })

  it('gives back what was put in, but for what a spreadsheet would calculate', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (reason) => {
        expect(readBack(reason)).toBe(/^[=+\-@\t\r\n＝＋－＠]/.test(reason) ? `'${reason}` : reason)
      }),
    )
  })

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1'])('makes text of %j', (formula) => {
    expect(csvLineOf(call(formula))).toContain(`"'${formula}"`)
  })

  it('tells values of the body, too', () => {
    expect(cellsOf(csvLineOf(call('')))[0]?.[place('field:userName')]).toBe("'=1+1")
  })
})
