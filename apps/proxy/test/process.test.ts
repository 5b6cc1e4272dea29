import { type ChildProcess, spawn } from 'node:child_process'
import { openSync, rmSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

// The built program, as it runs in production: what it does with its stdout shows in a process of its own alone.
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

let directory = ''
let child: ChildProcess | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'process-'))
})
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

const start = async (stdout: 'pipe' | number) => {
  const [port, adminPort] = [await freePort(), await freePort()]
  const started = spawn(process.execPath, [main], {
    stdio: ['ignore', stdout, 'ignore'],
    env: {
      HOST: '127.0.0.1',
      PORT: String(port),
      ADMIN_HOST: '127.0.0.1',
      ADMIN_PORT: String(adminPort),
      CALLER_ISSUER: 'https://issuer.invalid/v2.0',
      CALLER_AUDIENCE: 'a',
      AZURE_TENANT_ID: '00000000-0000-4000-8000-000000000001',
      AZURE_CLIENT_ID: '00000000-0000-4000-8000-000000000003',
      AZURE_CLIENT_SECRET: 's',
      AUDIT_DIRECTORY: directory,
      SHUTDOWN_DELAY_MS: '0',
    },
  })
  child = started
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    started.on('exit', (code, signal) => resolve({ code, signal })),
  )
  const isAlive = async (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${String(adminPort)}/livez`).then(
      ({ ok }) => ok,
      () => false,
    )
  // Without its issuer it is never ready.
  const isServing = async (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${String(adminPort)}/readyz`).then(
      async (response) => (await response.text()).includes('{"name":"auditLedger","well":true}'),
      () => false,
    )
  while (!(await isServing())) {
    if (started.exitCode !== null) throw new Error(`the proxy ended with ${String(started.exitCode)}`)
  }
  const ask = async (): Promise<number> => (await fetch(`http://127.0.0.1:${String(port)}/x`)).status
  return { ask, exited, isAlive, stop: () => started.kill('SIGTERM') }
}

describe('when the log cannot be written', () => {
  it('(a full disk) the proxy serves on, and stops in order', async () => {
    const { ask, exited, isAlive, stop } = await start(openSync('/dev/full', 'w'))
    for (let n = 0; n < 50; n++) expect(await ask()).toBe(404)

    expect(await isAlive()).toBe(true)
    stop()
    expect(await exited).toEqual({ code: 0, signal: null })
  })

  it('(a reader that has stopped reading) the proxy serves on, and ends when it is asked to', async () => {
    const { ask, exited, isAlive, stop } = await start('pipe')
    for (let n = 0; n < 40; n++) await Promise.all(Array.from({ length: 50 }, ask))

    expect(await isAlive()).toBe(true)
    stop()
    const { code, signal } = await exited
    // Where the last write never returns, the process has itself killed; the ledger is closed by then.
    expect([0, 'SIGKILL']).toContain(code ?? signal)
  })
})
