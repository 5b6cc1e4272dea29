import type * as IO from 'fp-ts/lib/IO.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { Caller } from '../domain/caller.js'
import type { ProxyError } from '../domain/proxy-error.js'

/** The moment by which the whole call to Graph must be over: waiting, token, connection, tries and body. */
export interface Deadline {
  /** On the monotonic clock, in milliseconds. */
  readonly atInMs: number
}

/** What became of a turn, as far as the turns of others depend on it. */
export type TurnEnd =
  /** Nothing was sent, and Graph is not the reason. */
  | { readonly _tag: 'Unused' }
  /** Nothing could be sent. */
  | { readonly _tag: 'NotConnected' }
  /** Graph may have it, and gave no answer that can be read. */
  | { readonly _tag: 'Unanswered' }
  | { readonly _tag: 'Answered'; readonly status: number }
  /** Graph did nothing, since there were too many calls. */
  | {
      readonly _tag: 'Throttled'
      /** Undefined when Graph did not say it, or not in a way that can be read. */
      readonly retryAfterInSeconds: number | undefined
    }

/** The permission to send one request to Graph. Its end is told exactly once. */
export interface Turn {
  readonly end: (how: TurnEnd) => IO.IO<void>
}

/** Who asks for a turn, and until when it is of use. */
export interface TurnAsked {
  readonly caller: Caller
  readonly deadline: Deadline
  /** It had a turn before: it waits in front of its caller's other calls. */
  readonly isAgain: boolean
}

/** Where all calls wait until they may be sent. Left is told at once when the turn would come too late. */
export interface Gate {
  readonly turn: (asked: TurnAsked) => TE.TaskEither<ProxyError, Turn>
}
