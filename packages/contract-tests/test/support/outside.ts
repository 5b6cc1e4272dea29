import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Ended } from './run-command.js'

/** A project of another team, outside of the workspace, that has installed the packed tarballs. */
export interface Outside {
  readonly folder: string
  /** Runs a line as a shell of a workflow does. */
  readonly sh: (line: string, environment?: Readonly<Record<string, string>>) => Promise<Ended>
  readonly remove: () => Promise<void>
}

// npm and pnpm tell their children of themselves, and a project of its own is to know nothing of us. How to reach the
// registry it has to know.
const ofTheNetwork = /^npm_config_(?:registry|cache|userconfig|globalconfig|ca|cafile|proxy|https_proxy|noproxy)$/i
const ofOurs = /^(?:npm_|pnpm_|NODE_OPTIONS$|NODE_ENV$|VITEST)/i
const inherited = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => ofTheNetwork.test(name) || !ofOurs.test(name)),
)

const run = (
  folder: string,
  program: string,
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { cwd: folder, env: { ...inherited, ...environment }, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile(program, args, options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })

const mustRun = async (folder: string, program: string, ...args: ReadonlyArray<string>): Promise<void> => {
  const { code, stderr, stdout } = await run(folder, program, args)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}\n${stderr}`)
}

const packages = ['../..', '../../../model'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

export const startOutside = async (): Promise<Outside> => {
  const tarballs = await mkdtemp(join(tmpdir(), 'contract-tests-packed-'))
  // Built already, and not to be built again while other tests read it.
  for (const folder of packages) {
    await mustRun(folder, 'pnpm', 'pack', '--config.ignore-scripts=true', '--pack-destination', tarballs)
  }
  const folder = await mkdtemp(join(tmpdir(), 'contract-tests-outside-'))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'outside', private: true, type: 'module' }))
  const files = (await readdir(tarballs)).map((file) => join(tarballs, file))
  // The model is in no registry yet, so that what depends on it must be told where it is.
  const model = files.find((file) => file.includes('-model-')) ?? ''
  await writeFile(
    join(folder, 'pnpm-workspace.yaml'),
    `overrides:\n  '@device-install-state/model': 'file:${model}'\npmOnFail: ignore\n`,
  )
  // What they depend on is in the store already, by the workspace's own lock file.
  await mustRun(folder, 'pnpm', 'add', '--prefer-offline', '--ignore-scripts', ...files)
  return {
    folder,
    sh: (line, environment) => run(folder, 'bash', ['-e', '-c', line], environment),
    remove: async () => {
      for (const each of [tarballs, folder]) await rm(each, { recursive: true, force: true })
    },
  }
}
