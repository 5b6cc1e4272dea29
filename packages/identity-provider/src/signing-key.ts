import { createHash, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'

import { generate } from 'selfsigned'

/** An RS256 key of 2048 bits. */
export interface SigningKey {
  /** The SHA-1 thumbprint of the key's certificate, so that it is the `x5t` as well: in Entra the two are one. */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** A certificate that it signed for itself, in DER. */
  readonly certificate: Buffer
}

export const generateSigningKey = async (): Promise<SigningKey> => {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const { cert } = await generate([{ name: 'commonName', value: 'signing key' }], {
    algorithm: 'sha256',
    keyPair: {
      privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    },
  })
  const certificate = new X509Certificate(cert).raw
  return { kid: createHash('sha1').update(certificate).digest('base64url'), privateKey, publicKey, certificate }
}
