import { createHash, createHmac } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DigestRing, digestKeyFile, digestRing, parseDigestRing } from './node-digest-ring.js'
import type { KeySource } from './node-key-source.js'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'digests-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const own = (mayBeMade = false): KeySource => ({ kind: 'ownFile', folder, mayBeMade })
const write = (text: string, mode = 0o600): void => {
  writeFileSync(join(folder, digestKeyFile), text)
  chmodSync(join(folder, digestKeyFile), mode)
}

const key = (seed: string): Buffer => createHash('sha256').update(seed).digest()
const line = (seed: string): string => key(seed).toString('base64')
const nameOf = (seed: string): string => createHash('sha256').update(key(seed)).digest('hex').slice(0, 8)
const expected = (seed: string, field: string, value: string): string =>
  `hmac-sha256:${nameOf(seed)}:${createHmac('sha256', key(seed)).update(`${field}\0${value}`).digest('base64url')}`

const ringOf = (text: string): DigestRing => {
  const ring = parseDigestRing({ path: 'p', text })
  if (ring._tag === 'Left') throw new Error(ring.left)
  return ring.right
}

describe('a ring of keys for digests', () => {
  it('makes digests with its first key, as the single key of before did', () => {
    write(`${line('a')}\n`)
    const ring = digestRing(own())
    expect(ring._tag === 'Right' && ring.right.digest('userName', 'ada')).toBe(expected('a', 'userName', 'ada'))
    expect(ring).toMatchObject({ right: { current: nameOf('a'), names: [nameOf('a')] } })
  })

  it('finds a value under each of its keys, newest first', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (field, value) => {
        const ring = ringOf(`${line('new')}\n${line('old')}\n${line('oldest')}\n`)
        expect(ring.digestsOf(field, value)).toEqual(
          ['new', 'old', 'oldest'].map((seed) => expected(seed, field, value)),
        )
        expect(ring.digest(field, value)).toBe(ring.digestsOf(field, value)[0])
      }),
    )
  })

  it('binds a digest to the field’s name', () => {
    const { digest } = ringOf(line('a'))
    expect(digest('userName', 'x')).not.toBe(digest('deviceName', 'x'))
  })

  it.each([
    ['no newline at its end', line('a')],
    ['lines as Windows ends them', `${line('a')}\r\n${line('b')}\r\n`],
    ['empty lines at its end', `${line('a')}\n\n\n`],
  ])('may have %s', (_, text) => {
    expect(ringOf(text).current).toBe(nameOf('a'))
  })

  it('gives other keys for other uses: a different one for each use and for each key of the ring', () => {
    const ring = ringOf(`${line('new')}\n${line('old')}`)
    const keys = [...ring.derivedKeys('x'), ...ring.derivedKeys('y')].map((derived) => derived.toString('hex'))
    expect(new Set(keys).size).toBe(4)
    expect(keys.every((derived) => derived.length === 64)).toBe(true)
    expect(ring.derivedKey('x')).toEqual(ring.derivedKeys('x')[0])
    expect(ringOf(line('new')).derivedKey('x')).toEqual(ring.derivedKey('x'))
  })

  it('derives them by RFC 5869: without salt, one block', () => {
    const extracted = createHmac('sha256', Buffer.alloc(32)).update(key('a')).digest()
    const expanded = createHmac('sha256', extracted).update('use').update(Buffer.of(1)).digest()
    expect(ringOf(line('a')).derivedKey('use')).toEqual(expanded)
  })

  it.each([
    ['a key that is too short', Buffer.alloc(31, 7).toString('base64'), 'line 1'],
    ['a key that is too long', Buffer.alloc(33, 7).toString('base64'), 'line 1'],
    ['an older key that is too short', `${line('a')}\n${Buffer.alloc(16).toString('base64')}\n`, 'line 2'],
    ['a key that is not base64', `${line('a').slice(0, -2)}!=`, 'line 1'],
    ['a key in base64url', `${Buffer.alloc(32, 0xff).toString('base64url')}=`, 'line 1'],
    ['a key with other spare bits than zeroes', `${'A'.repeat(42)}B=`, 'line 1'],
    ['a key without padding', line('a').slice(0, -1), 'line 1'],
    ['two keys in one line', `${line('a')} ${line('b')}`, 'line 1'],
    ['an empty line between keys', `${line('a')}\n\n${line('b')}`, 'line 2'],
    ['a byte order mark', `\u00ef\u00bb\u00bf${line('a')}`, 'line 1'],
    ['the same key twice', `${line('a')}\n${line('b')}\n${line('a')}\n`, 'line 3'],
    ['white space alone', '\n \n', 'line 1'],
  ])('is refused with %s, and nothing of it is told', (_, text, where) => {
    write(text)
    const refused = digestRing(own())
    expect(refused).toEqual({ _tag: 'Left', left: expect.stringContaining(`${where} of ${folder}/audit-digest.key`) })
    const told = JSON.stringify(refused)
    for (const part of text.split(/\s+/).filter((some) => some.length > 8)) expect(told).not.toContain(part.slice(0, 8))
  })
})

describe('the file of keys for digests', () => {
  it('is made once, where it may be', () => {
    const first = digestRing(own(true))
    const second = digestRing(own(true))
    expect(first).toMatchObject({ _tag: 'Right', right: { current: expect.stringMatching(/^[0-9a-f]{8}$/) } })
    expect(second).toMatchObject({ right: { names: first._tag === 'Right' ? first.right.names : [] } })
    expect(statSync(join(folder, digestKeyFile)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, digestKeyFile), 'utf8')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
  })

  it('is not made in the place of one that was lost', () => {
    expect(digestRing(own())).toEqual({ _tag: 'Left', left: expect.stringMatching(/is not there: put it back/) })
    expect(existsSync(join(folder, digestKeyFile))).toBe(false)
  })

  it('is never made where the operator said it would be', () => {
    const path = join(folder, 'given.key')
    expect(digestRing({ kind: 'given', path })).toEqual({ _tag: 'Left', left: expect.stringContaining(path) })
    expect(existsSync(path)).toBe(false)
  })

  it('is refused when others can read it', () => {
    write(line('a'), 0o644)
    expect(digestRing(own())).toEqual({ _tag: 'Left', left: expect.stringContaining('set its mode to 0600') })
    expect(digestRing({ kind: 'given', path: join(folder, digestKeyFile) })).toEqual({
      _tag: 'Left',
      left: expect.stringContaining('can be used by everybody'),
    })
  })

  it('cannot be made where the folder is not there', () => {
    expect(digestRing({ kind: 'ownFile', folder: join(folder, 'none'), mayBeMade: true })).toEqual({
      _tag: 'Left',
      left: expect.stringContaining('cannot be made (ENOENT)'),
    })
  })
})
