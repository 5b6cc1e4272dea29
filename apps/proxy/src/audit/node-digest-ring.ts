import { createSecretKey, hash, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import * as S from 'fp-ts/lib/string.js'
import { type Hmac, hmacSha256 } from './node-hmac.js'
import { type KeySource, type KeyText, keyTextFrom } from './node-key-source.js'
import type { KeyedDigest } from './records.js'

/** In the ledger's folder, unless the operator gives another. */
export const digestKeyFile = 'audit-digest.key'

const keyBytes = 32
const base64Key = /^[A-Za-z0-9+/]{43}=$/

/** Keys for digests: the newest makes them, all of them serve to find what was written before. */
export interface DigestRing {
  /** The name of the newest key. */
  readonly current: string
  /** First 8 hex digits of each key's SHA-256, newest first. */
  readonly names: ReadonlyArray<string>
  /** `hmac-sha256:{name}:{base64url}`, over the field's name, a NUL and the value, with the newest key. */
  readonly digest: KeyedDigest
  /** The digests that a value may have in the ledger: one a key, newest first. */
  readonly digestsOf: (field: string, value: string) => ReadonlyArray<string>
  /** 32 bytes for another use, which `info` names: HKDF-SHA-256 of the newest key, no salt. RFC 5869. */
  readonly derivedKey: (info: string) => Buffer
  /** The same of each key, newest first. */
  readonly derivedKeys: (info: string) => ReadonlyArray<Buffer>
}

interface DigestKey {
  readonly name: string
  readonly key: KeyObject
  readonly hmac: Hmac
}

type DigestKeys = RNEA.ReadonlyNonEmptyArray<DigestKey>

/** A line of the file: 32 random bytes in base64. */
export const newDigestKey = (): string => `${randomBytes(keyBytes).toString('base64')}\n`

const keyOfLine =
  (path: string) =>
  (index: number, line: string): E.Either<string, DigestKey> => {
    const bytes = Buffer.from(line, 'base64')
    // Base64 has spare bits at its end; with any but zeroes there, one key could be written in many ways.
    return base64Key.test(line) && bytes.toString('base64') === line
      ? E.right({
          name: hash('sha256', bytes, 'hex').slice(0, 8),
          key: createSecretKey(bytes),
          hmac: hmacSha256(bytes),
        })
      : E.left(
          `line ${String(index + 1)} of ${path} is not ${String(keyBytes)} bytes in base64: ` +
            'each line has one key, as `openssl rand -base64 32` prints it',
        )
  }

const linesOf = (text: string): RNEA.ReadonlyNonEmptyArray<string> => S.split(/\r?\n/)(text.trimEnd())

const withoutEqualNames = (path: string, keys: DigestKeys): E.Either<string, DigestKeys> => {
  const names = keys.map(({ name }) => name)
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index)
  return twice === -1
    ? E.right(keys)
    : E.left(`line ${String(twice + 1)} of ${path} has the same key as one before it: remove it`)
}

const digestWith =
  ({ hmac, name }: DigestKey): KeyedDigest =>
  (field, value) =>
    `hmac-sha256:${name}:${hmac(`${field}\0${value}`)}`

const derivedFrom =
  (info: string) =>
  ({ key }: DigestKey): Buffer =>
    Buffer.from(hkdfSync('sha256', key, '', info, keyBytes))

const ringOf = (keys: DigestKeys): DigestRing => {
  const newest = RNEA.head(keys)
  const digests = keys.map(digestWith)
  return {
    current: newest.name,
    names: keys.map(({ name }) => name),
    digest: digestWith(newest),
    digestsOf: (field, value) => digests.map((digest) => digest(field, value)),
    derivedKey: (info) => derivedFrom(info)(newest),
    derivedKeys: (info) => keys.map(derivedFrom(info)),
  }
}

/** Reads a ring: one key a line, newest first. No two may be the same. */
export const parseDigestRing = ({ path, text }: KeyText): E.Either<string, DigestRing> =>
  pipe(
    linesOf(text),
    RNEA.traverseWithIndex(E.Applicative)(keyOfLine(path)),
    E.chain((keys) => withoutEqualNames(path, keys)),
    E.map(ringOf),
  )

/**
 * HMAC-SHA-256 under keys that are for their owner alone. Whoever holds them can find a known value again; nobody else can
 * guess it. Left is a sentence that names the file and what to do, and tells nothing of the keys.
 */
export const digestRing = (source: KeySource): E.Either<string, DigestRing> =>
  pipe(keyTextFrom(source, digestKeyFile, newDigestKey), E.chain(parseDigestRing))
