import * as E from 'fp-ts/lib/Either.js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ProxyError } from '../domain/proxy-error.js'
import { type Acquire, type AcquiredToken, renewingToken } from './renewing-tokens.js'

type Result = E.Either<ProxyError, AcquiredToken>

const hour = 3_600_000
const good = (token: string, expiresInMs = hour): Result => E.right({ token, expiresInMs })
const refused: Result = E.left({ _tag: 'UpstreamAuthUnavailable', cause: 'invalid_client' })
const inTime = (timeInMs = 25_000) => ({ atInMs: performance.now() + timeInMs })

/** Each acquisition waits until the test settles it. */
const byHand = () => {
  const waiting: Array<PromiseWithResolvers<Result>> = []
  const signals: Array<AbortSignal> = []
  const acquire = vi.fn<Acquire>((signal) => {
    const pending = Promise.withResolvers<Result>()
    waiting.push(pending)
    signals.push(signal)
    return pending.promise
  })
  return { acquire, signals, settle: (result: Result) => waiting.shift()?.resolve(result) }
}

/** Gives these results in turn, the last one for ever. */
const inTurn = (...results: ReadonlyArray<Result>) => {
  let n = 0
  return vi.fn<Acquire>(() => Promise.resolve(results[Math.min(n++, results.length - 1)] ?? refused))
}

const settled = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('a token that is not there yet', () => {
  it('is asked for once, however many calls wait for it, and then kept', async () => {
    const acquire = inTurn(good('t1'))
    const tokens = renewingToken(acquire)
    const taken = await Promise.all(Array.from({ length: 50 }, () => tokens.take(inTime())()))

    expect(new Set(taken.map((token) => E.isRight(token) && token.right))).toEqual(new Set(['t1']))
    expect(await tokens.take(inTime())()).toEqual(E.right('t1'))
    expect(acquire).toHaveBeenCalledTimes(1)
  })

  it('is waited for until the deadline of the call, and comes to those who call later', async () => {
    const { acquire, settle } = byHand()
    const tokens = renewingToken(acquire)
    const first = tokens.take(inTime(20))()
    await vi.advanceTimersByTimeAsync(20)

    expect(await first).toEqual(
      E.left({ _tag: 'UpstreamAuthUnavailable', cause: 'the time for the call ran out before a token came' }),
    )

    const second = tokens.take(inTime())()
    settle(good('t1'))
    expect(await second).toEqual(E.right('t1'))
    expect(acquire).toHaveBeenCalledTimes(1)
  })

  it('is waited for 10 seconds, when the request is ended, and what comes after that is lost', async () => {
    const { acquire, settle, signals } = byHand()
    const tokens = renewingToken(acquire)
    const first = tokens.take(inTime())()
    await vi.advanceTimersByTimeAsync(9_999)
    expect(signals[0]?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)

    expect(await first).toEqual(E.left({ _tag: 'UpstreamAuthUnavailable', cause: 'no token came in 10 seconds' }))
    expect(signals[0]?.aborted).toBe(true)

    settle(good('late'))
    await vi.advanceTimersByTimeAsync(1_000)
    const second = tokens.take(inTime())()
    settle(good('t2'))
    expect(await second).toEqual(E.right('t2'))
  })

  it.each<[string, Result, string]>([
    ['cannot stand in a header', good('two\nlines'), 'the token that came cannot stand in a header'],
    ['is empty', good(''), 'the token that came cannot stand in a header'],
    ['has no life left', good('t', 0), 'the token that came has no life left'],
    ['has a life that is no number', good('t', Number.NaN), 'the token that came has no life left'],
  ])('that comes and %s is none', async (_, result, cause) => {
    expect(await renewingToken(inTurn(result)).take(inTime())()).toEqual(
      E.left({ _tag: 'UpstreamAuthUnavailable', cause }),
    )
  })

  it('whose request rejects, or throws, is a failure like any other, told without its words', async () => {
    const fault = Object.assign(new TypeError('a secret'), { code: 'ECONNREFUSED' })
    const left = E.left({ _tag: 'UpstreamAuthUnavailable', cause: 'TypeError ECONNREFUSED' })

    expect(await renewingToken(() => Promise.reject(fault)).take(inTime())()).toEqual(left)
    expect(
      await renewingToken(() => {
        throw fault
      }).take(inTime())(),
    ).toEqual(left)
  })
})

