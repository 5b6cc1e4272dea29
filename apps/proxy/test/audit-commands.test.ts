import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { aSigner, keysOf, ledgerFileIn, openIn, write, writeTwenty } from './a-signed-ledger.js'
import { refusal } from './an-audit-store.js'

// The built programs, as they run in production.
const program = (name: string): string => fileURLToPath(new URL(`../dist/${name}`, import.meta.url))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const children = new Set<ChildProcess>()
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})

const begin = (args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) => {
  const child = spawn(process.execPath, [program('cli/audit.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  })
  children.add(child)
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (text.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (text.stderr += String(chunk)))
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...text })))
  const printed = (what: string): Promise<void> =>
    new Promise((resolve) => {
      const look = () => (text.stdout.includes(what) ? resolve() : undefined)
      child.stdout.on('data', look)
      look()
    })
  return { child, ended, printed }
}

const audit = (...args: ReadonlyArray<string>): Promise<Ended> => begin(args).ended

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

const startProxy = async (directory: string, more: Readonly<Record<string, string>> = {}) => {
  const [port, adminPort] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, [program('main.js')], {
    stdio: 'ignore',
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
      AUDIT_CHECKPOINT_RECORDS: '3',
      SHUTDOWN_DELAY_MS: '0',
      ...more,
    },
  })
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  // Without its issuer it is never ready.
  const isServing = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${String(adminPort)}/readyz`).then(
      async (response) => (await response.text()).includes('{"name":"auditLedger","well":true}'),
      () => false,
    )
  while (!(await isServing())) {
    if (child.exitCode !== null) throw new Error(`the proxy ended with ${String(child.exitCode)}`)
  }
  return {
    ask: async (): Promise<string> => (await fetch(`http://127.0.0.1:${String(port)}/x`)).headers.get('Audit-Id') ?? '',
    stop: async (): Promise<void> => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

const inNewFolder = (): string => mkdtempSync(join(tmpdir(), 'audit-commands-'))

