import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { aSmallDisk, mayMount, type SmallDisk } from '../../test/a-small-disk.js'
import { skippedAloud } from '../../test/skipped-aloud.js'
import { diskWatch } from './node-disk-watch.js'

const mebibyte = 1024 * 1024

let disk: SmallDisk | undefined
let folder: string | undefined
afterEach(() => {
  disk?.remove()
  disk = undefined
  if (folder !== undefined) rmSync(folder, { recursive: true })
  folder = undefined
})

describe('the watch over the disk of the ledger', () => {
  it('refuses when less is free than must be, and says how much', () => {
    folder = mkdtempSync(join(tmpdir(), 'disk-'))
    const { check } = diskWatch(folder, join(folder, 'reserve'), Number.MAX_SAFE_INTEGER)

    expect(check()).toEqual({
      _tag: 'Checked',
      refuse: expect.stringMatching(/^\d+ MiB are free on the disk of the audit directory, less than the \d+ MiB/),
    })
  })

  it('holds room back, and gives it when it is needed', () => {
    folder = mkdtempSync(join(tmpdir(), 'disk-'))
    const reserve = join(folder, 'reserve')
    const { check, release } = diskWatch(folder, reserve, 0)
    check()
    expect(statSync(reserve).size).toBe(8 * mebibyte)
    expect(statSync(reserve).mode & 0o777).toBe(0o600)

    release()
    expect(existsSync(reserve)).toBe(false)
    release()
  })

  it.skipIf(process.platform === 'win32')('empties no other file when a link was put there', () => {
    folder = mkdtempSync(join(tmpdir(), 'disk-'))
    const [reserve, other] = [join(folder, 'reserve'), join(folder, 'other')]
    writeFileSync(other, 'of somebody')
    symlinkSync(other, reserve)
    diskWatch(folder, reserve, 0).check()

    expect(readFileSync(other, 'utf8')).toBe('of somebody')
  })
})

describe.skipIf(skippedAloud(mayMount, 'a small disk: nothing may be mounted'))('on a small disk', () => {
  const aDisk = (sizeInMiB: number): string => {
    disk = aSmallDisk(sizeInMiB)
    return disk?.path ?? ''
  }

  it('warns of a disk that is almost full', () => {
    const path = aDisk(64)
    const { check } = diskWatch(path, join(path, 'reserve'), 0)
    expect(check()).toEqual({ _tag: 'Checked' })
    writeFileSync(join(path, 'other'), Buffer.alloc(52 * mebibyte))

    expect(check()).toMatchObject({ warning: expect.stringContaining('less than 10 %') })
  })

  it('where there is no room to hold back, does not fill the disk again and again in trying', () => {
    const path = aDisk(4)
    const { check } = diskWatch(path, join(path, 'reserve'), 0)
    check()
    const { mtimeNs } = statSync(path, { bigint: true })
    check()
    check()

    expect(statSync(path, { bigint: true }).mtimeNs).toBe(mtimeNs)
    expect(existsSync(join(path, 'reserve'))).toBe(false)
  })

  it('gives what it held back, and takes it again only once there is clearly room', () => {
    const path = aDisk(48)
    const { check, release } = diskWatch(path, join(path, 'reserve'), 8 * mebibyte)
    check()
    writeFileSync(join(path, 'other'), Buffer.alloc(20 * mebibyte))
    release()
    // 28 of 48 are free, and what must be free with what is held back comes to 16.
    check()
    expect(existsSync(join(path, 'reserve'))).toBe(false)
    rmSync(join(path, 'other'))

    check()
    expect(existsSync(join(path, 'reserve'))).toBe(true)
  })

  it('on a disk that cannot be written any more, leaves the word to whoever wrote', () => {
    const path = aDisk(32)
    const { check, release } = diskWatch(path, join(path, 'reserve'), 0)
    check()
    disk?.remount('ro')

    expect(release).not.toThrow()
  })
})
