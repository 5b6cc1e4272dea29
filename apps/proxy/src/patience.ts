export interface PatienceSettings {
  readonly isOver: () => boolean
  readonly monotonicNowInMs: () => number
  /** Done sooner when it is over. */
  readonly wait: (ms: number) => Promise<void>
  readonly info: (what: string, detail: Readonly<Record<string, unknown>>) => void
  readonly alarm: (what: string, detail: Readonly<Record<string, unknown>>) => void
}

const shortestWaitInMs = 250
const longestWaitInMs = 5_000
/** What is started together does not come up at once: until then nobody is woken. */
const alarmAfterInMs = 30_000
const alarmEveryInMs = 60_000

/**
 * For a ledger whose database is away: call it with the reason after each try. It tells each new reason, sounds the alarm when it lasts,
 * waits ever longer, up to five seconds, and gives false only when it is over.
 */
export const patience = (settings: PatienceSettings): ((message: string) => Promise<boolean>) => {
  const { alarm, info, isOver, monotonicNowInMs, wait } = settings
  let waitInMs = shortestWaitInMs
  let told: string | undefined
  let nextAlarmInMs = monotonicNowInMs() + alarmAfterInMs

  const tell = (message: string): void => {
    if (monotonicNowInMs() >= nextAlarmInMs) {
      nextAlarmInMs = monotonicNowInMs() + alarmEveryInMs
      alarm('the audit ledger cannot be opened: the proxy takes no calls until its database is there', { message })
    } else if (message !== told) info('the database of the audit ledger is not there yet: waiting for it', { message })
    told = message
  }

  return async (message) => {
    if (isOver()) return false
    tell(message)
    await wait(waitInMs)
    waitInMs = Math.min(2 * waitInMs, longestWaitInMs)
    return !isOver()
  }
}
