import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { bytesOfBase64, isNoteName, type NoteSigner, type NoteVerifier } from './signed-note.js'

/** Whose signature it is, in each note that we sign. */
export const noteName = 'device-install-state.audit'

const ed25519 = 0x01
const publicKeyBytes = 32

const keyIdOf = (name: string, publicKey: Uint8Array): string =>
  hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ed25519), publicKey]), 'hex').slice(0, 8)

const rawPublicKey = (key: KeyObject): Uint8Array => Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url')

const publicKeyOf = (raw: Uint8Array): KeyObject =>
  createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') },
    format: 'jwk',
  })

const verifierWith = (name: string, raw: Uint8Array): NoteVerifier => {
  const keyId = keyIdOf(name, raw)
  const key = publicKeyOf(raw)
  return {
    name,
    keyId,
    verifierKey: `${name}+${keyId}+${Buffer.concat([Buffer.of(ed25519), raw]).toString('base64')}`,
    verify: (text, signature) => verify(null, text, key, signature),
  }
}

/** A signer of notes, in our name unless another is given, which is one that notes may have. The key is an Ed25519 private key; any other is a mistake of ours. RFC 8032. */
export const noteSigner = (key: KeyObject, name: string = noteName): NoteSigner => ({
  ...verifierWith(name, rawPublicKey(createPublicKey(key))),
  sign: (text) => sign(null, text, key),
})

/**
 * Reads a verifier key, `name+hex id+base64(0x01 ‖ public key)`, as Go's sumdb/note prints it. Left says what is wrong with
 * it; there is nothing secret in one.
 */
export const parseVerifierKey = (text: string): E.Either<string, NoteVerifier> => {
  const [, name = '', keyId = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const bytes = bytesOfBase64(base64)
  if (!isNoteName(name) || bytes === undefined) return E.left('it is not of the form name+id+key')
  if (bytes[0] !== ed25519 || bytes.byteLength !== 1 + publicKeyBytes) return E.left('it is no Ed25519 key')
  const verifier = verifierWith(name, bytes.subarray(1))
  return verifier.keyId === keyId ? E.right(verifier) : E.left('its id is not that of its key')
}
