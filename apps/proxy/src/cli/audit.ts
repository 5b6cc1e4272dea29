#!/usr/bin/env node
import { parseArgs } from 'node:util'
import * as E from 'fp-ts/lib/Either.js'
import type { StoredEntry } from '../audit/audit-reader.js'
import { readEntry } from '../audit/entry-chain.js'

const usage = `usage: device-install-state-audit show AUDIT-ID [--directory FOLDER]

Prints what the ledger holds of one call, a JSON line a record, in the order it was written.
The folder is AUDIT_DIRECTORY unless it is given. Works beside a running proxy.

exit code: 0 found, 1 nothing is known of this id, 2 the ledger cannot be read, 64 wrong usage
`

const fail = (code: number, message: string): never => {
  process.stderr.write(message)
  process.exit(code)
}

const argumentsOf = () => {
  try {
    return parseArgs({ allowPositionals: true, options: { directory: { type: 'string' } } })
  } catch {
    return fail(64, usage)
  }
}

const lineOf = ({ entry, sequence }: StoredEntry): string => {
  const content: unknown = JSON.parse(readEntry(entry)?.record ?? 'null')
  return JSON.stringify({ sequence, record: content })
}

if (Number(process.versions.node.split('.')[0]) < 24) {
  fail(2, `The ledger cannot be read: Node 24 or later is needed; this is ${process.version}.\n`)
}

const { positionals, values } = argumentsOf()
const [command, auditId, ...others] = positionals
const directory = values.directory ?? process.env['AUDIT_DIRECTORY']
if (command !== 'show' || auditId === undefined || others.length > 0 || directory === undefined) fail(64, usage)
else {
  // Not before the version is known to be right: an older Node has no node:sqlite.
  const { openSqliteAuditReader } = await import('../audit/sqlite-audit-reader.js')
  const reader = openSqliteAuditReader(directory)
  const records = E.isLeft(reader) ? reader : await reader.right.entriesOf([auditId])()
  if (E.isLeft(records))
    fail(
      2,
      `The ledger cannot be read. ${records.left.message}
`,
    )
  else if (records.right.length === 0)
    fail(
      1,
      `Nothing is known of ${auditId}.
`,
    )
  else
    process.stdout.write(
      records.right
        .map(
          (kept) => `${lineOf(kept)}
`,
        )
        .join(''),
    )
}
