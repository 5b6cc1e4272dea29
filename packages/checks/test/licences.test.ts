import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Licensed, licencesPage, licensed, ourLicences, refusedLicences } from '../src/licences.ts'
import { root } from '../src/pnpm.ts'

const component = (
  name: string,
  version: string,
  ...licenses: ReadonlyArray<{ readonly license: { readonly id: string } }>
) => ({
  name,
  version,
  purl: `pkg:npm/${name}@${version}`,
  'bom-ref': `pkg:npm/${name}@${version}`,
  licenses: [...licenses],
})
const mit = { license: { id: 'MIT' } }
const gpl = { license: { id: 'GPL-3.0-only' } }

describe('a licence', () => {
  it('that is allowed is not spoken of', () => {
    expect(refusedLicences(licensed([component('a', '1.0.0', mit)]))).toEqual([])
  })

  it('that is not allowed is refused, and its package named', () => {
    expect(refusedLicences(licensed([component('a', '1.0.0', mit, gpl)]))).toEqual([
      'a is under GPL-3.0-only, which is not among the licences we allow',
    ])
  })

  it('that is an expression is refused as long as nobody has looked at it', () => {
    const either = { ...component('a', '1.0.0'), licenses: [{ expression: 'MIT OR GPL-3.0-only' }] }

    expect(refusedLicences(licensed([either]))).toHaveLength(1)
  })

  it('that is missing is refused', () => {
    expect(refusedLicences(licensed([component('a', '1.0.0')]))).toEqual(['a states no licence'])
  })
})

describe('the page of licences', () => {
  let all: ReadonlyArray<Licensed>
  beforeAll(async () => {
    all = await ourLicences()
  })

  it('has a package once, unless its versions are under different licences', () => {
    const versions = [component('a', '1.0.0', mit), component('a', '2.0.0', mit), component('a', '3.0.0', gpl)]

    expect(licencesPage(licensed(versions))).toMatch(/\n## GPL-3\.0-only\n\n- a\n\n## MIT\n\n- a\n$/)
  })

  it('is what is installed: `pnpm run licences` writes it', () => {
    expect(readFileSync(join(root, 'docs/licences.md'), 'utf8')).toBe(licencesPage(all))
  })

  it('has none that is not allowed', () => {
    expect(refusedLicences(all)).toEqual([])
  })

  it('has what other teams get with the libraries, and not the optional peers that only we have', () => {
    const names = all.map(({ component: name }) => name)

    expect(names).toEqual(expect.arrayContaining(['express', '@standard-schema/spec', 'markdown-it', 'msw']))
    expect(names).not.toContain('vite')
    expect(names).not.toContain('typescript')
  })
})
