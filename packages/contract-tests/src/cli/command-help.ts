import type { ContractCommand } from './command.js'

const common = `Options of every command:
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
