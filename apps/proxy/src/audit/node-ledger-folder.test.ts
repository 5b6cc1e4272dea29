import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { skippedAloud } from '../../test/skipped-aloud.js'
import { ledgerFolder, lookAtLedgerFolder } from './node-ledger-folder.js'

const files = ['audit.sqlite', 'audit.sqlite-wal', 'audit.lock.sqlite', 'audit-digest.key']

let above = ''
let folder = ''

beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'folder-'))
  folder = join(above, 'audit')
})
afterEach(() => rmSync(above, { recursive: true, force: true }))

const makeFolder = (mode = 0o700): void => {
  mkdirSync(folder)
  chmodSync(folder, mode)
}
const makeFile = (name: string, mode = 0o600): void => {
  writeFileSync(join(folder, name), 'x')
  chmodSync(join(folder, name), mode)
}

const well = { _tag: 'Right', right: undefined }
const faults = (...patterns: ReadonlyArray<RegExp>) => ({
  _tag: 'Left',
  left: patterns.map((pattern) => expect.stringMatching(pattern)),
})

describe('the folder of the ledger', () => {
  it('is made for its owner alone when it is not there', () => {
    expect(ledgerFolder(folder, files)).toEqual(well)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('is not made when the folder above is not there: a disk may not be mounted', () => {
    expect(ledgerFolder(join(folder, 'deeper'), files)).toEqual(faults(/audit\/deeper .*not mounted; mount it/))
    expect(existsSync(folder)).toBe(false)
  })

  it('cannot be made inside a file', () => {
    writeFileSync(folder, '')
    expect(ledgerFolder(join(folder, 'deeper'), files)).toEqual(faults(/deeper cannot be looked at \(ENOTDIR\)/))
  })

  it('is taken as it is, with and without our files', () => {
    makeFolder(0o755)
    expect(ledgerFolder(folder, files)).toEqual(well)
    for (const file of files) makeFile(file)
    expect(ledgerFolder(folder, files)).toEqual(well)
    expect(statSync(folder).mode & 0o777).toBe(0o755)
  })

  it('may have a file of ours that is for reading alone', () => {
    makeFolder()
    makeFile('audit-digest.key', 0o400)
    expect(ledgerFolder(folder, files)).toEqual(well)
  })

  it.each([0o770, 0o777, 0o702, 0o1777])('is refused when others may write to it: mode %o', (mode) => {
    makeFolder(mode)
    expect(ledgerFolder(folder, files)).toEqual(faults(/audit can be written to by others .*set its mode to 0700/))
  })

  it.each(['', '/', '/.', '//'])('is refused when it is a symbolic link, also as “audit%s”', (end) => {
    mkdirSync(join(above, 'real'))
    symlinkSync(join(above, 'real'), folder)
    expect(ledgerFolder(`${folder}${end}`, files)).toEqual(faults(/audit is a symbolic link/))
  })

  it('is refused when it is a link to nothing, and nothing is made', () => {
    symlinkSync(join(above, 'nothing'), folder)
    expect(ledgerFolder(folder, files)).toEqual(faults(/audit is a symbolic link/))
    expect(existsSync(join(above, 'nothing'))).toBe(false)
  })

  it('is refused when it is a file', () => {
    writeFileSync(folder, '')
    expect(ledgerFolder(folder, files)).toEqual(faults(/audit is no folder/))
  })

  it('is refused with its files when they belong to somebody else', () => {
    makeFolder()
    makeFile('audit.sqlite')
    const { uid } = statSync(folder)
    expect(ledgerFolder(folder, files, uid + 1)).toEqual(
      faults(
        new RegExp(`audit belongs to user ${uid}, and this process is user ${uid + 1}`),
        /audit\.sqlite belongs to user/,
      ),
    )
  })

  it.each([0o640, 0o604, 0o660, 0o700, 0o610, 0o601])('is refused with a file of ours of mode %o', (mode) => {
    makeFolder()
    makeFile('audit.sqlite-wal', mode)
    expect(ledgerFolder(folder, files)).toEqual(
      faults(new RegExp(`audit\\.sqlite-wal .*mode 0${mode.toString(8)}.*set its mode to 0600`)),
    )
  })

  it('does not look at files that are not ours', () => {
    makeFolder()
    makeFile('lost+found', 0o777)
    expect(ledgerFolder(folder, files)).toEqual(well)
  })

  it('has every problem told at once, each with its path', () => {
    makeFolder(0o777)
    makeFile('audit.sqlite', 0o644)
    symlinkSync('/dev/null', join(folder, 'audit.lock.sqlite'))
    mkdirSync(join(folder, 'audit-digest.key'))
    symlinkSync('nothing', join(folder, 'audit.sqlite-wal'))

    expect(ledgerFolder(folder, files)).toEqual(
      faults(
        /audit can be written to/,
        /audit\.sqlite is not for its owner alone/,
        /audit\.sqlite-wal is a symbolic link/,
        /audit\.lock\.sqlite is a symbolic link/,
        /audit-digest\.key is no regular file/,
      ),
    )
  })

  it('is named in full, also when it was given from where the process is', () => {
    expect(ledgerFolder('not-there/at-all', files)).toEqual(
      faults(new RegExp(`^${process.cwd()}/not-there/at-all is not there`)),
    )
  })

  it('has neither owners nor modes where the system has none', () => {
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    makeFile('audit.sqlite', 0o666)
    const { geteuid } = process
    try {
      Reflect.deleteProperty(process, 'geteuid')
      expect(ledgerFolder(folder, files)).toEqual(well)
    } finally {
      Object.assign(process, { geteuid })
    }
  })
})

describe('the folder of the ledger, when it is only looked at', () => {
  const there = { _tag: 'Right', right: true }

  it('is not made, and it is told whether it could be', () => {
    expect(lookAtLedgerFolder(folder, files)).toEqual({ _tag: 'Right', right: false })
    expect(lookAtLedgerFolder(join(folder, 'deeper'), files)).toEqual(faults(/audit\/deeper .*not mounted; mount it/))
    expect(existsSync(folder)).toBe(false)
  })

  it('is held to the same as when it is used', () => {
    makeFolder(0o777)
    makeFile('audit.sqlite', 0o644)
    expect(lookAtLedgerFolder(folder, files)).toEqual(ledgerFolder(folder, files))
    chmodSync(folder, 0o700)
    chmodSync(join(folder, 'audit.sqlite'), 0o600)
    expect(lookAtLedgerFolder(folder, files)).toEqual(there)
  })

  // Root may write wherever it likes.
  it.skipIf(skippedAloud(process.geteuid?.() !== 0, 'a folder of a ledger that may not be written to, as root'))(
    'must be one that can be written to',
    () => {
      makeFolder(0o500)
      expect(lookAtLedgerFolder(folder, files)).toEqual(faults(/cannot be written to \(EACCES\)/))
      expect(lookAtLedgerFolder(join(folder, 'deeper'), files)).toEqual(faults(/deeper cannot be made \(EACCES\)/))
      chmodSync(folder, 0o700)
    },
  )
})
