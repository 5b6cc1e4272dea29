import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

/** A program, and what it needs of an environment. */
interface BrowserProgram {
  readonly path: string
  readonly environment: Readonly<Record<string, string>>
}

const switches = ['--disable-gpu', '--disable-quic']

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

const installed = (): ReadonlyArray<BrowserProgram> =>
  names
    .flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, environment: {} }))

const cache = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url))

const fontsIn = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/usr/share/fonts</dir><dir>${folder}</dir><cachedir>${folder}/cache</cachedir></fontconfig>
`

const versionOfThePackage = async (): Promise<string> => {
  const { version }: { readonly version: string } = JSON.parse(
    await readFile(new URL('../package.json', import.meta.resolve('@sparticuz/chromium')), 'utf8'),
  )
  return version
}

/** The one that npm has, for Linux on x64; unpacked once. It brings the libraries and fonts that a bare machine may lack. */
const packaged = async (): Promise<ReadonlyArray<BrowserProgram>> => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return []
  const folder = join(cache, `chromium-${await versionOfThePackage()}`)
  if (!existsSync(folder)) {
    await mkdir(cache, { recursive: true })
    // Under its name only when it is whole.
    const unpacking = await mkdtemp(join(cache, 'unpacking-'))
    const unpack = fileURLToPath(new URL('unpack-chromium.mjs', import.meta.url))
    await promisify(execFile)(process.execPath, [unpack], { env: { ...process.env, TMPDIR: unpacking } })
    await writeFile(join(unpacking, 'fonts.conf'), fontsIn(join(folder, 'fonts')))
    // Somebody else may have been quicker.
    await rename(unpacking, folder).catch(() => rm(unpacking, { recursive: true }))
  }
  const environment = { LD_LIBRARY_PATH: join(folder, 'al2023/lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') }
  return [{ path: join(folder, 'chromium'), environment }]
}

const start = ({ environment, path }: BrowserProgram): Promise<Browser> =>
  chromium.launch({ executablePath: path, args: switches, env: { ...process.env, ...environment } })

/**
 * A Chromium: the one that the variable `CHROMIUM` names; else one that is installed; else the one that npm has. Undefined, and
 * said on stderr, where none of them starts.
 */
export const startBrowser = async (what: string): Promise<Browser | undefined> => {
  const named = process.env['CHROMIUM']
  if (named !== undefined) return start({ path: named, environment: {} })
  const problems: Array<string> = []
  for (const programs of [installed, packaged]) {
    for (const program of await programs()) {
      try {
        return await start(program)
      } catch (error) {
        problems.push(`${program.path}: ${String(error).replace(/\n.*/s, '')}`)
      }
    }
  }
  process.stderr.write(`SKIPPED on this machine: ${what}: no Chromium starts\n${problems.join('\n')}\n`)
  return undefined
}