describe('after a failure with no token at hand', () => {
  it('calls have the same failure for a second without a new request; then it is tried again', async () => {
    const acquire = inTurn(refused, good('t1'))
    const tokens = renewingToken(acquire)

    expect(await tokens.take(inTime())()).toEqual(refused)
    await vi.advanceTimersByTimeAsync(999)
    expect(await tokens.take(inTime())()).toEqual(refused)
    expect(acquire).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(await tokens.take(inTime())()).toEqual(E.right('t1'))
  })
})

describe('a token at hand', () => {
  it('is renewed in the background from 5 minutes before it expires', async () => {
    const { acquire, settle } = byHand()
    const tokens = renewingToken(acquire)
    const first = tokens.take(inTime())()
    settle(good('t1'))
    await first

    await vi.advanceTimersByTimeAsync(hour - 300_001)
    expect(await tokens.take(inTime())()).toEqual(E.right('t1'))
    expect(acquire).toHaveBeenCalledTimes(1)

    await vi.advanceTimersByTimeAsync(1)
    expect(await tokens.take(inTime())()).toEqual(E.right('t1'))
    expect(await tokens.take(inTime())()).toEqual(E.right('t1'))
    expect(acquire).toHaveBeenCalledTimes(2)

    settle(good('t2'))
    await settled()
    expect(await tokens.take(inTime())()).toEqual(E.right('t2'))
  })

  it('is not renewed while nobody calls', async () => {
    const acquire = inTurn(good('t1'))
    await renewingToken(acquire).take(inTime())()
    await vi.advanceTimersByTimeAsync(10 * hour)

    expect(acquire).toHaveBeenCalledTimes(1)
  })

  it('that lives shortly is renewed from half its life, and served until a tenth is left', async () => {
    const { acquire, settle } = byHand()
    const tokens = renewingToken(acquire)
    const first = tokens.take(inTime())()
    settle(good('t1', 100_000))
    await first

    await vi.advanceTimersByTimeAsync(50_000)
    expect(await tokens.take(inTime())()).toEqual(E.right('t1'))
    expect(acquire).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(9_000)
    settle(refused)
    await vi.advanceTimersByTimeAsync(30_999)
    expect(await tokens.take(inTime())()).toEqual(E.right('t1'))
    settle(refused)
    await vi.advanceTimersByTimeAsync(1_001)

    const next = tokens.take(inTime())()
    settle(good('t2'))
    expect(await next).toEqual(E.right('t2'))
  })

  it('is renewed when its issuer would have it', async () => {
    const acquire = inTurn(E.right({ token: 't1', expiresInMs: 24 * hour, renewAfterInMs: 12 * hour }), good('t2'))
    const tokens = renewingToken(acquire)
    await tokens.take(inTime())()
    await vi.advanceTimersByTimeAsync(12 * hour)
    await tokens.take(inTime())()
    await settled()

    expect(await tokens.take(inTime())()).toEqual(E.right('t2'))
  })

  it('stays when its renewal fails, which is tried again after a pause', async () => {
    const acquire = inTurn(good('t1'), refused, good('t2'))
    const tokens = renewingToken(acquire)
    await tokens.take(inTime())()
    await vi.advanceTimersByTimeAsync(hour - 300_000)
    for (let second = 0; second < 10; second++) {
      expect(await tokens.take(inTime())()).toEqual(E.right('t1'))
      await vi.advanceTimersByTimeAsync(999)
    }
    expect(acquire).toHaveBeenCalledTimes(2)

    await vi.advanceTimersByTimeAsync(10)
    expect(await tokens.take(inTime())()).toEqual(E.right('t1'))
    await settled()
    expect(await tokens.take(inTime())()).toEqual(E.right('t2'))
    expect(acquire).toHaveBeenCalledTimes(3)
  })

  it('whose renewal brings the same token again is not asked for at each call', async () => {
    const acquire = inTurn(E.right({ token: 't1', expiresInMs: hour, renewAfterInMs: -1 }))
    const tokens = renewingToken(acquire)
    for (let call = 0; call < 100; call++) {
      await tokens.take(inTime())()
      await settled()
    }

    expect(acquire).toHaveBeenCalledTimes(1)
  })

  it('is served until 60 seconds before it expires, even if it cannot be renewed', async () => {
    const acquire = inTurn(good('t1'), refused)
    const tokens = renewingToken(acquire)
    await tokens.take(inTime())()
    await vi.advanceTimersByTimeAsync(hour - 60_001)
    expect(await tokens.take(inTime())()).toEqual(E.right('t1'))
    await vi.advanceTimersByTimeAsync(1)

    expect(await tokens.take(inTime())()).toEqual(refused)
  })
})

