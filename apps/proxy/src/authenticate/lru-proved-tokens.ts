import { LRUCache } from 'lru-cache'
import type { ProvedCaller } from './claims.js'
import type { ProvedTokens } from './authenticate.js'

/** What is kept of a token: who its caller is, and whether the key that proved it is still one of the issuer's. */
interface Memory {
  readonly proved: ProvedCaller
  readonly isKeyTrusted: () => boolean
}

const mostTokens = 10_000

/**
 * Remembers of the tokens seen last what was proved of them. They are known by their digest, so that whoever reads this
 * memory has no token. Does not look at the time: a token may have expired since.
 */
export const lruProvedTokens = (digest: (token: string) => string): ProvedTokens => {
  const memories = new LRUCache<string, Memory>({ max: mostTokens })
  return {
    recall: (token) => () => {
      const key = digest(token)
      const memory = memories.get(key)
      if (memory === undefined) return undefined
      if (memory.isKeyTrusted()) return memory.proved
      memories.delete(key)
      return undefined
    },
    remember: (token, proved, isKeyTrusted) => () => void memories.set(digest(token), { proved, isKeyTrusted }),
  }
}
