import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../src/pnpm.ts'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

interface Row {
  readonly names: ReadonlyArray<string>
  readonly reason: string
  readonly without: string
}

/** The rows of a section of the decision, by its heading, which is the folder of a package. */
const sections = new Map<string, ReadonlyArray<Row>>(
  read('docs/decisions/0028-dependencies-with-their-reasons.md')
    .split(/^## /m)
    .slice(1)
    .map((section) => [
      section.slice(0, section.indexOf('\n')),
      section
        .split('\n')
        .filter((line) => line.startsWith('| `'))
        .map((line) => line.split('|').map((cell) => cell.trim()))
        .map(([, name = '', reason = '', without = '']) => ({
          names: [...name.matchAll(/`([^`]+)`/g)].map(([, one = '']) => one),
          reason,
          without,
        })),
    ]),
)

const released = globSync('{packages,apps}/*/package.json', { cwd: root })
  .map((file) => ({ folder: dirname(file), manifest: JSON.parse(read(file)) }))
  .filter(({ manifest }) => manifest.private !== true)

const needed = (
  manifest: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>,
): ReadonlyArray<string> =>
  Object.keys({ ...manifest['dependencies'], ...manifest['optionalDependencies'], ...manifest['peerDependencies'] })
    .filter((name) => !name.startsWith('@device-install-state/'))
    .toSorted()

describe('the page of dependencies', () => {
  it('has a section for each package that is released, and for no other', () => {
    expect([...sections.keys()].toSorted()).toEqual(released.map(({ folder }) => folder).toSorted())
  })

  it.each(released.map(({ folder, manifest }) => [folder, manifest]))(
    '%s: names what its package.json needs, and nothing else',
    (folder, manifest) => {
      const rows = sections.get(folder) ?? []

      expect(rows.flatMap(({ names }) => names).toSorted()).toEqual(needed(manifest))
      expect(rows.filter(({ reason, without }) => reason.length < 15 || without.length < 8)).toEqual([])
    },
  )
})
