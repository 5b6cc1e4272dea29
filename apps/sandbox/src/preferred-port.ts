import { once } from 'node:events'
import { createServer } from 'node:net'

const isTaken = (error: unknown): boolean => error instanceof Error && error.message.includes('EADDRINUSE')

/** Starts something on the port that people expect it on; if that is taken, on 0, for any that is free. */
export const onPreferredPort = async <A>(preferred: number, start: (port: number) => Promise<A>): Promise<A> => {
  try {
    return await start(preferred)
  } catch (error) {
    if (!isTaken(error)) throw error
    return start(0)
  }
}

/** Rejects when someone listens on this port of 127.0.0.1. The answer may be out of date as soon as it is given. */
export const mustBeFree = async (port: number): Promise<void> => {
  const probe = createServer()
  probe.listen(port, '127.0.0.1')
  await once(probe, 'listening')
  const closed = once(probe, 'close')
  probe.close()
  await closed
}
