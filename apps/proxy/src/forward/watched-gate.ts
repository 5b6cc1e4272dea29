import * as E from 'fp-ts/lib/Either.js'
import type { Gate, Turn } from './gate.js'

/** Told of what happens at a gate. */
export interface GateWatch {
  readonly waited: (inMs: number, hasTurn: boolean) => void
  readonly throttled: () => void
}

export interface WatchedGate extends Gate {
  /** How many wait just now. */
  readonly waiting: () => number
  /** How many have a turn just now. */
  readonly underWay: () => number
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
      waited(monotonicNowInMs() - cameAtInMs, E.isRight(turn))
      return E.isRight(turn) ? E.right(watched(turn.right)) : turn
    },
    waiting: () => waiting,
    underWay: () => underWay,
  }
}
