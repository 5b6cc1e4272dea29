import { fileVariableOf, secretVariables } from '../config/secrets.js'
import { variables } from '../config/variables.js'
import type { Guidance } from '../config/variable.js'

const program = 'device-install-state-proxy'

const columns = 100
const indent = ' '.repeat(6)

/** Words that fit into a line, line by line. What has no blanks stays whole. */
const wrapped = (text: string): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = indent
  for (const word of text.split(' ')) {
    if (line !== indent && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = indent
    }
    line += line === indent ? word : ` ${word}`
  }
  return [...lines, line]
}

const secretNames: ReadonlyArray<string> = secretVariables

const headOf = (name: string, { fallback, isOptional }: Guidance): string => {
  const file = secretNames.includes(name) ? [`or ${fileVariableOf(name)}, the path of a file that holds it`] : []
  const need = fallback === undefined ? (isOptional === true ? [] : ['needed']) : [`default: ${fallback}`]
  return `  ${[name, ...need, ...file].join('  ')}`
}

/** Every variable of the table, in its order: name, whether it is needed or what it is by default, what it is, an example. */
export const helpOfVariables = (): string =>
  Object.entries(variables)
    .map(([name, { guidance }]) =>
      [
        headOf(name, guidance),
        ...wrapped(guidance.expectation),
        ...(guidance.example === guidance.fallback ? [] : wrapped(`for example: ${guidance.example}`)),
        '',
      ].join('\n'),
    )
    .join('\n')

export const proxyHelp = (): string => `usage: ${program} [COMMAND]

Without a command it starts the gateway, which serves until SIGTERM.

  check-config   tells whether the gateway would start, and work; starts nothing
  --help, -h     tells this
  --version      tells the version

Exit code: 0 all is well; 1 it could not be started, or did not end in order; 64 wrong usage;
78 something is wrong with the environment.

It is configured by environment variables, which are read once:

${helpOfVariables()}
What each of them is for: docs/configuration.md.
`

export const checkConfigHelp = `usage: ${program} check-config [--online] [--json]

Looks at the environment of the gateway, and at the files that it names. Starts nothing, asks
nobody, makes and changes nothing. Run it as the user who runs the gateway.

  --online   also asks who is to be asked later: reads the discovery documents and keys of the
             issuers, compares clocks, takes a token for Graph and tells its permissions, connects
             to Graph without saying anything, and opens the audit ledger as the gateway does at
             its start (it is made if it is not there) to put configChecked on record
  --json     for programs: one JSON document on stdout
  --help

Exit code: 0 nothing failed, there may be warnings; 1 something failed; 64 wrong usage;
78 something is wrong with the environment.
`
