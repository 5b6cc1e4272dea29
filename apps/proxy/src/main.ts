#!/usr/bin/env node
import * as E from 'fp-ts/lib/Either.js'
import type { RunningProxy } from './start-proxy.js'

// As sysexits.h has it: something is wrong with the configuration.
const exitConfig = 78

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`The proxy was not started. It needs Node 24 or later; this is ${process.version}.\n`)
  process.exit(1)
}

const args = process.argv.slice(2)
if (args.length > 0) {
  // Asked for something else than to serve; loaded only then.
  const { runProxyCommand, writerTo } = await import('./cli/run-proxy-command.js')
  const [out, err] = [writerTo(process.stdout), writerTo(process.stderr)]
  process.exit(await runProxyCommand(args, { environment: process.env, out, err }))
}

// Not before: who asks for help does not wait for libraries, nor does an old Node trip over them.
const { decodeConfig } = await import('./config/index.js')
const { hasKnownHoles } = await import('./node-known-holes.js')
const { startProxy } = await import('./start-proxy.js')
const { pinoLog } = await import('./telemetry/pino-log.js')

const config = decodeConfig(process.env)
if (E.isLeft(config)) {
  const lines = config.left.map(({ message, variable }) => `  ${variable} ${message}.`)
  process.stderr.write(
    `The proxy was not started. Its environment has ${String(lines.length)} problem(s):\n${lines.join('\n')}\n`,
  )
  process.exit(exitConfig)
}

const log = pinoLog(config.right.logLevel)

const end = async (code: number, isStuck = false): Promise<void> => {
  const isFlushed = await log.flush()
  // A write that never returns, to stdout or to the ledger, would keep the process from ending in order.
  if (!isFlushed || isStuck) process.kill(process.pid, 'SIGKILL')
  process.exit(code)
}

let lastWords: RunningProxy['lastWords'] = () => Promise.resolve()
let isEnding = false

const onMistake = (error: unknown): void => {
  log.fatal(error)
  if (isEnding) return
  isEnding = true
  void lastWords(error).then(() => end(1))
}
process.on('uncaughtException', onMistake)
process.on('unhandledRejection', onMistake)

if (hasKnownHoles(process.versions.node))
  log.alarm('this Node has holes that are known and closed in a later one of its line', { node: process.version })

// From here on: a container's first process gets no signal that it does not ask for, and the start may wait for a database.
const asked = new AbortController()
let running: RunningProxy | undefined

let stopped: Promise<void> | undefined

const stopNow = ({ stop }: RunningProxy): void => {
  const stopping = stop()
  stopped ??= stopping.then((result) => {
    log.info('stopped', { result })
    return end(result === 'finished' ? 0 : 1, result === 'stuck')
  })
}

const onSignal = (signal: NodeJS.Signals): void => {
  log.info('stopping', { signal })
  if (running !== undefined) stopNow(running)
  // A start that does not come to an end, as on a disk that hangs.
  else if (asked.signal.aborted) void end(1, true)
  asked.abort()
}
process.on('SIGTERM', onSignal)
process.on('SIGINT', onSignal)
// It would end the process at once. There is nothing to read anew: the ledger has no segments, and files are watched.
process.on('SIGHUP', (signal) => log.info('nothing to do', { signal }))

const started = await startProxy(config.right, log, undefined, asked.signal)
if (E.isRight(started)) {
  running = started.right
  lastWords = running.lastWords
  log.info('listening', { url: running.url, adminUrl: running.adminUrl, pid: process.pid })
  if (asked.signal.aborted) stopNow(running)
} else if (asked.signal.aborted) {
  log.info('stopped', { result: 'notStarted' })
  await end(0)
} else {
  process.stderr.write(`The proxy was not started. ${started.left}\n`)
  await end(1)
}
