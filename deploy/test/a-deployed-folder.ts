import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const makeFolder = fileURLToPath(new URL('../scripts/make-folder.mjs', import.meta.url))

/** Nobody in particular, as in the image. Only root can be somebody else. */
const user = process.getuid?.() === 0 ? { uid: 65_532, gid: 65_532 } : undefined
export const isSomeoneElse = user !== undefined

const entriesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))

/** Of links nothing is changed: their mode is that of what they point to. */
const withoutWriteBits = (folder: string): void => {
  for (const path of [folder, ...entriesIn(folder)]) {
    const stats = lstatSync(path)
    if (!stats.isSymbolicLink()) chmodSync(path, stats.mode & 0o555)
  }
}

/** The folder that is deployed, as on another machine: outside the workspace, read-only, with a Node that everybody may run. */
export interface DeployedFolder {
  readonly path: string
  readonly node: string
  readonly files: ReadonlyArray<string>
  readonly megabytes: number
  /** Whoever made it may then remove it. */
  readonly release: () => void
}

/** In `parent`, which others may enter. */
export const aDeployedFolder = (parent: string): DeployedFolder => {
  chmodSync(parent, 0o755)
  const made = join(parent, 'made')
  const { status, stderr, stdout } = spawnSync(process.execPath, [makeFolder, made], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${stdout}${stderr}`)
  // What remembers where it was made would not be found.
  const path = join(parent, 'moved elsewhere')
  renameSync(made, path)
  withoutWriteBits(path)
  const node = join(parent, 'node')
  try {
    linkSync(process.execPath, node)
  } catch {
    copyFileSync(process.execPath, node)
    chmodSync(node, 0o755)
  }
  const files = entriesIn(path).filter((file) => lstatSync(file).isFile())
  return {
    path,
    node,
    files: files.map((file) => file.slice(path.length + 1)),
    megabytes: files.reduce((sum, file) => sum + lstatSync(file).size, 0) / 1e6,
    release: () => {
      for (const one of [path, ...entriesIn(path)]) if (lstatSync(one).isDirectory()) chmodSync(one, 0o755)
    },
  }
}

/** Files as Kubernetes mounts a secret: links to links, so that all change at once; for the group alone. */
export const mountSecret = (folder: string, files: Readonly<Record<string, string>>): void => {
  mkdirSync(join(folder, '..2026'), { recursive: true })
  symlinkSync('..2026', join(folder, '..data'))
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, '..2026', name)
    writeFileSync(file, text, { mode: 0o440 })
    if (user !== undefined) chownSync(file, 0, user.gid)
    symlinkSync(join('..data', name), join(folder, name))
  }
}

/** A disk as Kubernetes mounts it for `fsGroup`: of root, and open to the group. */
export const mountDisk = (folder: string): void => {
  mkdirSync(folder, { recursive: true })
  if (user === undefined) return
  chownSync(folder, 0, user.gid)
  chmodSync(folder, 0o2775)
}

type Environment = Readonly<Record<string, string>>

/** The same below a folder for what is a path: a root of its own, but for being one. */
export const below = (root: string, environment: Environment): Environment =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value.startsWith('/') ? join(root, value) : value]),
  )

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program of the folder to its end. */
export const run = ({ node, path }: DeployedFolder, args: ReadonlyArray<string>, env: Environment): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(node, args, { cwd: path, env, ...user }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    )
  })

export interface DeployedProxy {
  readonly url: string
  readonly adminUrl: string
  /** From the start of the process to its readiness. */
  readonly startedInMs: number
  readonly stop: () => Promise<number | null>
}

const readyWithinInMs = 60_000

/** Starts the folder's own program as `entrypoint` has it, and waits until it is ready. */
export const startDeployed = async (
  { node, path }: DeployedFolder,
  entrypoint: ReadonlyArray<string>,
  env: Environment,
): Promise<DeployedProxy> => {
  const begin = performance.now()
  const child = spawn(node, entrypoint, { cwd: path, env, stdio: ['ignore', 'pipe', 'pipe'], ...user })
  process.once('exit', () => child.kill('SIGKILL'))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const lines: Array<string> = []
  const urls = await new Promise<Pick<DeployedProxy, 'url' | 'adminUrl'>>((resolve, reject) => {
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => {
        lines.push(line)
        if (line.includes('"listening"')) resolve(JSON.parse(line))
      })
    void ended.then((code) => reject(new Error(`it ended with ${String(code)}:\n${lines.join('\n')}`)))
  })
  for (;;) {
    const response = await fetch(`${urls.adminUrl}/readyz`)
    if (response.status === 200) break
    if (performance.now() - begin > readyWithinInMs) throw new Error(`${await response.text()}\n${lines.join('\n')}`)
    await setTimeout(10)
  }
  const startedInMs = performance.now() - begin
  return {
    ...urls,
    startedInMs,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}
