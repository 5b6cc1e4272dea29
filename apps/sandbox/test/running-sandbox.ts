import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/** The sandbox as `npm start` runs it. */
export interface RunningSandbox {
  readonly child: ChildProcess
  /** All that it has printed so far, on both streams. */
  readonly output: () => string
  /** Rejects if it ends without ever having printed that. */
  readonly untilPrinted: (text: string) => Promise<void>
  /** Waits for its end; if that is another one, the failure shows all that it printed. */
  readonly mustEndWith: (code: number) => Promise<void>
}

/** Starts it, built; it is killed if the test ends before it does. */
export const startSandbox = (...args: ReadonlyArray<string>): RunningSandbox => {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const exitCode = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  }
  const untilPrinted = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.includes(text)) resolve()
      }
      for (const stream of [child.stdout, child.stderr]) stream.on('data', look)
      void exitCode.then(() => reject(new Error(`it ended without printing ${text}:\n${output}`)))
      look()
    })
  const mustEndWith = async (code: number): Promise<void> => {
    const actual = await exitCode
    if (actual !== code) throw new Error(`it ended with ${String(actual)}, not ${String(code)}:\n${output}`)
  }
  onTestFinished(() => void child.kill('SIGTERM'))
  return { child, output: () => output, untilPrinted, mustEndWith }
}

/** The first match of a group in what was printed; the test fails if there is none. */
export const printedIn = (output: string, pattern: RegExp): string => {
  const found = pattern.exec(output)?.[1]
  if (found === undefined) throw new Error(`nothing like ${String(pattern)} in:\n${output}`)
  return found
}

export const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
