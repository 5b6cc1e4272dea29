import { demonstrate } from './demonstration.js'
import { tellHowToGoOn } from './how-to-go-on.js'
import type { Options } from './options.js'
import { type Printer, printer, type PrinterOptions } from './printer.js'
import { wordsOfExit } from './proxy-process.js'
import { handyPorts, startWorld, type World, type WorldOptions } from './start-world.js'

export interface SandboxOptions extends Options, PrinterOptions {
  /** For the proxy. */
  readonly path: string | undefined
  /** Ends it in good order, wherever it stands. */
  readonly signal: AbortSignal
}

/** The whole of it. Resolves with the exit code once nothing runs any more; rejects for our own mistakes alone. */
export const runSandbox = async (options: SandboxOptions, begin = startWorld): Promise<number> => {
  const print = printer(options)
  try {
    print.line('Starting …')
    const world = await begin(worldOptionsOf(options, print))
    const code = await play(world, options, print).catch(tellWhy(options, print))
    return await stop(world, options, print, code)
  } catch (error) {
    return tellWhy(options, print)(error)
  }
}

const worldOptionsOf = (
  { keep, path, signal, upstreamAuth, verbose }: SandboxOptions,
  print: Printer,
): WorldOptions => ({
  ports: handyPorts,
  upstreamAuth,
  keep,
  signal,
  path,
  onProxyLog: verbose ? (line) => print.line(`proxy │ ${line}`) : undefined,
})

/** The exit code, as far as the demonstration goes. Rejects when it cannot be seen to its end. */
const play = async (world: World, { once, signal }: SandboxOptions, print: Printer): Promise<number> => {
  const { auditId, checks } = await demonstrate(world, print, signal)
  const failed = checks.filter(({ holds }) => !holds).length
  const count = String(checks.length)
  print.line(
    failed === 0
      ? `\nAll was as documented: ${count} of ${count} checks hold.`
      : `\nNOT AS DOCUMENTED: ${String(failed)} of ${count} checks fail; look for ✗ above.`,
  )
  if (!once) {
    tellHowToGoOn(world, print, auditId)
    await Promise.race([aborted(signal), world.proxy.exited])
    if (!signal.aborted) throw new Error('The proxy ended by itself.')
  }
  return failed === 0 ? 0 : 1
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
  })

const stop = async (world: World, options: SandboxOptions, print: Printer, code: number): Promise<number> => {
  const { keep, signal } = options
  await world.stop()
  const exit = await world.proxy.exited
  const isOrderly = exit.code === 0
  if (!isOrderly || (code !== 0 && !signal.aborted)) {
    print.line(`\nThe proxy ended with ${wordsOfExit(exit)}. The last lines of its log:\n\n${world.proxy.logTail()}`)
  }
  print.line(keep ? `\nStopped. Ledger and log are in ${world.folder}` : '\nStopped.')
  return isOrderly ? code : 1
}

const tellWhy =
  ({ once, signal }: SandboxOptions, print: Printer) =>
  (error: unknown): number => {
    if (signal.aborted) {
      print.line('\nInterrupted.')
      // A demonstration that was to be seen to its end was not.
      return once ? 1 : 0
    }
    print.line(`\n${messageOf(error)}`)
    return 1
  }

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`
}
