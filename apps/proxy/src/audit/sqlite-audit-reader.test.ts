import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteAuditReader } from './sqlite-audit-reader.js'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sqlite-audit-reader-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

const whyNot = (): string => {
  const reader = openSqliteAuditReader(directory)
  return E.isLeft(reader) ? reader.left.message : ''
}

describe('a ledger file that cannot be read', () => {
  it('is told with what to do when it is not there', () => {
    expect(whyNot()).toBe(
      `${join(directory, 'audit.sqlite')}: is not there, or not to be seen by this user: is that the folder that the proxy writes to?`,
    )
  })

  it.each([
    [0, 'it is no audit ledger: name the folder that AUDIT_DIRECTORY names for the proxy'],
    [
      1,
      'it has format 1, and this program reads format 2: the next start of a proxy of this version brings it to that',
    ],
    [3, 'it has format 3, and this program reads format 2: use the program of the version that wrote it'],
  ])('is told with what to do when its format is %i', (format, why) => {
    const database = new DatabaseSync(join(directory, 'audit.sqlite'))
    database.exec(`PRAGMA user_version = ${String(format)}; CREATE TABLE other (x)`)
    database.close()

    expect(whyNot()).toBe(`${join(directory, 'audit.sqlite')}: ${why}`)
  })
})
