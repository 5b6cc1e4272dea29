import * as E from 'fp-ts/lib/Either.js'
import type { ProxyError } from '../domain/proxy-error.js'
import type { Gate, Turn } from './gate.js'

/** Told of what happens at a gate. */
export interface GateWatch {
  /** `none`: it would have come too late; `leftAlone`: Graph is not asked for a while; `ended`: the process ends. */
  readonly waited: (inMs: number, result: 'turn' | 'none' | 'leftAlone' | 'ended') => void
  readonly throttled: () => void
}

export interface WatchedGate extends Gate {
  /** How many wait just now. */
  readonly waiting: () => number
  /** How many have a turn just now. */
  readonly underWay: () => number
}

const resultOf = (turn: E.Either<ProxyError, Turn>): Parameters<GateWatch['waited']>[1] => {
  if (E.isRight(turn)) return 'turn'
  if (turn.left._tag === 'Draining') return 'ended'
  return turn.left._tag === 'GraphLeftAlone' ? 'leftAlone' : 'none'
}

/** A gate, and somebody who is told how long calls waited at it, and what Graph throttled. */
export const watchedGate = (
  gate: Gate,
  monotonicNowInMs: () => number,
  { throttled, waited }: GateWatch,
): WatchedGate => {
  let waiting = 0
  let underWay = 0
  const watched = (turn: Turn): Turn => {
    underWay++
    let isOver = false
    return {
      end: (how) => () => {
        if (!isOver) underWay--
        isOver = true
        if (how._tag === 'Throttled') throttled()
        turn.end(how)()
      },
    }
  }
  return {
    turn: (asked) => async () => {
      const cameAtInMs = monotonicNowInMs()
      waiting++
      const turn = await gate.turn(asked)()
      waiting--
      waited(monotonicNowInMs() - cameAtInMs, resultOf(turn))
      return E.isRight(turn) ? E.right(watched(turn.right)) : turn
    },
    waiting: () => waiting,
    underWay: () => underWay,
  }
}