describe('a token that Graph has refused', () => {
  it('is forgotten, unless another has taken its place', async () => {
    const tokens = renewingToken(inTurn(good('t1'), good('t2'), good('t3')))
    await tokens.take(inTime())()
    tokens.drop('t1')()
    expect(await tokens.take(inTime())()).toEqual(E.right('t2'))
    tokens.drop('t1')()
    expect(await tokens.take(inTime())()).toEqual(E.right('t2'))
  })

  it('is kept when five were refused in ten seconds: whatever came next would be, too', async () => {
    const names = Array.from({ length: 7 }, (_, n) => `t${String(n + 1)}`)
    const tokens = renewingToken(inTurn(...names.map((name) => good(name))))
    const takeAndDrop = async () => {
      const taken = await tokens.take(inTime())()
      if (E.isRight(taken)) tokens.drop(taken.right)()
      return taken
    }
    for (const name of names.slice(0, 5)) expect(await takeAndDrop()).toEqual(E.right(name))
    for (let n = 0; n < 20; n++) expect(await takeAndDrop()).toEqual(E.right('t6'))

    await vi.advanceTimersByTimeAsync(10_000)
    tokens.drop('t6')()
    expect(await takeAndDrop()).toEqual(E.right('t7'))
  })

  it('does not come back by a renewal that was under way', async () => {
    const { acquire, settle } = byHand()
    const tokens = renewingToken(acquire)
    const first = tokens.take(inTime())()
    settle(good('t1'))
    await first
    await vi.advanceTimersByTimeAsync(hour - 200_000)
    await tokens.take(inTime())()
    tokens.drop('t1')()
    const second = tokens.take(inTime())()
    settle(good('t1'))

    expect(await second).toEqual(
      E.left({
        _tag: 'UpstreamAuthUnavailable',
        cause: 'the token that came is one that Graph has just refused',
      }),
    )
    await vi.advanceTimersByTimeAsync(1_000)
    const third = tokens.take(inTime())()
    settle(good('t2'))
    expect(await third).toEqual(E.right('t2'))
  })

  it('does not keep the next one, which was under way, from being taken', async () => {
    const { acquire, settle } = byHand()
    const tokens = renewingToken(acquire)
    const first = tokens.take(inTime())()
    settle(good('t1'))
    await first
    await vi.advanceTimersByTimeAsync(hour - 200_000)
    await tokens.take(inTime())()
    tokens.drop('t1')()
    settle(good('t2'))
    await settled()

    expect(await tokens.take(inTime())()).toEqual(E.right('t2'))
    expect(acquire).toHaveBeenCalledTimes(2)
  })
})
