import { parseArgs, type ParseArgsConfig } from 'node:util'
import { CouldNotRun } from '../could-not-run.js'
import { isKept, type Report } from '../report/report.js'
import { tellReport, tellResult } from '../report/terminal-report.js'
import { type CommandContext, type ContractCommand, WrongUsage } from './command.js'
import { commandHelp, listOfCommands } from './command-help.js'
import { type ReportFiles, reportFilesOf, reportOptions } from './node-report-files.js'
import { progressOn } from './progress.js'
import { clientCommand } from './client.js'
import { driftCommand } from './drift.js'
import { replayCommand } from './replay.js'
import { runCommand } from './run.js'
import type { Surroundings } from './surroundings.js'

/** The contract is kept, it is broken, or nothing can be said of it; and a mistake of ours (BSD's `EX_SOFTWARE`). */
const exitCodes = { kept: 0, broken: 1, couldNotRun: 2, ourMistake: 70 } as const

const commands: ReadonlyArray<ContractCommand> = [runCommand, clientCommand, replayCommand, driftCommand]

const commonOptions = {
  ...reportOptions,
  quiet: { type: 'boolean' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options']

type Parsed = Pick<CommandContext, 'positionals' | 'values'>

const isPlain = (value: unknown): value is string | boolean => typeof value === 'string' || typeof value === 'boolean'

const parsed = ({ name, options }: ContractCommand, args: ReadonlyArray<string>): Parsed => {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...options, ...commonOptions },
    })
    return {
      positionals,
      values: Object.fromEntries(
        Object.entries(values).flatMap(([key, value]) => (isPlain(value) ? [[key, value]] : [])),
      ),
    }
  } catch (error) {
    const [message = ''] = error instanceof Error ? error.message.split('. ') : []
    throw new WrongUsage(`${message.replace(/\.$/, '')}. See "contract-tests ${name} --help".`)
  }
}

const commandNamed = (name: string): ContractCommand => {
  const command = commands.find((one) => one.name === name)
  if (command === undefined) throw new WrongUsage(`There is no command "${name}". ${listOfCommands(commands)}`)
  return command
}

const look = ({ environment, stdout }: Surroundings): { readonly colours: boolean } => ({
  colours: stdout.isTerminal && (environment['NO_COLOR'] ?? '') === '',
})

const reportOf = async (
  command: ContractCommand,
  { positionals, values }: Parsed,
  surroundings: Surroundings,
): Promise<Report> => {
  const { environment, interruption, stderr, stdout } = surroundings
  const progress = progressOn({ ...stderr, nowInMs: () => performance.now() })
  try {
    const report = await command.run({
      values,
      positionals,
      environment,
      err: (text) => {
        if (values['quiet'] !== true) stderr.write(text)
      },
      progress: progress.tell,
      tell: (result) => {
        if (result.findings.length === 0 && values['verbose'] !== true) return
        progress.clear()
        if (values['quiet'] !== true) stdout.write(tellResult(result, look(surroundings)))
      },
      signal: interruption,
    })
    return interruption.aborted
      ? { ...report, notes: ['It was interrupted: not all was looked at.', ...report.notes] }
      : report
  } finally {
    progress.clear()
  }
}

const runCommandNamed = async (
  command: ContractCommand,
  options: Parsed,
  surroundings: Surroundings,
): Promise<number> => {
  let files: ReportFiles | undefined
  try {
    files = await reportFilesOf(options.values)
    // Should something end the process before its time, no report of an earlier run is taken for this one's.
    await files.writeWhy('It ended before its time: nothing can be said.')
    const report = await reportOf(command, options, surroundings)
    await files.write(report)
    surroundings.stdout.write(tellReport(report, look(surroundings)))
    if (surroundings.interruption.aborted) return exitCodes.couldNotRun
    return isKept(report) ? exitCodes.kept : exitCodes.broken
  } catch (error) {
    if (error instanceof CouldNotRun || error instanceof WrongUsage) await files?.writeWhy(error.message)
    throw error
  }
}

/** The command line: finds the command, runs it, tells what came of it. Resolves with the exit code. */
export const runContractTests = async (
  [name, ...args]: ReadonlyArray<string>,
  surroundings: Surroundings,
): Promise<number> => {
  const { stderr, stdout } = surroundings
  try {
    const isHelp = name === undefined || name === 'help' || name === '--help' || name === '-h'
    if (isHelp && args[0] === undefined) {
      ;(name === undefined ? stderr : stdout).write(`${listOfCommands(commands)}\n`)
      return name === undefined ? exitCodes.couldNotRun : exitCodes.kept
    }
    const command = commandNamed((isHelp ? args[0] : name) ?? '')
    const options = isHelp ? { positionals: [], values: { help: true } } : parsed(command, args)
    if (options.values['help'] === true) {
      stdout.write(commandHelp(command))
      return exitCodes.kept
    }
    return await runCommandNamed(command, options, surroundings)
  } catch (error) {
    if (error instanceof CouldNotRun || error instanceof WrongUsage) {
      stderr.write(`${error.message}\n`)
      return exitCodes.couldNotRun
    }
    stderr.write(
      `This is a mistake of contract-tests itself. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    )
    return exitCodes.ourMistake
  }
}
