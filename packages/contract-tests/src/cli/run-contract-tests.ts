import { parseArgs, type ParseArgsConfig } from 'node:util'
import { CouldNotRun } from '../could-not-run.js'
import { isKept, type Report } from '../report/report.js'
import { tellReport, tellResult } from '../report/terminal-report.js'
import { type CommandContext, type ContractCommand, WrongUsage } from './command.js'
import { commandHelp, listOfCommands } from './command-help.js'

/** The exit code: the contract is kept, it is broken, or nothing can be said of it. */
const exitCodes = { kept: 0, broken: 1, couldNotRun: 2 } as const

const commands: ReadonlyArray<ContractCommand> = []

const commonOptions = {
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

/** The command line: finds the command, gives it this process, tells what came of it. Resolves with the exit code. */
export const runContractTests = async ([name, ...args]: ReadonlyArray<string>): Promise<number> => {
  const out = (text: string): void => void process.stdout.write(text)
  const err = (text: string): void => void process.stderr.write(text)
  const interruption = new AbortController()
  process.once('SIGINT', () => interruption.abort())

  const reportOf = async (command: ContractCommand, { positionals, values }: Parsed): Promise<Report> =>
    command.run({
      values,
      positionals,
      environment: process.env,
      err,
      progress: () => undefined,
      tell: (result) => out(tellResult(result)),
      signal: interruption.signal,
    })

  try {
    const isHelp = name === undefined || name === 'help' || name === '--help' || name === '-h'
    if (isHelp && args[0] === undefined) {
      ;(name === undefined ? err : out)(`${listOfCommands(commands)}\n`)
      return name === undefined ? exitCodes.couldNotRun : exitCodes.kept
    }
    const command = commandNamed((isHelp ? args[0] : name) ?? '')
    const options = isHelp ? { positionals: [], values: { help: true } } : parsed(command, args)
    if (options.values['help'] === true) {
      out(commandHelp(command))
      return exitCodes.kept
    }
    const report = await reportOf(command, options)
    out(tellReport(report))
    return isKept(report) ? exitCodes.kept : exitCodes.broken
  } catch (error) {
    if (!(error instanceof CouldNotRun || error instanceof WrongUsage)) throw error
    err(`${error.message}\n`)
    return exitCodes.couldNotRun
  }
}
