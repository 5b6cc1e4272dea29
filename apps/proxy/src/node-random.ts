import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

// Filled at once: to ask the system for a few bytes costs as much as to ask it for many.
const pool = Buffer.alloc(4_096)
let used = pool.byteLength

const randomBytes = (count: number): Buffer => {
  if (used + count > pool.byteLength) {
    randomFillSync(pool)
    used = 0
  }
  used += count
  return pool.subarray(used - count, used)
}

/** UUID version 7, RFC 9562. Those of one millisecond are in no order. */
export const newId = (): string => v7({ random: randomBytes(16) })

/** W3C Trace Context: 8 bytes in hexadecimal digits, not all 0. */
export const newSpanId = (): string =>
  randomBytes(8)
    .toString('hex')
    .replace(/^0{16}$/, '0000000000000001')
