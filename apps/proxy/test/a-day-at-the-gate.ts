import * as E from 'fp-ts/lib/Either.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { callerKey } from '../src/domain/caller-key.js'
import type { Caller } from '../src/domain/caller.js'
import { forward, type ForwardPorts } from '../src/forward/index.js'
import { type GateChange, pacedGate, type PacedGateSettings } from '../src/forward/paced-gate.js'
import { aCall } from './a-call.js'
import { anIntuneThatThrottles, type IntuneOptions } from './an-intune-that-throttles.js'
import { numbersFrom } from './a-proxy-process.js'
import { virtualTime } from './virtual-time.js'

export const callerNamed = (objectId: string): Caller => ({
  kind: 'application',
  issuer: 'i',
  tenantId: 't',
  objectId,
  keyId: 'k',
})

export interface DayOptions extends Partial<Omit<IntuneOptions, 'random'>> {
  readonly seed: number
  readonly gate?: Partial<PacedGateSettings>
  readonly deadlineInMs?: number
}

/** A call that a caller makes, and makes again as often as it is told to come later. */
interface Made {
  readonly caller: string
  readonly madeAtInMs: number
  readonly doneAtInMs: number
  /** The longest that it waited for its first turn. */
  readonly waitedInMs: number
  readonly turnedAway: number
  /** How often it was told 429 by Graph, through us. */
  readonly told429: number
}

/** The way of calls to Graph as it is, with a Graph that counts, in virtual time. */
export const aDayAtTheGate = ({ deadlineInMs = 25_000, gate: change, seed, ...options }: DayOptions) => {
  const random = numbersFrom(seed)
  const time = virtualTime()
  const intune = anIntuneThatThrottles(time, {
    window: 'sliding',
    othersIn20s: 0,
    latencyInMs: { least: 100, most: 500 },
    saysRetryAfter: true,
    random,
    ...options,
  })
  const changes: Array<GateChange> = []
  const gate = pacedGate({
    pace: { calls: 100, seconds: 20 },
    concurrency: 64,
    breakerFailures: 20,
    keyOf: callerKey('caller'),
    monotonicNowInMs: time.nowInMs,
    random,
    after: time.after,
    onChange: (what) => changes.push(what),
    ...change,
  })
  const portsFor = (waited: (inMs: number) => void): ForwardPorts => ({
    gate: {
      turn: (asked) => async () => {
        const from = time.nowInMs()
        const turn = await gate.turn(asked)()
        waited(time.nowInMs() - from)
        return turn
      },
    },
    upstreamTokens: { take: () => TE.right('token'), drop: () => () => undefined },
    sendToGraph: intune.send,
    now: time.date,
    monotonicNowInMs: time.nowInMs,
    upstreamDeadlineInMs: deadlineInMs,
    newSpanId: () => '00f067aa0ba902b7',
    random,
    delay: (inMs) => (inMs === 0 ? T.of(undefined) : time.delay(inMs)),
  })

  const made: Array<Made> = []
  /** Makes a call, and comes again when it is told to, until it is done. */
  const make = async (caller: string): Promise<void> => {
    const madeAtInMs = time.nowInMs()
    const call = { ...aCall({}), caller: callerNamed(caller) }
    let [turnedAway, told429, longestInMs] = [0, 0, 0]
    const ports = portsFor((inMs) => (longestInMs = Math.max(longestInMs, inMs)))
    for (;;) {
      const { result } = await forward(ports)(call)()
      if (E.isRight(result) && result.right.status === 201) break
      if (E.isLeft(result) && result.left._tag !== 'TurnTooLate' && result.left._tag !== 'GraphLeftAlone')
        throw new Error(JSON.stringify(result.left))
      const inSeconds = E.isLeft(result)
        ? 'retryAfterInSeconds' in result.left
          ? result.left.retryAfterInSeconds
          : 1
        : Number(result.right.headers['retry-after'] ?? 10)
      if (E.isLeft(result)) turnedAway++
      else told429++
      await time.delay(inSeconds * 1000)()
    }
    made.push({ caller, madeAtInMs, doneAtInMs: time.nowInMs(), waitedInMs: longestInMs, turnedAway, told429 })
  }
  return { time, gate, intune, changes, made, make, random }
}
