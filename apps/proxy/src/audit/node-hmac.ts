import { hash } from 'node:crypto'

/** HMAC-SHA-256 of a text in UTF-8, in base64url without padding. */
export type Hmac = (text: string) => string

const blockBytes = 64
const digestBytes = 32

const padded = (key: Uint8Array, pad: number, room: number): Buffer => {
  const bytes = Buffer.alloc(blockBytes + room)
  bytes.fill(pad, 0, blockBytes)
  for (const [index, byte] of key.entries()) bytes[index] = byte ^ pad
  return bytes
}

/**
 * RFC 2104 by Node's one-shot `hash`, since to set up a `createHmac` costs more than all that it digests here. The key has
 * at most 64 bytes. Texts of more than 1,365 UTF-16 code units take the room that they need.
 */
export const hmacSha256 = (key: Uint8Array): Hmac => {
  const mostBytes = 4_096
  const inner = padded(key, 0x36, mostBytes)
  const outer = padded(key, 0x5c, digestBytes)
  return (text) => {
    const isShort = text.length * 3 <= mostBytes
    const message = isShort
      ? inner.subarray(0, blockBytes + inner.write(text, blockBytes, 'utf8'))
      : Buffer.concat([inner.subarray(0, blockBytes), Buffer.from(text, 'utf8')])
    hash('sha256', message, 'buffer').copy(outer, blockBytes)
    return hash('sha256', outer, 'base64url')
  }
}
