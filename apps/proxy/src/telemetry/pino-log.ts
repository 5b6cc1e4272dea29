import { isatty } from 'node:tty'
import { pino } from 'pino'
import sonicBoom from 'sonic-boom'
import type { AuditRecord } from '../audit/index.js'
import type { RequestLogEntry } from '../ports.js'
import { terminalLine } from './terminal-line.js'

/** The process log: JSON lines on stdout, or words where that is a terminal; what is not on record, on stderr. What is written is chosen field by field; nothing is passed through. */
export interface Log {
  /** Level 30; 40 where the fault lies with Graph, the issuer or us. */
  readonly request: (entry: RequestLogEntry) => void
  readonly info: (what: string, detail?: Readonly<Record<string, unknown>>) => void
  /** Level 50: a person should look. */
  readonly alarm: (what: string, detail?: Readonly<Record<string, unknown>>) => void
  /** A record that is not on disk yet: the line, on stderr, is what is left of it if the process ends now. */
  readonly recordLost: (record: AuditRecord, cause: unknown) => void
  /** Level 60: a mistake of our own; the process ends. */
  readonly fatal: (error: unknown) => void
  /** Writes what waits. False if stdout and stderr did not take it within a second. */
  readonly flush: () => Promise<boolean>
}

// A reader of stdout that has stopped reading may cost lines, never memory without end.
const mostWaitingInBytes = 8 * 1024 * 1024
const longestFlushInMs = 1_000

/** Codes of 503 that are no fault of anyone. */
const expected: ReadonlySet<string> = new Set(['draining'])

const levelOf = ({ code, status }: RequestLogEntry): 'info' | 'warn' =>
  status >= 500 && !expected.has(code ?? '') ? 'warn' : 'info'

/** Chosen field by field: a caller is told by its ids, and what is not known is left out. */
const lineOf = (entry: RequestLogEntry) => {
  const { auditId, caller, callerRequestId, code, durationInMs, end, method, reason, route, status, traceId } = entry
  return {
    auditId,
    traceId,
    callerRequestId,
    method,
    route,
    caller: caller && {
      kind: caller.kind,
      tenantId: caller.tenantId,
      appId: caller.appId,
      objectId: caller.objectId,
    },
    end,
    status,
    code,
    reason,
    durationInMs,
  }
}

const stream = (fd: number): sonicBoom.SonicBoom => {
  // Without a least length, a flush would be over before anything was written.
  const opened = new sonicBoom.SonicBoom({ fd, sync: false, minLength: 1, maxLength: mostWaitingInBytes })
  opened.on('error', () => undefined)
  return opened
}

/**
 * Written asynchronously, so that a slow reader of stdout does not block requests. A log that cannot be written (a full
 * disk, a reader that is gone) costs lines and nothing else.
 */
export const pinoLog = (level: string): Log => {
  const [stdout, stderr] = [stream(1), stream(2)]
  const options = { base: null, timestamp: pino.stdTimeFunctions.isoTime }
  const forPeople = { write: (line: string) => void stdout.write(terminalLine(line)) }
  const log = pino({ level, ...options }, isatty(1) ? forPeople : stdout)
  const lost = pino(options, stderr)
  return {
    request: (entry) => {
      log[levelOf(entry)](lineOf(entry), 'request')
    },
    info: (what, detail = {}) => log.info(detail, what),
    alarm: (what, detail = {}) => log.error(detail, what),
    recordLost: (record, cause) => lost.error({ record, cause }, 'audit record not on disk'),
    fatal: (error) => log.fatal({ err: error }, 'a mistake of our own; the process ends'),
    flush: () =>
      new Promise((resolve) => {
        setTimeout(() => resolve(false), longestFlushInMs)
        let left = 2
        for (const one of [stdout, stderr])
          one.flush(() => {
            left--
            if (left === 0) resolve(true)
          })
      }),
  }
}
