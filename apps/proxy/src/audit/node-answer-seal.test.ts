import { randomBytes } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { answerSeal } from './node-answer-seal.js'
import { type DigestRing, newDigestKey, parseDigestRing } from './node-digest-ring.js'

const ringOf = (...keys: ReadonlyArray<string>): DigestRing => {
  const ring = parseDigestRing({ path: 'keys', text: keys.join('') })
  if (E.isLeft(ring)) throw new Error(ring.left)
  return ring.right
}

const [key, newer] = [newDigestKey(), newDigestKey()]
const { openAnswer, sealAnswer } = answerSeal(ringOf(key))
const answer = { status: 201, body: '{"userName":"Ada"}', requestId: 'r' }

describe('a sealed answer', () => {
  it('is opened with the secret that it was sealed with', () => {
    expect(openAnswer('secret', sealAnswer('secret', answer))).toEqual(answer)
  })

  it('is opened with no other secret, and under no other key', () => {
    const sealed = sealAnswer('secret', answer)

    expect(openAnswer('Secret', sealed)).toBeUndefined()
    expect(openAnswer('', sealed)).toBeUndefined()
    expect(answerSeal(ringOf(newer)).openAnswer('secret', sealed)).toBeUndefined()
  })

  it('is opened when another key has been put before the one it was sealed under', () => {
    expect(answerSeal(ringOf(newer, key)).openAnswer('secret', sealAnswer('secret', answer))).toEqual(answer)
  })

  it('is none when a byte of it was changed, or it was cut', () => {
    const sealed = Buffer.from(sealAnswer('secret', answer), 'base64')
    for (let place = 0; place < sealed.length; place++) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place)
      expect(openAnswer('secret', changed.toString('base64'))).toBeUndefined()
    }
    for (const length of [0, 1, 43, 44, sealed.length - 1])
      expect(openAnswer('secret', sealed.subarray(0, length).toString('base64'))).toBeUndefined()
    expect(openAnswer('secret', randomBytes(200).toString('base64'))).toBeUndefined()
  })

  it('is another each time, and shows nothing of the answer', () => {
    const all = [sealAnswer('secret', answer), sealAnswer('secret', answer)]

    expect(new Set(all).size).toBe(2)
    for (const sealed of all) expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain('Ada')
  })
})
