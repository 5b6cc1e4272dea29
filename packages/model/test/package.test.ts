import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiReports } from '../scripts/api-report.ts'
import { modelFolder, newProject, packModel, pinned, removeFolders, run } from './support/packed-model.js'

const name = '@device-install-state/model'
const { exports } = JSON.parse(readFileSync(join(modelFolder, 'package.json'), 'utf8'))
const entries = Object.keys(exports)
  .filter((path) => typeof exports[path] === 'object')
  .map((path) => `${name}${path.slice(1)}`)

let tarball = ''
let project = ''
/** Milliseconds that a cold cache and a slow registry may take. */
const installing = 240_000

beforeAll(async () => {
  tarball = await packModel()
  project = await newProject('commonjs', tarball, pinned('fast-check'))
}, installing)
afterAll(removeFolders)

describe('the packed tarball', () => {
  it('has nothing that publint would mend', async () => {
    const { buffer } = new Uint8Array(readFileSync(tarball))
    const { messages } = await publint({ pack: { tarball: buffer }, strict: true })

    expect(messages).toEqual([])
  })

  it('has types that are right for every way to resolve them', async () => {
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))))

    expect(result.types && result.problems).toEqual([])
  })

  it('holds sources, both builds, schemas and the licence, and no tests', async () => {
    const files = (await run('/', 'tar', '-tzf', tarball)).split('\n').map((file) => file.replace(/^package\//, ''))

    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'api/index.api.md',
        'bench/results.md',
        'dist/esm/index.js',
        'dist/cjs/index.js',
        'dist/cjs/package.json',
        'src/index.ts',
        'openapi/openapi.json',
        'json-schema/draft-07/DeviceInstallState.json',
        'json-schema/draft-2020-12/DeviceInstallStateCreate.json',
      ]),
    )
    expect(files.filter((file) => /test|scripts\/|bench\/.*\.ts$/.test(file))).toEqual([])
  })
})

const reads = `{
  const { DeviceInstallStateCreate } = model['${name}']
  const { documentedExample } = model['${name}/fields']
  const { deviceInstallStateCreate } = model['${name}/arbitrary']
  const taken = DeviceInstallStateCreate.is(JSON.parse(documentedExample.request))
  const missed = DeviceInstallStateCreate.is({})
  console.log(JSON.stringify({ entries: Object.keys(model).length, taken, missed, drawn: typeof deviceInstallStateCreate() }))
}`

const asEsm = [
  'const model = {}',
  ...entries.map((entry) => `model['${entry}'] = await import('${entry}')`),
  reads,
].join('\n')
const asCommonJs = [
  'const model = {}',
  ...entries.map((entry) => `model['${entry}'] = require('${entry}')`),
  reads,
].join('\n')

const whatIsRead = { entries: entries.length, taken: true, missed: false, drawn: 'object' }

/** Other versions of Node come from the package registry. */
const nodes = ['20.20.2', '22.23.3', process.version.slice(1)]

const withNode = (version: string, command: string): Promise<string> =>
  process.version === `v${version}`
    ? run(project, 'sh', '-c', command)
    : run(project, 'npx', '--yes', '-p', `node@${version}`, '-c', command)

describe('every entry point', () => {
  it.each(nodes)(
    'is imported and required by Node %s',
    async (version) => {
      const [esm, commonJs] = [`entries-${version}.mjs`, `entries-${version}.cjs`]
      writeFileSync(join(project, esm), `console.log(process.version)\n${asEsm}`)
      writeFileSync(join(project, commonJs), asCommonJs)
      const printed = await withNode(version, `node ${esm} && node ${commonJs}`)
      const [runtime, ...results] = printed.trim().split('\n')

      expect(runtime).toBe(`v${version}`)
      expect(results.map((line) => JSON.parse(line))).toEqual([whatIsRead, whatIsRead])
    },
    installing,
  )

  it('may be mixed: what one build makes, the other reads', async () => {
    writeFileSync(
      join(project, 'mixed.mjs'),
      `import { createRequire } from 'node:module'
import { problemsOf, exact } from '${name}'
import { jsonSchemaOf } from '${name}/json-schema'
const required = createRequire(import.meta.url)('${name}')
const { left } = required.DeviceInstallStateCreate.decode({ installState: 'Installed' })
console.log(JSON.stringify([
  problemsOf(left).find(({ code }) => code === 'enum').didYouMean,
  exact(required.DeviceInstallState).name,
  jsonSchemaOf(required.InstallState).enum.length,
]))`,
    )

    expect(JSON.parse(await run(project, process.execPath, 'mixed.mjs'))).toEqual([
      'installed',
      'Exact<DeviceInstallState>',
      6,
    ])
  })

  it('has its files beside it: schemas and the OpenAPI document are imported by their paths', async () => {
    writeFileSync(
      join(project, 'files.mjs'),
      `import schema from '${name}/json-schema/draft-07/DeviceInstallState.json' with { type: 'json' }
import { createRequire } from 'node:module'
const openApi = createRequire(import.meta.url)('${name}/openapi/openapi.json')
console.log(JSON.stringify([schema.title, openApi.openapi]))`,
    )

    expect(JSON.parse(await run(project, process.execPath, 'files.mjs'))).toEqual(['DeviceInstallState', '3.1.0'])
  })

  it('runs in a browser’s bundle, where there is nothing of Node', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: [
          ...entries.map((entry, index) => `import * as m${String(index)} from '${entry}'`),
          `const model = { ${entries.map((entry, index) => `'${entry}': m${String(index)}`).join(', ')} }`,
          reads,
        ].join('\n'),
        resolveDir: project,
      },
      bundle: true,
      format: 'iife',
      platform: 'browser',
      write: false,
    })
    const lines: Array<string> = []
    const page = createContext({ console: { log: (line: string) => lines.push(line) }, crypto, TextEncoder, URL })
    runInContext(outputFiles[0]?.text ?? '', page)

    expect(runInContext('[typeof process, typeof Buffer, typeof require].join()', page)).toBe(
      'undefined,undefined,undefined',
    )
    expect(lines.map((line) => JSON.parse(line))).toEqual([whatIsRead])
  })
})

