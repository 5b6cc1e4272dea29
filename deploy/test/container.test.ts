import { validate } from 'dockerfile-utils'
import { describe, expect, it } from 'vitest'
import { hasKnownHoles } from '../../apps/proxy/src/node-known-holes.js'
import { environmentOf, rendered } from './manifests.js'
import { entrypoint, instructions, instructionsOfImage, ofImage } from './the-image.js'
import { fileAt } from './the-metrics.js'

const dockerfile = fileAt('deploy/container/Dockerfile')
const valuesOf = (keyword: string): ReadonlyArray<string> =>
  instructions.flatMap(([name, text]) => (name === keyword ? [text] : []))

describe('the Dockerfile', () => {
  it('is one, as its parser has it', () => {
    expect(validate(dockerfile)).toEqual([])
    expect(validate(dockerfile.replace('WORKDIR /app', 'WRKDIR /app')).map(({ message }) => message)).toEqual([
      'Unknown instruction: WRKDIR',
    ])
    expect(validate(dockerfile.replace('--from=build', '--form=build')).map(({ message }) => message)).toEqual([
      'Unknown flag: form',
    ])
  })

  it('has one base for both stages, by a version whose known holes are closed', () => {
    const [, base = '', version = ''] = /^BASE=(node:(\d+\.\d+\.\d+)-[a-z]+-slim)$/.exec(valuesOf('ARG')[0] ?? '') ?? []

    expect(base).not.toBe('')
    expect(valuesOf('FROM').map((from) => from.split(' ')[0])).toEqual(['${BASE}', '${BASE}'])
    expect(hasKnownHoles(version)).toBe(false)
  })

  it('installs what the lock file says, with the pnpm of package.json, and makes the folder that the tests run', () => {
    expect(valuesOf('RUN')).toEqual([
      `npm install --global "$(node -p 'require("./package.json").packageManager')"`,
      'CI=true pnpm install --frozen-lockfile --filter-prod=@device-install-state/proxy...',
      'pnpm --filter-prod=@device-install-state/proxy... run build',
      'node deploy/scripts/make-folder.mjs /folder',
      'mkdir -m 0700 /ledger',
    ])
    expect(fileAt('.dockerignore').split('\n')).toEqual(
      expect.arrayContaining(['.git', '**/node_modules', '**/dist', '**/.env*', '**/*.pem', '**/*.key']),
    )
  })
})

describe('the image', () => {
  it('is the folder, and an empty one for the ledger where the manifest mounts it', () => {
    const copies = instructionsOfImage.filter(([keyword]) => keyword === 'COPY').map(([, text]) => text)
    const ledger = '/var/lib/device-install-state'

    expect(copies).toEqual(['/folder ./', `/ledger ${ledger}`])
    expect(environmentOf(rendered('single'))['AUDIT_DIRECTORY']).toBe(`${ledger}/audit`)
    expect(instructionsOfImage.map(([keyword]) => keyword)).not.toContain('RUN')
  })

  it('runs the proxy itself, with no shell between, as nobody in particular', () => {
    expect(entrypoint).toEqual(['node', 'dist/main.js'])
    expect(ofImage('USER')).toBe('65532:65532')
    expect(ofImage('EXPOSE')).toBe('8080 8081')
  })

  it('says what it is', () => {
    const labels = [...ofImage('LABEL').matchAll(/org\.opencontainers\.image\.(\w+)=/g)].map(([, label]) => label)

    expect(labels).toEqual(['title', 'description', 'licenses', 'version', 'revision'])
  })
})
