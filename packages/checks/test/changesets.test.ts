import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import parse from '@changesets/parse'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

const released = globSync('{packages,apps}/*/package.json', { cwd: root })
  .map((file) => JSON.parse(read(file)))
  .filter((manifest) => manifest.private !== true)
  .map(({ name }) => name)

const changesets = globSync('.changeset/*.md', { cwd: root }).filter((file) => !file.endsWith('README.md'))

describe('the changesets', () => {
  it.each(changesets.map((file) => [file]))('%s names packages that are released, and says what changes', (file) => {
    const { releases, summary } = parse(read(file))

    expect(released).toEqual(expect.arrayContaining(releases.map(({ name }) => name)))
    expect(releases.length).toBeGreaterThan(0)
    expect(summary.length).toBeGreaterThan(20)
  })

  it('are refused where they are none', () => {
    expect(() => parse("---\n\n## '@device-install-state/model': minor\n\nIt is a heading.\n")).toThrow(/frontmatter/)
  })
})
