import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { graphVersions, type OperationName, operations } from '@device-install-state/model/operations'
import type { ContractClient } from '../client/contract-client.js'
import { CouldNotRun } from '../could-not-run.js'
import { type CommandContext, type ContractCommand, WrongUsage } from './command.js'

const usage = `
usage: contract-tests client FILE [OPTIONS]

Holds a client of yours against the contract. FILE is a module of yours that exports it:

  export const client = {
    create: async ({ baseUrl, token, version, operation, managedEBookId, userInstallStateSummaryId, state }) => {
      // Your client creates \`state\` at \`baseUrl\`. It resolves when it was created, and rejects when it was not.
    },
  }

Everything happens on this machine: baseUrl is a port on 127.0.0.1.

  --operation NAME   ${operations.map(({ name }) => name).join(' or ')}; both unless you say otherwise
  --graph-version V  v1.0 or beta; both unless you say otherwise
  --runs N           how many states are drawn; 30
  --seed N           draws the same states again
`

const isClient = (value: unknown): value is ContractClient =>
  typeof value === 'object' && value !== null && 'create' in value && typeof value.create === 'function'

const clientIn = async (file: string): Promise<ContractClient> => {
  const loaded: unknown = await import(pathToFileURL(resolve(file)).href).catch((error: unknown) => {
    throw new CouldNotRun(`${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`)
  })
  const exported = typeof loaded === 'object' && loaded !== null ? { ...loaded } : {}
  const candidates = ['client', 'default'].map((name) => Object.entries(exported).find(([key]) => key === name)?.[1])
  const client = candidates.find(isClient)
  if (client === undefined) {
    throw new CouldNotRun(`${file} exports no client: it wants "export const client = { create: async (call) => … }".`)
  }
  return client
}

const wholeNumber = (values: CommandContext['values'], name: string): number | undefined => {
  const value = values[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^\d{1,10}$/.test(value)) return Number(value)
  throw new WrongUsage(`--${name} is no whole number. See "contract-tests client --help".`)
}

const operationsOf = (name: unknown): ReadonlyArray<OperationName> => {
  const found = operations.map((operation) => operation.name).filter((known) => name === undefined || known === name)
  if (found.length > 0) return found
  throw new WrongUsage(
    `--operation is none of the two: ${operations.map((operation) => operation.name).join(', ')}. See "contract-tests client --help".`,
  )
}

export const clientCommand: ContractCommand = {
  name: 'client',
  summary: 'hold a client of yours against the contract',
  usage,
  options: {
    operation: { type: 'string' },
    'graph-version': { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string' },
  },
  run: async ({ positionals, signal, tell, values }) => {
    const [file, ...others] = positionals
    if (file === undefined || others.length > 0)
      throw new WrongUsage('One module is wanted. See "contract-tests client --help".')
    const version = values['graph-version']
    const versions = graphVersions.filter((known) => version === undefined || known === version)
    if (versions.length === 0) throw new WrongUsage('--graph-version is neither v1.0 nor beta.')
    const [runs, seed] = [wholeNumber(values, 'runs'), wholeNumber(values, 'seed')]
    const known = operationsOf(values['operation'])
    const client = await clientIn(file)
    // What draws takes more than a second to load.
    const { reportOnClient } = await import('../client/report-on-client.js')
    const report = await reportOnClient(client, {
      versions,
      operations: known,
      signal,
      ...(runs === undefined ? {} : { runs }),
      ...(seed === undefined ? {} : { seed }),
    })
    for (const result of report.results) tell(result)
    return { ...report, title: `${report.title}, ${file}` }
  },
}
