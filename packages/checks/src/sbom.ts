import { createHash } from 'node:crypto'
import * as t from 'io-ts'
import { pnpm } from './pnpm.ts'
import { readAs } from './read-as.ts'

const Licence = t.union([
  t.type({ license: t.union([t.type({ id: t.string }), t.type({ name: t.string })]) }),
  t.type({ expression: t.string }),
])

const Component = t.intersection([
  t.type({ name: t.string, version: t.string, purl: t.string, 'bom-ref': t.string }),
  t.partial({
    group: t.string,
    licenses: t.array(Licence),
    externalReferences: t.array(
      t.intersection([
        t.type({ type: t.string, url: t.string }),
        t.partial({ hashes: t.array(t.type({ alg: t.string, content: t.string })) }),
      ]),
    ),
  }),
])
export type Component = t.TypeOf<typeof Component>

const Dependency = t.intersection([t.type({ ref: t.string }), t.partial({ dependsOn: t.array(t.string) })])

/** What we look at of a bill of materials in CycloneDX; all else in it is kept as it is. */
const Sbom = t.type({
  serialNumber: t.string,
  metadata: t.intersection([t.type({ component: Component }), t.partial({ timestamp: t.string })]),
  components: t.array(Component),
  dependencies: t.array(Dependency),
})
export type Sbom = t.TypeOf<typeof Sbom>

const byUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A UUID (RFC 9562, version 8) that the content alone decides. */
const uuidOf = (content: string): string => {
  const hex = createHash('sha256').update(content).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

/**
 * The same bill whenever it is made of the same lock file: pnpm gives it the time, a random number, and the order in which its
 * threads came to an end.
 */
const inOrder = ({ metadata, components, dependencies, ...others }: Sbom): Sbom => {
  const { timestamp: _, ...lasting } = metadata
  const ordered = {
    ...others,
    metadata: lasting,
    components: components.toSorted((a, b) => byUnit(a.purl, b.purl)),
    dependencies: dependencies
      .map(({ dependsOn = [], ref }) => ({ ref, dependsOn: dependsOn.toSorted(byUnit) }))
      .toSorted((a, b) => byUnit(a.ref, b.ref)),
  }
  return { ...ordered, serialNumber: `urn:uuid:${uuidOf(JSON.stringify({ ...ordered, serialNumber: '' }))}` }
}

/**
 * The bill of materials (CycloneDX 1.6) of one package of this workspace and all that it needs in production, by pnpm from the lock
 * file and the installed packages. Optional peers that the workspace happens to have count as needed.
 */
export const sbomOf = async (name: string): Promise<Sbom> => {
  const kind = ['--sbom-format', 'cyclonedx', '--sbom-spec-version', '1.6', '--sbom-type', 'application', '--prod']
  const { code, stderr, stdout } = await pnpm('--filter', name, 'sbom', ...kind)
  if (code !== 0) throw new Error(`pnpm made no bill of materials of ${name}: ${stderr}`)
  return inOrder(readAs(Sbom, `the bill of materials of ${name}`, stdout))
}
