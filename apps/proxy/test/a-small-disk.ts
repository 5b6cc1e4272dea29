import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own, in memory. */
export interface SmallDisk {
  readonly path: string
  readonly remount: (options: string) => void
  readonly remove: () => void
}

const mount = (...args: ReadonlyArray<string>): void => void execFileSync('mount', [...args], { stdio: 'pipe' })

/** Undefined where this process may not mount, or there is no such thing. */
export const aSmallDisk = (sizeInMiB: number): SmallDisk | undefined => {
  const path = mkdtempSync(join(tmpdir(), 'disk-'))
  try {
    mount('-t', 'tmpfs', '-o', `size=${String(sizeInMiB)}m,mode=0700`, 'tmpfs', path)
  } catch {
    rmSync(path, { recursive: true })
    return undefined
  }
  return {
    path,
    remount: (options) => mount('-o', `remount,${options}`, path),
    remove: () => {
      execFileSync('umount', ['--lazy', path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** Whether this machine lets us. Tests that need it are skipped, and say so, where it does not. */
export const mayMount = (() => {
  const disk = aSmallDisk(1)
  disk?.remove()
  return disk !== undefined
})()
