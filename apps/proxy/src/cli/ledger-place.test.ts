import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CannotRead } from './command-errors.js'
import { ledgerPlace } from './ledger-place.js'

const folder = mkdtempSync(join(tmpdir(), 'ledger-place-'))
afterAll(() => rmSync(folder, { recursive: true }))

const url = 'postgres://audit:s3cret@db.example/audit'

describe('where the ledger is', () => {
  it('may be said in a file, as for the proxy', () => {
    const path = join(folder, 'url')
    writeFileSync(path, `${url}\n`)

    expect(ledgerPlace({ values: {}, environment: { AUDIT_DATABASE_URL_FILE: path } })).toEqual({
      kind: 'postgres',
      url,
    })
    expect(ledgerPlace({ values: { directory: '/x' }, environment: { AUDIT_DATABASE_URL_FILE: '/none' } })).toEqual({
      kind: 'sqlite',
      directory: '/x',
    })
  })

  it('is not known when that file cannot be read', () => {
    expect(() => ledgerPlace({ values: {}, environment: { AUDIT_DATABASE_URL_FILE: join(folder, 'none') } })).toThrow(
      new CannotRead('AUDIT_DATABASE_URL_FILE names a file that is not there.'),
    )
  })
})
