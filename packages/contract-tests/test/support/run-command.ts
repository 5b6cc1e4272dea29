import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a command of the built package printed, and how it ended. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const programs = new URL('../../dist/cli/', import.meta.url)

/** Runs `contract-tests` as another team does: a process of its own. */
export const contractTests = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    const program = fileURLToPath(new URL('contract-tests.js', programs))
    const env = { PATH: process.env['PATH'], ...environment }
    const child = execFile(process.execPath, [program, ...args], { env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
