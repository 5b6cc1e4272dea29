// Makes the folder that is deployed: the built proxy with its production dependencies, and nothing else. The image, `npm run folder`
// and the tests all come here. Wants the workspace installed and the proxy built.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

const deploy = [
  '--filter=@device-install-state/proxy',
  '--prod',
  // The model is a copy in the folder, not a link out of it; for this command alone, since at work we want the link.
  '--config.inject-workspace-packages=true',
  // Plain files, as npm would lay them out: whatever copies the folder need know nothing of links.
  '--config.node-linker=hoisted',
  // Files that are linked with pnpm's store share their mode with it: whoever made the folder read-only would spoil the store.
  '--config.package-import-method=copy',
  'deploy',
]

/** Node reads none of these, and they are more than half of all: maps, types, sources. */
const isRead = (name) => !/\.(?:map|[cm]?ts|tsbuildinfo)$/.test(name)

/** Commands of dependencies, and what pnpm notes down for itself, with paths of the machine that made the folder. */
const notes = ['.bin', '.modules.yaml', '.pnpm', '.pnpm-workspace-state-v1.json']

const [target, ...more] = process.argv.slice(2)
if (target === undefined || more.length > 0) {
  console.error('usage: make-folder.mjs FOLDER, which is made, or is empty')
  process.exit(64)
}

mkdirSync(target, { recursive: true })
const folder = realpathSync(target)
if (readdirSync(folder).length > 0) {
  console.error(`${folder} is not empty: what is in it would be mixed with what is deployed.`)
  process.exit(73)
}

const { error, status } = spawnSync('pnpm', [...deploy, folder], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, CI: 'true' },
})
if (status !== 0) {
  console.error(error === undefined ? 'pnpm failed; it says why above.' : `pnpm could not be started: ${error.message}`)
  process.exit(1)
}

for (const name of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'src']) rmSync(join(folder, name), { recursive: true })
for (const name of notes) rmSync(join(folder, 'node_modules', name), { recursive: true, force: true })
copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))

const read = (path) => JSON.parse(readFileSync(join(folder, path), 'utf8'))
const model = '@device-install-state/model'
const { bin, dependencies, description, engines, license, name, type, version } = read('package.json')
const manifest = {
  ...{ name, version, private: true, description, license, type, bin, engines },
  // Where pnpm names the folder that it was copied from.
  dependencies: { ...dependencies, [model]: read(`node_modules/${model}/package.json`).version },
}
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)

let [bytes, count] = [0, 0]
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name)
  if (entry.isFile() && !isRead(entry.name)) rmSync(path)
  else if (entry.isFile()) [bytes, count] = [bytes + statSync(path).size, count + 1]
}
console.log(`${folder}: ${(bytes / 1e6).toFixed(1)} MB in ${String(count)} files`)
