import { createHash, createHmac, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { KeyedDigest } from './records.js'

const keyFile = 'audit-digest.key'
const keyBytes = 32

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'

const makeKey = (path: string): Buffer => {
  const key = randomBytes(keyBytes)
  writeFileSync(path, `${key.toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  chmodSync(path, 0o600)
  return key
}

const readKey = (path: string): Buffer => {
  try {
    const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64')
    if (key.byteLength !== keyBytes) throw new Error(`${path} does not hold ${String(keyBytes)} bytes in base64`)
    if ((statSync(path).mode & 0o077) !== 0) throw new Error(`${path} can be read by others; set its mode to 0600`)
    return key
  } catch (error) {
    if (isMissing(error)) return makeKey(path)
    throw error
  }
}

/**
 * HMAC-SHA-256 under a key that is made at the first start, in the audit directory, for its owner alone. The digest
 * names the key it was made with. Whoever holds the key can find a known value again; nobody else can guess it.
 */
export const keyedDigestIn = (directory: string): E.Either<string, KeyedDigest> => {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const key = readKey(join(directory, keyFile))
    const keyName = createHash('sha256').update(key).digest('hex').slice(0, 8)
    return E.right(
      (field, value) =>
        `hmac-sha256:${keyName}:${createHmac('sha256', key).update(`${field}\0${value}`).digest('base64url')}`,
    )
  } catch (error) {
    return E.left(error instanceof Error ? error.message : String(error))
  }
}
