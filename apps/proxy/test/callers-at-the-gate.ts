import type * as E from 'fp-ts/lib/Either.js'
import type { Caller } from '../src/domain/caller.js'
import type { ProxyError } from '../src/domain/proxy-error.js'
import type { Turn, TurnEnd } from '../src/forward/gate.js'
import { type GateChange, pacedGate, type PacedGateSettings } from '../src/forward/paced-gate.js'
import { virtualTime } from './virtual-time.js'

/** What has become of a call that asked for a turn. */
export interface Asked {
  result: E.Either<ProxyError, Turn> | undefined
  settledAtInMs: number | undefined
}

interface AskOptions {
  readonly inMs?: number
  readonly isAgain?: boolean
  readonly onTurn?: (asked: Asked) => void
}

const callerNamed = (objectId: string): Caller => ({ kind: 'application', issuer: 'i', objectId, keyId: 'k' })

/** A gate in virtual time, and callers that ask it for turns. */
export const callersAtTheGate = (change: Partial<PacedGateSettings> = {}) => {
  const time = virtualTime()
  const changes: Array<GateChange> = []
  const gate = pacedGate({
    pace: { calls: 100, seconds: 20 },
    concurrency: 64,
    breakerFailures: 0,
    keyOf: ({ objectId }) => objectId,
    monotonicNowInMs: time.nowInMs,
    random: () => 0,
    after: time.after,
    onChange: (what) => changes.push(what),
    ...change,
  })

  const ask = (caller: string, { inMs = 25_000, isAgain = false, onTurn }: AskOptions = {}): Asked => {
    const asked: Asked = { result: undefined, settledAtInMs: undefined }
    const deadline = { atInMs: time.nowInMs() + inMs }
    void gate
      .turn({ caller: callerNamed(caller), deadline, isAgain })()
      .then((result) => {
        Object.assign(asked, { result, settledAtInMs: time.nowInMs() })
        if (result._tag === 'Right') onTurn?.(asked)
      })
    return asked
  }

  const askMany = (count: number, caller: string, options: AskOptions = {}): ReadonlyArray<Asked> =>
    Array.from({ length: count }, () => ask(caller, options))

  return {
    ask,
    askMany,
    changes,
    time,
    end: gate.end,
    /** Lets so much time pass, and all that follows from it happen. */
    pass: (inMs = 0) => time.run(time.nowInMs() + inMs),
  }
}

export const hasTurn = ({ result }: Asked): boolean => result?._tag === 'Right'

export const refusalOf = ({ result }: Asked): ProxyError | undefined =>
  result?._tag === 'Left' ? result.left : undefined

export const endTurn = ({ result }: Asked, how: TurnEnd = { _tag: 'Answered', status: 201 }): void => {
  if (result?._tag === 'Right') result.right.end(how)()
}
