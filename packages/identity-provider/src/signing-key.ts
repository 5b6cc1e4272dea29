import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

import { calculateJwkThumbprint, exportJWK } from 'jose'

/** An RS256 key of 2048 bits. `kid` is the key's thumbprint, RFC 7638. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export const generateSigningKey = async (): Promise<SigningKey> => {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return { kid: await calculateJwkThumbprint(await exportJWK(publicKey)), privateKey, publicKey }
}
