import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestKeyFile, digestRing } from './node-digest-ring.js'
import type { KeySource } from './node-key-source.js'
import { rotateKey } from './node-rotate-key.js'
import { signingKeyFile, signingRing } from './node-signing-ring.js'

let folder = ''
let source: KeySource

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rotate-'))
  source = { kind: 'ownFile', folder, mayBeMade: true }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const kinds = [
  {
    kind: 'digest',
    file: digestKeyFile,
    namesIn: () => {
      const ring = digestRing(source)
      return ring._tag === 'Right' ? ring.right.names : [ring.left]
    },
  },
  {
    kind: 'signing',
    file: signingKeyFile,
    namesIn: () => {
      const ring = signingRing(source)
      return ring._tag === 'Right' ? ring.right.verifiers.map(({ keyId }) => keyId) : [ring.left]
    },
  },
] as const

describe.each(kinds)('a new $kind key', ({ file, kind, namesIn }) => {
  it('stands before the others, which stay as they were', () => {
    const [first] = namesIn()
    const before = readFileSync(join(folder, file), 'utf8')
    const rotated = rotateKey(join(folder, file), kind)
    const [newest] = namesIn()

    expect(rotated).toEqual({ _tag: 'Right', right: { before: first, after: newest } })
    expect(namesIn()).toEqual([newest, first])
    expect(newest).not.toBe(first)
    expect(readFileSync(join(folder, file), 'utf8').endsWith(before)).toBe(true)
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual([file])
  })

  it('can follow a new key', () => {
    namesIn()
    for (let times = 0; times < 3; times++) expect(rotateKey(join(folder, file), kind)._tag).toBe('Right')
    expect(new Set(namesIn()).size).toBe(4)
  })

  it('is not made for a file that is not there, or is no ring', () => {
    expect(rotateKey(join(folder, file), kind)).toEqual({ _tag: 'Left', left: expect.stringContaining('is not there') })
    writeFileSync(join(folder, file), 'nonsense')
    chmodSync(join(folder, file), 0o600)
    expect(rotateKey(join(folder, file), kind)).toEqual({ _tag: 'Left', left: expect.stringContaining(file) })
    expect(readFileSync(join(folder, file), 'utf8')).toBe('nonsense')
    expect(readdirSync(folder)).toEqual([file])
  })
})

describe('a file that ends without a newline', () => {
  it('gets its new key all the same', () => {
    digestRing(source)
    const path = join(folder, digestKeyFile)
    writeFileSync(path, readFileSync(path, 'utf8').trim())
    expect(rotateKey(path, 'digest')._tag).toBe('Right')
    expect(digestRing(source)).toMatchObject({ right: { names: expect.objectContaining({ length: 2 }) } })
  })
})
