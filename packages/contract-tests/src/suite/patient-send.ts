import { setTimeout as wait } from 'node:timers/promises'
import { CouldNotRun } from '../could-not-run.js'
import type { HttpAnswer, Send } from '../exchange/http-exchange.js'

const longestWaitInSeconds = 60
const mostTries = 5

/** What becomes known while somebody waits. */
export interface Waiting {
  readonly onWait?: ((inSeconds: number) => void) | undefined
  /** Ends the waiting; what was answered last is then the answer. */
  readonly signal?: AbortSignal | undefined
  /** Over all calls. Absent: ten minutes. */
  readonly longestInSeconds?: number
}

/** Waits as a 429 or 503 says, and sends again: nothing was done. */
export const patientSend = (send: Send, { longestInSeconds = 600, onWait, signal }: Waiting = {}): Send => {
  let waitedInSeconds = 0
  return async (request) => {
    for (let tried = 1; ; tried++) {
      const answer = await send(request)
      const inSeconds = secondsToWait(answer)
      if (inSeconds === undefined || signal?.aborted === true) return answer
      if (tried === mostTries) {
        throw new CouldNotRun(
          `The target answered ${String(answer.status)} ${String(mostTries)} times in a row to one call, though each waited as it was told. Try again when less is going on.`,
        )
      }
      if (inSeconds > longestWaitInSeconds) {
        throw new CouldNotRun(
          `The target answers ${String(answer.status)} and asks to come again in ${String(inSeconds)} seconds. Try again then.`,
        )
      }
      waitedInSeconds += inSeconds
      if (waitedInSeconds > longestInSeconds) {
        throw new CouldNotRun(
          `The target has asked to wait for ${String(waitedInSeconds)} seconds in all. Try again when less is going on, or look at less: --graph-version, --rounds.`,
        )
      }
      onWait?.(inSeconds)
      // Whoever interrupts does not wait.
      const isInterrupted = await wait(inSeconds * 1000, false, { signal }).catch(() => true)
      if (isInterrupted) return answer
    }
  }
}

// Seconds or a date, RFC 9110 §10.2.3.
const secondsToWait = ({ headers, status }: HttpAnswer): number | undefined => {
  const text = headers['retry-after'] ?? ''
  if (status !== 429 && status !== 503) return undefined
  if (/^\d{1,6}$/.test(text)) return Number(text)
  const at = text.endsWith('GMT') ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1000))
}
