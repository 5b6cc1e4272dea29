import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'planted-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { ignorePatterns: _, ...lintConfig } = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8'))
writeFileSync(join(folder, 'lint.json'), JSON.stringify(lintConfig))
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({ extends: join(root, 'tsconfig.base.json'), include: ['**/*.ts'] }),
)

const run = (tool: string, ...args: ReadonlyArray<string>) =>
  spawnSync(join(root, 'node_modules/.bin', tool), args, { cwd: folder, encoding: 'utf8' })

const lint = (source: string, file = 'planted.ts') => {
  mkdirSync(join(folder, dirname(file)), { recursive: true })
  writeFileSync(join(folder, file), source)
  return run('oxlint', '--type-aware', '--deny-warnings', '-c', 'lint.json', '.')
}

describe('lint', () => {
  it('lets good code pass', () => {
    expect(lint('export const one = (): number => 1\n').status).toBe(0)
  })

  it.each([
    ['no-floating-promises', 'export const f = (): void => { Promise.resolve(1) }\n'],
    ['no-explicit-any', 'export const f = (x: any): unknown => x\n'],
    ['no-non-null-assertion', 'export const f = (x?: string): string => x!\n'],
    ['no-unsafe-type-assertion', 'export const f = (x: unknown): string => x as string\n'],
    ['no-process-env', 'export const f = (): unknown => process.env\n'],
    ['switch-exhaustiveness-check', "export const f = (x: 'a' | 'b'): void => { switch (x) { case 'a': f('b') } }\n"],
  ])('finds a breach of %s', (rule, source) => {
    const { status, stdout } = lint(source)

    expect(status).not.toBe(0)
    expect(stdout).toContain(rule)
  })

  it.each([
    ['no-restricted-properties', 'export const f = (): number => Date.now()\n'],
    ['no-restricted-properties', 'export const f = (): number => Math.random()\n'],
    ['no-process-exit', "import process from 'node:process'\n\nexport const f = (): void => process.exit(3)\n"],
  ])('finds a breach of %s where all is to be pure', (rule, source) => {
    const file = 'apps/proxy/src/decode/planted.ts'
    const { status, stdout } = lint(source, file)
    rmSync(join(folder, file))

    expect(status).not.toBe(0)
    expect(stdout).toContain(rule)
  })
})

describe('the type check', () => {
  it('finds a type error, and an index that may be missing', () => {
    writeFileSync(
      join(folder, 'planted.ts'),
      "export const f = (x: ReadonlyArray<string>): string => x[0]\nexport const g: number = ''\n",
    )
    const { status, stdout } = run('tsc', '-p', 'tsconfig.json', '--noEmit')

    expect(status).not.toBe(0)
    expect(stdout.match(/error TS2322/g)).toHaveLength(2)
  })
})

describe('the format check', () => {
  it('finds a file that is not formatted', () => {
    writeFileSync(join(folder, 'planted.ts'), 'export   const one = "1";\n')

    expect(run('biome', 'format', '--config-path', root, '--vcs-enabled=false', 'planted.ts').status).not.toBe(0)
  })
})

describe('the check for what is unused', () => {
  it('finds a file and a dependency that nobody uses', () => {
    const unused = join(folder, 'unused')
    mkdirSync(unused)
    writeFileSync(
      join(unused, 'package.json'),
      JSON.stringify({ main: 'index.js', dependencies: { leftover: '1.0.0' } }),
    )
    writeFileSync(join(unused, 'index.js'), 'export const used = 1\n')
    writeFileSync(join(unused, 'nobody.js'), 'export const nobody = 1\n')
    const { status, stdout } = run('knip', '--directory', unused)

    expect(status).not.toBe(0)
    expect(stdout).toContain('nobody.js')
    expect(stdout).toContain('leftover')
  })
})
