import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { codeOfFault, effectiveUid, faultsOfOwnFile, modeText, syncFolder } from './node-file-rules.js'

/** Why a key file gives no keys. The message names the path and what to do, and nothing of what the file holds. */
export type KeyFileProblem =
  | { readonly _tag: 'KeyFileMissing'; readonly message: string }
  | { readonly _tag: 'KeyFileUnusable'; readonly message: string }

const largestFileInBytes = 64 * 1024

const unusable = (message: string): E.Either<KeyFileProblem, never> => E.left({ _tag: 'KeyFileUnusable', message })

const problemOf = (path: string, error: unknown): KeyFileProblem => {
  const code = codeOfFault(error)
  if (code === 'ENOENT') return { _tag: 'KeyFileMissing', message: `${path} is not there` }
  const message =
    code === 'ELOOP'
      ? `${path} is a symbolic link, or leads round in a circle: put the key file itself there`
      : `${path} cannot be read (${code}): see that this process may read it`
  return { _tag: 'KeyFileUnusable', message }
}

/** An operator's file may be a chain of links, as a Kubernetes secret is, and belong to anybody, but not be everybody's. */
const faultsOfGivenFile = (path: string, stats: Stats, uid: number | undefined): ReadonlyArray<string> =>
  uid !== undefined && (stats.mode & 0o007) !== 0
    ? [
        `${path} can be used by everybody (mode ${modeText(stats)}): take the rights of others away, ` +
          'for instance with mode 0640, or `defaultMode: 0440` for a Kubernetes secret',
      ]
    : []

const faultsOf = (
  path: string,
  { given, uid }: { readonly given: boolean; readonly uid: number | undefined },
  stats: Stats,
): ReadonlyArray<string> => {
  if (!stats.isFile()) return [`${path} is no regular file: put a key file there`]
  const faults = given ? faultsOfGivenFile(path, stats, uid) : faultsOfOwnFile(path, stats, uid)
  if (faults.length > 0) return faults
  if (stats.size === 0) return [`${path} is empty: put the key back from a backup`]
  if (stats.size > largestFileInBytes) return [`${path} is larger than 64 KiB: that is no key file`]
  return []
}

/** As much as there is, and one byte more than is allowed, however large the file has become since it was looked at. */
const contentOf = (file: number): Buffer => {
  const buffer = Buffer.alloc(largestFileInBytes + 1)
  let length = 0
  for (let read = -1; read !== 0 && length < buffer.byteLength; length += read) {
    read = readSync(file, buffer, length, buffer.byteLength - length, null)
  }
  return buffer.subarray(0, length)
}

/**
 * Reads a key file: a regular one, not empty, at most 64 KiB. Our own is no symbolic link, belongs to this process and has
 * no rights for others; one that was `given` by the operator may be a link, another's and readable by its group, but has no
 * rights for everybody. What is looked at is what is read, since the file is open by then. Does not look at the content.
 */
export const readKeyFile = (
  path: string,
  { given }: { readonly given: boolean },
  uid: number | undefined = effectiveUid(),
): E.Either<KeyFileProblem, string> => {
  try {
    // A FIFO would keep an opener waiting; with O_NONBLOCK it is opened, looked at and refused.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | (given ? 0 : constants.O_NOFOLLOW))
    try {
      const faults = faultsOf(path, { given, uid }, fstatSync(file))
      if (faults.length > 0) return unusable(faults.join('; '))
      const content = contentOf(file)
      if (content.byteLength > largestFileInBytes) return unusable(`${path} is larger than 64 KiB: that is no key file`)
      return E.right(content.toString('latin1'))
    } finally {
      closeSync(file)
    }
  } catch (error) {
    return E.left(problemOf(path, error))
  }
}

const unlinkIfThere = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (error) {
    if (codeOfFault(error) !== 'ENOENT') throw error
  }
}

const createExclusively = (path: string): number => {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  fchmodSync(file, 0o600)
  return file
}

const writeDurably = (file: number, content: string): void => {
  const bytes = Buffer.from(content, 'latin1')
  for (let written = 0; written < bytes.byteLength; ) written += writeSync(file, bytes, written)
  fsyncSync(file)
}

/**
 * Makes a key file that is not there yet, mode 0600, on disk together with its folder before this returns. It appears whole
 * or not at all; one that somebody else made meanwhile is kept, and no fault.
 */
export const makeKeyFile = (path: string, content: string): E.Either<KeyFileProblem, void> => {
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    const file = createExclusively(beside)
    try {
      writeDurably(file, content)
      // Unlike a rename, a link never takes the place of what is there.
      linkSync(beside, path)
    } catch (error) {
      if (codeOfFault(error) !== 'EEXIST') throw error
    } finally {
      closeSync(file)
      unlinkIfThere(beside)
    }
    syncFolder(dirname(path))
    return E.right(undefined)
  } catch (error) {
    return unusable(`${path} cannot be made (${codeOfFault(error)}): see that this process may write to its folder`)
  }
}

/**
 * Puts another content in the place of a key file of ours, whole or not at all, mode 0600, on disk before this returns.
 * What the new content is depends on the old one, so no two may do this at once: the file that is written beside is the
 * lock, and one that a broken-off change has left must be removed by hand.
 */
export const replaceKeyFile = <A>(
  path: string,
  change: (old: string) => E.Either<string, { readonly content: string; readonly result: A }>,
): E.Either<KeyFileProblem, A> => {
  const beside = `${path}.new`
  let isRenamed = false
  try {
    const file = createExclusively(beside)
    try {
      const old = readKeyFile(path, { given: false })
      if (E.isLeft(old)) return old
      const changed = change(old.right)
      if (E.isLeft(changed)) return unusable(changed.left)
      const { content, result } = changed.right
      if (content.length > largestFileInBytes) {
        return unusable(`${path} would grow larger than 64 KiB: remove its oldest keys, those no record was made with`)
      }
      writeDurably(file, content)
      renameSync(beside, path)
      isRenamed = true
      syncFolder(dirname(path))
      return E.right(result)
    } finally {
      closeSync(file)
      if (!isRenamed) unlinkIfThere(beside)
    }
  } catch (error) {
    const code = codeOfFault(error)
    if (isRenamed)
      return unusable(`${path} was changed, but may not be on disk yet (${code}): see whether the disk is well`)
    return unusable(
      code === 'EEXIST'
        ? `${beside} is there: another change of keys is under way, or was broken off; in that case remove this file`
        : `${path} cannot be changed (${code}): see that this process may write to its folder`,
    )
  }
}
