import type { Server } from 'node:http'
import type { Config } from './config/index.js'

/**
 * `forced` when something was still in flight after the grace, or could not be written; `stuck` when the ledger did not
 * close, so that the process can only be killed.
 */
export type StopResult = 'finished' | 'forced' | 'stuck'

/** Where the process stands between its start and its end. */
export interface Phase {
  stopping: boolean
  draining: boolean
}

/** Every request that is being handled, whether its client is still there or not. */
export interface CallsUnderWay {
  readonly track: <A>(task: () => Promise<A>) => () => Promise<A>
  /** How many there are. */
  readonly count: () => number
  /** Done when none is left. */
  readonly allHandled: () => Promise<void>
}

export const callsUnderWay = (): CallsUnderWay => {
  const tasks = new Set<Promise<unknown>>()
  return {
    track:
      <A>(task: () => Promise<A>) =>
      (): Promise<A> => {
        const running = task()
        tasks.add(running)
        return running.finally(() => tasks.delete(running))
      },
    count: () => tasks.size,
    allHandled: async (): Promise<void> => {
      while (tasks.size > 0) await Promise.allSettled(tasks)
    },
  }
}

export interface Stoppable {
  readonly server: Server
  readonly phase: Phase
  /** Answers requests that are not here whole, and ends connections on which nothing is under way. */
  readonly giveUpOnHalfSent: () => void
  /** Done when every request that arrived has its end on record, its client being there or not. */
  readonly allHandled: () => Promise<void>
  /** Ends the calls that are still in flight on our side, so that each gets its answer and its outcome on record. */
  readonly endCalls: () => Promise<void>
  /** Writes down that the process stopped, and lets go of everything. */
  readonly release: (result: StopResult) => Promise<StopResult>
}

/** How long the last replies may take to be recorded and written. */
const lastWordsInMs = 3_000
/** How long a request that has begun to come may take to come whole, once nobody listens any more. */
const halfSentInMs = 1_000

interface Finishing {
  readonly done: Promise<StopResult>
  /** Ends the grace. */
  readonly hurry: () => void
}

const finishWithin = (graceInMs: number, { allHandled, endCalls, giveUpOnHalfSent, server }: Stoppable): Finishing => {
  let result: StopResult = 'finished'
  let isOver = false
  let lastWords: NodeJS.Timeout | undefined
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  const endGrace = (): void => {
    if (isOver || result === 'forced') return
    result = 'forced'
    void endCalls()
    lastWords = setTimeout(() => server.closeAllConnections(), lastWordsInMs)
  }
  const halfSent = setTimeout(giveUpOnHalfSent, Math.min(halfSentInMs, graceInMs / 2))
  const grace = setTimeout(endGrace, graceInMs)
  const finish = async (): Promise<StopResult> => {
    await closed
    await allHandled()
    isOver = true
    for (const timer of [halfSent, grace, lastWords]) clearTimeout(timer)
    return result
  }
  return {
    done: finish(),
    // What only waited for connections on which nothing is under way is over by then.
    hurry: () => {
      giveUpOnHalfSent()
      setImmediate(endGrace)
    },
  }
}

/**
 * Not ready at once; goes on serving for the delay, while balancers take note; then takes no more and finishes what is in
 * flight, for as long as the grace allows. Each further call ends what is being waited for: the delay, then the grace.
 */
export const stopProxy = (
  { delayInMs, graceInMs }: Config['shutdown'],
  stoppable: Stoppable,
): (() => Promise<StopResult>) => {
  const { phase, release } = stoppable
  let hurry = (): void => undefined
  let stopped: Promise<StopResult> | undefined

  const stop = async (): Promise<StopResult> => {
    phase.stopping = true
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayInMs)
      hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    phase.draining = true
    const finishing = finishWithin(graceInMs, stoppable)
    hurry = finishing.hurry
    return release(await finishing.done)
  }

  return () => {
    hurry()
    stopped ??= stop()
    return stopped
  }
}
