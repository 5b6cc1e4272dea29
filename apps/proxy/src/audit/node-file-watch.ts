import { statSync } from 'node:fs'

interface Seen {
  readonly file: string
  readonly size: number
}

const look = (path: string): Seen | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stats === undefined
    ? undefined
    : { file: `${String(stats.dev)}:${String(stats.ino)}`, size: Number(stats.size) }
}

export interface FileWatch {
  /** Throws when one of the files is not the one that it was, or shorter; from then on always. */
  readonly mustBeTheSame: () => void
  /** The last of the files is made anew by its own program. */
  readonly forgetLast: () => void
}

/**
 * A process that has a file open does not notice when somebody deletes, replaces or cuts it: what it writes is lost. This
 * compares what is found at a path with what was there before. A file that was never there may come.
 */
export const fileWatch = (paths: ReadonlyArray<string>): FileWatch => {
  const seen = new Map<string, Seen>()
  let lost: string | undefined

  const whatIsWrong = (path: string): string | undefined => {
    const before = seen.get(path)
    const found = look(path)
    if (found !== undefined) seen.set(path, found)
    if (before === undefined) return undefined
    if (found === undefined) return `${path} was deleted or renamed while it was in use`
    if (found.file !== before.file) return `${path} was replaced while it was in use`
    return found.size < before.size ? `${path} was cut short while it was in use` : undefined
  }

  return {
    mustBeTheSame: () => {
      for (const path of paths) lost ??= whatIsWrong(path)
      if (lost !== undefined)
        throw new Error(`${lost}. Find out who did it, put it back if you can, and start this process anew`)
    },
    forgetLast: () => {
      seen.delete(paths.at(-1) ?? '')
    },
  }
}
