// Open-source generators of load, in a process of their own where they are one.
import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHistogram } from 'node:perf_hooks'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import { body, callPath } from './world.ts'

interface LoadSettings {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  readonly tokens: ReadonlyArray<string>
}

interface Loaded {
  readonly requests: number
  /** Answers other than 201, and connections that failed. */
  readonly errors: number
  readonly seconds: number
  readonly p50InMs: number
  readonly p99InMs: number
  readonly p999InMs: number
}

export type Load = (settings: LoadSettings) => Promise<Loaded>

const headersWith = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' })

/** The tokens are dealt out, so that no two connections have the same unless there are too few. */
const dealt = (tokens: ReadonlyArray<string>, hand: number, hands: number): ReadonlyArray<string> => {
  const mine = tokens.filter((_, index) => index % hands === hand)
  return mine.length > 0 ? mine : [tokens[hand % tokens.length] ?? '']
}

const withAutocannon: Load = ({ connections, seconds, tokens, url }) =>
  new Promise((resolve, reject) => {
    const latencies = createHistogram()
    let hands = 0
    let refused = 0
    const startedInMs = performance.now()
    const instance = autocannon(
      {
        url,
        connections,
        duration: seconds,
        setupClient: (client) => {
          const mine = dealt(tokens, hands++, connections)
          client.setRequests(
            mine.map((token) => ({ method: 'POST', path: callPath, headers: headersWith(token), body })),
          )
        },
      },
      (error: unknown, result) => {
        if (error instanceof Error) {
          reject(error)
          return
        }
        const inMs = (percentile: number): number => latencies.percentile(percentile) / 1_000
        resolve({
          requests: latencies.count,
          errors: result.errors + refused,
          seconds: (performance.now() - startedInMs) / 1_000,
          p50InMs: inMs(50),
          p99InMs: inMs(99),
          p999InMs: inMs(99.9),
        })
      },
    )
    instance.on('response', (_client, status, _bytes, inMs) => {
      latencies.record(Math.max(1, Math.round(inMs * 1_000)))
      if (status !== 201) refused++
    })
  })

const script = `
local bodyText = [==[${body}]==]
local index, step = 0, 1
local threads = 0
function setup(thread) thread:set("first", threads); threads = threads + 1 end
function init(args)
  tokens = {}
  for line in io.lines(args[1]) do tokens[#tokens + 1] = line end
  index = first
end
function request()
  index = index % #tokens + 1
  return wrk.format("POST", "${callPath}", { ["Authorization"] = "Bearer " .. tokens[index], ["Content-Type"] = "application/json" }, bodyText)
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{"requests":%d,"errors":%d,"us":%d,"p50":%d,"p99":%d,"p999":%d}\\n', summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
`

interface Wrk {
  readonly requests: number
  readonly errors: number
  readonly us: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

const withWrk = (folder: string): Load => {
  const file = join(folder, 'load.lua')
  writeFileSync(file, script)
  return async ({ connections, seconds, tokens, url }) => {
    const tokenFile = join(folder, `tokens-${String(tokens.length)}`)
    writeFileSync(tokenFile, tokens.join('\n'))
    const args = ['-t', '1', '-c', String(connections), '-d', `${String(seconds)}s`, '-s', file, url, '--', tokenFile]
    const { stdout } = await promisify(execFile)('wrk', args)
    const { errors, p50, p99, p999, requests, us }: Wrk = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
    return { requests, errors, seconds: us / 1e6, p50InMs: p50 / 1e3, p99InMs: p99 / 1e3, p999InMs: p999 / 1e3 }
  }
}

/** wrk where it is installed, since it leaves more of the machine to those that are measured; else autocannon. */
export const chosenLoad = (folder: string): { readonly name: string; readonly load: Load } =>
  spawnSync('wrk', ['-v']).error === undefined
    ? { name: 'wrk', load: withWrk(folder) }
    : { name: 'autocannon', load: withAutocannon }
