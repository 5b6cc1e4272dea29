import * as E from 'fp-ts/lib/Either.js'
import { checkKeyChange } from './key-change.js'
import { type NoteVerifier, openNote } from './signed-note.js'

/** The keys to begin with, and how to read those that follow them. Without any, no signature is checked. */
export interface Trust {
  readonly verifiers: ReadonlyArray<NoteVerifier>
  readonly parseVerifierKey: (text: string) => E.Either<string, NoteVerifier>
}

type SignatureFound =
  | { readonly _tag: 'Proved'; readonly keyId: string }
  | { readonly _tag: 'Invalid'; readonly why: string }
  | { readonly _tag: 'Unknown'; readonly why: string }

/** Whose checkpoints are believed, while one stream is read: a key that was followed by another signs no more. */
export class TrustedKeys {
  readonly #parse: Trust['parseVerifierKey']
  #current: ReadonlyArray<NoteVerifier>
  readonly #followed = new Map<string, number>()

  constructor({ parseVerifierKey, verifiers }: Trust) {
    this.#parse = parseVerifierKey
    this.#current = verifiers
  }

  check(note: string): SignatureFound {
    const opened = openNote(this.#current)(note)
    if (E.isRight(opened)) return { _tag: 'Proved', keyId: opened.right.signedBy[0]?.keyId ?? '' }
    const problem = opened.left
    switch (problem._tag) {
      case 'SignatureWrong':
        return { _tag: 'Invalid', why: `the signature of the key ${problem.key.keyId} is wrong` }
      case 'NotANote':
        return { _tag: 'Invalid', why: `its note is none: ${problem.reason}` }
      case 'SignedByNobodyKnown':
        return { _tag: 'Unknown', why: this.#whyUnknown(problem.keys.map(({ keyId }) => keyId)) }
    }
  }

  /** A record says that one key follows another. Left when a trusted key was to be followed, and that is not proved. */
  follow(origin: string, sequence: number, from: string, statement: string): E.Either<string, void> {
    const old = this.#current.find(({ verifierKey }) => verifierKey === from)
    if (old === undefined) return E.right(undefined)
    const next = checkKeyChange(this.#parse)({ origin, verifier: old })(statement)
    if (E.isLeft(next)) return E.left(`the statement that a key follows ${old.keyId} is not signed by both keys`)
    const { verifierKey } = next.right
    this.#current = [...this.#current.filter((key) => key !== old && key.verifierKey !== verifierKey), next.right]
    this.#followed.set(old.keyId, sequence)
    return E.right(undefined)
  }

  #whyUnknown(keyIds: ReadonlyArray<string>): string {
    const followed = keyIds.find((keyId) => this.#followed.has(keyId))
    return followed === undefined
      ? `it is signed with ${keyIds.join(', ')}, which is no key that you trust`
      : `it is signed with ${followed}, which was followed by another key at record ${String(this.#followed.get(followed))}`
  }
}
