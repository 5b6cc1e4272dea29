import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type { ReadonlyNonEmptyArray } from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import { type NoteProblem, type NoteSigner, type NoteVerifier, openNote, signNote } from './signed-note.js'

/** First line of what both keys sign. No checkpoint can have this shape: its third line is a hash. */
const title = 'device-install-state.audit/key-change'

/** What a ledger was last signed with. */
export interface LastSigned {
  /** Which ledger; as in its checkpoints. */
  readonly origin: string
  readonly verifierKey: string
}

const bodyOf = (origin: string, oldKey: string, newKey: string): string =>
  [title, origin, oldKey, newKey, ''].join('\n')

/** The id in the middle of a verifier key; for people. */
const idIn = (verifierKey: string): string => verifierKey.split('+')[1] ?? verifierKey

/**
 * When the newest key of the ring is not the one that the ledger was last signed with: a note, signed by both, that the one
 * follows the other. None when it is still the same key. Left, a sentence for the operator, when the old key is gone.
 */
export const keyChangeStatement =
  ([current, ...older]: ReadonlyNonEmptyArray<NoteSigner>) =>
  ({ origin, verifierKey }: LastSigned): E.Either<string, O.Option<string>> => {
    if (current.verifierKey === verifierKey) return E.right(O.none)
    const old = older.find((signer) => signer.verifierKey === verifierKey)
    if (old === undefined) {
      return E.left(
        `the ledger was last signed with the key ${idIn(verifierKey)}, which is not in the file of signing keys: ` +
          'put it back, below the new key; it must sign once more, that the new key follows it',
      )
    }
    return pipe(
      origin,
      E.fromPredicate(
        (text) => text !== '' && !text.includes('\n'),
        () => undefined,
      ),
      E.chainW((text) => signNote([old, current])(bodyOf(text, verifierKey, current.verifierKey))),
      E.bimap(
        () =>
          `the change to the signing key ${current.keyId} cannot be written down: the origin is not one line of text`,
        O.some,
      ),
    )
  }

/** Why a statement does not prove that another key is to be trusted. */
export type KeyChangeProblem =
  | NoteProblem
  /** It is signed, but is about something else. */
  | { readonly _tag: 'NotAKeyChange'; readonly reason: string }

const notAKeyChange = (reason: string): E.Either<KeyChangeProblem, never> => E.left({ _tag: 'NotAKeyChange', reason })

/**
 * Checks a statement with the key that is trusted so far. Right is the key that followed it: it is named in the statement,
 * the old key vouches for it, and it has signed, too, so whoever made the statement had both. Does not look at when.
 */
export const checkKeyChange =
  (parseVerifierKey: (text: string) => E.Either<string, NoteVerifier>) =>
  (trusted: { readonly origin: string; readonly verifier: NoteVerifier }) =>
  (statement: string): E.Either<KeyChangeProblem, NoteVerifier> => {
    const { origin, verifier: old } = trusted
    const vouched = openNote([old])(statement)
    if (E.isLeft(vouched)) return vouched
    const { body } = vouched.right
    const next = parseVerifierKey(body.split('\n')[3] ?? '')
    if (E.isLeft(next)) return notAKeyChange(`its fourth line is no verifier key: ${next.left}`)
    const { verifierKey } = next.right
    if (verifierKey === old.verifierKey) return notAKeyChange('both keys are the same')
    if (body !== bodyOf(origin, old.verifierKey, verifierKey)) {
      return notAKeyChange('it is about another ledger, or another key than the one that is trusted')
    }
    // The signatures of both, now that both are known.
    const proved = openNote([old, next.right])(statement)
    if (E.isLeft(proved)) return proved
    return proved.right.signedBy.includes(next.right) ? next : notAKeyChange('the new key has not signed it')
  }
