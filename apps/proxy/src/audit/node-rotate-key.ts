import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { newDigestKey, parseDigestRing } from './node-digest-ring.js'
import { replaceKeyFile } from './node-key-file.js'
import { newSigningKey, parseSigningRing } from './node-signing-ring.js'

export type KeyKind = 'digest' | 'signing'

/** The newest key before and after, by name. */
export interface Rotated {
  readonly before: string
  readonly after: string
}

const kinds = {
  digest: {
    newKey: newDigestKey,
    newestIn: (path: string, text: string) =>
      pipe(
        parseDigestRing({ path, text }),
        E.map(({ current }) => current),
      ),
  },
  signing: {
    newKey: newSigningKey,
    newestIn: (path: string, text: string) =>
      pipe(
        parseSigningRing({ path, text }),
        E.map(({ current }) => current.keyId),
      ),
  },
} as const

/**
 * Puts a new key before the others in a file of ours. The file changes whole or not at all, and is on disk before this
 * returns. A proxy that runs goes on with the keys it has read, until it is started anew. Left is a sentence for the operator;
 * nothing was changed then.
 */
export const rotateKey = (path: string, kind: KeyKind): E.Either<string, Rotated> => {
  const { newKey, newestIn } = kinds[kind]
  return pipe(
    replaceKeyFile(path, (old) => {
      const content = `${newKey()}${old}`
      return pipe(
        E.Do,
        E.bind('before', () => newestIn(path, old)),
        E.bind('after', () => newestIn(path, content)),
        E.map((result) => ({ content, result })),
      )
    }),
    E.mapLeft(({ message }) => message),
  )
}
