import * as E from 'fp-ts/lib/Either.js'
import type { Environment } from '../config/index.js'
import { version } from '../node-package-version.js'
import { type ProxyCommand, proxyCommand } from './proxy-command.js'
import { checkConfigHelp, proxyHelp } from './proxy-help.js'

const exitUsage = 64

/** What is used of the process. */
export interface ProxyCommandContext {
  readonly environment: Environment
  /** Done when it is written, or nobody reads it any more. */
  readonly out: (text: string) => Promise<void>
  readonly err: (text: string) => Promise<void>
}

const run = async (command: ProxyCommand, { environment, out }: ProxyCommandContext): Promise<number> => {
  switch (command._tag) {
    case 'Help':
      await out(command.of === 'program' ? proxyHelp() : checkConfigHelp)
      return 0
    case 'Version':
      await out(`${version}\n`)
      return 0
    case 'CheckConfig': {
      // With all that a gateway is made of: who asks for help does not wait for it.
      const { runCheckConfig } = await import('./check-config.js')
      const { exitCode, text } = await runCheckConfig(command, environment)
      await out(text)
      return exitCode
    }
  }
}

/** Does what the arguments ask for, and gives the exit code. */
export const runProxyCommand = async (args: ReadonlyArray<string>, context: ProxyCommandContext): Promise<number> => {
  const command = proxyCommand(args)
  if (E.isRight(command)) return run(command.right, context)
  await context.err(`${command.left}\n`)
  return exitUsage
}

/** Writes to a stream of the process; whoever has read enough, as `head` does, has no need of words. */
export const writerTo =
  (stream: NodeJS.WriteStream) =>
  (text: string): Promise<void> =>
    new Promise((resolve) => {
      stream.once('error', () => resolve())
      stream.write(text, () => resolve())
    })
