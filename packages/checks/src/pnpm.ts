import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The folder of the whole repository. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url))

export interface Printed {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the pnpm on PATH at the top of the repository. Does not reject when it fails, only when there is none. */
export const pnpm = (...args: ReadonlyArray<string>): Promise<Printed> =>
  new Promise((resolve, reject) => {
    const child = spawn('pnpm', args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
