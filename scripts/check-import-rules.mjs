// Holds every source file against the import rules; `packages/checks` has the rules, and tests that they bite.
import { cruise } from 'dependency-cruiser'
import { cruiseOptions } from '../packages/checks/src/import-rules.mjs'

const { output } = await cruise(['packages', 'apps'], cruiseOptions)
const { totalCruised, violations } = output.summary

for (const { from, rule, to } of violations) console.error(`${rule.name}: ${from} \u2192 ${to}`)
console.log(`${totalCruised} modules looked at, ${violations.length} import(s) against the rules`)

// A tool that sees nothing finds nothing: that must not pass.
process.exit(violations.length === 0 && totalCruised > 50 ? 0 : 1)
