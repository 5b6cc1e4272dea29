import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { runContractTests } from '../../src/cli/run-contract-tests.js'
import { runGraphDouble } from '../../src/cli/run-graph-double.js'
import type { Surroundings } from '../../src/cli/surroundings.js'

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A command that has been started in this process. */
export interface Started {
  readonly ended: Promise<Ended>
  /** Resolves once that has been printed, or the command has ended. */
  readonly untilPrinted: (text: string) => Promise<string>
  readonly interrupt: () => void
}

type Program = (args: ReadonlyArray<string>, surroundings: Surroundings) => Promise<number>

const started = (
  program: Program,
  args: ReadonlyArray<string>,
  environment: Surroundings['environment'] = {},
  isTerminal = false,
): Started => {
  const printed = { stdout: '', stderr: '' }
  let onPrinted = (): void => undefined
  const outputTo = (name: keyof typeof printed): Surroundings['stdout'] => ({
    isTerminal,
    write: (text) => {
      printed[name] += text
      onPrinted()
    },
  })
  const interruption = new AbortController()
  const surroundings: Surroundings = {
    environment: { PATH: process.env['PATH'], ...environment },
    stdout: outputTo('stdout'),
    stderr: outputTo('stderr'),
    interruption: interruption.signal,
  }
  const ended = program(args, surroundings).then((code) => ({ code, ...printed }))
  return {
    ended,
    untilPrinted: async (text) => {
      const appeared = new Promise<void>((resolve) => {
        onPrinted = () => {
          if (printed.stdout.includes(text)) resolve()
        }
        onPrinted()
      })
      await Promise.race([appeared, ended])
      return printed.stdout
    },
    interrupt: () => interruption.abort(),
  }
}

export const startContractTests = (
  args: ReadonlyArray<string>,
  environment?: Surroundings['environment'],
  isTerminal?: boolean,
): Started => started(runContractTests, args, environment, isTerminal)

export const contractTests = (args: ReadonlyArray<string>, environment?: Surroundings['environment']): Promise<Ended> =>
  startContractTests(args, environment).ended

export const startGraphDouble = (...args: ReadonlyArray<string>): Started => started(runGraphDouble, args)

const programs = new URL('../../dist/cli/', import.meta.url)

export const programFile = (name: 'contract-tests' | 'graph-double'): string =>
  fileURLToPath(new URL(`${name}.js`, programs))

/** Runs the built `contract-tests` as another team does: a process of its own. */
export const contractTestsProcess = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], ...environment }
    const child = execFile(process.execPath, [programFile('contract-tests'), ...args], { env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
