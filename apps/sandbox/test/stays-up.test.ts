import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isRunning, printedIn, startSandbox } from './running-sandbox.js'

const lastWords = 'Press Ctrl-C to stop.'
const proxyOf = (output: string): string => printedIn(output, /^ +proxy +(http:\S+)/m)
const pidOf = (output: string): number => Number(printedIn(output, /^ +proxy .*\(process (\d+)\)/m))

const inShell = (script: string): string => {
  const { status, stderr, stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8', timeout: 120_000 })
  if (status !== 0) throw new Error(`the shell ended with ${String(status)}: ${stderr}`)
  return stdout
}

const hasCurl = spawnSync('sh', ['-c', 'command -v curl']).status === 0

const contractTests = fileURLToPath(
  new URL('cli/contract-tests.js', import.meta.resolve('@device-install-state/contract-tests')),
)

/** What stands between two empty lines and begins like this. */
const blocksIn = (output: string, beginning: string): ReadonlyArray<string> =>
  output.split('\n\n').filter((block) => block.startsWith(beginning))

describe('npm start', () => {
  it('stays up and serves calls, until SIGTERM, however often, ends it with 0 and with nothing left', async () => {
    const sandbox = startSandbox()
    await sandbox.untilPrinted(lastWords)
    const proxy = proxyOf(sandbox.output())
    const pid = pidOf(sandbox.output())
    const folder = printedIn(sandbox.output(), /audit ledger +(\S+)\/audit\n/)

    const response = await fetch(`${proxy}/beta/deviceAppManagement/managedEBooks/B1/deviceStates`, { method: 'POST' })
    expect(response.status).toBe(415)
    expect(isRunning(pid)).toBe(true)

    for (let times = 0; times < 3; times++) sandbox.child.kill('SIGTERM')

    await sandbox.mustEndWith(0)
    expect(isRunning(pid)).toBe(false)
    await expect(fetch(proxy)).rejects.toThrow('fetch failed')
    expect(existsSync(folder)).toBe(false)
  })

  it.skipIf(!hasCurl)('prints lines that work when they are pasted into a shell', async () => {
    const sandbox = startSandbox()
    await sandbox.untilPrinted(lastWords)
    const [asApplication = '', asUser = ''] = blocksIn(sandbox.output(), 'TOKEN=')
    const call = asApplication.slice(asApplication.indexOf('\ncurl'))

    for (const script of [asApplication, `${asUser}\n${call}`]) {
      const answer = inShell(script)
      expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/)
      expect(answer).toContain('"lastSyncDateTime":"2017-01-01T00:02:49.3205976-08:00"')
    }

    const [read = ''] = sandbox.output().match(/^\S+ \S+audit\.js show .*$/m) ?? []
    expect(inShell(read).trimEnd().split('\n')).toHaveLength(2)

    sandbox.child.kill('SIGINT')
    await sandbox.mustEndWith(0)
  })
})

describe('the contract tests', () => {
  it.skipIf(!hasCurl)('run against it as their how-to says, and create nothing unless they are told to', async () => {
    const sandbox = startSandbox()
    await sandbox.untilPrinted(lastWords)
    const [getToken = ''] = blocksIn(sandbox.output(), 'TOKEN=').map((block) => block.slice(0, block.indexOf('\ncurl')))
    const run = (options: string): string =>
      inShell(`${getToken}
        CONTRACT_TESTS_TOKEN=$TOKEN '${process.execPath}' '${contractTests}' run --target '${proxyOf(sandbox.output())}' ${options}`)

    expect(run('')).toMatch(/Nothing was created\.[^]*Contract kept/)
    expect(run('--create --book B1 --user-summary S1')).toContain('Contract kept')

    sandbox.child.kill('SIGINT')
    await sandbox.mustEndWith(0)
  })
})

describe('when the proxy dies by itself', () => {
  it('says so, with the last lines of its log, and ends with 1', async () => {
    const sandbox = startSandbox()
    await sandbox.untilPrinted(lastWords)

    process.kill(pidOf(sandbox.output()), 'SIGKILL')

    await sandbox.mustEndWith(1)
    expect(sandbox.output()).toContain('The proxy ended by itself.')
    expect(sandbox.output()).toMatch(/ended with SIGKILL\. The last lines of its log:\n\n(?:.*\n)*.*"msg":"request"/)
  })
})

describe('when it is interrupted half way', () => {
  it('stops all the same, and --once does not claim success', async () => {
    const sandbox = startSandbox('--once')
    await sandbox.untilPrinted('A token of an application')
    const pid = pidOf(sandbox.output())

    sandbox.child.kill('SIGINT')

    await sandbox.mustEndWith(1)
    expect(sandbox.output()).toContain('Interrupted.')
    expect(isRunning(pid)).toBe(false)
  })

  it('stops all the same while it is starting', async () => {
    const sandbox = startSandbox()
    await sandbox.untilPrinted('Starting')

    sandbox.child.kill('SIGTERM')

    await sandbox.mustEndWith(0)
    expect(sandbox.output()).not.toContain('What runs')
  })

  it('stops all the same when nobody reads what it prints', async () => {
    const sandbox = startSandbox()
    await sandbox.untilPrinted('A token of an application')
    const pid = pidOf(sandbox.output())

    sandbox.child.stdout?.destroy()

    await sandbox.mustEndWith(1)
    expect(isRunning(pid)).toBe(false)
  })
})
