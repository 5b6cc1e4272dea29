import { describe, expect, it } from 'vitest'
import type { ProvedCaller } from './claims.js'
import { lruProvedTokens } from './lru-proved-tokens.js'

const proved: ProvedCaller = {
  caller: { kind: 'user', issuer: 'i', objectId: 'o', keyId: 'k' },
  times: { iat: 0, exp: 1 },
}

describe('what was proved of a token', () => {
  it('is known again, by its digest alone', () => {
    const asked: Array<string> = []
    const tokens = lruProvedTokens((token) => {
      asked.push(token)
      return token.startsWith('good') ? 'one digest' : 'another'
    })
    tokens.remember('good token', proved, () => true)()

    expect(tokens.recall('good token')()).toBe(proved)
    expect(tokens.recall('bad token')()).toBeUndefined()
    expect(asked).toEqual(['good token', 'good token', 'bad token'])
  })

  it('is forgotten once the key is no longer the issuer’s, also if it were to come back', () => {
    let isTrusted = true
    const tokens = lruProvedTokens((token) => token)
    tokens.remember('t', proved, () => isTrusted)()
    isTrusted = false

    expect(tokens.recall('t')()).toBeUndefined()
    isTrusted = true
    expect(tokens.recall('t')()).toBeUndefined()
  })

  it('is forgotten when 10,000 others came since', () => {
    const tokens = lruProvedTokens((token) => token)
    tokens.remember('first', proved, () => true)()
    for (let n = 0; n < 10_000; n++) tokens.remember(String(n), proved, () => true)()

    expect(tokens.recall('first')()).toBeUndefined()
    expect(tokens.recall('0')()).toBe(proved)
  })
})
