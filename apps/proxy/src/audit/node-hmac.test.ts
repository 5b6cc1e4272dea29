import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { hmacSha256 } from './node-hmac.js'

const byNode = (key: Uint8Array, text: string): string => createHmac('sha256', key).update(text).digest('base64url')

it.each([
  // RFC 4231 section 4.2 and 4.3.
  [Buffer.alloc(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    Buffer.from('Jefe'),
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
])('is the one that the RFC shows', (key, text, digest) => {
  expect(Buffer.from(hmacSha256(key)(text), 'base64url').toString('hex')).toBe(digest)
})

it('is what Node makes, of any key of at most 64 bytes and any text, one after the other', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.nat(9_000).map((length) => '€x'.repeat(length)),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(text), (key, texts) => {
      const hmac = hmacSha256(key)

      expect(texts.map(hmac)).toEqual(texts.map((one) => byNode(key, one)))
    }),
  )
})
