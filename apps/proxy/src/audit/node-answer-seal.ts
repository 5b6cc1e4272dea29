import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Answer } from '../domain/answer.js'
import type { IdempotencyPorts } from './idempotent-call.js'
import type { DigestRing } from './node-digest-ring.js'

const use = 'idempotent answer'
const algorithm = 'aes-256-gcm'
const saltBytes = 16
const nonceBytes = 12
const tagBytes = 16

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' &&
  value !== null &&
  'status' in value &&
  typeof value.status === 'number' &&
  'body' in value &&
  typeof value.body === 'string' &&
  (!('requestId' in value) || typeof value.requestId === 'string')

const cipherKey = (key: Buffer, secret: string, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, secret, 32))

const open = (key: Buffer, secret: string, sealed: Buffer): Answer | undefined => {
  const [salt, nonce, tag, text] = [
    sealed.subarray(0, saltBytes),
    sealed.subarray(saltBytes, saltBytes + nonceBytes),
    sealed.subarray(saltBytes + nonceBytes, saltBytes + nonceBytes + tagBytes),
    sealed.subarray(saltBytes + nonceBytes + tagBytes),
  ]
  try {
    const decipher = createDecipheriv(algorithm, cipherKey(key, secret, salt), nonce, { authTagLength: tagBytes })
    decipher.setAuthTag(tag)
    const answer: unknown = JSON.parse(Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8'))
    return isAnswer(answer) ? answer : undefined
  } catch {
    return undefined
  }
}

/**
 * Answers name people, and the ledger does not. So an answer that is kept is encrypted (AES-256-GCM) under a key that is
 * derived (HKDF-SHA-256) from the ledger's digest key and the caller's idempotency key, which the ledger knows as a digest
 * alone: neither the ledger and its keys nor the caller's key by itself open it.
 */
export const answerSeal = (ring: DigestRing): Pick<IdempotencyPorts, 'sealAnswer' | 'openAnswer'> => ({
  sealAnswer: (secret, answer) => {
    const [salt, nonce] = [randomBytes(saltBytes), randomBytes(nonceBytes)]
    const cipher = createCipheriv(algorithm, cipherKey(ring.derivedKey(use), secret, salt), nonce)
    const text = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()])
    return Buffer.concat([salt, nonce, cipher.getAuthTag(), text]).toString('base64')
  },
  openAnswer: (secret, sealed) => {
    const bytes = Buffer.from(sealed, 'base64')
    for (const key of ring.derivedKeys(use)) {
      const answer = open(key, secret, bytes)
      if (answer !== undefined) return answer
    }
    return undefined
  },
})
