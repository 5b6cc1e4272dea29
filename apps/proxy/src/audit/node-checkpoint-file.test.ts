import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkpointFile } from './node-checkpoint-file.js'

let directory = ''
let told: Array<string> = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'checkpoint-file-'))
  told = []
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

const pathIn = (): string => join(directory, 'checkpoints.jsonl')
const aFile = () =>
  checkpointFile({
    path: pathIn(),
    now: () => new Date('2026-11-23T12:00:00Z'),
    alarm: (what) => told.push(`alarm: ${what}`),
    info: (what) => told.push(`info: ${what}`),
  })
const notesIn = () =>
  readFileSync(pathIn(), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly checkpoint: string })
    .map(({ checkpoint }) => checkpoint)

describe('the second place of checkpoints', () => {
  it('has a line for each, behind those of earlier processes, when it is closed', async () => {
    for (const note of ['one\n\n— a b\n', 'two\n\n— a b\n']) {
      const file = aFile()
      file.add(note)
      await file.close()
    }

    expect(notesIn()).toEqual(['one\n\n— a b\n', 'two\n\n— a b\n'])
    expect(readFileSync(pathIn(), 'utf8')).toMatch(/^\{"at":"2026-11-23T12:00:00\.000Z","checkpoint":/)
    expect(statSync(pathIn()).mode & 0o777).toBe(0o600)
    expect(told).toEqual([])
  })

  it('has the last one at least when they come faster than they are written', async () => {
    const file = aFile()
    for (let count = 0; count < 50; count++) file.add(String(count))
    await file.close()

    expect(notesIn().at(0)).toBe('0')
    expect(notesIn().at(-1)).toBe('49')
  })

  it('is told of once when it cannot be written, and again when it can', async () => {
    const file = aFile()
    mkdirSync(pathIn())
    for (const note of ['a', 'b']) {
      file.add(note)
      await file.close()
    }
    rmdirSync(pathIn())
    for (const note of ['c', 'd']) {
      file.add(note)
      await file.close()
    }

    expect(told).toEqual([
      'alarm: checkpoints cannot be written to their file',
      'info: checkpoints can be written to their file again',
    ])
    expect(notesIn()).toEqual(['c', 'd'])
  })

  // Waiting for somebody to read from it would also have kept the process from ending, for ever.
  it.skipIf(process.platform === 'win32')('is not waited for when it is a pipe that nobody reads', async () => {
    execFileSync('mkfifo', [pathIn()])
    const file = aFile()
    file.add('one')
    await file.close()

    expect(told).toEqual(['alarm: checkpoints cannot be written to their file'])
  })
})
