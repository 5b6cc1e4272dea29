import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { AuditReader } from '../audit/audit-reader.js'
import { checkpointCommand } from './audit-checkpoint.js'
import { exportCommand } from './audit-export.js'
import { findCommand } from './audit-find.js'
import { rotateKeyCommand } from './audit-rotate-key.js'
import { showCommand } from './audit-show.js'
import { tailCommand } from './audit-tail.js'
import { verifyCommand } from './audit-verify.js'
import type { AuditCommand, CommandContext } from './command.js'
import { CannotRead, OutputClosed, WrongUsage } from './command-errors.js'
import { commandHelp, listOfCommands } from './command-help.js'
import { watchInterruption } from './interruption.js'
import { ledgerPlace } from './ledger-place.js'
import { nearestName } from './nearest-name.js'
import { openReader } from './open-reader.js'
import { outputTo } from './output.js'
import { progressOn } from './progress.js'

const commands: ReadonlyArray<AuditCommand> = [
  showCommand,
  findCommand,
  exportCommand,
  tailCommand(watchInterruption),
  verifyCommand(watchInterruption),
  checkpointCommand,
  rotateKeyCommand,
]

const commonOptions = {
  directory: { type: 'string' },
  database: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options']

type Parsed = Pick<CommandContext, 'positionals' | 'values'>

const isPlain = (value: unknown): value is string | boolean => typeof value === 'string' || typeof value === 'boolean'

const parsed = ({ name, options }: AuditCommand, args: ReadonlyArray<string>): Parsed => {
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
    throw new WrongUsage(`${message.replace(/\.$/, '')}. See "device-install-state-audit ${name} --help".`)
  }
}

const commandNamed = (name: string): AuditCommand => {
  const command = commands.find((one) => one.name === name)
  if (command !== undefined) return command
  const meant = nearestName(
    name,
    commands.map((one) => one.name),
  )
  throw new WrongUsage(
    name.startsWith('-')
      ? `The command comes before its options. ${listOfCommands(commands)}`
      : `There is no command "${name}".${meant === undefined ? ` ${listOfCommands(commands)}` : ` Did you mean "${meant}"?`}`,
  )
}

const exitCodeOf = (error: unknown, err: (text: string) => void): number => {
  // Whoever has read enough, as `head` does, has no need of words.
  if (error instanceof OutputClosed) return 0
  if (error instanceof WrongUsage) {
    err(`${error.message}\n`)
    return 64
  }
  if (error instanceof CannotRead) {
    err(`${error.message}\n`)
    return 2
  }
  err(`${error instanceof Error ? error.message : String(error)}\n`)
  return 2
}

/** The audit command line: finds the command, gives it the ledger and the streams of this process, sets the exit code. */
export const runAudit = async ([name, ...args]: ReadonlyArray<string>): Promise<void> => {
  const { stderr, stdout } = process
  const progress = progressOn({
    isTerminal: stderr.isTTY,
    write: (text) => void stderr.write(text),
    nowInMs: () => Number(process.hrtime.bigint() / 1_000_000n),
  })
  stderr.on('error', () => undefined)
  const write = outputTo(stdout)
  const out = (text: string): Promise<void> => {
    progress.clear()
    return write(text)
  }
  const err = (text: string): void => {
    progress.clear()
    stderr.write(text)
  }

  const run = async (): Promise<number> => {
    const isHelp = name === 'help' || name === '--help' || name === '-h'
    if (isHelp && args[0] === undefined) {
      await out(`${listOfCommands(commands)}\n`)
      return 0
    }
    const command = commandNamed((isHelp ? args[0] : name) ?? '')
    const { positionals, values } = isHelp ? { positionals: [], values: { help: true } } : parsed(command, args)
    if (values['help'] === true) {
      await out(commandHelp(command))
      return 0
    }
    let reader: Promise<AuditReader> | undefined
    try {
      return await command.run({
        values,
        positionals,
        environment: process.env,
        openReader: () => (reader ??= openReader(ledgerPlace({ values, environment: process.env }))),
        out,
        err,
        progress: progress.tell,
        now: () => new Date(),
      })
    } finally {
      progress.clear()
      // If it could not be opened, the command knows.
      await reader?.then(
        (opened) => opened.close(),
        () => undefined,
      )
    }
  }

  if (name === undefined) {
    err(`${listOfCommands(commands)}\n`)
    process.exitCode = 64
    return
  }
  process.exitCode = await run().catch((error: unknown) => exitCodeOf(error, err))
}
