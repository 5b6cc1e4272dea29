import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newDigestKey } from '../src/audit/node-digest-ring.js'
import { newSigningKey } from '../src/audit/node-signing-ring.js'

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

const begin = async (stdout: 'pipe' | number, change: Readonly<Record<string, string>> = {}) => {
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
      ...change,
    },
  })
  child = started
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    started.on('exit', (code, signal) => resolve({ code, signal })),
  )
  const probe = (path: string): Promise<string> =>
    fetch(`http://127.0.0.1:${String(adminPort)}${path}`).then(
      (response) => response.text(),
      () => '',
    )
  const untilProbed = async (path: string, text: string): Promise<void> => {
    while (!(await probe(path)).includes(text))
      if (started.exitCode !== null) throw new Error(`the proxy ended with ${String(started.exitCode)}`)
  }
  const ask = async (): Promise<number> => (await fetch(`http://127.0.0.1:${String(port)}/x`)).status
  const isAlive = async (): Promise<boolean> => (await probe('/livez')).includes('alive')
  return { ask, exited, isAlive, untilProbed, stop: () => started.kill('SIGTERM') }
}

const start = async (stdout: 'pipe' | number) => {
  const begun = await begin(stdout)
  // Without its issuer it is never ready.
  await begun.untilProbed('/readyz', '{"name":"auditLedger","well":true}')
  return begun
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

describe('while the database of its ledger is not there', () => {
  it('a proxy is alive, and ends with 0 when it is asked to', async () => {
    for (const [name, key] of [
      ['digest', newDigestKey()],
      ['signing', newSigningKey()],
    ] as const)
      writeFileSync(join(directory, name), key, { mode: 0o600 })
    const { exited, isAlive, stop, untilProbed } = await begin('pipe', {
      AUDIT_DIRECTORY: '',
      AUDIT_DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/audit',
      AUDIT_DIGEST_KEY_FILE: join(directory, 'digest'),
      AUDIT_SIGNING_KEY_FILE: join(directory, 'signing'),
    })
    await untilProbed('/readyz', '{"name":"auditLedger","well":false}')

    expect(await isAlive()).toBe(true)
    stop()
    expect(await exited).toEqual({ code: 0, signal: null })
  })
})
