import type { Load } from './load.ts'
import type { Party } from './party.ts'
import { cpuInMicroseconds, residentInMegabytes } from './process-tree.ts'

/** How much is asked at once, by how many callers, and how long Graph takes. */
export interface Cell {
  readonly upstreamInMs: number
  readonly connections: number
  readonly tokens: number
}

/** What a party did in a cell, in one round. */
export interface Figures {
  readonly requestsPerSecond: number
  readonly p50InMs: number
  readonly p99InMs: number
  readonly p999InMs: number
  /** Of the process and its children, for each request. */
  readonly cpuInMicroseconds: number
  readonly residentInMegabytes: number
  readonly loopP99InMs: number
  readonly errors: number
}

export interface Measured {
  readonly cell: Cell
  readonly round: number
  readonly party: string
  readonly figures: Figures
}

export const measure = async (
  load: Load,
  { loop, pid, url }: Party,
  { connections }: Cell,
  tokens: ReadonlyArray<string>,
  seconds: number,
): Promise<Figures> => {
  loop.begin()
  const before = cpuInMicroseconds(pid)
  const loaded = await load({ url, connections, tokens, seconds })
  const cpu = cpuInMicroseconds(pid) - before
  return {
    requestsPerSecond: loaded.requests / loaded.seconds,
    p50InMs: loaded.p50InMs,
    p99InMs: loaded.p99InMs,
    p999InMs: loaded.p999InMs,
    cpuInMicroseconds: cpu / Math.max(1, loaded.requests),
    residentInMegabytes: residentInMegabytes(pid),
    loopP99InMs: await loop.p99InMs(),
    errors: loaded.errors,
  }
}

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN

const isIn = (cell: Cell) => (measured: Measured) =>
  measured.cell.upstreamInMs === cell.upstreamInMs &&
  measured.cell.connections === cell.connections &&
  measured.cell.tokens === cell.tokens

/** The median over the rounds. NaN where it was not measured. */
export const medianOf = (all: ReadonlyArray<Measured>, cell: Cell, party: string, figure: keyof Figures): number =>
  median(
    all
      .filter(isIn(cell))
      .filter((one) => one.party === party)
      .map(({ figures }) => figures[figure]),
  )

/** Of one party to another, in the same round; the median of these. What a machine does meanwhile meets both alike. */
export const ratioOf = (
  all: ReadonlyArray<Measured>,
  cell: Cell,
  [one, other]: readonly [string, string],
  figure: keyof Figures,
): number => {
  const ofCell = all.filter(isIn(cell))
  const rounds = [...new Set(ofCell.map(({ round }) => round))]
  const of = (party: string, round: number): number =>
    ofCell.find((measured) => measured.party === party && measured.round === round)?.figures[figure] ?? Number.NaN
  return median(rounds.map((round) => of(one, round) / of(other, round)))
}
