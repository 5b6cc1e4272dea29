// How fast values are decoded, beside others that do the same job in the same run. Rounds are interleaved, so that a
// busy machine is busy for all; the figures are medians, and what counts are the ratios. `pnpm run bench` prints a table
// and writes it to results.md.
import process from 'node:process'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Contender, contenders, type Scenario, scenarios } from './contenders.ts'

const rounds = Number(process.argv[2] ?? 5)
const ours: Contender = 'this library'

const names = Object.keys(contenders) as ReadonlyArray<Contender>
const cases = Object.keys(scenarios) as ReadonlyArray<Scenario>
const script = fileURLToPath(new URL('one-contender.ts', import.meta.url))

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const measured = new Map<string, Array<number>>()
for (let round = 0; round < rounds; round++) {
  for (const scenario of cases) {
    for (const name of names) {
      const nanoseconds = Number(execFileSync(process.execPath, [script, name, scenario], { encoding: 'utf8' }))
      const key = `${name}\n${scenario}`
      measured.set(key, [...(measured.get(key) ?? []), nanoseconds])
    }
  }
  process.stderr.write(`round ${String(round + 1)} of ${String(rounds)}\n`)
}

const timeOf = (name: Contender, scenario: Scenario): number => median(measured.get(`${name}\n${scenario}`) ?? [])
/** Of the same round, so that both had the same machine. */
const ratioOf = (name: Contender, scenario: Scenario): number => {
  const own = measured.get(`${ours}\n${scenario}`) ?? []
  return median((measured.get(`${name}\n${scenario}`) ?? []).map((time, round) => time / (own[round] ?? Number.NaN)))
}

const cellOf = (name: Contender, scenario: Scenario): string =>
  `${timeOf(name, scenario).toFixed(0)} ns${name === ours ? '' : ` (${ratioOf(name, scenario).toFixed(2)} ×)`}`

const versionOf = (name: string): string => {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8'),
  )
  return `${name} ${version}`
}

const table = [
  `| | ${cases.join(' | ')} |`,
  `| --- |${' ---: |'.repeat(cases.length)}`,
  ...names.map((name) => `| ${name} | ${cases.map((scenario) => cellOf(name, scenario)).join(' | ')} |`),
].join('\n')

const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${String(cpus().length)} cores, ${platform()} ${arch()}, Node ${process.version}`
const versions = ['io-ts', 'ajv', 'zod', 'valibot'].map(versionOf).join(', ')

const results = `# Decoding the documented example

Made by \`pnpm run bench\`: time for one value, and in parentheses how many times that of this library, both as medians of
${String(rounds)} interleaved rounds. All look at every property and collect every
error; for a body, all but io-ts refuse other properties, which io-ts cannot. The whole job is also the form of the date (not
done by "types alone") and, for a body, that no string has half a surrogate pair (not done by ajv).

${table}

${machine}; ${versions}.
`
process.stdout.write(results)
writeFileSync(new URL('results.md', import.meta.url), results)
