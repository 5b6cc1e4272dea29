import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

// What msw sees is told in the README, and may change with each of its versions.

interface Told {
  readonly answer: string
  /** Requests and connections that got to a server beyond msw. */
  readonly reached: number
  readonly slips: ReadonlyArray<string>
}

type Matrix = ReadonlyArray<readonly [way: string, told: Told]>

const run = async (...args: ReadonlyArray<string>): Promise<Matrix> => {
  const program = fileURLToPath(new URL('support/interception-matrix.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args])
  return Object.entries(JSON.parse(stdout) as Record<string, Told>)
}

/** The rows of the README's table: the way, and who answers. */
const tableOfReadme = async (): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const [, section = ''] = readme.split('\n## What msw sees\n')
  const [table = ''] = section.split('\n## ')
  return [...table.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)]
    .map(([, way = '', who = '']) => [way.trim(), who.trim()])
    .filter(([, who]) => who === 'msw' || who === 'the network')
}

let alone: Matrix
let guarded: Matrix
beforeAll(async () => {
  ;[alone, guarded] = await Promise.all([run(), run('guarded')])
})

describe('what msw sees', () => {
  it('is what the README says, way by way', async () => {
    expect(alone.map(([way, { answer }]) => [way, answer === 'msw' ? 'msw' : 'the network'])).toEqual(
      await tableOfReadme(),
    )
  })

  it('is either answered by msw, or by the server beyond it', () => {
    expect(alone.filter(([, { answer, reached }]) => (answer === 'msw') !== (reached === 0))).toEqual([])
    expect(alone.filter(([, { answer }]) => answer !== 'msw' && !answer.endsWith('the outside'))).toEqual([])
  })
})

describe('the guard beside msw', () => {
  const slipped = () => new Set(alone.filter(([, { answer }]) => answer !== 'msw').map(([way]) => way))

  it('notices each way that slips past msw, once, and where it was going', () => {
    const noticed = guarded.filter(([way]) => slipped().has(way)).map(([way, { slips }]) => [way, slips])

    expect(noticed).toEqual(
      noticed.map(([way]) => [way, [expect.stringMatching(/^(?:connection|request) 127\.0\.0\.1:\d+$/)]]),
    )
    expect(noticed.length).toBeGreaterThan(10)
  })

  it('lets nothing of it reach the network', () => {
    expect(guarded.filter(([, { reached }]) => reached > 0)).toEqual([])
  })

  it('leaves alone what msw answers', () => {
    const left = guarded.filter(([way]) => !slipped().has(way))

    expect(left).toEqual(left.map(([way]) => [way, { answer: 'msw', reached: 0, slips: [] }]))
    expect(left.length).toBeGreaterThan(4)
  })
})
