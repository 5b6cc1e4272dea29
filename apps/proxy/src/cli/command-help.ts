import type { AuditCommand } from './command.js'

const program = 'device-install-state-audit'

const common = `Options of every command:
  --directory FOLDER  the ledger in this folder; else AUDIT_DIRECTORY
  --database URL      the ledger in this PostgreSQL; else AUDIT_DATABASE_URL, which is where a
                      password belongs: what is on the command line, every user of the machine can
                      read
  --json              for programs: JSON on stdout, one object a line
  --help

Works beside a running proxy, and changes nothing in the ledger.

Exit code: 0 all is well, or found; 1 nothing was found; 2 cannot be read; 3 verification failed;
64 wrong usage.
`

export const commandHelp = ({ usage }: AuditCommand): string => `${usage.trim()}\n\n${common}`

/** What there is, a line each. */
export const listOfCommands = (commands: ReadonlyArray<AuditCommand>): string =>
  [
    `usage: ${program} COMMAND [OPTIONS]`,
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`),
    '',
    `"${program} COMMAND --help" tells all of one.`,
  ].join('\n')
