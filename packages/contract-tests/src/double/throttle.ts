import { applicationOfToken } from './application-of-token.js'
import { type GraphErrorAnswer, graphErrors } from './graph-errors.js'
import { countWrite, limitsOfIntuneBooks, type ThrottleLimits, type Usage } from './throttle-window.js'

/** What is absent is as at Intune. */
export interface ThrottleOptions extends Partial<ThrottleLimits> {
  /**
   * The form of Retry-After: whole seconds, rounded up; an HTTP date; none, as Intune has been seen to answer; or this
   * text, whatever it says. Absent: seconds.
   */
  readonly retryAfter?: 'seconds' | 'date' | 'absent' | { readonly text: string }
  /** Whose writes count together. Absent: those of the application that the token names, unverified. */
  readonly applicationOf?: (token: string) => string
}

export interface Throttle {
  /** Counts a write, and says how it is refused; undefined if it is taken. */
  readonly refusalOf: (token: string, now: Date) => GraphErrorAnswer | undefined
  /** Counts writes of an application that are not made here. */
  readonly countElsewhere: (application: string, writes: number, now: Date) => void
  readonly clear: () => void
}

const textOf = (form: ThrottleOptions['retryAfter'], inMs: number, now: Date): string | undefined => {
  const inSeconds = Math.ceil(inMs / 1000)
  if (typeof form === 'object') return form.text
  if (form === 'absent') return undefined
  // A date has no fractions, so that it must be rounded up from the whole of the two.
  return form === 'date' ? new Date(Math.ceil((now.getTime() + inMs) / 1000) * 1000).toUTCString() : String(inSeconds)
}

const refusal = (retryAfter: string | undefined): GraphErrorAnswer => {
  const { tooManyRequests, tooManyRequestsWithoutRetryAfter } = graphErrors
  return retryAfter === undefined
    ? tooManyRequestsWithoutRetryAfter
    : { ...tooManyRequests, headers: { ...tooManyRequests.headers, 'Retry-After': retryAfter } }
}

/** Throws for a limit that is none: below 1, or no whole number. */
const limitsOf = (options: ThrottleOptions): ThrottleLimits => {
  const { kind, ofApplication, ofTenant, windowInMs } = { ...limitsOfIntuneBooks, ...options }
  for (const value of [ofApplication, ofTenant, windowInMs]) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`this is no limit: ${String(value)}`)
  }
  return { kind, ofApplication, ofTenant, windowInMs }
}

/** Refuses the writes of one tenant that are too many. */
export const throttleOf = (options: ThrottleOptions): Throttle => {
  const count = countWrite(limitsOf(options))
  const { applicationOf = applicationOfToken } = options
  let usage: Usage = []

  const counted = (application: string, now: Date) => {
    const { usage: next, verdict } = count(usage, { application, atInMs: now.getTime() })
    usage = next
    return verdict
  }

  return {
    refusalOf: (token, now) => {
      const verdict = counted(applicationOf(token), now)
      return verdict._tag === 'Taken' ? undefined : refusal(textOf(options.retryAfter, verdict.inMs, now))
    },
    countElsewhere: (application, writes, now) => {
      for (let write = 0; write < writes; write++) counted(application, now)
    },
    clear: () => {
      usage = []
    },
  }
}
