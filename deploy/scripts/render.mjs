// Writes what kustomize makes of the overlays to kubernetes/rendered, for reviewers and for tests. `--check` compares instead. By the
// kustomize that is in kubectl.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('..', import.meta.url))

/** A file for each, and the folder that it is made from. */
const overlays = {
  single: 'kubernetes/overlays/single',
  fleet: 'kubernetes/overlays/fleet',
  'single-workload-identity': 'test/kustomizations/single-workload-identity',
  'fleet-workload-identity': 'test/kustomizations/fleet-workload-identity',
}

const isCheck = process.argv[2] === '--check'
let stale = 0
for (const [name, from] of Object.entries(overlays)) {
  const { error, status, stderr, stdout } = spawnSync('kubectl', ['kustomize', from], { cwd: folder, encoding: 'utf8' })
  if (status !== 0) {
    console.error(error === undefined ? stderr : `kubectl could not be started: ${error.message}`)
    process.exit(1)
  }
  const text = `# Made by \`pnpm run render\` from ${from}; change that instead.\n${stdout}`
  const file = `${folder}kubernetes/rendered/${name}.yaml`
  if (!isCheck) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(
      `kubernetes/rendered/${name}.yaml is not what ${from} makes: \`pnpm run render\` in deploy writes it anew.`,
    )
    stale++
  }
}
process.exit(stale === 0 ? 0 : 1)
