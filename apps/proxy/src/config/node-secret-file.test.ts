import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, describe, expect, it } from 'vitest'
import { readSecretFile } from './node-secret-file.js'

const folder = mkdtempSync(join(tmpdir(), 'secret-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (content: string | Uint8Array): string => {
  const path = join(folder, 'secret')
  writeFileSync(path, content)
  return path
}

describe('the file of a secret', () => {
  it.each([
    ['s3cret', 's3cret'],
    ['s3cret\n', 's3cret'],
    ['s3cret\r\n\n', 's3cret'],
    ['two\nlines\n', 'two\nlines'],
    [' blanks ', ' blanks '],
    ['Schlüssel\n', 'Schlüssel'],
  ])('that holds %j gives %j', (content, secret) => {
    expect(readSecretFile(file(content))).toEqual(E.right(secret))
  })

  it.each([
    ['is not there', () => join(folder, 'none'), 'names a file that is not there'],
    ['is empty', () => file(''), 'names a file that is empty'],
    ['is an empty line', () => file('\n'), 'names a file that is empty'],
    ['is a folder', () => folder, 'names what is no regular file'],
    ['is below a file', () => join(file('x'), 'y'), 'names a file that cannot be read (ENOTDIR)'],
    ['is too large', () => file('x'.repeat(64 * 1024 + 1)), 'names a file that is larger than 64 KiB'],
    ['is not in UTF-8', () => file(Buffer.from('Schlüssel', 'latin1')), 'names a file that is not text in UTF-8'],
    ['has bytes that are no text', () => file('s3c\0ret'), 'names a file that is not text in UTF-8'],
    [
      'is a pipe that nobody writes to',
      () => {
        const path = join(folder, 'pipe')
        execFileSync('mkfifo', [path])
        return path
      },
      'names what is no regular file',
    ],
  ])('that %s is told, without its path', (_, path, message) => {
    expect(readSecretFile(path())).toEqual(E.left(message))
  })
})
