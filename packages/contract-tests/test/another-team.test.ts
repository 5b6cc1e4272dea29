import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Outside, startOutside } from './support/outside.js'
import { startSystem, type System } from './support/start-system.js'

// Another team has nothing but the packages from a registry, the example workflow, and a client of its own.

interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: ReadonlyArray<{ readonly name?: string; readonly run?: string }> }>
  >
}

let system: System
let outside: Outside
let workflow: Workflow

/** Milliseconds that a cold cache and a slow registry may take. */
const installing = 240_000

const lineOf = (job: string, name: string): string =>
  workflow.jobs[job]?.steps.find((step) => step.name === name)?.run ?? 'the workflow has no such step'

const ourClient = () => join(outside.folder, 'contract', 'client.mjs')

beforeAll(async () => {
  ;[system, outside] = await Promise.all([startSystem(), startOutside()])
  const examples = join(outside.folder, 'node_modules/@device-install-state/contract-tests/examples')
  workflow = load(await readFile(join(examples, 'github-actions.yml'), 'utf8')) as Workflow
  await mkdir(join(outside.folder, 'contract'))
  await copyFile(join(examples, 'client.mjs'), ourClient())
}, installing)
afterAll(async () => {
  await system.stop()
  await outside.remove()
})

const summary = async (job: string): Promise<string> => {
  const file = join(outside.folder, `summary-${job}.md`)
  await writeFile(file, '')
  await outside.sh(lineOf(job, 'Show it in the summary'), { GITHUB_STEP_SUMMARY: file })
  return readFile(file, 'utf8')
}

describe('a team that has copied the example', () => {
  it('sees in its pull request that its client keeps the contract', async () => {
    const { code, stderr } = await outside.sh(lineOf('client', 'Hold our client against the contract'))

    expect([code, stderr]).toEqual([0, ''])
    expect(await summary('client')).toContain('Contract kept')
  })

  it('breaks its client on purpose, and reads in its pull request which property at which pointer broke the contract', async () => {
    const whole = await readFile(ourClient(), 'utf8')
    await writeFile(
      ourClient(),
      whole.replace(
        'JSON.stringify(state)',
        'JSON.stringify({ ...state, lastSyncDateTime: new Date(state.lastSyncDateTime) })',
      ),
    )

    const { code } = await outside.sh(lineOf('client', 'Hold our client against the contract'))
    await writeFile(ourClient(), whole)

    expect(code).toBe(1)
    const text = await summary('client')
    expect(text).toContain('Contract broken')
    expect(text).toContain('| `/request/body/lastSyncDateTime` |')
    expect(text).toContain('2017-01-01T00&#58;02&#58;49.3205976-08&#58;00')
    expect(await readFile(join(outside.folder, 'client.xml'), 'utf8')).toContain('/request/body/lastSyncDateTime')
  })

  it('points it at a gateway, where nothing is created', async () => {
    const before = system.graph.journal().length

    const { code, stderr } = await outside.sh(lineOf('gateway', 'Hold the gateway against the contract'), {
      GATEWAY: system.url,
      TOKEN_COMMAND: `printf %s ${system.token}`,
    })

    expect(stderr).toContain('nothing will be created')
    expect(code).toBe(0)
    expect(await summary('gateway')).toContain('Contract kept')
    expect(system.graph.journal().length).toBe(before)
  })

  it('is told in its pull request when the gateway cannot be reached', async () => {
    const { code } = await outside.sh(lineOf('gateway', 'Hold the gateway against the contract'), {
      GATEWAY: 'http://127.0.0.1:1',
      TOKEN_COMMAND: 'echo x',
    })

    expect(code).toBe(2)
    expect(await summary('gateway')).toContain('could not run')
  })

  it('compares what Microsoft publishes, from the package alone', async () => {
    const { code, stdout } = await outside.sh('npx contract-tests drift')

    expect(stdout).toContain('Contract kept')
    expect(code).toBe(0)
  })

  it.each([
    ['client with no module', 'npx contract-tests client', 'One module is wanted'],
    ['client with a module that is not there', 'npx contract-tests client nowhere.mjs', 'cannot be loaded'],
    ['client with a module without client', 'npx contract-tests client package.json', 'cannot be loaded'],
  ])('is told what is wrong, and exit code 2: %s', async (_, line, why) => {
    const { code, stderr } = await outside.sh(line)

    expect(stderr).toContain(why)
    expect(code).toBe(2)
  })

  it('uses it in a test of its own, with Node’s test runner', async () => {
    await writeFile(
      join(outside.folder, 'client.test.mjs'),
      [
        "import { test } from 'node:test'",
        "import { expectClientToHonourContract } from '@device-install-state/contract-tests/client'",
        "import { client } from './contract/client.mjs'",
        '',
        "test('our client keeps the contract', () => expectClientToHonourContract(client))",
      ].join('\n'),
    )

    const { code, stdout } = await outside.sh('node --test client.test.mjs')

    expect(stdout).toContain('our client keeps the contract')
    expect(code).toBe(0)
  })

  it('is told which line of its client slipped past msw, though the client took it for an outage', async () => {
    await writeFile(
      join(outside.folder, 'slips.test.mjs'),
      [
        "import { request } from 'node:https'",
        "import { afterEach, test } from 'node:test'",
        "import { guardTraffic } from '@device-install-state/contract-tests/guard'",
        '',
        'const guard = guardTraffic()',
        'afterEach(() => guard.check())',
        '',
        "test('reports', (_, done) => { request('https://graph.example/v1.0/').on('error', () => done()).end() })",
      ].join('\n'),
    )

    const { code, stdout } = await outside.sh('node --test slips.test.mjs')

    expect(stdout).toContain('graph.example:443, a new connection, from ')
    expect(stdout).toMatch(/slips\.test\.mjs:8:\d+/)
    expect(code).toBe(1)
  })
})
