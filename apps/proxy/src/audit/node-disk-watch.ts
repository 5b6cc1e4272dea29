import { closeSync, constants, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import type { Checked } from './ledger-writer.js'

/** Held back on the disk, so that what was begun can be written to its end when the disk is full. */
const heldBackInBytes = 8 * 1024 * 1024
const fewPercent = 10

export interface DiskWatch {
  /** How it stands. Holds some room back where it can. */
  readonly check: () => Checked
  /** Gives the room that was held back. Never throws. */
  readonly release: () => void
}

const holdBack = (path: string): void => {
  // Whoever put a link there is not to have another file emptied.
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600)
  try {
    const block = Buffer.alloc(1024 * 1024)
    for (let written = 0; written < heldBackInBytes; ) written += writeSync(file, block)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

const inMiB = (bytes: number): string => `${String(Math.floor(bytes / 1024 / 1024))} MiB`

/** Looks how much of the disk is free; with less than the reserve, no new calls should be taken. */
export const diskWatch = (directory: string, reservePath: string, reserveInBytes: number): DiskWatch => {
  const isHeldBack = (): boolean => statSync(reservePath, { throwIfNoEntry: false })?.size === heldBackInBytes
  let wasReleased = false

  return {
    check: () => {
      const { bavail, blocks, bsize } = statfsSync(directory)
      const free = bavail * bsize
      const percent = blocks === 0 ? 100 : (100 * bavail) / blocks
      if (free < reserveInBytes)
        return {
          _tag: 'Checked',
          refuse: `${inMiB(free)} are free on the disk of the audit directory, less than the ${inMiB(reserveInBytes)} that must be`,
        }
      // Room that was given away is taken again only when there is clearly enough, or it would go to and fro.
      if (!isHeldBack() && (!wasReleased || free > 2 * (reserveInBytes + heldBackInBytes))) {
        try {
          holdBack(reservePath)
          wasReleased = false
        } catch {
          wasReleased = true
          rmSync(reservePath, { force: true })
        }
      }
      return percent < fewPercent
        ? { _tag: 'Checked', warning: `less than ${String(fewPercent)} % of the disk of the audit directory is free` }
        : { _tag: 'Checked' }
    },
    release: () => {
      wasReleased = true
      try {
        rmSync(reservePath, { force: true })
      } catch {
        // What is wrong with the disk is told by what made us give the room.
      }
    },
  }
}
