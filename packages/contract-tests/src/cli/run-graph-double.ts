import { once } from 'node:events'
import { appendFileSync, closeSync, openSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { graphDouble } from '../double/msw-graph-double.js'
import { type ListeningGraphDouble, listenGraphDouble } from '../double/node-http-graph-double.js'
import { isScenarioName, type ScenarioName, scenarios } from '../double/scenarios.js'
import type { ThrottleOptions } from '../double/throttle.js'
import { printExchange, type RecordedExchange } from '../exchange/json-lines.js'
import type { Surroundings } from './surroundings.js'

const usage = `
usage: graph-double [OPTIONS]

A double of Microsoft Graph for the two creates of a deviceInstallState, on 127.0.0.1, for clients in any language. It
verifies each request as Graph would, keeps what was created, and plays what Graph may do.

  --port N              absent, the system chooses one; it is printed
  --token TOKEN         takes this bearer token alone; any other if absent
  --throttle            refuses what is more than Intune takes: 100 writes in 20 seconds of one application, 200 of all
  --scenario NAME[:N]   the next create, or the next N, get this; may be said more than once
  --scenarios           lists them
  --journal FILE        appends each exchange as a line of JSON, without tokens
  --quiet               no line for each request
  --help

Ends with Ctrl-C or SIGTERM. Exit code: 0 it ended when asked to; 2 it could not start.
`

interface Options {
  readonly port: number
  readonly token: string | undefined
  readonly throttle: ThrottleOptions | undefined
  readonly script: ReadonlyArray<readonly [ScenarioName, number]>
  readonly journal: string | undefined
  readonly isQuiet: boolean
}

const listOfScenarios = (): string =>
  Object.entries(scenarios)
    .map(([name, { documentation, likelihood }]) => `  ${name.padEnd(34)}${likelihood.padEnd(12)}${documentation}`)
    .join('\n')

const scenarioIn = (text: string): readonly [ScenarioName, number] | string => {
  const [, name = '', times = '1'] = /^(\w+)(?::(\d{1,6}))?$/.exec(text) ?? []
  return isScenarioName(name) ? [name, Number(times)] : `There is no scenario "${text}"; --scenarios lists them.`
}

const isProblem = (value: unknown): value is string => typeof value === 'string'

/** The options, or all that is wrong with them. */
const optionsOf = (args: ReadonlyArray<string>): Options | 'help' | 'scenarios' | ReadonlyArray<string> => {
  let values
  try {
    values = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        token: { type: 'string' },
        throttle: { type: 'boolean' },
        scenario: { type: 'string', multiple: true },
        scenarios: { type: 'boolean' },
        journal: { type: 'string' },
        quiet: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
  if (values.help === true) return 'help'
  if (values.scenarios === true) return 'scenarios'
  const port = values.port ?? '0'
  const script = (values.scenario ?? []).map(scenarioIn)
  const problems = [
    ...(/^\d{1,5}$/.test(port) && Number(port) < 65_536 ? [] : ['--port is none: 0 to 65535.']),
    ...script.filter(isProblem),
  ]
  return problems.length > 0
    ? problems
    : {
        port: Number(port),
        token: values.token,
        throttle: values.throttle === true ? {} : undefined,
        script: script.filter((one) => typeof one !== 'string'),
        journal: values.journal,
        isQuiet: values.quiet === true,
      }
}

const untilAborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort')
}

const whyNot = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return 'the port is taken; without --port the system chooses one that is free'
  return error instanceof Error ? error.message : String(error)
}

/** Starts it, and resolves with the exit code once it has ended. */
export const runGraphDouble = async (
  args: ReadonlyArray<string>,
  { interruption, stderr, stdout }: Surroundings,
): Promise<number> => {
  const options = optionsOf(args)
  if (options === 'help' || options === 'scenarios') {
    stdout.write(options === 'help' ? `${usage.trim()}\n` : `${listOfScenarios()}\n`)
    return 0
  }
  if (!('script' in options)) {
    stderr.write(`${options.join('\n')}\nSee "graph-double --help".\n`)
    return 2
  }

  const { isQuiet, journal, port, script, throttle, token } = options
  let file: number | undefined
  let listening: ListeningGraphDouble
  const onExchange = (exchange: RecordedExchange): void => {
    // Appended at once, so that whoever kills the double has all of it.
    if (file !== undefined) appendFileSync(file, printExchange(exchange))
    if (!isQuiet)
      stdout.write(
        `${exchange.request.method} ${exchange.request.path.replace(/\?.*$/s, '')} → ${String(exchange.answer.status)}\n`,
      )
  }
  const graph = graphDouble({
    onExchange,
    ...(token === undefined ? {} : { acceptsToken: async (given) => given === token }),
    ...(throttle === undefined ? {} : { throttle }),
  })
  for (const [name, times] of script) graph.play(name, times)
  try {
    if (journal !== undefined) file = openSync(journal, 'a')
    listening = await listenGraphDouble(graph, { port })
  } catch (error) {
    stderr.write(`The Graph double could not start: ${whyNot(error)}.\n`)
    if (file !== undefined) closeSync(file)
    return 2
  }

  stdout.write(`A Graph double listens at ${listening.url} until Ctrl-C. Its paths begin with /v1.0 and /beta.\n`)
  await untilAborted(interruption)
  await listening.stop()
  if (file !== undefined) closeSync(file)
  stdout.write(
    `Ended. ${String(graph.journal().length)} requests came, ${String(graph.created().length)} states were created.\n`,
  )
  return 0
}
