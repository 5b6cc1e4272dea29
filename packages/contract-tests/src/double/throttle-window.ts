/** How often one may write, and in which time. */
export interface ThrottleLimits {
  /** At least 1. */
  readonly windowInMs: number
  /** The writes of one application in one tenant. */
  readonly ofApplication: number
  /** The writes of all applications of the tenant. */
  readonly ofTenant: number
  /** Whether the window is the time just past, or one of those that follow each other without a gap. */
  readonly kind: 'sliding' | 'fixed'
}

/**
 * Those of Intune's books, as its page has them; of what kind the window is, it does not say.
 * https://learn.microsoft.com/graph/throttling-limits#intune-books-service-limits
 */
export const limitsOfIntuneBooks: ThrottleLimits = {
  windowInMs: 20_000,
  ofApplication: 100,
  ofTenant: 200,
  kind: 'sliding',
}

/** A write as far as it counts. */
export interface CountedWrite {
  readonly application: string
  readonly atInMs: number
}

/** The writes that are in the window, in order. */
export type Usage = ReadonlyArray<CountedWrite>

export type Verdict =
  | { readonly _tag: 'Taken' }
  /** `inMs` is when it would be taken if nobody wrote meanwhile. */
  | { readonly _tag: 'Throttled'; readonly by: 'application' | 'tenant'; readonly inMs: number }

/** When a write no longer counts. */
const endOf = ({ kind, windowInMs }: ThrottleLimits, atInMs: number): number =>
  kind === 'sliding' ? atInMs + windowInMs : (Math.floor(atInMs / windowInMs) + 1) * windowInMs

/** In how many milliseconds fewer writes than the limit count, of these and no more. */
const waitFor = (limits: ThrottleLimits, limit: number, writes: Usage, nowInMs: number): number => {
  const last = writes[writes.length - limit]
  return last === undefined ? 0 : endOf(limits, last.atInMs) - nowInMs
}

/**
 * Counts a write, and says whether it is taken. One that is throttled counts as much as one that is taken, as at Graph:
 * who does not wait, waits longer. Writes must come in the order of their times.
 * https://learn.microsoft.com/graph/throttling#best-practices-to-handle-throttling
 */
export const countWrite =
  (limits: ThrottleLimits) =>
  (usage: Usage, write: CountedWrite): { readonly usage: Usage; readonly verdict: Verdict } => {
    const { application, atInMs } = write
    const ofTenant = [...usage.filter((earlier) => endOf(limits, earlier.atInMs) > atInMs), write]
    const ofApplication = ofTenant.filter((counted) => counted.application === application)
    const isTooMuchOfApplication = ofApplication.length > limits.ofApplication
    if (!isTooMuchOfApplication && ofTenant.length <= limits.ofTenant)
      return { usage: ofTenant, verdict: { _tag: 'Taken' } }

    const inMs = Math.max(
      waitFor(limits, limits.ofApplication, ofApplication, atInMs),
      waitFor(limits, limits.ofTenant, ofTenant, atInMs),
    )
    return {
      usage: ofTenant,
      verdict: { _tag: 'Throttled', by: isTooMuchOfApplication ? 'application' : 'tenant', inMs },
    }
  }
