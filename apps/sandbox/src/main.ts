#!/usr/bin/env node
import { optionsOf, usage } from './options.js'
import { runSandbox } from './run-sandbox.js'

// As sysexits.h has it: the command was used incorrectly.
const exitUsage = 64

const options = optionsOf(process.argv.slice(2))
if (options === undefined) {
  process.stderr.write(`Not understood: ${process.argv.slice(2).join(' ')}\n\n${usage}`)
  process.exit(exitUsage)
}
if (options.help) {
  process.stdout.write(usage)
  process.exit(0)
}

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort())

// Also when nobody reads what we print: whatever it is, nothing may be left running.
const mistakes: Array<unknown> = []
process.on('uncaughtException', (error) => {
  mistakes.push(error)
  interruption.abort()
})

const code = await runSandbox({
  ...options,
  path: process.env['PATH'],
  isColoured: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
  write: (text) => void process.stdout.write(text),
  signal: interruption.signal,
})
for (const mistake of mistakes) process.stderr.write(`${String(mistake)}\n`)
process.exit(mistakes.length > 0 ? 1 : code)
