// Writes docs/licences.md from the lock file and the installed packages, and fails on a licence that is not allowed.
import { writeFileSync } from 'node:fs'
import { licencesPage, ourLicences, refusedLicences } from '../packages/checks/src/licences.ts'

const all = await ourLicences()
const refused = refusedLicences(all)

for (const line of refused) console.error(line)
writeFileSync('docs/licences.md', licencesPage(all))
console.log(`docs/licences.md: ${all.length} packages, ${refused.length} under a licence that is not allowed`)
process.exit(refused.length === 0 ? 0 : 1)
