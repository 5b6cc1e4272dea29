import type { ContractCommand } from './command.js'

const common = `Options of every command:
  --junit FILE     a JUnit report
  --markdown FILE  a report for a pull request, or for $GITHUB_STEP_SUMMARY
  --json FILE      a report for programs
  --quiet          on the terminal no more than the table and the totals
  --verbose        on the terminal what is kept, too
  --help

Exit code: 0 the contract is kept; 1 it is broken; 2 it could not be told, since something is missing, or
cannot be reached or read.
`

export const commandHelp = ({ usage }: ContractCommand): string => `${usage.trim()}\n\n${common}`

/** What there is, a line each. */
export const listOfCommands = (commands: ReadonlyArray<ContractCommand>): string =>
  [
    'usage: contract-tests COMMAND [OPTIONS]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`),
    '',
    '"contract-tests COMMAND --help" tells all of one.',
  ].join('\n')
