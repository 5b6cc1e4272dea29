import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noteSigner } from './node-note-key.js'
import { newSigningKey, parseSigningRing, signingKeyFile, signingRing } from './node-signing-ring.js'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signing-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (text: string, mode = 0o600): void => {
  writeFileSync(join(folder, signingKeyFile), text)
  chmodSync(join(folder, signingKeyFile), mode)
}

const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString()
const a = generateKeyPairSync('ed25519').privateKey
const b = generateKeyPairSync('ed25519').privateKey
const idOf = (key: KeyObject): string => noteSigner(key).keyId
const refused = (pattern: RegExp) => ({ _tag: 'Left', left: expect.stringMatching(pattern) })

describe('a ring of keys for signatures', () => {
  it('signs with its first key, and proves with all of them', () => {
    const ring = parseSigningRing({ path: 'p', text: `${pemOf(a)}\n${pemOf(b).replaceAll('\n', '\r\n')}` })
    if (ring._tag === 'Left') throw new Error(ring.left)
    const { current, signers, verifiers } = ring.right
    const text = Buffer.from('x')

    expect(current.keyId).toBe(idOf(a))
    expect(verifiers.map(({ keyId }) => keyId)).toEqual([idOf(a), idOf(b)])
    expect(verifiers.map(({ verify }) => verify(text, current.sign(text)))).toEqual([true, false])
    expect(verifiers.map(({ verify }, index) => verify(text, signers[index]?.sign(text) ?? text))).toEqual([true, true])
    expect(verifiers.some((verifier) => 'sign' in verifier)).toBe(false)
  })

  it.each([
    ['nothing', ' \n', /holds no PRIVATE KEY block/],
    ['something else than keys', `# the key\n${pemOf(a)}`, /something else than PRIVATE KEY blocks/],
    ['a block that is cut off', `${pemOf(a).slice(0, 60)}\n${pemOf(b)}`, /something else than PRIVATE KEY blocks/],
    ['a block that is damaged', pemOf(a).replace('\nMC', '\nMD'), /key 1 .* is no Ed25519 key/],
    ['the same key twice', `${pemOf(a)}${pemOf(b)}${pemOf(a)}`, /key 3 .* is the same as one before it/],
    [
      'an older key of another kind',
      `${pemOf(a)}${pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)}`,
      /key 2 .* is no Ed25519 key/,
    ],
    ['a key for agreements', pemOf(generateKeyPairSync('x25519').privateKey), /key 1 .* is no Ed25519 key/],
    [
      'a key behind a password',
      a.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
      /not encrypted/,
    ],
    [
      'a public key',
      generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }),
      /something else/,
    ],
  ])('is refused with %s, and nothing of it is told', (_, text, pattern) => {
    write(String(text))
    const result = signingRing({ kind: 'ownFile', folder, mayBeMade: false })
    expect(result).toEqual(refused(pattern))
    for (const line of String(text)
      .split('\n')
      .filter((some) => some.length > 20 && !some.includes('-----'))) {
      expect(JSON.stringify(result)).not.toContain(line.slice(0, 12))
    }
  })
})

describe('the file of keys for signatures', () => {
  it('is made once, where it may be', () => {
    const first = signingRing({ kind: 'ownFile', folder, mayBeMade: true })
    const second = signingRing({ kind: 'ownFile', folder, mayBeMade: true })
    expect(first._tag === 'Right' && second._tag === 'Right' && first.right.current.keyId).toBe(
      second._tag === 'Right' ? second.right.current.keyId : '',
    )
    expect(statSync(join(folder, signingKeyFile)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, signingKeyFile), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
  })

  it('is not made in the place of one that was lost', () => {
    expect(signingRing({ kind: 'ownFile', folder, mayBeMade: false })).toEqual(refused(/is not there: put it back/))
    expect(existsSync(join(folder, signingKeyFile))).toBe(false)
  })

  it('may be another that the operator gives, which its group may read', () => {
    write(newSigningKey(), 0o640)
    expect(signingRing({ kind: 'given', path: join(folder, signingKeyFile) })._tag).toBe('Right')
    expect(signingRing({ kind: 'ownFile', folder, mayBeMade: false })).toEqual(refused(/set its mode to 0600/))
  })
})
