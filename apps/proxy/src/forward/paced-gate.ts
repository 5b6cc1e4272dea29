import * as E from 'fp-ts/lib/Either.js'
import type * as IO from 'fp-ts/lib/IO.js'
import type { Caller } from '../domain/caller.js'
import type { ProxyError } from '../domain/proxy-error.js'
import { breaker } from './breaker.js'
import { callsAtGraph } from './calls-at-graph.js'
import { type CallerShare, callerShares } from './caller-shares.js'
import { fairQueue, type Queued } from './fair-queue.js'
import type { Gate, Turn, TurnAsked, TurnEnd } from './gate.js'
import { heap } from './heap.js'
import { promisedTimes } from './promised-times.js'
import { sparedAtInMs } from './spared-slots.js'
import { throttle } from './throttle.js'
import { type Outlook, slotAtInMs, type TurnEstimate, turnEstimate } from './turn-estimate.js'
import { windowSlots } from './window-slots.js'

/** What an operator is told of. */
export type GateChange =
  | { readonly _tag: 'GraphThrottles'; readonly inSeconds: number; readonly budget: number }
  | { readonly _tag: 'GraphThrottlesNoMore'; readonly budget: number }
  | { readonly _tag: 'GraphIsLeftAlone'; readonly failures: number; readonly byAll: boolean }
  | { readonly _tag: 'GraphIsWellAgain' }

export interface PacedGateSettings {
  /** So many calls of ours may be in any so many seconds. */
  readonly pace: { readonly calls: number; readonly seconds: number }
  /** Calls that may be with Graph at once. */
  readonly concurrency: number
  /** 0: never. */
  readonly breakerFailures: number
  /** Who counts as one among those that share. */
  readonly keyOf: (caller: Caller) => string
  readonly monotonicNowInMs: IO.IO<number>
  /** From 0 to less than 1. */
  readonly random: IO.IO<number>
  /** Runs something once, so many milliseconds from now, unless it is called off. */
  readonly after: (inMs: number, run: () => void) => () => void
  readonly onChange: (change: GateChange) => void
}

export interface EndableGate extends Gate {
  /** Lets go of all who wait: the process ends. */
  readonly end: () => void
}

interface Waiter {
  readonly isAgain: boolean
  /** It finds out whether Graph is well again. */
  readonly isBreakerProbe: boolean
  /** After this a turn would leave too little time for the call itself. */
  readonly letGoAtInMs: number
  readonly queued: () => Queued<Waiter>
  readonly settle: (result: E.Either<ProxyError, Turn>) => void
}

/** A bound on memory; what comes first as a rule is that the turn would be too late. The first of a caller may be as many. */
const mostWaiting = 10_000
/** Calls of callers that are over their share are sent so close to each other that a whole budget takes this much of a window. */
const spreadOfWindow = 0.8
/** Timers may be so late, and what should have gone in the meantime goes at once. */
const latenessInMs = 5
/** Nobody within its share is to wait for twice the time that a round of all callers takes. */
const bearableFairWaits = 1.45
/** Of the time that is left for a call, what is kept for the call itself at most, and a floor below that. */
const mostKeptOfTime = 0.2
const leastKeptInMs = 500

const draining: E.Either<ProxyError, never> = E.left({ _tag: 'Draining' })

const leftAlone = (inMs: number): E.Either<ProxyError, never> =>
  E.left({ _tag: 'GraphLeftAlone', retryAfterInSeconds: Math.max(1, Math.ceil(inMs / 1000)) })

/**
 * Where calls wait for their turn to be sent to Graph: never more in a window than Graph takes, callers by turns, none while
 * Graph throttles or is left alone, and none whose turn would come too late. With one timer. Never rejects.
 * Counts the calls of this process alone.
 */
