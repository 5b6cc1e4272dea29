// Writes into each released package which repository it is built from: npm gives provenance only to a package that names the repository
// whose workflow publishes it. A fork that releases names itself.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const { GITHUB_REPOSITORY, GITHUB_SERVER_URL } = process.env
if (!GITHUB_REPOSITORY || !GITHUB_SERVER_URL) {
  console.error('GITHUB_SERVER_URL and GITHUB_REPOSITORY must say which repository this is, as they do in a workflow.')
  process.exit(1)
}

for (const file of globSync('{packages,apps}/*/package.json')) {
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  if (manifest.private) continue
  const repository = { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git`, directory: dirname(file) }
  writeFileSync(file, `${JSON.stringify({ ...manifest, repository }, null, 2)}\n`)
  console.log(`${manifest.name}: ${repository.url}, ${repository.directory}`)
}
