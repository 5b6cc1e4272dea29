import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

export interface CheckpointFileSettings {
  readonly path: string
  readonly now: () => Date
  /** Told once when it cannot be written, until it can again. */
  readonly alarm: (what: string, detail: Readonly<Record<string, unknown>>) => void
  readonly info: (what: string, detail: Readonly<Record<string, unknown>>) => void
}

export interface CheckpointFile {
  /** Never waits, never fails. If one is written more slowly than others come, those in between are left out. */
  readonly add: (checkpoint: string) => void
  /** Done when the last one is written, or cannot be. */
  readonly close: () => Promise<void>
}

const appendTo = async (path: string, line: string): Promise<void> => {
  // To open a pipe that nobody reads would wait for a reader, and not even process.exit ends that.
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK,
    0o600,
  )
  try {
    await file.appendFile(line)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/**
 * A second place for checkpoints, a JSON line each (`at`, `checkpoint`): whoever can change the ledger should not be able to
 * change this, so it is best on another disk, or one that can only be appended to.
 */
export const checkpointFile = ({ alarm, info, now, path }: CheckpointFileSettings): CheckpointFile => {
  let next: string | undefined
  let writing: Promise<void> | undefined
  let isFailing = false

  const write = async (): Promise<void> => {
    while (next !== undefined) {
      const line = next
      next = undefined
      try {
        await appendTo(path, line)
        if (isFailing) info('checkpoints can be written to their file again', { path })
        isFailing = false
      } catch (error) {
        if (!isFailing)
          alarm('checkpoints cannot be written to their file', {
            path,
            message: error instanceof Error ? error.message : String(error),
          })
        isFailing = true
      }
    }
    writing = undefined
  }

  return {
    add: (checkpoint) => {
      next = `${JSON.stringify({ at: now().toISOString(), checkpoint })}\n`
      writing ??= write()
    },
    close: async () => {
      await writing
    },
  }
}
