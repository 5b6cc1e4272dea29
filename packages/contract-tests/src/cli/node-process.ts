import { setImmediate } from 'node:timers/promises'
import type { Output, Surroundings } from './surroundings.js'

const outputTo = (stream: NodeJS.WriteStream): Output => {
  // Whoever has read enough, as `head` does, closes the pipe: that is no mistake.
  stream.on('error', (error: Error) => {
    if (!('code' in error && error.code === 'EPIPE')) throw error
  })
  return { write: (text) => void stream.write(text), isTerminal: stream.isTTY }
}

/** This process, of which SIGINT and SIGTERM ask to end in order; the second time they end it at once. */
export const nodeProcess = (): Surroundings => {
  const interruption = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interruption.abort())
  return {
    environment: process.env,
    stdout: outputTo(process.stdout),
    stderr: outputTo(process.stderr),
    interruption: interruption.signal,
  }
}

const couldNotRun = 2

/**
 * Ends the process with a code, whatever code of others that was run in it still holds open. Should that end the process
 * first, or fail outside of a call, it is said, and is no verdict: not everything was looked at.
 */
export const endOfProcess = (): ((code: number) => Promise<void>) => {
  let hasEnded = false
  const endEarly = (why: string): void => {
    process.stderr.write(`${why} Not everything was looked at, so nothing can be said.\n`)
    process.exitCode = couldNotRun
  }
  process.on('exit', () => {
    if (!hasEnded) endEarly('The process was ended by code that was run in it, which is not to call process.exit.')
  })
  process.on('uncaughtException', (error) => {
    hasEnded = true
    endEarly(`Code that was run failed outside of a call:\n${error.stack ?? String(error)}\n`)
    process.exit()
  })
  return async (code) => {
    // A rejection that nobody handles is told at the end of a turn.
    await setImmediate()
    hasEnded = true
    process.exitCode = code
    await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
    process.exit()
  }
}
