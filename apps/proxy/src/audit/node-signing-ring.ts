import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import { type KeySource, type KeyText, keyTextFrom } from './node-key-source.js'
import { noteSigner } from './node-note-key.js'
import type { NoteSigner, NoteVerifier } from './signed-note.js'

/** In the ledger's folder, unless the operator gives another. */
export const signingKeyFile = 'audit-signing.key'

/** Keys for signatures: the newest signs, all of them prove what was signed before. Named by their key ids. */
export interface SigningRing {
  readonly current: NoteSigner
  /** Newest first. An older one signs once more: that it was followed by another. */
  readonly signers: RNEA.ReadonlyNonEmptyArray<NoteSigner>
  /** The public half of each, newest first. */
  readonly verifiers: RNEA.ReadonlyNonEmptyArray<NoteVerifier>
}

/** A block of the file: a new Ed25519 key, PKCS #8 in PEM. */
export const newSigningKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

const pemBlock = /-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END PRIVATE KEY-----/g

const privateKeyOf = (pem: string): KeyObject | undefined => {
  try {
    return createPrivateKey({ key: pem, format: 'pem' })
  } catch {
    // What the library says could repeat what it has read.
    return undefined
  }
}

const signerOf =
  (path: string) =>
  (index: number, pem: string): E.Either<string, NoteSigner> => {
    const key = privateKeyOf(pem)
    return key?.asymmetricKeyType === 'ed25519'
      ? E.right(noteSigner(key))
      : E.left(
          `key ${String(index + 1)} in ${path} is no Ed25519 key: ` +
            'make one with `openssl genpkey -algorithm ed25519`, or put the file back from a backup',
        )
  }

const blocksIn = ({ path, text }: KeyText): E.Either<string, RNEA.ReadonlyNonEmptyArray<string>> => {
  const blocks = text.match(pemBlock) ?? []
  // A block with a slip in it would otherwise be passed over, and the next one would sign.
  if (text.replaceAll(pemBlock, '').trim() !== '') {
    return E.left(`${path} holds something else than PRIVATE KEY blocks (PKCS #8 in PEM, not encrypted): remove it`)
  }
  return pipe(
    RNEA.fromReadonlyArray(blocks),
    E.fromOption(() => `${path} holds no PRIVATE KEY block (PKCS #8 in PEM): put it back from a backup`),
  )
}

const withoutEqualKeys = (
  path: string,
  signers: RNEA.ReadonlyNonEmptyArray<NoteSigner>,
): E.Either<string, RNEA.ReadonlyNonEmptyArray<NoteSigner>> => {
  const ids = signers.map(({ keyId }) => keyId)
  const twice = ids.findIndex((id, index) => ids.indexOf(id) !== index)
  return twice === -1
    ? E.right(signers)
    : E.left(`key ${String(twice + 1)} in ${path} is the same as one before it: remove it`)
}

const ringOf = (signers: RNEA.ReadonlyNonEmptyArray<NoteSigner>): SigningRing => ({
  current: RNEA.head(signers),
  signers,
  verifiers: pipe(
    signers,
    RNEA.map(({ keyId, name, verifierKey, verify }): NoteVerifier => ({ keyId, name, verifierKey, verify })),
  ),
})

/** Reads a ring: PEM blocks, newest first, and nothing else. No two may be the same. */
export const parseSigningRing = (file: KeyText): E.Either<string, SigningRing> =>
  pipe(
    blocksIn(file),
    E.chain(RNEA.traverseWithIndex(E.Applicative)(signerOf(file.path))),
    E.chain((signers) => withoutEqualKeys(file.path, signers)),
    E.map(ringOf),
  )

/**
 * The keys that sign checkpoints. Left is a sentence that names the file and what to do, and tells nothing of the keys.
 */
export const signingRing = (source: KeySource): E.Either<string, SigningRing> =>
  pipe(keyTextFrom(source, signingKeyFile, newSigningKey), E.chain(parseSigningRing))
