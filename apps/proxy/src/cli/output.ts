import type { Writable } from 'node:stream'
import { OutputClosed } from './command-errors.js'

const lookAfterCharacters = 256 * 1024

const isClosed = (error: Error): boolean => 'code' in error && error.code === 'EPIPE'

/** Writes to a stream as fast as it takes it; rejects with `OutputClosed` once its reader is gone. */
export const outputTo = (stream: Writable): ((text: string) => Promise<void>) => {
  let failure: Error | undefined
  let sinceLook = 0
  let wake = (): void => undefined
  stream.on('error', (error: Error) => {
    failure ??= isClosed(error) ? new OutputClosed() : error
    wake()
  })
  stream.on('drain', () => wake())
  const mustBeOpen = (): void => {
    if (failure !== undefined) throw failure
  }
  return async (text) => {
    mustBeOpen()
    const takesMore = stream.write(text)
    sinceLook += text.length
    // An error is told to those alone who let the event loop turn.
    if (takesMore && sinceLook < lookAfterCharacters) return
    sinceLook = 0
    await new Promise<void>((resolve) => {
      if (takesMore) setImmediate(resolve)
      else wake = resolve
    })
    mustBeOpen()
  }
}
