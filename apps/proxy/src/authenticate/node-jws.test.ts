import { createPublicKey, KeyObject, generateKeyPairSync } from 'node:crypto'
import * as fc from 'fast-check'
import { CompactSign, compactVerify, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { fits, isSignedBy, keyTypeFor } from './node-jws.js'

const names = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

const pairs = await Promise.all(
  names.map(async (name) => {
    const { privateKey, publicKey } = await generateKeyPair(name, { extractable: true })
    return { name, privateKey, publicKey, key: KeyObject.from(publicKey) }
  }),
)
const pair = fc.constantFrom(...pairs)

const sign = ({ name, privateKey }: (typeof pairs)[number], payload: Uint8Array): Promise<string> =>
  new CompactSign(payload).setProtectedHeader({ alg: name, kid: 'k' }).sign(privateKey)

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

describe('a signature', () => {
  it.each(names)('by %s is proved by its key', async (name) => {
    const signer = pairs.find((one) => one.name === name) ?? pairs[0]
    if (signer === undefined) throw new Error('no keys')

    const token = await sign(signer, new TextEncoder().encode('{"iss":"x"}'))

    expect(isSignedBy(signer.key, name, token)).toBe(true)
  })

  it('is judged as jose judges it, by whatever key and algorithm, whole or with a character changed', () =>
    fc.assert(
      fc.asyncProperty(
        pair,
        pair,
        fc.constantFrom(...names),
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.option(fc.tuple(fc.nat(), fc.constantFrom(...alphabet.split('')))),
        async (signer, prover, asked, payload, change) => {
          const signed = await sign(signer, payload)
          const token =
            change === null
              ? signed
              : signed.replace(/[^.]/g, (character, place: number) =>
                  // The header stays as it is: what of it is looked at is not looked at here.
                  place === signed.indexOf('.') + 1 + (change[0] % (signed.length - signed.indexOf('.') - 1))
                    ? change[1]
                    : character,
                )
          const joses = await compactVerify(token, prover.publicKey, { algorithms: [asked] }).then(
            () => true,
            () => false,
          )

          // jose reads the algorithm from the header; here it is told.
          expect(signer.name === asked && isSignedBy(prover.key, asked, token)).toBe(joses)
        },
      ),
      { numRuns: 300 },
    ))

  it.each(['HS256', 'none', 'toString', '__proto__', ''])('by %s proves nothing', async (asked) => {
    const [signer] = pairs
    if (signer === undefined) throw new Error('no keys')
    const token = await sign(signer, new Uint8Array([123, 125]))

    expect(isSignedBy(signer.key, asked, token)).toBe(false)
    expect(keyTypeFor(asked)).toBeUndefined()
  })

  it.each(['', 'a', 'a.b', 'a.b.', '..', 'a.b.c'])('is not there in %j', (token) => {
    for (const { key, name } of pairs) expect(isSignedBy(key, name, token)).toBe(false)
  })
})

describe('a key', () => {
  it('for RSA has 2,048 bits, and an exponent that is odd and more than 1', () => {
    const of = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).publicKey

    expect(fits(of(2048), 'RS256')).toBe(true)
    expect(fits(of(1024), 'RS256')).toBe(false)
    for (const [e, isTaken] of [
      ['AQ', false],
      ['AAE', false],
      ['Ag', false],
      ['BA', false],
      ['Aw', true],
    ] as const) {
      const key = createPublicKey({ key: { ...of(2048).export({ format: 'jwk' }), e }, format: 'jwk' })
      expect([e, fits(key, 'RS256')]).toEqual([e, isTaken])
    }
  })

  it('is for the algorithms of its own kind and curve alone', () => {
    for (const { key, name } of pairs)
      for (const other of names)
        expect([name, other, fits(key, other)]).toEqual([
          name,
          other,
          name === other || (name.slice(0, 1) !== 'E' && other.slice(0, 1) !== 'E'),
        ])
  })
})
