import { createHash } from 'node:crypto'
import type * as IO from 'fp-ts/lib/IO.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { LRUCache } from 'lru-cache'
import type { ProxyError } from '../domain/proxy-error.js'
import type { Deadline } from './gate.js'
import { type Acquire, type HeldToken, heldToken } from './renewing-tokens.js'

/** Tokens on behalf of users, each for the assertion (the caller's own access token) that it was exchanged for. */
export interface TokensByAssertion {
  /** `by` names the user, who may have many assertions. */
  readonly take: (by: string, assertion: string, deadline: Deadline) => TE.TaskEither<ProxyError, string>
  readonly drop: (assertion: string, token: string) => IO.IO<void>
}

// Assertions are other people's tokens: they are forgotten with the call that brought them.
const keyOf = (assertion: string): string => createHash('sha256').update(assertion).digest('base64')

/** Keeps a token for each of the `most` assertions seen last. A renewal has the assertion of the call that causes it. */
export const tokensByAssertion = (
  most: number,
  acquireFor: (by: string, assertion: string) => Acquire,
  /** Told whether a token that was asked for came. */
  acquired?: (isGood: boolean) => void,
): TokensByAssertion => {
  const kept = new LRUCache<string, HeldToken>({ max: most })

  const keptFor = (key: string): HeldToken => {
    const found = kept.get(key)
    if (found !== undefined) return found
    const fresh = heldToken(acquired)
    kept.set(key, fresh)
    return fresh
  }

  return {
    take: (by, assertion, deadline) => () => keptFor(keyOf(assertion)).take(acquireFor(by, assertion), deadline)(),
    drop: (assertion, token) => () => kept.peek(keyOf(assertion))?.drop(token)(),
  }
}
