import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const modelFolder: string = fileURLToPath(new URL('../..', import.meta.url))

const execute = promisify(execFile)

/** Runs a program; rejects with all it printed if it fails. */
export const run = async (folder: string, program: string, ...args: ReadonlyArray<string>): Promise<string> => {
  try {
    const { stdout } = await execute(program, args, { cwd: folder, env: environment, maxBuffer: 64 * 1024 * 1024 })
    return stdout
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { readonly stderr?: string; readonly stdout?: string }
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error })
  }
}

// npm and pnpm tell their children of themselves, and a project of its own is to know nothing of us. How to reach the
// registry it has to know.
const ofTheNetwork = /^npm_config_(?:registry|cache|userconfig|globalconfig|ca|cafile|proxy|https_proxy|noproxy)$/i
const ofOurs = /^(?:npm_|pnpm_|NODE_OPTIONS$|NODE_ENV$|VITEST)/i
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => ofTheNetwork.test(name) || !ofOurs.test(name)),
)

const folders: Array<string> = []

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'model-'))
  folders.push(folder)
  return folder
}

/** Removes what was made here, and nothing else. */
export const removeFolders = (): void => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** The tarball that would be published, and where it is. */
export const packModel = async (): Promise<string> => {
  const folder = newFolder()
  // Built already, and not to be built again while other tests read it.
  await run(modelFolder, 'pnpm', 'pack', '--config.ignore-scripts=true', '--pack-destination', folder)
  const [file, ...others] = readdirSync(folder)
  if (file === undefined || others.length > 0) throw new Error(`one tarball was expected in ${folder}`)
  return join(folder, file)
}

/** The version that we use ourselves, so that a release elsewhere does not change what is tested. */
export const pinned = (name: string): string => {
  const { version }: { readonly version: string } = JSON.parse(
    readFileSync(join(modelFolder, 'node_modules', name, 'package.json'), 'utf8'),
  )
  return `${name}@${version}`
}

/** A project outside of the workspace that has installed packages as anyone would. */
export const newProject = async (type: 'module' | 'commonjs', ...packages: ReadonlyArray<string>): Promise<string> => {
  const folder = newFolder()
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'outside', private: true, type }))
  await run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...packages)
  return folder
}
