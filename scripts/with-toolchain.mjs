// `npm start`, `npm test`, `npm run bench` and `npm run folder`, with the pinned Node and pnpm, which come from the package
// registry: a machine with git, npm and some Node (20 or later) is enough. Plain JavaScript without dependencies, since nothing
// is installed yet.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { packageManager, toolchain } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const say = (line) => console.log(`\u25b8 ${line}`)

// Whatever is asked of us while a step runs, the step is asked, and we end when it has ended.
let current
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => current?.kill(signal))
// npm runs us in a shell that does not pass a signal on: when that is gone, we were meant, too.
const parent = process.ppid
setInterval(() => process.ppid === parent || current?.kill('SIGTERM'), 500).unref()

const run = (command, args, { env = process.env, capture = false } = {}) =>
  new Promise((resolve, reject) => {
    current = spawn(command, args, { cwd: root, env, stdio: ['inherit', capture ? 'pipe' : 'inherit', 'inherit'] })
    let printed = ''
    current.stdout?.setEncoding('utf8').on('data', (chunk) => (printed += chunk))
    current.on('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)))
    current.on('close', (code, signal) => {
      if (code === 0) resolve(printed)
      else process.exit(signal === null ? code : 1)
    })
  })

/** Where npx keeps the pinned toolchain; the folder goes first on PATH. */
const toolchainFolder = async () => {
  const packages = ['-p', `node@${toolchain.node}`, '-p', packageManager]
  const env = { ...process.env, npm_config_loglevel: 'error' }
  const printed = await run('npx', ['--yes', ...packages, '-c', 'command -v pnpm'], { env, capture: true })
  return dirname(printed.trim().split('\n').at(-1))
}

const jobs = {
  start: async (env, args) => {
    say('building the sandbox and what it needs')
    await run('pnpm', ['run', '--silent', 'build:sandbox'], { env })
    say('starting the sandbox')
    await run('node', ['apps/sandbox/dist/main.js', ...args], { env })
  },
  test: async (env) => {
    say('running every check and test: build, types, lint, format, import rules, unused code, tests')
    await run('pnpm', ['run', '--silent', 'check'], { env })
  },
  folder: async (env, args) => {
    say('building the proxy, and the folder that is deployed')
    await run('pnpm', ['run', '--silent', 'build:sandbox'], { env })
    await run('node', ['deploy/scripts/make-folder.mjs', ...args], { env })
  },
  bench: async (env, args) => {
    say('building the proxy')
    await run('pnpm', ['run', '--silent', 'build:sandbox'], { env })
    say('measuring the proxy beside its rivals; the machine should have nothing else to do')
    await run('node', ['apps/bench/src/main.ts', ...args], { env })
  },
}

const [name = '', ...args] = process.argv.slice(2)
const job = jobs[name]
if (job === undefined) {
  console.error(`usage: node scripts/with-toolchain.mjs ${Object.keys(jobs).join(' | ')}`)
  process.exit(64)
}

try {
  say(`taking Node ${toolchain.node} and ${packageManager} from the package registry (npm keeps them in its cache)`)
  const folder = await toolchainFolder()
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, TURBO_TELEMETRY_DISABLED: '1' }
  say('installing the locked dependencies')
  await run('pnpm', ['install', '--frozen-lockfile', '--reporter=append-only'], { env: { ...env, CI: 'true' } })
  await job(env, args)
} catch (error) {
  console.error(`${error.message}. Node 20 and npm 10, or later, are needed to begin.`)
  process.exit(1)
}
