import { closeSync, constants, fsyncSync, openSync, type Stats } from 'node:fs'
import process from 'node:process'

/** Whom the files we make belong to; undefined where files have no owner of that kind and no mode, as on Windows. */
export const effectiveUid = (): number | undefined => process.geteuid?.()

export const modeText = ({ mode }: Stats): string => `0${(mode & 0o7777).toString(8).padStart(3, '0')}`

/** The system's name for what went wrong, such as ENOSPC. */
export const codeOfFault = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error)

export const faultsOfOwner = (path: string, stats: Stats, uid: number | undefined): ReadonlyArray<string> =>
  uid === undefined || stats.uid === uid
    ? []
    : [
        `${path} belongs to user ${String(stats.uid)}, and this process is user ${String(uid)}: ` +
          'give it to the user who runs this process',
      ]

/**
 * What is wrong with the owner and the mode of a file that is for this process alone. An exec bit is refused, too: nothing
 * of ours is ever run.
 */
export const faultsOfOwnFile = (path: string, stats: Stats, uid: number | undefined): ReadonlyArray<string> => [
  ...faultsOfOwner(path, stats, uid),
  ...(uid === undefined || (stats.mode & 0o177) === 0
    ? []
    : [`${path} is not for its owner alone (mode ${modeText(stats)}): set its mode to 0600`]),
]

/** Puts on disk what was made, renamed or removed in a folder. Throws what the system says. */
export const syncFolder = (path: string): void => {
  // Windows opens no folders, and needs no such call.
  if (effectiveUid() === undefined) return
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
