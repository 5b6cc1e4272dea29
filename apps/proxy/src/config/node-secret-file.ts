import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import type { ReadSecretFile } from './secrets.js'

const largestInBytes = 64 * 1024

const codeOf = (fault: unknown): string =>
  fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? fault.code : 'unknown'

const contentOf = (file: number): E.Either<string, string> => {
  const stats = fstatSync(file)
  if (!stats.isFile()) return E.left('names what is no regular file')
  if (stats.size > largestInBytes) return E.left('names a file that is larger than 64 KiB')
  const buffer = Buffer.alloc(stats.size)
  const length = readSync(file, buffer, 0, buffer.byteLength, 0)
  const bytes = buffer.subarray(0, length)
  // What is none would be taken for something else, and be wrong at the other end.
  if (!isUtf8(bytes) || bytes.includes(0)) return E.left('names a file that is not text in UTF-8')
  const text = bytes.toString('utf8').replace(/[\r\n]+$/, '')
  return text === '' ? E.left('names a file that is empty') : E.right(text)
}

/**
 * Reads a secret that is in a file, as Kubernetes, Docker and systemd put it there: a regular file, at most 64 KiB, in UTF-8.
 * Line ends at its end are left away. The path is not told: whoever takes the one variable for the other has a secret in it.
 */
export const readSecretFile: ReadSecretFile = (path) => {
  try {
    // A FIFO would keep an opener waiting; with O_NONBLOCK it is opened, looked at and refused. Windows has no such flag.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      return contentOf(file)
    } finally {
      closeSync(file)
    }
  } catch (fault) {
    const code = codeOf(fault)
    return E.left(code === 'ENOENT' ? 'names a file that is not there' : `names a file that cannot be read (${code})`)
  }
}
