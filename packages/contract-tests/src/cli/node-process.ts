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
