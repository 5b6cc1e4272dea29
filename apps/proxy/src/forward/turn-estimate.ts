import type { ProxyError } from '../domain/proxy-error.js'

type Why = Extract<ProxyError, { readonly _tag: 'TurnTooLate' }>['why']

/** When a turn would come, and what it would wait for most. */
export interface TurnEstimate {
  readonly atInMs: number
  readonly why: Why
}

/** What is known of Graph and of the calls at one moment. Times in milliseconds. */
export interface Outlook {
  readonly nowInMs: number
  /** So many calls may be in a window of this length. */
  readonly budget: number
  readonly windowInMs: number
  /** How many slots of the window are taken, and when the one after `skipped` others comes free, if that is known. */
  readonly occupied: number
  readonly freeAtInMs: (skipped: number) => number | undefined
  /** How far from each other calls are sent. */
  readonly spacingInMs: number
  /** How long Graph takes to answer. */
  readonly latencyInMs: number
  /** How many calls are with Graph, and how many may be. */
  readonly underWay: number
  readonly concurrency: number
  /** When calls are sent again where Graph throttles; now, or before, where it does not. */
  readonly opensAtInMs: number
}

/** When the nth of those that wait, counting from 1, finds a free slot. */
export const slotAtInMs = (nth: number, outlook: Omit<Outlook, 'underWay' | 'concurrency' | 'opensAtInMs'>): number => {
  const { budget, freeAtInMs, latencyInMs, nowInMs, occupied, spacingInMs, windowInMs } = outlook
  const beyond = nth - Math.max(0, budget - occupied)
  if (beyond <= 0) return nowInMs
  const cycles = Math.floor((beyond - 1) / budget)
  // Where more are occupied than there are to be, those that come free first go to nobody.
  const place = Math.max(0, occupied - budget) + ((beyond - 1) % budget)
  // Those whose slots are taken later than now are sent at a distance, and come free at one.
  const unsent = Math.max(0, place - occupied)
  const slotFreeAtInMs = freeAtInMs(place) ?? nowInMs + unsent * spacingInMs + latencyInMs + windowInMs
  return slotFreeAtInMs + cycles * (windowInMs + latencyInMs)
}

/** When the nth of those that wait has its turn, or one that need not wait for the others. An estimate: others come and go. */
export const turnEstimate = (nth: number, mayGoNow: boolean, outlook: Outlook): TurnEstimate => {
  const { concurrency, latencyInMs, nowInMs, spacingInMs, underWay } = outlook
  const nextSlotAtInMs = mayGoNow ? nowInMs : slotAtInMs(nth, outlook)
  const opensAtInMs = Math.max(nowInMs, outlook.opensAtInMs)
  const sentAtInMs = opensAtInMs + (mayGoNow ? 0 : (nth - 1) * spacingInMs)
  const beyond = underWay + nth - concurrency
  const connectedAtInMs = beyond <= 0 ? nowInMs : nowInMs + (beyond * latencyInMs) / concurrency
  const atInMs = Math.max(nextSlotAtInMs, sentAtInMs, connectedAtInMs)
  if (atInMs === connectedAtInMs && beyond > 0) return { atInMs, why: 'concurrency' }
  return { atInMs, why: opensAtInMs > nowInMs && sentAtInMs >= nextSlotAtInMs ? 'throttled' : 'pace' }
}
