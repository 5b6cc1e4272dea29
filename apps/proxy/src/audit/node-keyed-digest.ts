import { mkdirSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { digestRing } from './node-digest-ring.js'
import type { KeyedDigest } from './records.js'

/** The newest key of the ring in the audit directory; both are made at the first start. */
export const keyedDigestIn = (directory: string): E.Either<string, KeyedDigest> =>
  pipe(
    E.tryCatch(
      () => mkdirSync(directory, { recursive: true, mode: 0o700 }),
      (error) => (error instanceof Error ? error.message : String(error)),
    ),
    E.chain(() => digestRing({ kind: 'ownFile', folder: directory, mayBeMade: true })),
    E.map(({ digest }) => digest),
  )
