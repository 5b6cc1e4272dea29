import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { load } from 'js-yaml'
import { beforeAll, describe, expect, it } from 'vitest'
import { root } from '../src/pnpm.ts'
import { type Component, type Sbom, sbomOf } from '../src/sbom.ts'

const schema = new Validation.JsonStrictValidator(Spec.Version.v1dot6)
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const proxy = JSON.parse(read('apps/proxy/package.json'))

interface LockFile {
  readonly importers: Readonly<Record<string, { readonly dependencies: Readonly<Record<string, { version: string }>> }>>
  readonly packages: Readonly<Record<string, { readonly resolution: { readonly integrity: string } }>>
}

const lockFile = load(read('pnpm-lock.yaml')) as LockFile
const ours = '@device-install-state/'

let sbom: Sbom
let again: Sbom
beforeAll(async () => {
  ;[sbom, again] = await Promise.all([sbomOf(proxy.name), sbomOf(proxy.name)])
})

const nameOf = ({ group, name }: Component): string => (group === undefined ? name : `${group}/${name}`)
const foreign = () => sbom.components.filter((component) => !nameOf(component).startsWith(ours))

describe('the bill of materials of the proxy', () => {
  it('is CycloneDX by its schema, of the proxy as it is', async () => {
    expect(await schema.validate(JSON.stringify(sbom))).toBeNull()
    expect(sbom.metadata.component).toMatchObject({ type: 'application', version: proxy.version })
  })

  it('would be refused with a digest that is none', async () => {
    const spoilt = JSON.stringify(sbom).replace(/"content":"[0-9a-f]+"/, '"content":"none"')

    expect(await schema.validate(spoilt)).toMatchObject([
      { instancePath: expect.stringContaining('/hashes/0/content') },
    ])
  })

  it('names each dependency of the proxy in the version that is locked', () => {
    const locked = lockFile.importers['apps/proxy']?.dependencies ?? {}
    const named = sbom.components.map((component) => `${nameOf(component)} ${component.version}`)

    expect(Object.keys(locked)).toEqual(Object.keys(proxy.dependencies))
    expect(named).toEqual(
      expect.arrayContaining(
        Object.entries(locked)
          .filter(([name]) => !name.startsWith(ours))
          .map(([name, { version }]) => `${name} ${version.replace(/\(.*/, '')}`),
      ),
    )
    expect(named).toContainEqual(expect.stringMatching(`^${ours}model `))
  })

  it('has purl, licence and the digest of the lock file for each', () => {
    const found = foreign().map(({ externalReferences = [], licenses = [], purl, ...component }) => ({
      purl,
      licensed: licenses.length > 0,
      digest: externalReferences.flatMap(({ hashes = [] }) => hashes),
      name: nameOf({ purl, ...component }),
      version: component.version,
    }))

    expect(found.length).toBeGreaterThan(Object.keys(proxy.dependencies).length)
    for (const { digest, licensed, name, purl, version } of found) {
      const { integrity } = lockFile.packages[`${name}@${version}`]?.resolution ?? { integrity: 'not locked' }
      const content = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
      expect({ licensed, purl, digest }).toEqual({
        licensed: true,
        purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
        digest: [{ alg: 'SHA-512', content }],
      })
    }
  })

  it('has nothing of what only tests need', () => {
    expect(sbom.components.map(nameOf)).not.toEqual(expect.arrayContaining(['vitest']))
    expect(sbom.components.map(nameOf)).not.toEqual(expect.arrayContaining(['oidc-provider']))
  })

  it('is the same each time', () => {
    expect(JSON.stringify(again)).toBe(JSON.stringify(sbom))
  })
})
