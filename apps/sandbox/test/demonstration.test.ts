import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { graphErrors } from '@device-install-state/contract-tests'
import { describe, expect, it } from 'vitest'
import { runSandbox } from '../src/run-sandbox.js'
import { startWorld } from '../src/start-world.js'
import { printedIn, startSandbox } from './running-sandbox.js'

describe('npm start -- --once', () => {
  it('shows every step, both routes on both versions, and ends with 0', async () => {
    const sandbox = startSandbox('--once')

    await sandbox.mustEndWith(0)
    for (const title of [
      'What runs',
      'A token of an application',
      'A token of a user, Ada',
      'below a book, on /beta, by the application',
      'below a book, on /v1.0, by the application',
      'below a user’s summary of a book, on /beta, by the application',
      'below a user’s summary of a book, on /v1.0, by the user Ada',
      'The same call once more, with the same Idempotency-Key',
      'Refused: a call without token',
      'Refused: a token for Graph',
      'Rejected: a body',
      'What Graph saw',
      'What an auditor can find and prove',
    ]) {
      expect(sandbox.output()).toMatch(new RegExp(`^\\d+\\. .*${title}`, 'm'))
    }
    expect(sandbox.output().match(/HTTP\/1\.1 201 Created/g)).toHaveLength(5)
    expect(sandbox.output()).toContain('Idempotent-Replayed: true')
    expect(sandbox.output()).toContain('SOUND: none of these records was changed')
    expect(sandbox.output()).toContain('- /devicename: Expected no property of this name. Did you mean deviceName?')
    expect(sandbox.output()).toMatch(/All was as documented: (\d+) of \1 checks hold\./)
    expect(sandbox.output()).not.toContain('✗')
  })

  it.each([
    ['app', 4, 'in the gateway’s own name'],
    ['on-behalf-of', 4, 'on behalf of Ada'],
  ])('shows --upstream-auth %s, and whose name Graph saw', async (mode, times, words) => {
    const sandbox = startSandbox('--once', '--upstream-auth', mode)

    await sandbox.mustEndWith(0)
    expect(sandbox.output()).toContain(`UPSTREAM_AUTH=${mode}`)
    expect(sandbox.output().split(`→ 201, ${words}`)).toHaveLength(times + 1)
    expect(sandbox.output().includes('callerNotAllowed')).toBe(mode === 'on-behalf-of')
    expect(sandbox.output()).toMatch(/All was as documented: (\d+) of \1 checks hold\./)
  })

  it('prints no token, and no colour where nobody sees it', async () => {
    const sandbox = startSandbox('--once')
    await sandbox.mustEndWith(0)

    expect(sandbox.output()).toContain('Authorization: Bearer eyJ')
    expect(sandbox.output()).not.toMatch(/eyJ[\w-]{20}/)
    expect(sandbox.output()).not.toContain('\u001B')
  })

  it('takes the folder of the run away', async () => {
    const sandbox = startSandbox('--once')

    await sandbox.mustEndWith(0)
    expect(existsSync(printedIn(sandbox.output(), /audit ledger +(\S+)\/audit\n/))).toBe(false)
  })

  it('leaves the folder with --keep, and shows the log of the proxy with --verbose', async () => {
    const sandbox = startSandbox('--once', '--keep', '--verbose')

    await sandbox.mustEndWith(0)
    const folder = printedIn(sandbox.output(), /Ledger and log are in (\S+)/)
    expect(existsSync(`${folder}/audit/audit.sqlite`)).toBe(true)
    expect(existsSync(`${folder}/proxy.log`)).toBe(true)
    expect(sandbox.output()).toMatch(/proxy │ \{.*"msg":"listening"\}/)
    await rm(folder, { recursive: true })
  })
})

describe('when something is not as documented', () => {
  it('says what was expected and what was found, goes on, and ends with 1', async ({ signal }) => {
    let output = ''
    const write = (text: string): void => void (output += text)
    const options = {
      once: true,
      keep: false,
      verbose: false,
      help: false,
      upstreamAuth: 'by-caller' as const,
      path: undefined,
      isColoured: false,
    }

    const code = await runSandbox({ ...options, write, signal }, async (worldOptions) => {
      const world = await startWorld(worldOptions)
      world.graph.answerNext(graphErrors.forbidden)
      return world
    })

    expect(code).toBe(1)
    expect(output).toContain('  ✗ status\n    expected: 201\n    found:    403\n')
    expect(output).toMatch(/^12\. What Graph saw/m)
    expect(output).toContain('NOT AS DOCUMENTED')
  })
})

describe('with an option that it does not know', () => {
  it('says how it is used, starts nothing and ends with 64', async () => {
    const sandbox = startSandbox('--onec')

    await sandbox.mustEndWith(64)
    expect(sandbox.output()).toContain('Not understood: --onec')
    expect(sandbox.output()).toContain('usage: npm start')
    expect(sandbox.output()).not.toContain('Starting')
  })

  it.each([['--upstream-auth', 'nobody'], ['--upstream-auth']])('or a value that it does not know', async (...args) => {
    const sandbox = startSandbox(...args)

    await sandbox.mustEndWith(64)
    expect(sandbox.output()).toContain('usage: npm start')
  })

  it('tells the same with --help, and ends with 0', async () => {
    const sandbox = startSandbox('--help')

    await sandbox.mustEndWith(0)
    expect(sandbox.output()).toMatch(/^usage: npm start/)
  })
})
