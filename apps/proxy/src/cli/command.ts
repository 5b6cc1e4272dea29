import type { ParseArgsConfig } from 'node:util'
import type { AuditReader } from '../audit/audit-reader.js'

/** What a command may use of the process it runs in. */
export interface CommandContext {
  /** The ledger that the common options name; opened once, closed by the frame. Rejects with `LedgerNotRead`. */
  readonly openReader: () => Promise<AuditReader>
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  /** Without the command's own name. */
  readonly positionals: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** To stdout; done when more can be taken. Rejects with `OutputClosed` when nobody reads any more. */
  readonly out: (text: string) => Promise<void>
  /** To stderr. */
  readonly err: (text: string) => void
  /** To stderr, on a terminal at once, elsewhere every few seconds. */
  readonly progress: (text: string) => void
  readonly now: () => Date
}

export interface AuditCommand {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** All of `--help`, but for the options that every command has. */
  readonly usage: string
  /** Its own; those that every command has are the frame's. */
  readonly options: NonNullable<ParseArgsConfig['options']>
  /** Gives the exit code. */
  readonly run: (context: CommandContext) => Promise<number>
}
