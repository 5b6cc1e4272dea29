import { destination, pino } from 'pino'
import type { AuditRecord } from '../audit/index.js'
import type { RequestLogEntry } from '../ports.js'

/** The process log: JSON lines on stdout. What is written is chosen field by field; nothing is passed through. */
export interface Log {
  readonly request: (entry: RequestLogEntry) => void
  readonly info: (what: string, detail?: Readonly<Record<string, unknown>>) => void
  readonly alarm: (what: string, detail?: Readonly<Record<string, unknown>>) => void
  /** A record that is not on disk yet: the line is what is left of it if the process ends now. */
  readonly recordLost: (record: AuditRecord, cause: unknown) => void
  readonly fatal: (error: unknown) => void
  readonly flush: () => void
}

/** Written asynchronously, so that a slow reader of stdout does not block requests; `flush` before the process ends. */
export const pinoLog = (level: string): Log => {
  const stdout = destination({ dest: 1, sync: false })
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stdout)
  return {
    request: ({ auditId, code, durationInMs, reason, status }) => {
      const failed = { ...(code === undefined ? {} : { code }), ...(reason === undefined ? {} : { reason }) }
      log[status >= 500 ? 'error' : 'info']({ auditId, status, ...failed, durationInMs }, 'request')
    },
    info: (what, detail = {}) => log.info(detail, what),
    alarm: (what, detail = {}) => log.error(detail, what),
    recordLost: (record, cause) => log.error({ record, cause }, 'audit record not on disk'),
    fatal: (error) => log.fatal({ err: error }, 'a mistake of our own; the process ends'),
    flush: () => stdout.flushSync(),
  }
}
