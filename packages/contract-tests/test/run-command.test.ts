import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ReportInJson } from '../src/report/index.js'
import { contractTests, contractTestsProcess, startContractTests } from './support/run-command.js'
import { startSystem, type System } from './support/start-system.js'

let system: System
let folder: string
beforeAll(async () => {
  system = await startSystem()
  folder = await mkdtemp(join(tmpdir(), 'contract-tests-command-'))
})
afterAll(async () => {
  await system.stop()
  await rm(folder, { recursive: true })
})

const listening = async (server: Server): Promise<{ readonly url: string; readonly stop: () => void }> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${String(port)}`, stop: () => void server.close() }
}

const token = { CONTRACT_TESTS_TOKEN: 'a-token' }

describe('contract-tests run, with a gateway', () => {
  it('says what it will do, creates nothing, tells the verdict, and leaves the reports', async () => {
    const before = system.graph.journal().length
    const [junit, markdown, json] = ['junit.xml', 'report.md', 'report.json'].map((name) => join(folder, name))

    const { code, stderr, stdout } = await contractTests([
      'run',
      '--target',
      system.url,
      '--token-command',
      `echo ${system.token}`,
      '--rounds',
      '5',
      '--seed',
      '1',
      '--junit',
      junit ?? '',
      '--markdown',
      markdown ?? '',
      '--json',
      json ?? '',
    ])

    expect(stderr).toContain('nothing will be created; with --create')
    expect(stdout).toMatch(/Contract kept: \d+ kept, 0 broken, 0 skipped\.\n$/)
    expect(code).toBe(0)
    expect(system.graph.journal().length).toBe(before)
    expect(await readFile(junit ?? '', 'utf8')).toContain('failures="0"')
    expect(await readFile(markdown ?? '', 'utf8')).toContain('Contract kept')
    const report: unknown = JSON.parse(await readFile(json ?? '', 'utf8'))
    expect(ReportInJson.is(report)).toBe(true)
    expect(report).toMatchObject({ verdict: 'kept' })
    for (const text of [stdout, stderr, JSON.stringify(report)]) expect(text).not.toContain(system.token)
  })

  it('creates what it was asked to create, and says so', async () => {
    const before = system.graph.created().length

    const { code, stderr } = await contractTests([
      'run',
      '--target',
      system.url,
      '--token-command',
      `echo ${system.token}`,
      '--create',
      '--book',
      'B7',
      '--user-summary',
      'S7',
      '--graph-version',
      'beta',
    ])

    expect(code).toBe(0)
    const created = system.graph.created().slice(before)
    expect(stderr).toContain(`about ${String(created.length)} device install states will be CREATED`)
    expect(created.every(({ route }) => route.ids.managedEBookId === 'B7' && route.version === 'beta')).toBe(true)
  })
})

describe('contract-tests run, when nothing can be said', () => {
  it.each<[string, () => Promise<{ readonly url: string; readonly stop: () => void }>, RegExp]>([
    [
      'nobody listens',
      async () => {
        const gone = await listening(createTcpServer())
        gone.stop()
        return gone
      },
      /cannot be reached: nothing listens there \(ECONNREFUSED\)/,
    ],
    [
      'HTML is answered',
      () =>
        listening(
          createServer((_, response) => {
            response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><p>Sign in</p>')
          }),
        ),
      /answers with HTML.*login page/s,
    ],
    [
      'something else is answered',
      () =>
        listening(
          createServer((_, response) => {
            response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"error":"not found"}')
          }),
        ),
      /does not answer like the gateway/,
    ],
    [
      'what listens does not speak HTTP',
      () => listening(createTcpServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'))),
      /cannot be reached: /,
    ],
    [
      'the connection is closed',
      () => listening(createTcpServer((socket) => void socket.destroy())),
      /closed without an answer/,
    ],
    [
      'there is no answer in time',
      () => listening(createTcpServer((socket) => void socket.resume())),
      /did not answer within 1 seconds/,
    ],
  ])('ends with 2 and says why, when %s', async (_, serve, why) => {
    const { stop, url } = await serve()
    try {
      const { code, stderr, stdout } = await contractTests(['run', '--target', url, '--timeout', '1'], token)

      expect(stderr).toMatch(why)
      expect(stdout).toBe('')
      expect(code).toBe(2)
    } finally {
      stop()
    }
  })

  it.each([
    [
      'the token is not taken',
      ['--token-command', 'echo another-token'],
      /does not take the token \(401\).*tokenInvalid/s,
    ],
    ['there is no token', [], /There is no token.*--token-command/s],
    [
      'the token command fails, having printed what it got so far',
      ['--token-command', `echo "no account for ${'eyJhbGciOiJub25lIn0.'.repeat(3)}x" >&2; exit 3`],
      /It says: no account for \[redacted\]$/m,
    ],
    ['the token command fails', ['--token-command', 'echo no account >&2; exit 3'], /\(exit code 3\).*no account/s],
    [
      'the token command prints something else',
      ['--token-command', `echo '{"access_token":"x"}'`],
      /is no bearer token/,
    ],
    ['the token command prints nothing', ['--token-command', 'true'], /printed nothing/],
    ['the token command is empty', ['--token-command', ''], /--token-command is empty/],
    ['it is Graph that is meant', ['--side', 'graph', '--token-command', 'echo x'], /--side gateway/],
  ])('ends with 2 and says why, when %s', async (_, args, why) => {
    const { code, stderr } = await contractTests(['run', '--target', system.url, ...args])

    expect(stderr).toMatch(why)
    expect(code).toBe(2)
  })

  it('tells all that is wrong with the options at once, and sends nothing', async () => {
    const { code, stderr } = await contractTests(
      ['run', '--target', 'gateway', '--side', 'both', '--rounds', 'many', '--timeout', '0', '--create', 'x'],
      token,
    )

    expect(code).toBe(2)
    for (const word of ['--target', '--side', '--rounds', '--timeout', '--book', 'an option'])
      expect(stderr).toContain(word)
  })

  it.each([
    [['run', '--target', 'https://user:secret@example.com'], 'has a user in it'],
    [['run', '--target', 'https://example.com/v1.0'], 'without /v1.0 or /beta'],
    [['run', '--targt', 'https://example.com'], "Unknown option '--targt'"],
    [['run', '--target', 'https://example.com', '--graph-version', 'v2.0'], 'neither v1.0 nor beta'],
    [
      ['run', '--target', 'https://example.com', '--book', '../..', '--token-command', 'echo x'],
      'cannot stand in a path',
    ],
    [['walk'], 'There is no command "walk"'],
    [[], 'usage: contract-tests'],
  ])('ends with 2 for %j', async (args, why) => {
    const { code, stderr } = await contractTests(args, token)

    expect(stderr).toContain(why)
    expect(stderr).not.toContain('secret')
    expect(code).toBe(2)
  })

  it('says so in the reports, so that none of an earlier run is taken for its own', async () => {
    const file = join(folder, 'stale.md')
    await writeFile(file, 'Contract kept')

    await contractTests(['run', '--target', 'http://127.0.0.1:1', '--markdown', file], token)

    const text = await readFile(file, 'utf8')
    expect(text).toContain('could not run')
    expect(text).not.toContain('Contract kept')
  })

  it('says so in the reports from its beginning, for whatever might end the process', async () => {
    const file = join(folder, 'unfinished.xml')
    const seen: Array<string> = []
    const { stop, url } = await listening(
      createServer((_, response) => {
        readFile(file, 'utf8').then((text) => {
          seen.push(text)
          response.end()
        }, response.destroy)
      }),
    )
    try {
      await contractTests(['run', '--target', url, '--junit', file], token)
    } finally {
      stop()
    }

    expect(seen[0]).toContain('ended before its time')
  })

  it('says what is wrong with an answer that is compressed, though that was not asked for', async () => {
    const { stop, url } = await listening(
      createServer((request, response) => {
        response.writeHead(201, { 'content-encoding': 'gzip', asked: request.headers['accept-encoding'] }).end('\u001F')
      }),
    )
    try {
      const { code, stderr } = await contractTests(['run', '--target', url], token)

      expect(stderr).toContain('content-encoding, and "identity" was asked for')
      expect(code).toBe(2)
    } finally {
      stop()
    }
  })

  it('does nothing if the reports have no place', async () => {
    const { code, stderr } = await contractTests(
      ['run', '--target', system.url, '--json', folder, '--junit', join(folder, 'no', 'such', 'folder.xml')],
      token,
    )

    expect(code).toBe(2)
    expect(stderr).toContain('is a folder')
    expect(stderr).toContain('folder.xml cannot be written')
  })
})

describe('contract-tests', () => {
  it.each([
    [['--help'], 'hold a running gateway'],
    [['run', '--help'], '--token-command'],
    [['help', 'run'], 'Exit code: 0'],
  ])('tells how it is used: %j', async (args, word) => {
    const { code, stdout } = await contractTests(args)

    expect(stdout).toContain(word)
    expect(code).toBe(0)
  })

  it.each([
    ['seconds', () => '0'],
    ['a date', () => new Date().toUTCString()],
  ])('ends with 2 where a target is too busy, and waits as it is told in %s', async (_, retryAfter) => {
    let asked = 0
    const { stop, url } = await listening(
      createServer((_request, response) => {
        asked += 1
        const innerError = { source: 'gateway', auditId: 'a', code: 'x', outcome: 'notSent', retry: 'after' }
        const error = { code: 'callerRateLimited', message: 'x', innerError }
        const status = asked === 1 ? 401 : 429
        const headers = { 'content-type': 'application/json', 'retry-after': retryAfter() }
        response.writeHead(status, headers).end(JSON.stringify({ error }))
      }),
    )
    try {
      const { code, stderr } = await contractTests(['run', '--target', url], token)

      expect(stderr).toContain('429 5 times in a row')
      expect(code).toBe(2)
    } finally {
      stop()
    }
  })

  it('ends with 2 where the time that a call may take is no time', async () => {
    const { code, stderr } = await contractTests(['run', '--target', system.url, '--timeout', '9999999999'], token)

    expect([code, stderr]).toEqual([2, expect.stringContaining('--timeout is no whole number, 1 to 3600.')])
  })

  it('does not print the token though the target quotes it', async () => {
    const secret = 'eyJhbGciOiJub25lIn0.eyJzZWNyZXQiOiJzZWNyZXQifQ.c2VjcmV0c2VjcmV0'
    const { stop, url } = await listening(
      createServer((_request, response) => {
        const error = {
          code: 'tokenInvalid',
          message: `not ${secret}`,
          innerError: { source: 'gateway', auditId: 'a' },
        }
        response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
      }),
    )
    try {
      const { code, stderr, stdout } = await contractTests(['run', '--target', url], { CONTRACT_TESTS_TOKEN: secret })

      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain('It says "tokenInvalid": not …')
      expect(secret.split('.').filter((part) => stderr.includes(part))).toEqual([])
    } finally {
      stop()
    }
  })

  it.each([
    ['ends the process', 'process.exit(0)', 2, 'was ended by code'],
    ['fails outside of a call', "Promise.reject(new Error('mine'))", 2, 'failed outside of a call'],
    ['holds something open', 'setInterval(() => undefined, 1_000)', 1, ''],
  ])('gives its own verdict where a client %s', async (_, line, code, why) => {
    const file = join(folder, 'client.mjs')
    await writeFile(file, `export const client = { create: async () => { ${line} } }`)
    const ended = await contractTestsProcess(['client', file, '--quiet'])

    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(why)])
  })

  it('is a program, whose exit code is that of its verdict', async () => {
    const args = ['run', '--target', system.url, '--rounds', '1', '--graph-version', 'beta']
    const kept = await contractTestsProcess(args, { CONTRACT_TESTS_TOKEN: system.token })
    const couldNotRun = await contractTestsProcess(args, token)

    expect([kept.stdout, kept.stderr]).toEqual([
      expect.stringContaining('Contract kept'),
      expect.stringContaining('nothing will be created'),
    ])
    expect([kept.code, couldNotRun.code]).toEqual([0, 2])
  })

  it('is not disturbed by a gateway that keeps connections for half a second', async () => {
    const { port } = new URL(system.url)
    const { stop, url } = await listening(
      createTcpServer((outer) => {
        const inner = connect(Number(port), '127.0.0.1')
        for (const end of [outer, inner]) end.on('error', () => [outer, inner].forEach((each) => each.destroy()))
        outer.setTimeout(500, () => outer.destroy())
        outer.pipe(inner).pipe(outer)
      }),
    )
    try {
      const args = ['run', '--target', url, '--rounds', '1', '--graph-version', 'beta']
      const { code, stderr } = await contractTestsProcess(args, { CONTRACT_TESTS_TOKEN: system.token })

      expect([code, stderr]).toEqual([0, expect.not.stringContaining('cannot be reached')])
    } finally {
      stop()
    }
  })

  it('ends in order when it is interrupted, and says that not all was looked at', async () => {
    const { ended, interrupt, untilPrinted } = startContractTests(['run', '--target', system.url, '--verbose'], {
      CONTRACT_TESTS_TOKEN: system.token,
    })
    await untilPrinted('\n')
    interrupt()
    const { code, stdout } = await ended

    expect(stdout).toContain('It was interrupted: not all was looked at.')
    expect(code).toBe(2)
  })

  it('does not wait for a busy target once it is interrupted', async () => {
    let asked = 0
    let interrupt = (): void => undefined
    const { stop, url } = await listening(
      createServer((_request, response) => {
        asked += 1
        const innerError = { source: 'gateway', auditId: 'a', code: 'x', outcome: 'notSent', retry: 'after' }
        const headers = { 'content-type': 'application/json', 'retry-after': '59' }
        response.writeHead(asked === 1 ? 401 : 429, headers)
        response.end(JSON.stringify({ error: { code: 'callerRateLimited', message: 'x', innerError } }))
        if (asked > 1) interrupt()
      }),
    )
    try {
      const started = startContractTests(['run', '--target', url], token)
      ;({ interrupt } = started)
      const { code, stdout } = await started.ended

      expect(stdout).toContain('It was interrupted: not all was looked at.')
      expect(stdout).toContain('0 broken')
      expect(code).toBe(2)
    } finally {
      stop()
    }
  })

  it('shows on a terminal how far it is, in colours unless NO_COLOR is set', async () => {
    const args = ['run', '--target', system.url, '--rounds', '1', '--graph-version', 'beta']
    const environment = { CONTRACT_TESTS_TOKEN: system.token }
    const coloured = await startContractTests(args, environment, true).ended
    const plain = await startContractTests(args, { ...environment, NO_COLOR: '1' }, true).ended

    expect(coloured.stderr).toMatch(/\d+ looked at/)
    expect(coloured.stdout).toContain('\u001b[')
    expect(plain.stdout).not.toContain('\u001b[')
  })

  it('holds a client of another team against the contract, from a module of theirs', async () => {
    const example = fileURLToPath(new URL('../examples/client.mjs', import.meta.url))
    const args = ['client', example, '--runs', '2', '--seed', '1', '--graph-version', 'beta']
    const { code, stdout } = await contractTests(args)

    expect(stdout).toContain('Contract kept')
    expect(code).toBe(0)
  })

  it('asks nothing more of a client once it is interrupted', async () => {
    const file = join(folder, 'client-that-counts.mjs')
    const counting =
      'globalThis.callsOfTheClient = 0\nexport const client = { create: async () => ++globalThis.callsOfTheClient }\n'
    await writeFile(file, counting)
    const { ended, interrupt } = startContractTests(['client', file])
    interrupt()
    const { code, stdout } = await ended

    expect(stdout).toContain('It was interrupted: not all was looked at.')
    expect(code).toBe(2)
    expect(globalThis).toHaveProperty('callsOfTheClient', 0)
  })

  it.each([
    [['client'], 'One module is wanted'],
    [['client', 'nowhere.mjs'], 'nowhere.mjs cannot be loaded'],
    [['client', fileURLToPath(new URL('a-create.ts', import.meta.url))], 'exports no client'],
    [['client', 'x.mjs', '--runs', 'many'], '--runs is no whole number'],
    [['client', 'x.mjs', '--operation', 'delete'], 'none of the two: createManagedEBookDeviceState, createUser'],
    [['client', 'x.mjs', '--graph-version', 'v2.0'], 'neither v1.0 nor beta'],
  ])('ends with 2 for %j', async (args, why) => {
    const { code, stderr } = await contractTests(args)

    expect(stderr).toContain(why)
    expect(code).toBe(2)
  })
})
