import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeKeyFile, readKeyFile, replaceKeyFile } from './node-key-file.js'

let folder = ''
let path = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'))
  path = join(folder, 'a.key')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (content: string, mode = 0o600): void => {
  writeFileSync(path, content)
  chmodSync(path, mode)
}

const problem = (pattern: RegExp, tag = 'KeyFileUnusable') => ({
  _tag: 'Left',
  left: { _tag: tag, message: expect.stringMatching(pattern) },
})

describe.each([
  ['our own', { given: false }],
  ['given by the operator', { given: true }],
])('a key file that is %s', (_, whose) => {
  it('is read as it is', () => {
    write('secret\n')
    expect(readKeyFile(path, whose)).toEqual(E.right('secret\n'))
  })

  it('is told to be missing when it is', () => {
    expect(readKeyFile(path, whose)).toEqual(problem(/a\.key is not there/, 'KeyFileMissing'))
  })

  it.each([
    ['empty', () => write(''), /is empty/],
    ['larger than 64 KiB', () => write('x'.repeat(64 * 1024 + 1)), /larger than 64 KiB/],
    ['a folder', () => mkdirSync(path), /is no regular file/],
    ['a pipe, which would keep us waiting', () => execFileSync('mkfifo', ['-m', '600', path]), /is no regular file/],
    ['everybody’s to read', () => write('x', 0o604), /mode 0604/],
    ['everybody’s to write', () => write('x', 0o602), /mode 0602/],
    ['everybody’s to run', () => write('x', 0o601), /mode 0601/],
    ['a link round in a circle', () => symlinkSync(path, path), /symbolic link/],
    ['below a file', () => symlinkSync('/dev/null/x', path), /symbolic link|ENOTDIR/],
  ])('is refused when it is %s', (__, arrange, pattern) => {
    arrange()
    expect(readKeyFile(path, whose)).toEqual(problem(pattern))
  })

  it('may have 64 KiB', () => {
    write('x'.repeat(64 * 1024))
    expect(E.isRight(readKeyFile(path, whose))).toBe(true)
  })
})

describe('a key file of our own', () => {
  it.each([0o640, 0o660, 0o610, 0o700])('is refused with mode %o', (mode) => {
    write('x', mode)
    expect(readKeyFile(path, { given: false })).toEqual(problem(/set its mode to 0600/))
  })

  it('is refused when it is a symbolic link', () => {
    write('x')
    symlinkSync(path, join(folder, 'link'))
    expect(readKeyFile(join(folder, 'link'), { given: false })).toEqual(problem(/link is a symbolic link/))
  })

  it('is refused when it belongs to somebody else', () => {
    write('x')
    expect(readKeyFile(path, { given: false }, statSync(path).uid + 1)).toEqual(problem(/belongs to user/))
  })
})

describe('a key file that was given', () => {
  it('may be the group’s to read, another’s, and behind links, as a secret of Kubernetes is', () => {
    mkdirSync(join(folder, '..2026'))
    writeFileSync(join(folder, '..2026', 'b.key'), 'secret')
    chmodSync(join(folder, '..2026', 'b.key'), 0o440)
    symlinkSync('..2026', join(folder, '..data'))
    symlinkSync(join('..data', 'b.key'), join(folder, 'b.key'))

    expect(readKeyFile(join(folder, 'b.key'), { given: true }, 12_345)).toEqual(E.right('secret'))
  })
})

describe('making a key file', () => {
  it('leaves that file alone, for its owner alone', () => {
    expect(makeKeyFile(path, 'secret\n')).toEqual(E.right(undefined))
    expect(readFileSync(path, 'utf8')).toBe('secret\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['a.key'])
  })

  it('keeps one that is there, also when it is a link to nothing', () => {
    write('old')
    expect(makeKeyFile(path, 'new')).toEqual(E.right(undefined))
    expect(readFileSync(path, 'utf8')).toBe('old')

    symlinkSync('nothing', join(folder, 'link'))
    expect(makeKeyFile(join(folder, 'link'), 'new')).toEqual(E.right(undefined))
    expect(readdirSync(folder)).toEqual(['a.key', 'link'])
  })

  it('is told to have failed where there is no folder', () => {
    expect(makeKeyFile(join(folder, 'none', 'a.key'), 'x')).toEqual(problem(/a\.key cannot be made \(ENOENT\)/))
  })
})

describe('changing a key file', () => {
  const prepend = (old: string) => E.right({ content: `new\n${old}`, result: 'done' })

  it('replaces it whole and keeps it for its owner alone', () => {
    write('old', 0o400)
    const before = statSync(path).ino
    expect(replaceKeyFile(path, prepend)).toEqual(E.right('done'))
    expect(readFileSync(path, 'utf8')).toBe('new\nold')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(path).ino).not.toBe(before)
    expect(readdirSync(folder)).toEqual(['a.key'])
  })

  it.each([
    ['it is not there', () => undefined, prepend, /is not there/, 'KeyFileMissing'],
    ['it is not for its owner alone', () => write('old', 0o644), prepend, /mode 0644/, 'KeyFileUnusable'],
    [
      'its content cannot be changed',
      () => write('old'),
      () => E.left('no, not that'),
      /no, not that/,
      'KeyFileUnusable',
    ],
    [
      'it would grow too large',
      () => write('old'),
      () => E.right({ content: 'x'.repeat(64 * 1024 + 1), result: '' }),
      /grow larger/,
      'KeyFileUnusable',
    ],
  ])('changes nothing and leaves nothing behind when %s', (_, arrange, change, pattern, tag) => {
    arrange()
    const before = readdirSync(folder)
    expect(replaceKeyFile<string>(path, change)).toEqual(problem(pattern, tag))
    expect(readdirSync(folder)).toEqual(before)
  })

  it('is refused while another change is under way', () => {
    write('old')
    const inner: Array<unknown> = []
    replaceKeyFile(path, (old) => {
      inner.push(replaceKeyFile(path, prepend))
      return prepend(old)
    })
    expect(inner).toEqual([problem(/a\.key\.new is there: another change/)])
    expect(readFileSync(path, 'utf8')).toBe('new\nold')
  })

  it('leaves what another change has left, and says so', () => {
    write('old')
    writeFileSync(`${path}.new`, 'half')
    expect(replaceKeyFile(path, prepend)).toEqual(problem(/a\.key\.new is there/))
    expect(readFileSync(`${path}.new`, 'utf8')).toBe('half')
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  it('is told to have failed where there is no folder', () => {
    expect(replaceKeyFile(join(folder, 'none', 'a.key'), prepend)).toEqual(problem(/cannot be changed \(ENOENT\)/))
  })
})
