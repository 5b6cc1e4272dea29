import type { Alone } from './alone.ts'
import type { ImportCost } from './imports.ts'
import { type Cell, type Figures, type Measured, medianOf, ratioOf } from './measure.ts'

/** What is to be reached, and where it is looked at. */
interface Target {
  readonly what: string
  readonly asked: string
  /** NaN where it was not measured. */
  readonly found: (all: ReadonlyArray<Measured>) => number
  readonly most: number
  readonly unit: string
}

/** The one that the targets are about. */
const busy: Cell = { upstreamInMs: 0, connections: 64, tokens: 50 }
const manyTokens: Cell = { ...busy, tokens: 20_000 }
const oneByOne: Cell = { upstreamInMs: 0, connections: 1, tokens: 50 }

const ofCpu = (rival: string, name: string, most: number, cell = busy): Target => ({
  what: `CPU a request, to ${name}${cell === busy ? '' : ', with 20,000 tokens'}`,
  asked: `at most ${String(most)}`,
  found: (all) => ratioOf(all, cell, ['proxy', rival], 'cpuInMicroseconds'),
  most,
  unit: '',
})

const targets: ReadonlyArray<Target> = [
  ofCpu('diy', 'DIY', 0.35),
  ofCpu('fastify-cache', 'Fastify with its token cache', 0.7),
  ofCpu('limit', 'limit', 2.2),
  ofCpu('haproxy', 'HAProxy', 1.6),
  ofCpu('diy', 'DIY', 0.6, manyTokens),
  {
    what: 'p50 at one connection, more than direct',
    asked: 'at most 1.2 ms',
    found: (all) => medianOf(all, oneByOne, 'proxy', 'p50InMs') - medianOf(all, oneByOne, 'direct', 'p50InMs'),
    most: 1.2,
    unit: ' ms',
  },
  ...(['diy', 'fastify-cache'] as const).map((rival) => ({
    what: `p99 at 64 connections, to ${rival === 'diy' ? 'DIY' : 'Fastify with its token cache'}`,
    asked: 'below 1',
    found: (all: ReadonlyArray<Measured>) => ratioOf(all, busy, ['proxy', rival], 'p99InMs'),
    most: 1,
    unit: '',
  })),
  {
    what: 'Resident memory at 64 connections, to DIY',
    asked: 'at most 1.3',
    found: (all) => ratioOf(all, busy, ['proxy', 'diy'], 'residentInMegabytes'),
    most: 1.3,
    unit: '',
  },
  {
    what: 'Event loop, p99 of its delay at saturation',
    asked: 'under 20 ms',
    found: (all) => medianOf(all, busy, 'proxy', 'loopP99InMs'),
    most: 20,
    unit: ' ms',
  },
]

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(' | ')} |`

const table = (
  head: ReadonlyArray<string>,
  align: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
): string => [row(head), row(align), ...rows.map(row)].join('\n')

const verdictOf = (found: number, most: number): string => {
  if (Number.isNaN(found)) return 'not measured'
  return found <= most ? 'reached' : 'missed'
}

const shown = (value: number, digits: number): string =>
  Number.isNaN(value)
    ? '–'
    : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })

const ofProxyAlone = ({
  growth,
  idle,
  startToReadyInMs,
}: Alone): ReadonlyArray<Omit<Target, 'found'> & { readonly found: number }> => [
  { what: 'Start to ready', asked: 'under 1 s', found: startToReadyInMs / 1_000, most: 1, unit: ' s' },
  {
    what: `Memory of ${shown(idle.connections, 0)} idle connections`,
    asked: 'at most 150 MB',
    found: idle.megabytes,
    most: 150,
    unit: ' MB',
  },
  {
    what: `Growth of resident memory over the second half of ${shown(growth?.requests ?? 1_000_000, 0)} requests`,
    asked: 'within noise, ±20 MB',
    found: growth?.megabytes ?? Number.NaN,
    most: 20,
    unit: ' MB',
  },
]

/** The targets beside what was found. */
export const targetsTable = (all: ReadonlyArray<Measured>, alone: Alone): string =>
  table(
    ['Target', 'Asked', 'Found', ''],
    ['---', '---', '---:', '---'],
    [...targets.map((target) => ({ ...target, found: target.found(all) })), ...ofProxyAlone(alone)].map(
      ({ asked, found, most, unit, what }) => [
        what,
        asked,
        Number.isNaN(found) ? '–' : `${found.toFixed(2)}${unit}`,
        verdictOf(found, most),
      ],
    ),
  )

const columns: ReadonlyArray<readonly [keyof Figures, string, number]> = [
  ['requestsPerSecond', 'Requests a second', 0],
  ['p50InMs', 'p50 ms', 2],
  ['p99InMs', 'p99 ms', 1],
  ['p999InMs', 'p99.9 ms', 1],
  ['cpuInMicroseconds', 'CPU µs a request', 0],
  ['residentInMegabytes', 'RSS MB', 0],
  ['loopP99InMs', 'Loop p99 ms', 1],
  ['errors', 'Errors', 0],
]

/** All that was measured, cell by cell; medians of the rounds. */
export const figuresTable = (all: ReadonlyArray<Measured>): string => {
  const cells = [...new Map(all.map(({ cell }) => [JSON.stringify(cell), cell])).values()]
  const parties = [...new Set(all.map(({ party }) => party))]
  return table(
    ['Graph takes', 'Connections', 'Tokens', 'Who', ...columns.map(([, name]) => name)],
    ['---:', '---:', '---:', '---', ...columns.map(() => '---:')],
    cells.flatMap((cell) =>
      parties.map((party) => [
        `${String(cell.upstreamInMs)} ms`,
        String(cell.connections),
        shown(cell.tokens, 0),
        party,
        ...columns.map(([figure, , digits]) => shown(medianOf(all, cell, party, figure), digits)),
      ]),
    ),
  )
}

/** What the dependencies take at the start. */
export const importsTable = (costs: ReadonlyArray<ImportCost>): string =>
  table(
    ['Dependency', 'CPU ms to import it alone'],
    ['---', '---:'],
    costs.map(({ cpuInMs, name }) => [name, cpuInMs.toFixed(0)]),
  )

const width = 640
const barHeight = 22
const left = 130

/** What a request costs each party in the busy cell, as bars. */
export const chart = (all: ReadonlyArray<Measured>): string => {
  const parties = [...new Set(all.map(({ party }) => party))].filter((party) => party !== 'direct')
  const bars = parties.map((party) => ({ party, cost: medianOf(all, busy, party, 'cpuInMicroseconds') }))
  const most = Math.max(...bars.map(({ cost }) => cost))
  const height = bars.length * (barHeight + 8) + 34
  const drawn = bars.map(({ cost, party }, index) => {
    const y = 30 + index * (barHeight + 8)
    const length = (cost / most) * (width - left - 80)
    const colour = party === 'proxy' ? '#0b6bcb' : '#9aa7b4'
    return [
      `<text x="${String(left - 8)}" y="${String(y + 16)}" text-anchor="end">${party}</text>`,
      `<rect x="${String(left)}" y="${String(y)}" width="${length.toFixed(1)}" height="${String(barHeight)}" fill="${colour}"/>`,
      `<text x="${(left + length + 6).toFixed(1)}" y="${String(y + 16)}">${cost.toFixed(0)} µs</text>`,
    ].join('')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(height)}" font-family="sans-serif" font-size="13" role="img" aria-label="CPU for each request"><rect width="100%" height="100%" fill="#fff"/><text x="8" y="18">CPU for each request: 64 connections, 50 tokens, Graph answers at once</text>${drawn.join('')}</svg>\n`
}
