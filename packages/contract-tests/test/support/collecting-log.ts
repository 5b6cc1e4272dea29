import type { Log } from '@device-install-state/proxy'

/** One thing that was told to the log, under the name of the method that was called. */
export interface LogEntry {
  readonly what: keyof Log
  readonly told: ReadonlyArray<unknown>
}

/** A log that prints nothing and keeps all. */
export const collectingLog = (): { readonly log: Log; readonly entries: ReadonlyArray<LogEntry> } => {
  const entries: Array<LogEntry> = []
  const keep =
    (what: keyof Log) =>
    (...told: ReadonlyArray<unknown>): void =>
      void entries.push({ what, told })
  return {
    entries,
    log: {
      request: keep('request'),
      info: keep('info'),
      alarm: keep('alarm'),
      recordLost: keep('recordLost'),
      fatal: keep('fatal'),
      flush: () => Promise.resolve(true),
    },
  }
}
