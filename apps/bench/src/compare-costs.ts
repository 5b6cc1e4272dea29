// What a call costs at one proxy, to what it costs at another.
import process from 'node:process'
import type { Load } from './load.ts'
import type { Party } from './party.ts'
import { cpuInMicroseconds } from './process-tree.ts'

interface Comparison {
  readonly load: Load
  readonly tokens: ReadonlyArray<string>
  readonly rounds: number
}

/** Asks both the same, in turns, after a warm-up, and prints the ratio of their CPU for a call. */
export const compareCosts = async (one: Party, other: Party, { load, rounds, tokens }: Comparison): Promise<void> => {
  const costOf = async (party: Party): Promise<number> => {
    const before = cpuInMicroseconds(party.pid)
    const { requests } = await load({ url: party.url, connections: 64, seconds: 2, tokens })
    return (cpuInMicroseconds(party.pid) - before) / requests
  }
  for (const party of [one, other]) await load({ url: party.url, connections: 64, seconds: 10, tokens })

  const ratios: Array<number> = []
  const all: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    // Who comes first changes, so that neither always finds the machine as the other left it.
    const costs = new Map<Party, number>()
    for (const party of round % 2 === 0 ? [one, other] : [other, one]) costs.set(party, await costOf(party))
    const [ofOne = 0, ofOther = 0] = [costs.get(one), costs.get(other)]
    ratios.push(ofOne / ofOther)
    all.push(ofOther)
  }
  const at = (values: ReadonlyArray<number>, share: number): number =>
    values.toSorted((lower, higher) => lower - higher)[Math.floor(share * values.length)] ?? Number.NaN
  const [median, low, high] = [0.5, 0.25, 0.75].map((share) => at(ratios, share).toFixed(2))
  process.stdout.write(
    `CPU of a call, ${one.name} to ${other.name}: ${median ?? ''} (quartiles ${low ?? ''} and ${high ?? ''}); ${other.name} ${at(all, 0.5).toFixed(0)} \u00b5s\n`,
  )
}
