import type { Server } from 'node:http'
import type { Config } from './config/index.js'

/** `forced` when something was still in flight after the grace. */
export type StopResult = 'finished' | 'forced'

/** Where the process stands between its start and its end. */
export interface Phase {
  stopping: boolean
  draining: boolean
}

export interface Stoppable {
  readonly server: Server
  readonly phase: Phase
  /** Ends the calls that are still in flight on our side, so that each gets its answer and its outcome on record. */
  readonly endCalls: () => Promise<void>
  /** Writes down that the process stopped, and lets go of everything. */
  readonly release: (result: StopResult) => Promise<void>
}

/** How long the last replies may take to be recorded and written. */
const lastWordsInMs = 3_000

const finishWithin = (graceInMs: number, { endCalls, server }: Stoppable): Promise<StopResult> =>
  new Promise((resolve) => {
    let result: StopResult = 'finished'
    const timer = setTimeout(() => {
      result = 'forced'
      void endCalls()
      setTimeout(() => server.closeAllConnections(), lastWordsInMs).unref()
    }, graceInMs)
    server.close(() => {
      clearTimeout(timer)
      resolve(result)
    })
  })

/**
 * Not ready at once; goes on serving for the delay, while balancers take note; then takes no more and finishes what is in
 * flight, for as long as the grace allows. A second call ends the delay.
 */
export const stopProxy = (
  { delayInMs, graceInMs }: Config['shutdown'],
  stoppable: Stoppable,
): (() => Promise<StopResult>) => {
  const { phase, release } = stoppable
  let endDelay = (): void => undefined
  let stopped: Promise<StopResult> | undefined

  const stop = async (): Promise<StopResult> => {
    phase.stopping = true
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayInMs)
      endDelay = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    phase.draining = true
    const result = await finishWithin(graceInMs, stoppable)
    await release(result)
    return result
  }

  return () => {
    endDelay()
    stopped ??= stop()
    return stopped
  }
}
