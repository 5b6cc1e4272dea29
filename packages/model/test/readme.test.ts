import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelFolder, newProject, packModel, pinned, removeFolders, run } from './support/packed-model.js'

const readme = readFileSync(join(modelFolder, 'README.md'), 'utf8')

/** Each example, by its heading: the code, and what it says that it prints. */
const examples = [...readme.matchAll(/^## (.+?)\n(?:(?!^## )[\s\S])*?^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, heading = '', code = '']) => ({
    heading,
    code,
    printed: [...code.matchAll(/^\/\/ → (.*)$/gm)].map(([, line = '']) => line.trimEnd()),
  }),
)

// The gateway of the examples, which is nowhere: it knows one token.
const gateway = `
const answer = (status, body) => new Response(JSON.stringify(body), { status })
globalThis.fetch = async (url, { headers }) => {
  const { documentedExample } = await import('@device-install-state/model/fields')
  return headers.Authorization === 'Bearer a-token'
    ? answer(201, JSON.parse(documentedExample.response))
    : answer(401, { error: { code: 'InvalidAuthenticationToken', message: 'Access token has expired.' } })
}
`

const systems = [
  { name: 'ES modules', type: 'module', module: 'nodenext' },
  { name: 'CommonJS', type: 'commonjs', module: 'nodenext' },
] as const

/** Milliseconds that a cold cache and a slow registry may take. */
const installing = 240_000

const projects = new Map<string, string>()

beforeAll(async () => {
  const project = await newProject('module', await packModel(), pinned('fast-check'), pinned('ajv'))
  for (const { module, type } of systems) {
    const folder = join(project, type)
    mkdirSync(folder)
    cpSync(join(project, 'node_modules'), join(folder, 'node_modules'), { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'outside', private: true, type }))
    writeFileSync(join(folder, 'gateway.mjs'), gateway)
    const compilerOptions = {
      strict: true,
      module,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      outDir: 'out',
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    examples.forEach(({ code }, index) => writeFileSync(join(folder, `example-${String(index)}.ts`), code))
    projects.set(type, folder)
  }
}, installing)

afterAll(removeFolders)

describe.each(systems)('the README, in a project outside of the workspace, as $name', ({ type }) => {
  it('compiles', async () => {
    const folder = projects.get(type) ?? ''

    expect(await run(folder, join(modelFolder, 'node_modules/.bin/tsc'), '-p', '.')).toBe('')
  })

  it.each(examples.map(({ heading, printed }, index) => ({ heading, printed, index })))(
    'prints what it says: $heading',
    async ({ index, printed }) => {
      const folder = projects.get(type) ?? ''
      const output = await run(folder, process.execPath, '--import', './gateway.mjs', `out/example-${String(index)}.js`)

      expect(
        output
          .trimEnd()
          .split('\n')
          .map((line) => line.trimEnd()),
      ).toEqual(printed)
    },
  )
})

describe('the README', () => {
  it('has an example for each reader and each thing', () => {
    expect(examples.map(({ heading }) => heading)).toEqual([
      'You use fp-ts',
      'You use plain TypeScript',
      'You have another validator',
      'Dates',
      'The two routes',
      'Test data',
    ])
    expect(examples.every(({ printed }) => printed.length > 0)).toBe(true)
  })

  it('names every entry point', () => {
    const { exports } = JSON.parse(readFileSync(join(modelFolder, 'package.json'), 'utf8'))
    const entries = Object.keys(exports).filter((path) => path !== '.' && typeof exports[path] === 'object')

    for (const entry of entries) expect(readme).toContain(`| \`${entry.slice(1)}\``)
  })
})
