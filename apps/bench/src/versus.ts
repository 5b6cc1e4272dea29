// `node src/versus.ts CHECKOUT [ROUNDS]`: what a call costs here, to what it costs in another checkout, which must be built:
// the price of a change.
import { mkdtempSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { compareCosts } from './compare-costs.ts'
import { chosenLoad } from './load.ts'
import { type Party, startProxy } from './party.ts'
import { startWorld } from './start-world.ts'
import { tokensFrom } from './world.ts'

const [, , checkout, rounds = '10'] = process.argv
if (checkout === undefined) throw new Error('usage: node src/versus.ts CHECKOUT [ROUNDS]')

await using stack = new AsyncDisposableStack()
const { settings } = await startWorld(stack)

const started = async (called: string, program?: string): Promise<Party> => {
  const auditFolder = mkdtempSync(join(settings.folder, `${called}-`))
  const party = await startProxy(called, { ...settings, auditFolder }, [], program)
  stack.defer(party.stop)
  return party
}

const { load } = chosenLoad(settings.folder)
const here = await started('here')
const there = await started('there', resolve(checkout, 'apps/proxy/dist/main.js'))
await compareCosts(here, there, {
  load,
  tokens: tokensFrom(settings.identityProvider, 50),
  rounds: Number(rounds),
})
