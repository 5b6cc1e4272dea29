import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiReports } from '../scripts/api-report.ts'
import { modelFolder, newProject, packModel, run } from './support/packed-model.js'

const name = '@device-install-state/model'
const { exports } = JSON.parse(readFileSync(join(modelFolder, 'package.json'), 'utf8'))
const entries = Object.keys(exports)
  .filter((path) => typeof exports[path] === 'object')
  .map((path) => `${name}${path.slice(1)}`)

let tarball = ''
let project = ''
beforeAll(async () => {
  tarball = await packModel()
  project = await newProject('commonjs', tarball, 'fast-check@4')
})
afterAll(() => {
  for (const folder of [project, dirname(tarball)]) if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

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
const withNode = (version: string, command: string): Promise<string> =>
  process.version.startsWith(`v${version}.`)
    ? run(project, 'sh', '-c', command)
    : run(project, 'npx', '--yes', '-p', `node@${version}`, '-c', command)

describe('every entry point', () => {
  it.each(['20', '22', '24'])('is imported and required by Node %s', async (version) => {
    const [esm, commonJs] = [`entries-${version}.mjs`, `entries-${version}.cjs`]
    writeFileSync(join(project, esm), `console.log(process.version)\n${asEsm}`)
    writeFileSync(join(project, commonJs), asCommonJs)
    const printed = await withNode(version, `node ${esm} && node ${commonJs}`)
    const [runtime, ...results] = printed.trim().split('\n')

    expect(runtime).toMatch(new RegExp(`^v${version}\\.`))
    expect(results.map((line) => JSON.parse(line))).toEqual([whatIsRead, whatIsRead])
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
    const { process, Buffer, require, ...page } = {
      console: { log: (line: string) => lines.push(line) },
      crypto,
      TextEncoder,
      URL,
    } as Record<string, unknown>
    runInContext(outputFiles[0]?.text ?? '', createContext(page))

    expect([process, Buffer, require]).toEqual([undefined, undefined, undefined])
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

  it('makes no code of text', () => {
    for (const folder of ['esm', 'cjs']) {
      const sources = readFileSync(join(modelFolder, 'dist', folder, 'object-codec.js'), 'utf8')
      expect(sources).not.toMatch(/\beval\b|\bFunction\(/)
    }
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

describe('the oldest io-ts that the package says it takes', () => {
  it('is taken', async () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(modelFolder, 'package.json'), 'utf8'))
    const [ioTs, fpTs] = ['io-ts', 'fp-ts'].map((peer) => `${peer}@${String(peerDependencies[peer]).replace('^', '')}`)
    const old = await newProject('module', tarball, `${ioTs}`, `${fpTs}`, 'fast-check@4')
    writeFileSync(join(old, 'entries.mjs'), asEsm)
    const printed = await run(old, process.execPath, 'entries.mjs')
    rmSync(old, { recursive: true })

    expect(JSON.parse(printed)).toEqual(whatIsRead)
  })
})
