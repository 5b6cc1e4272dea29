import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type { CheckpointRecord, LifecycleRecord } from './audit-record.js'
import { checkpointBody, readCheckpoint } from './checkpoint-body.js'
import { keyChangeStatement } from './key-change.js'
import type { LedgerKeys } from './ledger-keys.js'
import type { SigningRing } from './node-signing-ring.js'
import { openNote, signNote } from './signed-note.js'

type Changes = ReadonlyArray<LifecycleRecord['detail']>

const digestChange = (digestKeys: ReadonlyArray<string>, last: string): E.Either<string, Changes> => {
  const [current = ''] = digestKeys
  if (current === last) return E.right([])
  return digestKeys.includes(last)
    ? E.right([{ what: 'digest', from: last, to: current }])
    : E.left(
        `the ledger has digests of the key ${last}, which is not in the file of digest keys: put it back, below the new key; without it nobody finds what was digested with it`,
      )
}

const signingChange = (ring: SigningRing, origin: string, verifierKey: string): E.Either<string, Changes> =>
  pipe(
    keyChangeStatement(ring.signers)({ origin, verifierKey }),
    E.map(
      O.match(
        () => [],
        (statement) => [{ what: 'signing', from: verifierKey, to: ring.current.verifierKey, statement }],
      ),
    ),
  )

/** Whoever can write to the ledger could have made up all that is before it. */
const mustBeSigned = (
  { verifiers }: SigningRing,
  origin: string,
  { note }: CheckpointRecord,
  size: number,
): E.Either<string, void> =>
  pipe(
    openNote(verifiers)(note),
    E.chainW(({ body }) => readCheckpoint(body)),
    E.filterOrElseW(
      (checkpoint) => checkpoint.origin === origin && checkpoint.size === size,
      () => undefined,
    ),
    E.bimap(
      () =>
        `the last checkpoint, record ${String(size + 1)}, was not signed so by a key that is in the file of signing keys. Keep a copy of the ledger, see what "device-install-state-audit verify" says of it, and start with a new one`,
      () => undefined,
    ),
  )

/** What a ledger's hand does with the keys. `digestKeys` are the names of those that digests are made with, newest first. */
export const ledgerKeys = (ring: SigningRing, digestKeys: ReadonlyArray<string>): LedgerKeys => ({
  digestKey: digestKeys[0] ?? '',
  verifierKey: ring.current.verifierKey,
  signCheckpoint: ({ head, origin, size }) => {
    const note = pipe(
      checkpointBody({ origin, size, head: Buffer.from(head, 'base64') }),
      E.chainW(signNote([ring.current])),
    )
    if (E.isLeft(note)) throw new Error(`a checkpoint cannot be signed: ${JSON.stringify(note.left)}`)
    return note.right
  },
  changesSince: (origin, last, size) =>
    pipe(
      signingChange(ring, origin, last.signedWith),
      E.chainFirst(() => mustBeSigned(ring, origin, last, size)),
      E.chain((signing) =>
        pipe(
          digestChange(digestKeys, last.digestKey),
          E.map((digest) => [...signing, ...digest]),
        ),
      ),
    ),
})
