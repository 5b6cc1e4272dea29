// One contender in one scenario, in a process of its own, so that none is compiled for what another has done. Prints
// nanoseconds a value.
import process from 'node:process'
import { Bench } from 'tinybench'
import { type Contender, contenders, type Scenario, scenarios } from './contenders.ts'

const isKeyOf = <T extends object>(table: T, name: string | undefined): name is Extract<keyof T, string> =>
  name !== undefined && Object.hasOwn(table, name)

const [contender, scenario] = process.argv.slice(2)
if (!isKeyOf(contenders, contender) || !isKeyOf(scenarios, scenario)) throw new Error('which contender and scenario?')

const measure = async (
  name: Contender,
  { isCreate, isRight, value }: (typeof scenarios)[Scenario],
): Promise<number> => {
  const decode = await contenders[name](isCreate)
  const text = JSON.stringify(value)
  // Objects as a parser makes them, and more than one, so that nothing is decided once and for all.
  const values: ReadonlyArray<unknown> = Array.from({ length: 256 }, () =>
    name === 'JSON.parse of the text' ? text : JSON.parse(text),
  )
  const isParser = name === 'JSON.parse of the text'
  if (decode(values[0]) !== (isRight || isParser)) throw new Error(`${name} is wrong about it`)
  const bench = new Bench({ time: 250, warmupTime: 150 })
  bench.add(name, () => {
    for (const one of values) if (decode(one) !== (isRight || isParser)) throw new Error('the verdict changed')
  })
  await bench.run()
  const { result } = bench.tasks[0] ?? {}
  if (result?.state !== 'completed') throw new Error('the bench did not complete')
  return (result.latency.p50 * 1_000_000) / values.length
}

process.stdout.write(String(await measure(contender, scenarios[scenario])))
