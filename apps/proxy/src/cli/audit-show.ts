import type { AuditCommand } from './command.js'
import { WrongUsage } from './command-errors.js'
import { printRecords } from './print-records.js'
import { readOrThrow } from './read-or-throw.js'

const usage = `usage: device-install-state-audit show AUDIT-ID [OPTIONS]

Prints what the ledger holds of one call, in the order it was written: when, what kind of record,
and what, who and what came of it. The Audit-Id is in the header of the answer, and in Graph's
records as client-request-id.

A record that is not what was written is left out with a notice, and the exit code is 3.

With --json, each record as it is: {"stream", "sequence", "record"}.`

export const showCommand: AuditCommand = {
  name: 'show',
  summary: 'the life of one call, by its Audit-Id',
  usage,
  options: {},
  run: async (context) => {
    const [auditId, ...others] = context.positionals
    if (auditId === undefined || others.length > 0) throw new WrongUsage('Give one Audit-Id: show AUDIT-ID.')
    const reader = await context.openReader()
    const entries = await readOrThrow(reader.entriesOf([auditId.toLowerCase()]))
    if (entries.length === 0) {
      context.err(`Nothing is known of ${auditId}.\n`)
      return 1
    }
    return (await printRecords(context, entries, false)) === 0 ? 0 : 3
  },
}