export const pacedGate = (settings: PacedGateSettings): EndableGate => {
  const { after, breakerFailures, concurrency, keyOf, monotonicNowInMs, onChange, pace, random } = settings
  const windowInMs = pace.seconds * 1000
  const spacingInMs = (windowInMs * spreadOfWindow) / pace.calls

  const slots = windowSlots(windowInMs)
  const shares = callerShares(pace.calls, windowInMs)
  const queue = fairQueue<Waiter>()
  const letGo = heap<Waiter>((one, other) => one.letGoAtInMs < other.letGoAtInMs)
  const limit = throttle(pace.calls, windowInMs)
  const switchOff = breaker(breakerFailures)
  const promises = promisedTimes()
  const underWay = callsAtGraph()

  let hasEnded = false
  let spacedAtInMs = -Infinity
  let patienceInMs = 0
  let timer: { readonly atInMs: number; readonly stop: () => void } | undefined

  const isWithin = (share: CallerShare, nowInMs: number): boolean => shares.withinFromInMs(share) <= nowInMs

  /**
   * Once Graph has throttled, others use the limit too, and it is not known where it is: then no more are under way than keep
   * up twice the pace, since all that are when it is hit are sent for nothing.
   */
  const fewerUnderWayAtInMs = (nowInMs: number): number => {
    const budget = limit.budget(nowInMs)
    if (budget >= pace.calls) return nowInMs
    const most = Math.max(2, Math.ceil((2 * underWay.latencyInMs() * budget) / windowInMs))
    return underWay.fewerThanAtInMs(most, nowInMs)
  }

  const takesPerCallInMs = (nowInMs: number): number =>
    Math.max(windowInMs / limit.budget(nowInMs), underWay.latencyInMs() / concurrency)

  const outlookAt = (nowInMs: number, budget: number): Outlook => ({
    nowInMs,
    budget,
    windowInMs,
    occupied: slots.occupied(nowInMs),
    freeAtInMs: slots.freeAtInMs,
    spacingInMs,
    latencyInMs: underWay.latencyInMs(),
    underWay: underWay.size(),
    concurrency,
    // The call that finds out whether it has opened goes before the others.
    opensAtInMs:
      limit.phase(nowInMs) === 'Open' ? nowInMs : Math.max(nowInMs, limit.opensAtInMs()) + underWay.latencyInMs(),
  })

  const estimate = (share: CallerShare, isAgain: boolean, nowInMs: number): TurnEstimate => {
    const phase = limit.phase(nowInMs)
    if (isAgain && (phase === 'Closed' || phase === 'Probe') && queue.firstAgain() === undefined) {
      const slotForProbeAtInMs = slotAtInMs(1, outlookAt(nowInMs, pace.calls))
      return { atInMs: Math.max(limit.opensAtInMs(), slotForProbeAtInMs), why: 'throttled' }
    }
    const outlook = outlookAt(nowInMs, limit.budget(nowInMs))
    const mayGoNow = !share.isWaiting && isWithin(share, nowInMs) && slotAtInMs(1, outlook) <= nowInMs
    return turnEstimate(queue.before(share, isAgain) + 1, mayGoNow, outlook)
  }

  const tooLate = (share: CallerShare, { atInMs, why }: TurnEstimate, nowInMs: number): E.Either<ProxyError, never> => {
    const retryAfterInSeconds = promises.promise({
      key: share.key,
      nowInMs,
      turnAtInMs: atInMs,
      perCallInMs: takesPerCallInMs(nowInMs),
      patienceInMs,
      random: random(),
    })
    return E.left({ _tag: 'TurnTooLate', why, retryAfterInSeconds })
  }

  const take = (waiter: Waiter): void => {
    waiter.queued().leave()
    letGo.remove(waiter)
  }

  const refuse = (waiter: Waiter, refusal: E.Either<ProxyError, never>): void => {
    take(waiter)
    if (waiter.isBreakerProbe) switchOff.probeLost()
    waiter.settle(refusal)
  }

  const refuseAll = (refusal: E.Either<ProxyError, never>, isMeant: (caller: string) => boolean): void => {
    for (const { item, share } of queue.all()) if (isMeant(share.key)) refuse(item, refusal)
  }

  const failed = (caller: string, isProbe: boolean, nowInMs: number): void => {
    const restInMs = switchOff.failed({ caller, isProbe, nowInMs, random: random() })
    if (restInMs === undefined) return
    onChange({ _tag: 'GraphIsLeftAlone', failures: breakerFailures, byAll: switchOff.restsForAll() })
    refuseAll(leftAlone(restInMs), switchOff.restsFor)
  }

  const succeeded = (caller: string, isProbe: boolean): void => {
    if (switchOff.succeeded(caller, isProbe)) onChange({ _tag: 'GraphIsWellAgain' })
  }

  const turnFor = ({ item, share }: Queued<Waiter>, isLimitProbe: boolean, sentAtInMs: number): Turn => {
    const { isBreakerProbe } = item
    const sent = underWay.sent(sentAtInMs)
    const ended = (how: TurnEnd, nowInMs: number): void => {
      underWay.ended(sent, nowInMs, how._tag === 'Answered' || how._tag === 'Unanswered')
      if (how._tag === 'Unused' || how._tag === 'NotConnected') slots.giveBack()
      else slots.answered(nowInMs)
      switch (how._tag) {
        case 'Unused':
          if (isLimitProbe) limit.probeLost()
          if (isBreakerProbe) switchOff.probeLost()
          return
        case 'NotConnected':
        case 'Unanswered':
          if (isLimitProbe) limit.probeLost()
          failed(share.key, isBreakerProbe, nowInMs)
          return
        case 'Throttled': {
          const { retryAfterInSeconds } = how
          const occupied = slots.occupied(nowInMs)
          const isProbe = isLimitProbe
          if (limit.throttled({ nowInMs, sentAtInMs, isProbe, retryAfterInSeconds, occupied, random: random() })) {
            const inSeconds = Math.ceil((limit.opensAtInMs() - nowInMs) / 1000)
            onChange({ _tag: 'GraphThrottles', inSeconds, budget: limit.budget(nowInMs) })
          }
          succeeded(share.key, isBreakerProbe)
          return
        }
        case 'Answered':
          if (isLimitProbe) {
            limit.passed(nowInMs)
            onChange({ _tag: 'GraphThrottlesNoMore', budget: limit.budget(nowInMs) })
          }
          if (how.status >= 500) failed(share.key, isBreakerProbe, nowInMs)
          else succeeded(share.key, isBreakerProbe)
      }
    }
    let isOver = false
    return {
      end: (how) => () => {
        if (isOver) return
        isOver = true
        ended(how, monotonicNowInMs())
        goOn()
      },
    }
  }

  const give = (queued: Queued<Waiter>, isLimitProbe: boolean, nowInMs: number): void => {
    const { item, share } = queued
    take(item)
    slots.take()
    spacedAtInMs = Math.min(nowInMs, Math.max(spacedAtInMs, nowInMs - latenessInMs)) + spacingInMs
    shares.sent(share, nowInMs)
    queue.moved(share)
    if (isLimitProbe) limit.probe()
    item.settle(E.right(turnFor(queued, isLimitProbe, nowInMs)))
  }

  /** From when on a call over its caller's share takes nothing that others are going to need for calls within theirs. */
  const overShareAtInMs = (share: CallerShare, free: number, nowInMs: number): number => {
    const active = shares.active(nowInMs)
    const fairWaitInMs = (active * windowInMs) / limit.budget(nowInMs)
    const othersAtMostPerMs = (active - 1) / fairWaitInMs
    const perMs = Math.min(shares.othersPerMs(share, nowInMs), othersAtMostPerMs)
    const bearableInMs = bearableFairWaits * fairWaitInMs
    const { freeAtInMs } = slots
    return Math.max(spacedAtInMs, sparedAtInMs({ nowInMs, windowInMs, free, freeAtInMs, perMs, bearableInMs }))
  }

  /** Those that Graph has refused before have less time left than others: one of them finds out whether it takes calls again. */
  const nextOf = (nowInMs: number): Queued<Waiter> | undefined =>
    (limit.phase(nowInMs) === 'Probe' ? queue.firstAgain() : undefined) ?? queue.first()

  /** When the first of those that wait may go, as far as time decides it; Infinity: a turn must end first. */
  const nextTurnAtInMs = ({ share }: Queued<Waiter>, nowInMs: number): number => {
    const phase = limit.phase(nowInMs)
    if (phase === 'Closed') return limit.opensAtInMs()
    if (phase === 'Probed' || underWay.size() >= concurrency) return Infinity
    // Graph has said itself that it takes one now: what was learnt of its limit does not hold that one back.
    const isProbe = phase === 'Probe'
    const free = (isProbe ? pace.calls : limit.budget(nowInMs)) - slots.occupied(nowInMs)
    if (free <= 0) return slots.freeAtInMs(-free) ?? Infinity
    if (isProbe) return nowInMs
    const shareAtInMs = isWithin(share, nowInMs)
      ? nowInMs
      : Math.min(overShareAtInMs(share, free, nowInMs), shares.withinFromInMs(share))
    return Math.max(shareAtInMs, fewerUnderWayAtInMs(nowInMs))
  }

  const wakeAt = (atInMs: number, nowInMs: number): void => {
    if (timer?.atInMs === atInMs) return
    timer?.stop()
    timer = undefined
    if (atInMs === Infinity) return
    // Timers are of whole milliseconds, and may be early by one.
    const stop = after(Math.max(1, Math.ceil(atInMs - nowInMs)), () => {
      timer = undefined
      goOn()
    })
    timer = { atInMs, stop }
  }

  /** Does all that can be done by now, and comes again when there is more. */
  const goOn = (): void => {
    const nowInMs = monotonicNowInMs()
    // Nothing goes before that: there is no use in letting anyone wait for less.
    const nothingBeforeInMs = limit.phase(nowInMs) === 'Closed' ? limit.opensAtInMs() : nowInMs
    for (let late = letGo.first(); late !== undefined && late.letGoAtInMs <= nothingBeforeInMs; late = letGo.first()) {
      const { isAgain, queued } = late
      refuse(late, tooLate(queued().share, estimate(queued().share, isAgain, nowInMs), nowInMs))
    }
    for (let next = nextOf(nowInMs); next !== undefined; next = nextOf(nowInMs)) {
      const atInMs = nextTurnAtInMs(next, nowInMs)
      if (atInMs > nowInMs) {
        wakeAt(Math.min(atInMs, letGo.first()?.letGoAtInMs ?? Infinity), nowInMs)
        return
      }
      give(next, limit.phase(nowInMs) === 'Probe', nowInMs)
    }
    wakeAt(Infinity, nowInMs)
  }

  const ask = ({ caller, deadline, isAgain }: TurnAsked, settle: Waiter['settle']): void => {
    if (hasEnded) {
      settle(draining)
      return
    }
    const nowInMs = monotonicNowInMs()
    const share = shares.of(keyOf(caller), nowInMs)
    const admitted = switchOff.admit(share.key, nowInMs)
    if (admitted._tag === 'Open') {
      settle(leftAlone(admitted.inMs))
      return
    }
    const isBreakerProbe = admitted._tag === 'Probe'
    const leftInMs = deadline.atInMs - nowInMs
    const keptInMs = Math.min(Math.max(leastKeptInMs, 3 * underWay.latencyInMs()), leftInMs * mostKeptOfTime)
    const letGoAtInMs = deadline.atInMs - keptInMs
    // What has been tried has less time than it will have when it comes again.
    if (!isAgain) patienceInMs = Math.max(0, leftInMs - keptInMs)
    const estimated = estimate(share, isAgain, nowInMs)
    if (
      leftInMs <= 0 ||
      estimated.atInMs > letGoAtInMs ||
      queue.size() >= (share.isWaiting ? mostWaiting : 2 * mostWaiting)
    ) {
      if (isBreakerProbe) switchOff.probeLost()
      settle(tooLate(share, estimated, nowInMs))
      return
    }
    const waiter: Waiter = { isAgain, isBreakerProbe, letGoAtInMs, queued: () => queued, settle }
    const queued = queue.add(share, isAgain, waiter)
    letGo.put(waiter)
    goOn()
  }

  return {
    turn: (asked) => () => new Promise((resolve) => ask(asked, resolve)),
    end: () => {
      hasEnded = true
      refuseAll(draining, () => true)
      goOn()
    },
  }
}
