import * as E from 'fp-ts/lib/Either.js'
import type { GraphAnswer } from '../src/domain/graph-answer.js'
import type { ForwardPorts } from '../src/forward/index.js'
import type { VirtualTime } from './virtual-time.js'

export interface IntuneOptions {
  /** How calls are counted: in windows that begin at fixed times, or in each that ends now. */
  readonly window: 'fixed' | 'sliding'
  /** What another application of the tenant sends, evenly, in 20 seconds. */
  readonly othersIn20s: number
  readonly latencyInMs: { readonly least: number; readonly most: number }
  readonly saysRetryAfter: boolean
  readonly random: () => number
}

const windowInMs = 20_000
const mostOfApplication = 100
const mostOfTenant = 200

/** How many were counted, and when there is room again. */
const counter = (kind: IntuneOptions['window'], most: number, offsetInMs: number) => {
  let counted: Array<number> = []
  const windowOf = (atInMs: number): number => Math.floor((atInMs + offsetInMs) / windowInMs)
  const isIn = (nowInMs: number) => (atInMs: number) =>
    kind === 'fixed' ? windowOf(atInMs) === windowOf(nowInMs) : atInMs > nowInMs - windowInMs
  return {
    isFull: (nowInMs: number): boolean => {
      counted = counted.filter(isIn(nowInMs))
      return counted.length >= most
    },
    count: (nowInMs: number): number => counted.push(nowInMs),
    freeInMs: (nowInMs: number): number =>
      kind === 'fixed'
        ? windowInMs - ((nowInMs + offsetInMs) % windowInMs)
        : (counted[counted.length - most] ?? nowInMs) + windowInMs - nowInMs,
  }
}

/**
 * Intune's limits of books, 100 writes in 20 seconds an application and 200 a tenant. What it throttles counts as well, as
 * Graph's documentation says. A call is counted somewhere on its way.
 */
export const anIntuneThatThrottles = (time: VirtualTime, options: IntuneOptions) => {
  const { latencyInMs, othersIn20s, random, saysRetryAfter, window } = options
  const offsetInMs = random() * windowInMs
  const ofApplication = counter(window, mostOfApplication, offsetInMs)
  const ofTenant = counter(window, mostOfTenant, offsetInMs)
  let created = 0
  let throttled = 0
  let othersAtInMs = 0

  const countOthers = (nowInMs: number): void => {
    if (othersIn20s === 0) return
    for (; othersAtInMs <= nowInMs; othersAtInMs += windowInMs / othersIn20s) {
      ofTenant.isFull(othersAtInMs)
      ofTenant.count(othersAtInMs)
    }
  }

  const answer = (nowInMs: number): GraphAnswer => {
    countOthers(nowInMs)
    const full = [ofApplication, ofTenant].filter((counted) => counted.isFull(nowInMs))
    ofApplication.count(nowInMs)
    ofTenant.count(nowInMs)
    if (full.length === 0) {
      created++
      return { status: 201, headers: {}, text: '{}' }
    }
    throttled++
    const inMs = Math.max(...full.map((counted) => counted.freeInMs(nowInMs)))
    const headers = saysRetryAfter ? { 'retry-after': String(Math.ceil(inMs / 1000)) } : undefined
    return { status: 429, headers: headers ?? {}, text: '{}' }
  }

  const send: ForwardPorts['sendToGraph'] = () => () => async () => {
    const latency = latencyInMs.least + random() * (latencyInMs.most - latencyInMs.least)
    const untilCounted = latency * random()
    await time.delay(untilCounted)()
    const said = answer(time.nowInMs())
    await time.delay(latency - untilCounted)()
    return E.right(said)
  }

  return { send, created: () => created, throttled: () => throttled }
}
