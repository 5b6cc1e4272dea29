import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import * as t from 'io-ts'
import { root } from './pnpm.ts'
import { readAs } from './read-as.ts'
import { type Component, type Sbom, sbomOf } from './sbom.ts'

/**
 * Licences that ask for no more than to be named; as packages state them (SPDX). An expression of several is here only after someone has
 * looked at it.
 */
const allowed: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  // Python's: argparse is a port of its module.
  'PSF-2.0',
  // Either, as we choose.
  '(MIT OR CC0-1.0)',
])

const nameOf = ({ group, name }: Component): string => (group === undefined ? name : `${group}/${name}`)

const licencesOf = ({ licenses = [] }: Component): ReadonlyArray<string> =>
  licenses.map((entry) => {
    if ('expression' in entry) return entry.expression
    return 'id' in entry.license ? entry.license.id : entry.license.name
  })

export interface Licensed {
  readonly component: string
  readonly licences: ReadonlyArray<string>
}

/** Each package once, whatever its versions: unless they are under different licences. */
export const licensed = (components: ReadonlyArray<Component>): ReadonlyArray<Licensed> => {
  const stated = components.map((component) => ({ component: nameOf(component), licences: licencesOf(component) }))
  const found = new Map(stated.map((one) => [JSON.stringify(one), one]))
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

/** Why we may not give these on; nothing if we may. */
export const refusedLicences = (all: ReadonlyArray<Licensed>): ReadonlyArray<string> =>
  all.flatMap(({ component, licences }) => {
    if (licences.length === 0) return [`${component} states no licence`]
    const refused = licences.filter((licence) => !allowed.has(licence))
    return refused.map((licence) => `${component} is under ${licence}, which is not among the licences we allow`)
  })

/** The page for readers: each licence, and who is under it. */
export const licencesPage = (all: ReadonlyArray<Licensed>): string => {
  const byLicence = new Map<string, Array<string>>()
  for (const { component, licences } of all) {
    const key = licences.join(' and ')
    byLicence.set(key, [...(byLicence.get(key) ?? []), component])
  }
  const sections = [...byLicence]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([licence, components]) => `## ${licence}\n\n${components.map((component) => `- ${component}\n`).join('')}`)
  return `# Licences

What the released packages need in production, and under which licence each says it is. Of the proxy it is all that a deployment from
the lock file has; of the libraries, all that comes along when another team installs them. \`pnpm run licences\` writes this page; a test fails
where it is not what is installed, and on a licence that is not allowed (\`packages/checks/src/licences.ts\`). Versions and digests are in
the bill of materials (\`pnpm run sbom\`).

${sections.join('\n')}`
}

const LockFile = t.type({
  packages: t.record(
    t.string,
    t.partial({ peerDependenciesMeta: t.record(t.string, t.partial({ optional: t.boolean })) }),
  ),
})
type LockFile = t.TypeOf<typeof LockFile>

const lockFile = (): LockFile =>
  readAs(LockFile, 'pnpm-lock.yaml', JSON.stringify(load(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8'))))

/** Those that another team gets: our workspace happens to have optional peers, such as vite for msw, which nobody is sent. */
const withoutOptionalPeers = ({ components, dependencies, metadata }: Sbom, { packages }: LockFile) => {
  const byRef = new Map(components.map((component) => [component['bom-ref'], component]))
  const needs = new Map(dependencies.map(({ dependsOn = [], ref }) => [ref, dependsOn]))
  const reached = new Set<Component>()
  const reach = (ref: string, from?: Component): void => {
    const component = byRef.get(ref)
    const peers = from === undefined ? undefined : packages[`${nameOf(from)}@${from.version}`]?.peerDependenciesMeta
    if (component === undefined || reached.has(component) || peers?.[nameOf(component)]?.optional === true) return
    reached.add(component)
    for (const next of needs.get(ref) ?? []) reach(next, component)
  }
  for (const ref of needs.get(metadata.component['bom-ref']) ?? []) reach(ref)
  return [...reached]
}

const ours = '@device-install-state/'

/** All that the released packages need from others. */
export const ourLicences = async (): Promise<ReadonlyArray<Licensed>> => {
  const [proxy, ...libraries] = await Promise.all([`${ours}proxy`, `${ours}model`, `${ours}contract-tests`].map(sbomOf))
  const locked = lockFile()
  const all = [...(proxy?.components ?? []), ...libraries.flatMap((sbom) => withoutOptionalPeers(sbom, locked))]
  return licensed(all.filter((component) => !nameOf(component).startsWith(ours)))
}
