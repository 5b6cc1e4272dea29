import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aCreate } from './a-create.js'
import { type Ended, programFile, startGraphDouble } from './support/run-command.js'

const start = async (...args: ReadonlyArray<string>) => {
  const { ended, interrupt, untilPrinted } = startGraphDouble(...args)
  return {
    url: /http:\/\/\S+/.exec(await untilPrinted('listens at'))?.[0] ?? '',
    /** What it printed, and its exit code, once it has ended as it was asked to. */
    end: (): Promise<Ended> => {
      interrupt()
      return ended
    },
  }
}

const ended = (...args: ReadonlyArray<string>): Promise<Ended> => startGraphDouble(...args).ended

const create = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(aCreate({ origin: url, headers }))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graph-double-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('graph-double', () => {
  it('listens, verifies, keeps, journals without tokens, and ends when it is asked to', async () => {
    const journal = join(folder, 'journal.jsonl')
    const { end, url } = await start('--token', 'a-token', '--journal', journal)

    const statuses = [
      (await create(url)).status,
      (await create(url, { Authorization: 'Bearer another-token' })).status,
      (await fetch(aCreate({ origin: url, body: '{}' }))).status,
    ]
    const { code, stdout: printed } = await end()

    expect(statuses).toEqual([201, 401, 400])
    expect(code).toBe(0)
    expect(printed).toContain('POST /beta/deviceAppManagement/managedEBooks/B1/deviceStates → 201\n')
    expect(printed).toContain('3 requests came, 1 states were created')
    const lines = (await readFile(journal, 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { request: { method: 'POST', headers: { authorization: 'Bearer [redacted]' } }, answer: { status: 201 } },
      { answer: { status: 401 } },
      { answer: { status: 400 } },
    ])
    expect(lines.join('')).not.toContain('a-token')
  })

  it('plays scenarios, one after the other, as often as it is told', async () => {
    const { end, url } = await start('--quiet', '--scenario', 'tooManyRequests:2', '--scenario', 'unknownEnumMember')

    const answers = [await create(url), await create(url), await create(url), await create(url)]
    const states = await Promise.all(
      answers.slice(2).map(async (answer) => Object(await answer.json())['installState']),
    )
    const { stdout: printed } = await end()

    expect(answers.map(({ status }) => status)).toEqual([429, 429, 201, 201])
    expect(states).toEqual(['pendingInstall', 'installed'])
    expect(printed).not.toContain('POST')
  })

  it('throttles as Intune does', async () => {
    const { end, url } = await start('--quiet', '--throttle')

    const answers = await Promise.all(Array.from({ length: 101 }, () => create(url)))
    await end()

    expect(answers.filter(({ status }) => status === 429)).toHaveLength(1)
  })

  it('lists its scenarios, and how it is used', async () => {
    expect((await ended('--scenarios')).stdout).toContain('extraProperties')
    expect((await ended('--help')).stdout).toContain('--journal FILE')
  })

  it('tells all that is wrong with its options at once, starts nothing, and ends with 2', async () => {
    const { code, stderr, stdout } = await ended('--port', '70000', '--scenario', 'unknown', '--scenario', 'slow:x')

    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('--port')
    expect(stderr).toContain('There is no scenario "unknown"')
    expect(stderr).toContain('There is no scenario "slow:x"')
    expect((await ended('--prt', '1')).stderr).toContain("Unknown option '--prt'")
  })

  it('says when its port is taken, or its journal has no place', async () => {
    const { end, url } = await start()
    const taken = await ended('--port', new URL(url).port)
    await end()

    expect(taken.stderr).toContain('the port is taken')
    expect(taken.code).toBe(2)
    expect((await ended('--journal', join(folder, 'no', 'such', 'file'))).code).toBe(2)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('is a program that ends in order on %s', async (signal) => {
    const child = spawn(process.execPath, [programFile('graph-double')], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    const [printed] = await once(child.stdout, 'data')
    child.kill(signal)
    const [rest, [code]] = await Promise.all([text(child.stdout), exited])

    expect(String(printed)).toContain('listens at')
    expect(rest).toContain('0 requests came')
    expect(code).toBe(0)
  })
})
