import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pnpm } from '../src/pnpm.ts'

// The model's tarball is looked at, and installed, by the model's own tests.

/** Those of CommonJS and of old TypeScript: both packages are modules for Node 24, and say so. */
const notForUs: ReadonlySet<string> = new Set(['node10', 'node16-cjs'])

describe.each(['proxy', 'contract-tests'])('the tarball of %s', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'tarball-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  let tarball: Uint8Array<ArrayBuffer>
  beforeAll(async () => {
    const { code, stderr } = await pnpm(
      '--filter',
      `@device-install-state/${name}`,
      'pack',
      '--pack-destination',
      folder,
    )
    if (code !== 0) throw new Error(`it cannot be packed: ${stderr}`)
    const [file = 'none'] = readdirSync(folder)
    tarball = new Uint8Array(readFileSync(join(folder, file)))
  })

  it('has nothing that publint would mend', async () => {
    expect((await publint({ pack: { tarball: tarball.buffer }, strict: true })).messages).toEqual([])
  })

  it('has types that are right for who imports it, in Node or with a bundler', async () => {
    const result = await checkPackage(createPackageFromTarballData(tarball))
    const problems = result.types === false ? [] : result.problems

    expect(result.types).toMatchObject({ kind: 'included' })
    expect(
      problems.filter((problem) => !('resolutionKind' in problem && notForUs.has(problem.resolutionKind))),
    ).toEqual([])
  })
})