describe('beside a running proxy', () => {
  let directory = ''
  let proxy: Awaited<ReturnType<typeof startProxy>>
  let auditId = ''
  beforeAll(async () => {
    directory = inNewFolder()
    chmodSync(directory, 0o700)
    proxy = await startProxy(join(directory, 'ledger'))
    for (let count = 0; count < 10; count++) auditId = await proxy.ask()
  }, 30_000)
  afterAll(async () => {
    await proxy.stop()
    rmSync(directory, { recursive: true, force: true })
  })
  const onLedger = (...args: ReadonlyArray<string>) => audit(...args, '--directory', join(directory, 'ledger'))

  it('show tells the life of a call, for people and for programs', async () => {
    const people = await onLedger('show', auditId)
    const programs = await onLedger('show', auditId.toUpperCase(), '--json')

    expect(people).toMatchObject({ code: 0, stderr: '' })
    expect(people.stdout).toMatch(/^\d{4}-\S+Z {2}refusal {5}refused with 404 \S+.*, from 127\.0\.0\.1\n$/)
    expect(programs).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(programs.stdout)).toMatchObject({ stream: 1, record: { kind: 'refusal', auditId, status: 404 } })
  })

  it('show says when nothing is known of a call', async () => {
    expect(await onLedger('show', '00000000-0000-7000-8000-000000000000')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Nothing is known of 00000000-0000-7000-8000-000000000000.\n',
    })
  })

  it('tail gives the newest, and follows', async () => {
    const { code, stdout } = await onLedger('tail', '--json', '-n', '2')
    expect([code, stdout.trimEnd().split('\n')]).toEqual([0, [expect.any(String), expect.any(String)]])

    const following = begin(['tail', '--follow', '--lines', '1', '--directory', join(directory, 'ledger')])
    await following.printed('\n')
    const newest = await proxy.ask()
    await following.printed(newest)
    following.child.kill('SIGINT')
    expect(await following.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('verify finds it sound, and goes by checkpoints and a key that were saved', { timeout: 30_000 }, async () => {
    const [saved, key] = [join(directory, 'saved.txt'), join(directory, 'key.txt')]
    const own = await onLedger('verify')
    expect(own).toMatchObject({ code: 0, stderr: '' })
    expect(own.stdout).toContain('\nSOUND: ')
    writeFileSync(saved, (await onLedger('checkpoint')).stdout)
    writeFileSync(key, (await onLedger('checkpoint', '--public-key')).stdout)
    for (let count = 0; count < 5; count++) await proxy.ask()

    const whole = await onLedger('verify', '--checkpoint', saved, '--public-key', key, '--index', '--json')
    expect(whole).toMatchObject({ code: 0, stderr: '' })
    const report = JSON.parse(whole.stdout)
    expect(report).toMatchObject({ verdict: 'sound', keysFrom: 'given', signaturesChecked: true, indexChecked: true })
    const [size = 0] = report.streams[0].savedCompared
    expect(readFileSync(saved, 'utf8').split('\n')[1]).toBe(String(size))
    expect(report.streams[0].provedUpTo).toBeGreaterThan(size)

    const since = await onLedger('verify', '--since', saved, '--public-key', readFileSync(key, 'utf8').trim(), '--json')
    expect(JSON.parse(since.stdout)).toMatchObject({ verdict: 'sound', streams: [{ first: size }] })
  })

  it('verify takes the file of AUDIT_CHECKPOINT_FILE, and checkpoint --json', async () => {
    const saved = join(directory, 'saved.jsonl')
    const { stdout } = await onLedger('checkpoint', '--json')
    writeFileSync(
      saved,
      `${stdout}{"msg":"request"}\n${JSON.stringify({ at: 'x', checkpoint: JSON.parse(stdout).checkpoint })}\n`,
    )

    expect(await onLedger('verify', '--checkpoint', saved)).toMatchObject({ code: 0 })
  })

  it('output that nobody reads any more ends it quietly', async () => {
    const { child, ended } = begin(['tail', '-n', '10000', '--json', '--directory', join(directory, 'ledger')])
    child.stdout?.destroy()

    expect(await ended).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('a ledger that was changed', () => {
  let directory = ''
  const signer = aSigner()
  beforeEach(() => {
    directory = inNewFolder()
    const ledger = openIn(directory, keysOf(signer))
    const [earlier = '', last = ''] = writeTwenty(ledger)
    ledger.close()
    writeFileSync(join(directory, 'saved.txt'), `${earlier}\n${last}`)
  })
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  const sql = (statements: string): void => {
    const database = new DatabaseSync(ledgerFileIn(directory))
    database.exec(`DROP TRIGGER no_update; DROP TRIGGER no_delete; ${statements}`)
    database.close()
  }
  const verify = (...args: ReadonlyArray<string>) =>
    audit('verify', '--directory', directory, '--public-key', signer.verifierKey, ...args)

  it('is told with the first bad record, and exit code 3', async () => {
    sql(`UPDATE record SET entry = replace(entry, '"notSent"', '"refused"'), outcome = 'refused' WHERE sequence = 10`)
    const people = await verify()
    const programs = await verify('--json')

    expect(people.code).toBe(3)
    expect(people.stdout).toContain('FIRST BAD RECORD: 10 (changed)')
    expect(people.stdout).toContain('\nNOT SOUND.')
    expect(programs.code).toBe(3)
    expect(JSON.parse(programs.stdout)).toMatchObject({
      verdict: 'unsound',
      firstProblem: { stream: 1, sequence: 10, kind: 'changed' },
    })
  })

  it('is told when its tail was cut, given a saved checkpoint', async () => {
    sql('DELETE FROM record WHERE sequence > 12')

    expect(await verify()).toMatchObject({ code: 0 })
    const found = await verify('--checkpoint', join(directory, 'saved.txt'))
    expect(found.code).toBe(3)
    expect(found.stdout).toContain('FIRST BAD RECORD: 13 (tailCut)')
  })

  it('has its bad records left out by show, with a notice', async () => {
    sql(`UPDATE record SET hash = 'x' || substr(hash, 2) WHERE sequence = 3`)
    const database = new DatabaseSync(ledgerFileIn(directory))
    const auditId = String(database.prepare('SELECT audit_id FROM record WHERE sequence = 3').get()?.['audit_id'])
    database.close()
    const { code, stderr, stdout } = await audit('show', auditId, '--directory', directory)

    expect(code).toBe(3)
    expect(stderr).toContain('Record 3 of stream 1 is not what was written')
    expect(stdout).toMatch(/^\S+ {2}outcome {5}applied, .*\n$/)
  })

  it('gives its verdict as exit code also when nobody reads it', async () => {
    sql('DELETE FROM record WHERE sequence = 12')
    const { child, ended } = begin(['verify', '--directory', directory])
    child.stdout?.destroy()

    expect(await ended).toMatchObject({ code: 3, stderr: '' })
  })

  it('shows no control characters of what stands in it', async () => {
    const ledger = openIn(directory, keysOf(signer))
    const bad = { ...refusal(), reason: 'a\u001b[2Jb\u202ec\r' }
    write(ledger, [bad])
    ledger.close()
    const { stdout } = await audit('show', bad.auditId, '--directory', directory)

    expect(stdout).toContain(String.raw`a\u001b[2Jb\u202ec\u000d`)
  })

  it('shows none of what stands where a hash should', async () => {
    sql(
      "UPDATE record SET hash = char(27) || '[2J' || char(27) || '[HSOUND' || substr(hash, 1, 32) WHERE sequence = 20",
    )
    const { code, stdout } = await verify()

    expect(code).toBe(3)
    expect(stdout).toContain(String.raw`the hash of the last is \u001b[2J\u001b[HSOUND`)
    expect(stdout).not.toContain('\u001b')
  })

  it('is searched all the same when a record in it is not what its kind says', async () => {
    sql(`UPDATE record SET entry = replace(entry, '"fields":', '"others":') WHERE kind = 'intent'`)

    expect(await audit('find', '--peer', '127.0.0.1', '--refusals', '--directory', directory)).toMatchObject({
      code: 0,
    })
  })
})

describe('a long verification', () => {
  it('ends in order on Ctrl-C, with what was found so far', { timeout: 60_000 }, async () => {
    const directory = inNewFolder()
    const ledger = openIn(directory, keysOf(aSigner()))
    for (let batch = 0; batch < 40; batch++)
      write(
        ledger,
        Array.from({ length: 5_000 }, () => refusal()),
      )
    ledger.close()
    const { child, ended } = begin(['verify', '--json', '--index', '--directory', directory])
    // SQLite makes this file when the ledger is opened, and removes it when it is closed.
    while (!existsSync(`${ledgerFileIn(directory)}-shm`)) await new Promise(setImmediate)
    child.kill('SIGINT')
    const { code, stdout } = await ended
    rmSync(directory, { recursive: true, force: true })

    expect(code).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'incomplete', isWhole: false })
  })
})

describe('the keys of a ledger', () => {
  it('are rotated, the change is put on record, and both are believed', { timeout: 60_000 }, async () => {
    const parent = inNewFolder()
    const directory = join(parent, 'ledger')
    const first = await startProxy(directory)
    await first.ask()
    await first.stop()
    const key = (await audit('checkpoint', '--public-key', '--directory', directory)).stdout.trim()

    const digest = await audit('rotate-key', 'digest', '--directory', directory, '--json')
    const signing = await audit('rotate-key', 'signing', '--directory', directory)
    expect(JSON.parse(digest.stdout)).toMatchObject({ kind: 'digest', before: expect.stringMatching(/^[0-9a-f]{8}$/) })
    expect(signing).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining(`before, it was ${key.split('+')[1] ?? ''}`),
    })

    const second = await startProxy(directory)
    await second.ask()
    await second.stop()
    const verified = await audit('verify', '--directory', directory, '--public-key', key, '--json')
    expect(verified.code).toBe(0)
    expect(Object.keys(JSON.parse(verified.stdout).streams[0].checkpoints.provedBy)).toHaveLength(2)
    rmSync(parent, { recursive: true, force: true })
  })

  it('that are given are not changed', async () => {
    const { code, stderr } = await begin(['rotate-key', 'digest', '--directory', '/nowhere'], {
      AUDIT_DIGEST_KEY_FILE: '/run/secrets/digest',
    }).ended

    expect([code, stderr]).toEqual([64, expect.stringContaining('/run/secrets/digest')])
  })
})

describe('wrong usage', () => {
  it.each([
    [[], 'usage: device-install-state-audit COMMAND'],
    [['verfy'], 'Did you mean "verify"?'],
    [['--directory', 'x', 'show'], 'The command comes before its options.'],
    [['show'], 'Give one Audit-Id'],
    [['show', 'x', '--nonsense'], '--nonsense'],
    [['show', 'x'], 'Which ledger?'],
    [['show', 'x', '--directory', 'a', '--database', 'b'], 'not both'],
    [['verify', '--checkpoint', 'a', '--since', 'b'], 'not both'],
    [['verify', '--directory', '/nowhere', '--public-key', 'x'], 'neither a verifier key'],
    [['tail', '--lines', 'many'], '--lines is a number'],
    [['rotate-key', 'all'], 'Which key?'],
  ])('%j is told, with exit code 64', async (args, words) => {
    const { code, stderr, stdout } = await audit(...args)

    expect([code, stdout, stderr]).toEqual([64, '', expect.stringContaining(words)])
  })

  it.each([
    [['show', 'x', '--directory', '/nowhere'], 'The ledger cannot be read. /nowhere/audit.sqlite'],
    [
      ['verify', '--directory', '/nowhere', '--checkpoint', '/nowhere/x'],
      'The saved checkpoint /nowhere/x cannot be read',
    ],
    [['checkpoint', '--public-key', '--directory', '/nowhere'], 'The signing key cannot be read'],
    [['rotate-key', 'signing', '--directory', '/nowhere'], 'The key was not changed'],
  ])('%j cannot be read, with exit code 2', async (args, words) => {
    const { code, stderr, stdout } = await audit(...args)

    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(words)])
  })

  it('does not come from asking for help', async () => {
    const list = await audit('--help')
    expect(list).toMatchObject({ code: 0, stderr: '' })
    for (const name of ['show', 'tail', 'verify', 'checkpoint', 'rotate-key']) {
      expect(list.stdout).toContain(`  ${name} `)
      const asked = [await audit(name, '--help'), await audit('help', name)]
      for (const { code, stderr, stdout } of asked) {
        expect([code, stderr]).toEqual([0, ''])
        expect(stdout).toMatch(new RegExp(`^usage: device-install-state-audit ${name}`))
        expect(stdout).toContain('Exit code: ')
        expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100)
      }
    }
  })
})
