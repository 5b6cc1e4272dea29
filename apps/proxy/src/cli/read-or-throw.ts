import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { LedgerUnreadable } from '../audit/audit-reader.js'
import { LedgerNotRead } from './command-errors.js'

/** What the reader gives; throws `LedgerNotRead`, which the frame tells. */
export const readOrThrow = async <A>(task: TE.TaskEither<LedgerUnreadable, A>): Promise<A> => {
  const result = await task()
  if (E.isLeft(result)) throw new LedgerNotRead(result.left.message)
  return result.right
}
