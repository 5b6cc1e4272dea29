// `pnpm bench`: the proxy beside those that do less, in interleaved rounds of one run.
import { readFileSync } from 'node:fs'
import { arch, cpus, platform } from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { measureAlone } from './alone.ts'
import { chosenLoad } from './load.ts'
import { type Cell, measure, type Measured } from './measure.ts'
import { startParties } from './party.ts'
import { pageOf, writePage } from './page.ts'
import { startWorld } from './start-world.ts'
import { chart } from './tables.ts'
import { tokensFrom } from './world.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '1,64' },
    tokens: { type: 'string', default: '1,50,20000' },
    upstream: { type: 'string', default: '0,20' },
    'warm-up': { type: 'string', default: '15' },
    only: { type: 'string' },
    // How many requests are made to see whether memory grows; a million takes five minutes.
    long: { type: 'string', default: '0' },
    write: { type: 'boolean', default: false },
    // What was printed before on stderr, to make the page of it anew.
    from: { type: 'string' },
  },
})

const numbersIn = (text: string): ReadonlyArray<number> => text.split(',').map(Number)
const say = (text: string): void => void process.stderr.write(`${text}\n`)

await using stack = new AsyncDisposableStack()
const { settings, upstream } = await startWorld(stack)
const everyone = [...(await startParties(settings)), upstream]
for (const { stop } of everyone) stack.defer(stop)
const parties = everyone.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name))
const { load, name } = chosenLoad(settings.folder)
say(`load by ${name}; ${parties.map((party) => party.name).join(', ')}`)

const tokenCounts = numbersIn(values.tokens)
const tokens = tokensFrom(settings.identityProvider, Math.max(...tokenCounts))
const seconds = Number(values.seconds)

const measureCells = async (): Promise<ReadonlyArray<Measured>> => {
  const measured: Array<Measured> = []
  // What is measured is a program that has been running for a while.
  for (const { url } of parties)
    await load({ url, connections: 64, tokens: tokens.slice(0, 50), seconds: Number(values['warm-up']) })
  for (const upstreamInMs of numbersIn(values.upstream)) {
    await upstream.takes(upstreamInMs)
    for (const connections of numbersIn(values.connections)) {
      for (const count of tokenCounts) {
        const cell: Cell = { upstreamInMs, connections, tokens: count }
        for (let round = 0; round < Number(values.rounds); round++) {
          for (const party of parties) {
            const figures = await measure(load, party, cell, tokens.slice(0, count), seconds)
            const one: Measured = { cell, round, party: party.name, figures }
            measured.push(one)
            say(JSON.stringify(one))
          }
        }
      }
    }
  }
  await upstream.takes(0)
  return measured
}

// JSON has no NaN.
const readLines = (file: string): ReadonlyArray<Measured> =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Measured => JSON.parse(line, (_key, value: unknown) => (value === null ? Number.NaN : value)))

const measured = values.from === undefined ? await measureCells() : readLines(values.from)
const alone = await measureAlone(settings, load, tokens.slice(0, 50), Number(values.long))
const machine = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${String(cpus().length)} cores, ${platform()} ${arch()}, Node ${process.version}, load by ${name}`
const page = await pageOf(measured, alone, machine)
process.stdout.write(page)
if (values.write) await writePage(page, chart(measured))
