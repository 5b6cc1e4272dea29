// Makes the folder that is deployed: the built proxy with its production dependencies, and nothing else. The image, `npm run folder`
// and the tests all come here. Wants the workspace installed and the proxy built.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

const deploy = [
  '--filter=@device-install-state/proxy',
  '--prod',
  // The model is in the folder, not a link out of it; for this command alone, since at work we want the link.
  '--config.inject-workspace-packages=true',
  // Plain files, as npm would lay them out: whatever copies the folder need know nothing of links.
  '--config.node-linker=hoisted',
  'deploy',
]

/** Sources, and what pnpm notes down for itself, with paths of the machine that made the folder; commands of dependencies. */
const leftOut = new Set([
  'package.json',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'src',
  join('node_modules', '.bin'),
  join('node_modules', '.modules.yaml'),
  join('node_modules', '.pnpm'),
  join('node_modules', '.pnpm-workspace-state-v1.json'),
])

/** Node reads no maps, types and sources, and they are more than half of all. */
const isWanted = (path) => !leftOut.has(path) && !/\.(?:map|[cm]?ts|tsbuildinfo)$/.test(path)

const [target, ...more] = process.argv.slice(2)
if (target === undefined || more.length > 0) {
  console.error('usage: make-folder.mjs FOLDER, which is made, or is empty')
  process.exit(64)
}

const folder = resolve(target)
mkdirSync(folder, { recursive: true })
if (readdirSync(folder).length > 0) {
  console.error(`${folder} is not empty: what is in it would be mixed with what is deployed.`)
  process.exit(73)
}

// Files there are links into pnpm's store, and share their mode with it: whoever made them read-only would spoil the store.
const links = mkdtempSync(join(tmpdir(), 'to-deploy-'))
process.on('exit', () => rmSync(links, { recursive: true, force: true }))
const { error, status } = spawnSync('pnpm', [...deploy, links], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, CI: 'true' },
})
if (status !== 0) {
  console.error(error === undefined ? 'pnpm failed; it says why above.' : `pnpm could not be started: ${error.message}`)
  process.exit(1)
}

let [bytes, count] = [0, 0]
cpSync(links, folder, {
  recursive: true,
  filter: (from) => {
    if (!isWanted(relative(links, from))) return false
    const stats = statSync(from)
    if (stats.isFile()) [bytes, count] = [bytes + stats.size, count + 1]
    return true
  },
})
copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))

const read = (path) => JSON.parse(readFileSync(join(links, path), 'utf8'))
const model = '@device-install-state/model'
const { bin, dependencies, description, engines, license, name, type, version } = read('package.json')
const manifest = {
  name,
  version,
  private: true,
  description,
  license,
  type,
  bin,
  engines,
  // Where pnpm names the folder that it was copied from.
  dependencies: { ...dependencies, [model]: read(`node_modules/${model}/package.json`).version },
}
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
console.log(`${folder}: ${(bytes / 1e6).toFixed(1)} MB in ${String(count)} files`)
