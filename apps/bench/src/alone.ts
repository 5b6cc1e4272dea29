// What is asked of the proxy alone: how soon it is ready, what idle connections take, and whether it grows.
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Load } from './load.ts'
import { type Party, type PartySettings, startProxy } from './party.ts'
import { residentInMegabytes } from './process-tree.ts'

export interface Alone {
  /** Medians of five starts, each on an empty ledger. */
  readonly startToReadyInMs: number
  readonly idle: { readonly connections: number; readonly megabytes: number }
  /** Of resident memory, over the second half of so many requests. */
  readonly growth: { readonly requests: number; readonly megabytes: number } | undefined
}

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN

const elsewhere = (settings: PartySettings): PartySettings => ({
  ...settings,
  auditFolder: mkdtempSync(join(settings.folder, 'audit-')),
})

const startToReady = async (settings: PartySettings, count: number): Promise<number> => {
  const startedInMs = performance.now()
  const party = await startProxy(`start-${String(count)}`, elsewhere(settings))
  const tookInMs = performance.now() - startedInMs
  await party.stop()
  return tookInMs
}

/** So many connections that say nothing, and what they take. The system may allow fewer. */
const idleOn = async ({ pid, url }: Party, wanted: number): Promise<Alone['idle']> => {
  const { hostname, port } = new URL(url)
  const before = residentInMegabytes(pid)
  const sockets: Array<Socket> = []
  try {
    while (sockets.length < wanted) {
      const more = Array.from({ length: Math.min(200, wanted - sockets.length) }, () => connect(Number(port), hostname))
      await Promise.all(more.map((socket) => once(socket, 'connect')))
      sockets.push(...more)
    }
    await wait(1_000)
    return { connections: sockets.length, megabytes: residentInMegabytes(pid) - before }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

/** The slope of memory by requests, least squares, over the second half, times the requests of that half. */
const growthOf = async (load: Load, party: Party, tokens: ReadonlyArray<string>, requests: number) => {
  const seen: Array<readonly [requests: number, megabytes: number]> = []
  for (let done = 0; done < requests; ) {
    done += (await load({ url: party.url, connections: 64, seconds: 5, tokens })).requests
    seen.push([done, residentInMegabytes(party.pid)])
  }
  const half = seen.slice(Math.floor(seen.length / 2))
  const mean = (of: 0 | 1): number => half.reduce((sum, one) => sum + one[of], 0) / half.length
  const [x, y] = [mean(0), mean(1)]
  const slope =
    half.reduce((sum, [done, megabytes]) => sum + (done - x) * (megabytes - y), 0) /
    half.reduce((sum, [done]) => sum + (done - x) ** 2, 0)
  const [first] = half
  const last = half.at(-1)
  return { requests, megabytes: slope * ((last?.[0] ?? 0) - (first?.[0] ?? 0)) }
}

export const measureAlone = async (
  settings: PartySettings,
  load: Load,
  tokens: ReadonlyArray<string>,
  longRequests: number,
): Promise<Alone> => {
  const starts: Array<number> = []
  for (let count = 0; count < 5; count++) starts.push(await startToReady(settings, count))
  const party = await startProxy('alone', elsewhere(settings))
  try {
    await load({ url: party.url, connections: 64, seconds: 3, tokens })
    const idle = await idleOn(party, 10_000)
    const growth = longRequests > 0 ? await growthOf(load, party, tokens, longRequests) : undefined
    return { startToReadyInMs: median(starts), idle, growth }
  } finally {
    await party.stop()
  }
}
