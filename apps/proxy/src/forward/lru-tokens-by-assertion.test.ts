import * as E from 'fp-ts/lib/Either.js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tokensByAssertion } from './lru-tokens-by-assertion.js'
import type { Acquire } from './renewing-tokens.js'

const inTime = () => ({ atInMs: performance.now() + 25_000 })

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const counting = () => {
  let n = 0
  return vi.fn<(_by: string, assertion: string) => Acquire>(
    (_, assertion) => () => Promise.resolve(E.right({ token: `${assertion}-${String(++n)}`, expiresInMs: 3_600_000 })),
  )
}

describe('the tokens of many users', () => {
  it('are one for each assertion, and those longest unused are forgotten', async () => {
    const tokens = tokensByAssertion(2, counting())
    const take = (assertion: string) => tokens.take('ada', assertion, inTime())()

    expect(await take('a')).toEqual(E.right('a-1'))
    expect(await take('b')).toEqual(E.right('b-2'))
    expect(await take('a')).toEqual(E.right('a-1'))
    expect(await take('c')).toEqual(E.right('c-3'))
    expect(await take('a')).toEqual(E.right('a-1'))
    expect(await take('b')).toEqual(E.right('b-4'))
  })

  it('are dropped for one user, and to drop what is not held does nothing', async () => {
    const tokens = tokensByAssertion(2, counting())
    await tokens.take('ada', 'a', inTime())()
    tokens.drop('b', 'a-1')()
    tokens.drop('a', 'x')()
    expect(await tokens.take('ada', 'a', inTime())()).toEqual(E.right('a-1'))
    tokens.drop('a', 'a-1')()

    expect(await tokens.take('ada', 'a', inTime())()).toEqual(E.right('a-2'))
  })

  it('are renewed when their user calls, and never without', async () => {
    const acquireFor = counting()
    const tokens = tokensByAssertion(2, acquireFor)
    await tokens.take('ada', 'a', inTime())()
    await vi.advanceTimersByTimeAsync(3_400_000)
    expect(acquireFor).toHaveBeenCalledTimes(1)

    expect(await tokens.take('ada', 'a', inTime())()).toEqual(E.right('a-1'))
    await vi.advanceTimersByTimeAsync(0)
    expect(await tokens.take('ada', 'a', inTime())()).toEqual(E.right('a-2'))
  })
})
