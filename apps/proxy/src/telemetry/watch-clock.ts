import type { Metrics } from './instruments.js'
import type { Log } from './pino-log.js'

const clockToleranceInSeconds = 30

/** A clock that is wrong makes every token expired, or not yet valid: better said before the first caller asks why. */
export const watchClock = (
  log: Pick<Log, 'alarm' | 'info'>,
  { watch }: Pick<Metrics, 'watch'>,
): ((aheadInSeconds: number) => void) => {
  let isWell = true
  let skew: number | undefined
  watch('clockSkew', () => skew)
  return (aheadInSeconds) => {
    // We are told how far the issuer is ahead of us.
    skew = 0 - aheadInSeconds
    const wasWell = isWell
    isWell = Math.abs(aheadInSeconds) <= clockToleranceInSeconds
    if (wasWell && !isWell) log.alarm('the clock of this host differs from the issuer’s: set it', { aheadInSeconds })
    if (!wasWell && isWell) log.info('the clock of this host is right again')
  }
}
