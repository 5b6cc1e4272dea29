import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkpointFile } from './node-checkpoint-file.js'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'second-place-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const fileAt = (path: string, told: Array<string>) =>
  checkpointFile({
    path,
    now: () => new Date('2026-11-23T12:00:00Z'),
    alarm: (what) => told.push(what),
    info: (what) => told.push(what),
  })

describe('the second place for checkpoints', () => {
  it('has a line of JSON for each', async () => {
    const path = join(directory, 'checkpoints')
    const file = fileAt(path, [])
    file.add('one\n')
    await file.close()
    file.add('two\n')
    await file.close()

    expect(readFileSync(path, 'utf8')).toBe(
      '{"at":"2026-11-23T12:00:00.000Z","checkpoint":"one\\n"}\n{"at":"2026-11-23T12:00:00.000Z","checkpoint":"two\\n"}\n',
    )
  })

  // Waiting for somebody to read from it would also have kept the process from ending, for ever.
  it.skipIf(process.platform === 'win32')('is not waited for when it is a pipe that nobody reads', async () => {
    const path = join(directory, 'pipe')
    execFileSync('mkfifo', [path])
    const told: Array<string> = []
    const file = fileAt(path, told)
    file.add('one')
    await file.close()

    expect(told).toEqual(['checkpoints cannot be written to their file'])
  })
})
