// Asks the registry which advisories concern what we need in production, and holds them against those that are acknowledged in
// advisories.json. Ends with 0 if all is well, 1 if someone must look, 2 if nothing is known since the registry could not be asked.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Acknowledgements, adviceOf, Audit } from '../packages/checks/src/advisories.ts'
import { pnpm } from '../packages/checks/src/pnpm.ts'
import { readAs } from '../packages/checks/src/read-as.ts'

const { acknowledged: file, registry } = parseArgs({
  options: { acknowledged: { type: 'string', default: 'advisories.json' }, registry: { type: 'string' } },
}).values
const acknowledged = readAs(Acknowledgements, file, readFileSync(file, 'utf8'))

// Its exit code is 1 for advisories and for failures alike; only what it prints tells them apart.
const { stderr, stdout } = await pnpm('audit', '--prod', '--json', ...(registry ? ['--registry', registry] : []))

let audit
try {
  audit = readAs(Audit, 'the answer of pnpm audit', stdout)
} catch (error) {
  console.error(`The registry could not be asked for advisories, so nothing is known: ${error.message}\n${stderr}`)
  process.exit(2)
}

const advice = adviceOf(audit, acknowledged, new Date())
for (const line of advice) console.error(line)
console.log(advice.length === 0 ? 'No advisory that is not acknowledged.' : `${advice.length} to look at.`)
process.exit(advice.length === 0 ? 0 : 1)
