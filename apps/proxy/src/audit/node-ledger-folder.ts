import { accessSync, constants, existsSync, lstatSync, mkdirSync, type Stats } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { codeOfFault, effectiveUid, faultsOfOwner, faultsOfOwnFile, modeText, syncFolder } from './node-file-rules.js'

/** Undefined when nothing is there. Looks at a link itself, never at what it points to. */
const lookAt = (path: string): E.Either<string, Stats | undefined> => {
  try {
    return E.right(lstatSync(path))
  } catch (error) {
    const code = codeOfFault(error)
    return code === 'ENOENT'
      ? E.right(undefined)
      : E.left(`${path} cannot be looked at (${code}): see that this process may enter the folders above it`)
  }
}

const make = (path: string): ReadonlyArray<string> => {
  try {
    mkdirSync(path, { mode: 0o700 })
    // Else a folder with a ledger in it could be gone after a power cut.
    syncFolder(dirname(path))
    return []
  } catch (error) {
    return [notMade(path, error)]
  }
}

const notMade = (path: string, error: unknown): string => {
  const code = codeOfFault(error)
  return code === 'ENOENT'
    ? `${path} is not there, nor is the folder above it: most likely a disk is not mounted; mount it, or make ${dirname(path)}`
    : `${path} cannot be made (${code}): make it, with mode 0700, for the user who runs this process`
}

/** Whether `make` would succeed, as far as that can be known without trying. */
const couldMake = (path: string): ReadonlyArray<string> => {
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK)
    return []
  } catch (error) {
    return [notMade(path, error)]
  }
}

const faultsOfAccess = (path: string): ReadonlyArray<string> => {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return []
  } catch (error) {
    return [`${path} cannot be written to (${codeOfFault(error)}): see that its disk is mounted for writing`]
  }
}

const faultsOfFolder = (path: string, stats: Stats, uid: number | undefined): ReadonlyArray<string> => [
  ...faultsOfOwner(path, stats, uid),
  ...(uid === undefined || (stats.mode & 0o022) === 0
    ? []
    : [`${path} can be written to by others than its owner (mode ${modeText(stats)}): set its mode to 0700`]),
]

const faultsOfFile =
  (uid: number | undefined) =>
  (path: string): ReadonlyArray<string> => {
    const found = lookAt(path)
    if (E.isLeft(found)) return [found.left]
    if (found.right === undefined) return []
    if (found.right.isSymbolicLink()) return [`${path} is a symbolic link: put the file itself there`]
    if (!found.right.isFile()) return [`${path} is no regular file: move it away`]
    return faultsOfOwnFile(path, found.right, uid)
  }

const faultsOf = (
  path: string,
  files: ReadonlyArray<string>,
  uid: number | undefined,
  whenMissing: (path: string) => ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const found = lookAt(path)
  if (E.isLeft(found)) return [found.left]
  if (found.right === undefined) return whenMissing(path)
  if (found.right.isSymbolicLink()) return [`${path} is a symbolic link: name the folder that it points to`]
  if (!found.right.isDirectory()) return [`${path} is no folder: name a folder, or move it away`]
  return [...faultsOfFolder(path, found.right, uid), ...files.flatMap((file) => faultsOfFile(uid)(join(path, file)))]
}

/**
 * Looks at the ledger's folder before anything in it is opened: it is no symbolic link, belongs to this process, and
 * nobody else can write to it; those of `files` that are there are regular files for this process alone. A folder that is
 * not there is made, mode 0700, but only inside one that is. Left has every problem, each with its path and what to do.
 * Does not look at the folders above, nor for other files. Nothing is held: somebody who may write to the folders above can
 * still change all of it afterwards.
 */
export const ledgerFolder = (
  path: string,
  files: ReadonlyArray<string>,
  uid: number | undefined = effectiveUid(),
): E.Either<ReadonlyArray<string>, void> => {
  // Without a slash at its end, after which a link would be followed.
  const faults = faultsOf(resolve(path), files, uid, make)
  return faults.length === 0 ? E.right(undefined) : E.left(faults)
}

/**
 * The same, but makes nothing: of a folder that is not there it is told whether it could be made, and of one that is, also whether it
 * can be written to. Gives whether it is there.
 */
export const lookAtLedgerFolder = (
  path: string,
  files: ReadonlyArray<string>,
  uid: number | undefined = effectiveUid(),
): E.Either<ReadonlyArray<string>, boolean> => {
  const whole = resolve(path)
  const isThere = existsSync(whole)
  const faults = faultsOf(whole, files, uid, couldMake)
  const all = faults.length === 0 && isThere ? faultsOfAccess(whole) : faults
  return all.length === 0 ? E.right(isThere) : E.left(all)
}
