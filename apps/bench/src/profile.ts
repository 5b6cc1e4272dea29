// `node src/profile.ts`: the proxy alone under load, with V8's profiler on each of its threads, and what each thread used.
import { readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { chosenLoad } from './load.ts'
import { startProxy } from './party.ts'
import { residentInMegabytes } from './process-tree.ts'
import { startWorld } from './start-world.ts'
import { tokensFrom } from './world.ts'

const [, , output = '.', seconds = '8'] = process.argv
await using stack = new AsyncDisposableStack()
const { settings } = await startWorld(stack)
// V8 writes a profile of each thread when the process ends.
const proxy = await startProxy('proxy', settings, ['--cpu-prof', `--cpu-prof-dir=${output}`])
stack.defer(proxy.stop)
const { load } = chosenLoad(settings.folder)
const tokens = tokensFrom(settings.identityProvider, 50)
await load({ url: proxy.url, connections: 64, seconds: 15, tokens })

const threads = (): ReadonlyMap<string, readonly [user: number, system: number]> =>
  new Map(
    readdirSync(`/proc/${String(proxy.pid)}/task`).map((task) => {
      const stat = readFileSync(`/proc/${String(proxy.pid)}/task/${task}/stat`, 'utf8')
      const name = /\((.*)\)/.exec(stat)?.[1] ?? ''
      const fields = stat.replace(/^.*\) /, '').split(' ')
      return [`${task} ${name}`, [Number(fields[11]) * 10_000, Number(fields[12]) * 10_000]]
    }),
  )

const before = threads()
const loaded = await load({ url: proxy.url, connections: 64, seconds: Number(seconds), tokens })
for (const [name, [user, system]] of threads()) {
  const [userBefore, systemBefore] = before.get(name) ?? [0, 0]
  const [inUser, inSystem] = [(user - userBefore) / loaded.requests, (system - systemBefore) / loaded.requests]
  if (inUser + inSystem >= 1)
    process.stdout.write(
      `${name.padEnd(28)} ${inUser.toFixed(0)} + ${inSystem.toFixed(0)} µs a request (user + system)\n`,
    )
}
process.stdout.write(`RSS ${residentInMegabytes(proxy.pid).toFixed(0)} MB, p99 ${loaded.p99InMs} ms\n`)
process.stdout.write(`${(loaded.requests / loaded.seconds).toFixed(0)} requests a second\n`)
