import { hostname } from 'node:os'
import * as E from 'fp-ts/lib/Either.js'
import { wordsOfNotWritten } from '../../audit/index.js'
import { heldByAnother } from '../../audit/sqlite-ledger-file.js'
import type { Config } from '../../config/index.js'
import { newId } from '../../node-random.js'
import { version } from '../../node-package-version.js'
import { type Ledger, openLedger } from '../../open-ledger.js'
import type { Metrics } from '../../telemetry/instruments.js'
import type { Finding, Findings } from './finding.js'
import { whatToDoForLedger } from './what-to-do.js'

const check = 'auditStore'

const noMetrics: Metrics = { measure: () => undefined, count: () => undefined, watch: () => undefined }

const notOpened = (why: string): Finding =>
  why.includes(heldByAnother)
    ? {
        check,
        result: 'warn',
        what: 'another process writes to the audit directory, and was left alone',
        toDo: 'if that is the gateway, its /readyz says how the ledger is; if not, find out what it is: a second gateway would not start',
      }
    : { check, result: 'fail', what: why.replace(/\.$/, ''), ...whatToDoForLedger(why) }

const put = async ({ settled, store }: Ledger, now: Date): Promise<Finding> => {
  const auditId = newId()
  const appended = await store.append({
    kind: 'lifecycle',
    event: 'configChecked',
    auditId,
    at: now.toISOString(),
    detail: { version, node: process.version, host: hostname(), pid: process.pid },
  })()
  if (E.isLeft(appended)) {
    const why = wordsOfNotWritten(appended.left)
    return { check, result: 'fail', what: `it cannot be written: ${why}`, ...whatToDoForLedger(why) }
  }
  const more = settled === 0 ? '' : `; ${String(settled)} calls of an earlier process were settled as indeterminate`
  return { check, result: 'ok', what: `configChecked is on record as ${auditId}${more}` }
}

/** Opens the ledger as the gateway does at its start, puts a record into it, and closes it. */
export const checkAuditStore = async (config: Config, now: Date): Promise<Findings> => {
  const alarms: Array<Finding> = []
  const log = {
    info: () => undefined,
    alarm: (what: string, detail: Readonly<Record<string, unknown>> = {}) => {
      const { message } = detail
      alarms.push({ check, result: 'warn', what: typeof message === 'string' ? `${what}: ${message}` : what })
    },
  }
  const opened = await openLedger(config, log, noMetrics, (message) =>
    log.alarm('the audit ledger is gone', { message }),
  )
  if (E.isLeft(opened)) return [notOpened(opened.left), ...alarms]
  const finding = await put(opened.right, now)
  const { isClosed, lost } = await opened.right.store.close()
  const isWell = isClosed && lost.length === 0
  return [
    finding,
    ...(isWell || finding.result === 'fail'
      ? []
      : [{ check, result: 'fail', what: 'it could not be closed in order' } satisfies Finding]),
    ...alarms,
  ]
}
