import * as E from 'fp-ts/lib/Either.js'
import type * as IO from 'fp-ts/lib/IO.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { ProxyError } from '../domain/proxy-error.js'
import { wordsOfFault } from './entra-error.js'
import type { Deadline } from './gate.js'

/** A token that just came. */
export interface AcquiredToken {
  readonly token: string
  /** What is left of its life. */
  readonly expiresInMs: number
  /** When its issuer would have it renewed, if it says so. */
  readonly renewAfterInMs?: number
}

/** Asks for a token. The signal ends a request that nobody waits for any more. */
export type Acquire = (signal: AbortSignal) => Promise<E.Either<ProxyError, AcquiredToken>>

export interface RenewingToken {
  readonly take: (deadline: Deadline) => TE.TaskEither<ProxyError, string>
  readonly drop: (token: string) => IO.IO<void>
}

/** The same, where each call brings along what a token is asked for with, so that nothing of it need be kept. */
export interface HeldToken {
  readonly take: (acquire: Acquire, deadline: Deadline) => TE.TaskEither<ProxyError, string>
  readonly drop: (token: string) => IO.IO<void>
}

type Taken = E.Either<ProxyError, string>

interface Held {
  readonly token: string
  readonly renewFromInMs: number
  readonly servedUntilInMs: number
  readonly pauseInMs: number
}

const longestAcquisitionInMs = 10_000
// A token may be refused before it expires, and clocks differ.
const renewedBeforeExpiryInMs = 300_000
const servedBeforeExpiryInMs = 60_000
// After a failure the login service is left in peace: a wrong secret would else be sent once a call. With a token at hand
// there is more time. A renewal may also bring the same token again, from somebody else's cache.
const pauseInMs = 1_000
const pauseForUserInMs = 10_000
const longestPauseWithTokenInMs = 10_000
const mostDrops = 5
const dropsCountForInMs = 10_000

// RFC 6750 §2.1.
const bearer = /^[A-Za-z0-9\-._~+/]+=*$/

/** What a user must do first takes longer than a fault may last. */
const pauseAfter = ({ _tag }: ProxyError): number =>
  _tag === 'UserMustInteract' || _tag === 'AssertionRefused' ? pauseForUserInMs : pauseInMs

const unavailable = (cause: string): E.Either<ProxyError, never> => E.left({ _tag: 'UpstreamAuthUnavailable', cause })

const heldFrom = (now: number, { expiresInMs: life, renewAfterInMs, token }: AcquiredToken): Held => ({
  token,
  renewFromInMs:
    now + Math.max(0, Math.min(life - Math.min(renewedBeforeExpiryInMs, life / 2), renewAfterInMs ?? Infinity)),
  servedUntilInMs: now + life - Math.min(servedBeforeExpiryInMs, life / 10),
  pauseInMs: Math.min(longestPauseWithTokenInMs, life / 20),
})

const checked = (acquired: AcquiredToken): E.Either<ProxyError, AcquiredToken> => {
  if (!bearer.test(acquired.token)) return unavailable('the token that came cannot stand in a header')
  return acquired.expiresInMs > 0 ? E.right(acquired) : unavailable('the token that came has no life left')
}

/** What comes first: the result, or `late` when the time is over. */
const within = async <A>(timeInMs: number, result: Promise<A>, late: () => A): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<A>((resolve) => {
    timer = setTimeout(() => resolve(late()), Math.max(0, timeInMs))
  })
  try {
    return await Promise.race([result, over])
  } finally {
    clearTimeout(timer)
  }
}

const bounded = (acquire: Acquire): Promise<E.Either<ProxyError, AcquiredToken>> => {
  const controller = new AbortController()
  const asked = async () => {
    try {
      return E.chain(checked)(await acquire(controller.signal))
    } catch (cause) {
      return unavailable(wordsOfFault(cause))
    }
  }
  return within(longestAcquisitionInMs, asked(), () => {
    controller.abort()
    return unavailable(`no token came in ${String(longestAcquisitionInMs / 1000)} seconds`)
  })
}

/**
 * Keeps one token for as long as it is good, and asks for the next while it still is. However many calls wait, one request
 * is under way; it goes on when a call gives up. `told` hears whether it came. Nothing is asked for unless a call takes a token. Never rejects.
 */
export const heldToken = (told: (isGood: boolean) => void = () => undefined): HeldToken => {
  let held: Held | undefined
  let failed: { readonly result: Taken; readonly untilInMs: number } | undefined
  let renewNotBeforeInMs = 0
  let drops: ReadonlyArray<number> = []
  let underWay: Promise<Taken> | undefined
  const droppedMeanwhile = new Set<string>()

  const settle = (acquired: E.Either<ProxyError, AcquiredToken>): Taken => {
    const now = performance.now()
    const result: E.Either<ProxyError, AcquiredToken> =
      E.isRight(acquired) && droppedMeanwhile.has(acquired.right.token)
        ? unavailable('the token that came is one that Graph has just refused')
        : acquired
    underWay = undefined
    droppedMeanwhile.clear()
    told(E.isRight(result))
    if (E.isRight(result)) held = heldFrom(now, result.right)
    failed = E.isLeft(result) ? { result, untilInMs: now + pauseAfter(result.left) } : undefined
    renewNotBeforeInMs = now + (held?.pauseInMs ?? 0)
    return E.map(({ token }: AcquiredToken) => token)(result)
  }

  const start = (acquire: Acquire): Promise<Taken> => (underWay ??= bounded(acquire).then(settle))

  const noTimeLeft = (): Taken => unavailable('the time for the call ran out before a token came')

  const take = (acquire: Acquire, deadline: Deadline) => (): Promise<Taken> => {
    const now = performance.now()
    if (held !== undefined && now < held.servedUntilInMs) {
      if (now >= held.renewFromInMs && now >= renewNotBeforeInMs) void start(acquire)
      return Promise.resolve(E.right(held.token))
    }
    if (underWay === undefined && failed !== undefined && now < failed.untilInMs) return Promise.resolve(failed.result)
    return within(deadline.atInMs - now, start(acquire), noTimeLeft)
  }

  const drop = (token: string) => (): void => {
    const now = performance.now()
    if (underWay !== undefined) droppedMeanwhile.add(token)
    drops = drops.filter((atInMs) => now - atInMs < dropsCountForInMs)
    // Where Graph refuses whatever comes, a new token for every call would help nobody.
    if (held?.token !== token || drops.length >= mostDrops) return
    held = undefined
    drops = [...drops, now]
  }

  return { take, drop }
}

/** Keeps the token of one credential, as `heldToken` does. */
export const renewingToken = (acquire: Acquire, told?: (isGood: boolean) => void): RenewingToken => {
  const { drop, take } = heldToken(told)
  return { take: (deadline) => take(acquire, deadline), drop }
}
