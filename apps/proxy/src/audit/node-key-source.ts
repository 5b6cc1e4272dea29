import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { makeKeyFile, readKeyFile } from './node-key-file.js'

/** Where keys come from. */
export type KeySource =
  | {
      readonly kind: 'ownFile'
      /** The ledger's folder, which is there. */
      readonly folder: string
      /** Only while nothing was written with a key of this kind: a new key in the place of a lost one would hide the loss. */
      readonly mayBeMade: boolean
    }
  | { readonly kind: 'given'; readonly path: string }

/** Where a file of keys is, and what it holds. */
export interface KeyText {
  readonly path: string
  readonly text: string
}

/**
 * Reads the file of a key ring; makes our own, with one new key, where it is not there and may be made. Left is a sentence
 * for the operator, with nothing of the content.
 */
export const keyTextFrom = (source: KeySource, fileName: string, newKey: () => string): E.Either<string, KeyText> => {
  const given = source.kind === 'given'
  const path = source.kind === 'given' ? source.path : join(source.folder, fileName)
  const read = () => readKeyFile(path, { given })
  return pipe(
    read(),
    E.orElse((problem) =>
      problem._tag === 'KeyFileMissing' && source.kind === 'ownFile' && source.mayBeMade
        ? pipe(makeKeyFile(path, newKey()), E.chain(read))
        : E.left(problem),
    ),
    E.bimap(
      ({ _tag, message }) => (_tag === 'KeyFileMissing' ? `${message}: put it back from a backup` : message),
      (text) => ({ path, text }),
    ),
  )
}
