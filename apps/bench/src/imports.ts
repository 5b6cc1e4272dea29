// What it takes to import each dependency of the proxy, in a process that does nothing else.
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export interface ImportCost {
  readonly name: string
  readonly cpuInMs: number
}

const folder = new URL('../', import.meta.resolve('@device-install-state/proxy'))

/** User and system time of a process that imports it, the median of five. */
const costOf = (specifier: string): number => {
  const source = `${specifier === '' ? '' : `await import('${specifier}');`} const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)`
  const costs = Array.from({ length: 5 }, () =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '--eval', source], {
        cwd: fileURLToPath(folder),
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ),
  )
  return costs.toSorted((one, other) => one - other)[2] ?? Number.NaN
}

/** The dearest first. Those that share something each count it. */
export const importCosts = async (): Promise<ReadonlyArray<ImportCost>> => {
  const { dependencies }: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(
    await readFile(new URL('package.json', folder), 'utf8'),
  )
  const nothing = costOf('')
  return Object.keys(dependencies)
    .map((name) => ({
      name,
      // Its root would load all of it, which nothing of ours does.
      cpuInMs: costOf(name === 'fp-ts' ? 'fp-ts/lib/Either.js' : name) - nothing,
    }))
    .toSorted((one, other) => other.cpuInMs - one.cpuInMs)
}
