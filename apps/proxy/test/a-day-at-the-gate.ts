import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { callerKey } from '../src/domain/caller-key.js'
import { forward, type ForwardPorts } from '../src/forward/index.js'
import { pacedGate } from '../src/forward/paced-gate.js'
import { aCall } from './a-call.js'
import { numbersFrom } from './a-proxy-process.js'
import { anIntuneThatThrottles, type IntuneOptions } from './an-intune-that-throttles.js'
import { virtualTime } from './virtual-time.js'

export interface DayOptions extends Partial<Omit<IntuneOptions, 'random'>> {
  readonly seed: number
}

/** A call that was made, and made again as often as it was told to come later, until Graph created what it asked for. */
interface Made {
  readonly caller: string
  /** The longest that it waited for a turn. */
  readonly waitedInMs: number
  /** How often its turn would have come too late. */
  readonly turnedAway: number
  /** Each time that Graph's 429 was passed on: what was left of its deadline then, beyond what Graph told it to wait. */
  readonly sparedInMs: ReadonlyArray<number>
}

const deadlineInMs = 25_000

/** The way of calls to Graph, as it is wired in production but for time and Graph, and callers that keep to Retry-After. */
export const aDayAtTheGate = ({ seed, ...options }: DayOptions) => {
  const random = numbersFrom(seed)
  const time = virtualTime()
  const intune = anIntuneThatThrottles(time, {
    window: 'sliding',
    othersIn20s: 0,
    latencyInMs: { least: 20, most: 120 },
    saysRetryAfter: true,
    random,
    ...options,
  })
  const gate = pacedGate({
    pace: { calls: 100, seconds: 20 },
    concurrency: 64,
    breakerFailures: 20,
    keyOf: callerKey('caller'),
    monotonicNowInMs: time.nowInMs,
    random,
    after: time.after,
    onChange: () => undefined,
  })
  const portsOf = (waited: (inMs: number) => void): ForwardPorts => ({
    gate: {
      turn: (asked) => async () => {
        const fromInMs = time.nowInMs()
        const turn = await gate.turn(asked)()
        waited(time.nowInMs() - fromInMs)
        return turn
      },
    },
    upstreamTokens: { take: () => TE.right('token'), drop: () => () => undefined },
    sendToGraph: intune.send,
    now: time.date,
    monotonicNowInMs: time.nowInMs,
    upstreamDeadlineInMs: deadlineInMs,
    inStep: (_request, _step, run) => run(),
    beginTry: () => ({ traceparent: '', end: () => undefined }),
    random,
    delay: time.delay,
  })

  const made: Array<Made> = []
  let doneAtInMs = 0

  const make = async (caller: string): Promise<void> => {
    const call = aCall()
    let [turnedAway, waitedInMs] = [0, 0]
    const sparedInMs: Array<number> = []
    const ports = portsOf((inMs) => (waitedInMs = Math.max(waitedInMs, inMs)))
    for (;;) {
      const fromInMs = time.nowInMs()
      const { result } = await forward(ports)({ ...call, caller: { ...call.caller, objectId: caller } })()
      if (E.isRight(result) && result.right.status === 201) break
      if (E.isLeft(result)) {
        if (result.left._tag !== 'TurnTooLate') throw new Error(result.left._tag)
        turnedAway++
        await time.delay(result.left.retryAfterInSeconds * 1000)()
      } else {
        const waitInMs = Number(result.right.headers['retry-after'] ?? 10) * 1000
        sparedInMs.push(fromInMs + deadlineInMs - time.nowInMs() - waitInMs)
        await time.delay(waitInMs)()
      }
    }
    doneAtInMs = time.nowInMs()
    made.push({ caller, waitedInMs, turnedAway, sparedInMs })
  }

  return {
    time,
    intune,
    random,
    made,
    make: (caller: string) => void make(caller),
    doneInSeconds: () => doneAtInMs / 1000,
  }
}
