import { exec } from 'node:child_process'
import { promisify } from 'node:util'
import { CouldNotRun } from '../could-not-run.js'
import { withoutCredentials } from '../report/without-credentials.js'

/** Where a token may stand that is not on the command line, which every user of a machine can read. */
export const tokenVariableName = 'CONTRACT_TESTS_TOKEN'

const deadlineInMs = 60_000

const credentials = /^[\w.~+/-]+=*$/

const lastLineOf = (error: unknown): string => {
  const text = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : ''
  const line = text.trim().split('\n').at(-1) ?? ''
  // A command that fails may print what it has got so far.
  const shown = withoutCredentials(line).replaceAll(/[^\x20-\x7E]/g, ' ')
  return line === '' ? '' : ` It says: ${shown.slice(0, 200)}`
}

const exitOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number'
    ? ` (exit code ${String(error.code)})`
    : ''

/**
 * The token for the target: what the command prints, or what is in the environment. It is asked for once. Rejects with
 * `CouldNotRun`.
 */
export const tokenOf = async (
  command: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> => {
  if (command?.trim() === '')
    throw new CouldNotRun('--token-command is empty. It must print an access token on stdout.')
  const token = (command === undefined ? environment[tokenVariableName] : await printedBy(command))?.trim()
  const source = command === undefined ? `the variable ${tokenVariableName}` : 'the token command'
  if (token === undefined || token === '') {
    throw new CouldNotRun(
      command === undefined
        ? `There is no token. Give --token-command 'a command that prints one', or set ${tokenVariableName}.`
        : 'The token command printed nothing. It must print an access token, and nothing else, on stdout.',
    )
  }
  if (credentials.test(token)) return token
  throw new CouldNotRun(
    `What ${source} gives is no bearer token: it has ${String(token.length)} characters, and some that a token cannot have. Only the token is to be printed, without quotes, JSON or a header's name.`,
  )
}

const printedBy = async (command: string): Promise<string> => {
  try {
    const { stdout } = await promisify(exec)(command, { timeout: deadlineInMs })
    return stdout
  } catch (error) {
    throw new CouldNotRun(`The token command failed${exitOf(error)}.${lastLineOf(error)}`)
  }
}