describe('the main entry', () => {
  it('is at most 6 KB in a browser’s bundle, minified and gzipped, io-ts and fp-ts included', async () => {
    const { metafile, outputFiles } = await build({
      stdin: { contents: `export * from '${name}'`, resolveDir: project },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      metafile: true,
      write: false,
    })
    const [bundle] = outputFiles
    const inputs = Object.keys(metafile.inputs)

    expect(inputs.some((file) => file.includes('node_modules/io-ts/'))).toBe(true)
    expect(bundle?.text).toContain('lastSyncDateTime')
    expect(gzipSync(bundle?.contents ?? '', { level: 9 }).byteLength).toBeLessThanOrEqual(6 * 1024)
  })

  it('leaves out of a bundle what nobody imports', async () => {
    const { outputFiles } = await build({
      stdin: { contents: `export { InstallState } from '${name}'`, resolveDir: project },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      write: false,
    })

    expect(outputFiles[0]?.text).toContain('uninstallFailed')
    expect(outputFiles[0]?.text).not.toMatch(/osDescription|NoSuchProperty|managedEBook/i)
  })
})

describe('the built files', () => {
  it('make no code of text', () => {
    const dist = join(modelFolder, 'dist')
    const sources = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))

    expect(sources.length).toBeGreaterThan(50)
    expect(
      sources.filter((file) => /\beval\s*\(|\bFunction\s*\(/.test(readFileSync(join(dist, file), 'utf8'))),
    ).toEqual([])
  })
})

const instantiationsOf = async (source: string): Promise<number> => {
  const folder = join(project, 'types')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'importer.ts'), source)
  const compilerOptions = {
    strict: true,
    module: 'nodenext',
    target: 'es2022',
    types: [],
    noEmit: true,
    skipLibCheck: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['importer.ts'] }))
  const printed = await run(folder, join(modelFolder, 'node_modules/.bin/tsc'), '-p', '.', '--extendedDiagnostics')
  return Number(/Instantiations:\s+(\d+)/.exec(printed)?.[1])
}

describe('the compiler of an importer', () => {
  it('has next to nothing to infer, since interfaces are named and codecs annotated', async () => {
    const usesIoTs = `import * as t from 'io-ts'\nexport const codec: t.Mixed = t.string\n`
    const usesUs = `${usesIoTs}import { DeviceInstallState } from '${name}'
export const nameIn = (u: unknown) => {
  const decoded = DeviceInstallState.decode(u)
  return decoded._tag === 'Right' ? decoded.right.deviceName : null
}\n`
    const before = await instantiationsOf(usesIoTs)

    // Inferred, the same codec costs some 600.
    expect(before).toBeGreaterThan(0)
    expect((await instantiationsOf(usesUs)) - before).toBeLessThan(50)
  })
})

describe('the public interface', () => {
  it('is what the reports in api/ say (after a change: pnpm run api-report, and look at the difference)', () => {
    expect(apiReports({ isLocal: false })).toEqual(
      entries.map((entry) => ({
        entry: entry === name ? 'index' : entry.slice(name.length + 1),
        isChanged: false,
        errorCount: 0,
      })),
    )
  })

  it('is documented, every export of it', () => {
    const reports = entries.map((entry) =>
      readFileSync(
        join(modelFolder, 'api', `${entry === name ? 'index' : entry.slice(name.length + 1)}.api.md`),
        'utf8',
      ),
    )

    expect(reports.flatMap((report) => report.match(/@public \(undocumented\)\n.*/g) ?? [])).toEqual([])
  })
})

describe('a project with the oldest peers that the package says it takes, and without fast-check', () => {
  it(
    'has every entry point but the one for test data',
    async () => {
      const { peerDependencies } = JSON.parse(readFileSync(join(modelFolder, 'package.json'), 'utf8'))
      const peers = ['io-ts', 'fp-ts'].map((peer) => `${peer}@${String(peerDependencies[peer]).replace('^', '')}`)
      const old = await newProject('module', tarball, ...peers)
      const without = entries.filter((entry) => !entry.endsWith('/arbitrary'))
      writeFileSync(
        join(old, 'entries.mjs'),
        `${without.map((entry) => `await import('${entry}')`).join('\n')}
const { DeviceInstallState } = await import('${name}')
const { documentedExample } = await import('${name}/fields')
console.log(DeviceInstallState.is(JSON.parse(documentedExample.response)))`,
      )

      expect((await run(old, process.execPath, 'entries.mjs')).trim()).toBe('true')
      expect(existsSync(join(old, 'node_modules/fast-check'))).toBe(false)
    },
    installing,
  )
})
