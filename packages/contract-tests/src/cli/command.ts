import type { ParseArgsConfig } from 'node:util'
import type { Result } from '../report/finding.js'
import type { Report } from '../report/report.js'

/** What a command may use of the process it runs in. */
export interface CommandContext {
  /** Its options, and those of every command. */
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  /** Without the command's own name. */
  readonly positionals: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** To stderr, as it is: what is about to be done, for people. */
  readonly err: (text: string) => void
  /** To stderr, on a terminal a line that changes, elsewhere seldom: how far it is. */
  readonly progress: (text: string) => void
  /** Each result as soon as it is there, for whoever watches. All of them are in the report again. */
  readonly tell: (result: Result) => void
  /** Aborted by Ctrl-C: end soon, in order, with what there is. */
  readonly signal: AbortSignal
}

/** One of `contract-tests`. Its report becomes text, files and the exit code by the frame. */
export interface ContractCommand {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** All of `--help`, but for the options that every command has. */
  readonly usage: string
  /** Its own; those that every command has are the frame's. */
  readonly options: NonNullable<ParseArgsConfig['options']>
  /** Rejects with `CouldNotRun`, and with `WrongUsage` before anything is done. */
  readonly run: (context: CommandContext) => Promise<Report>
}

/** The command was called in a way that it does not know. Exit code 2: nothing was looked at. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage'
}
