import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Asked, callersAtTheGate, endTurn, hasTurn, refusalOf } from '../../test/callers-at-the-gate.js'
import type { TurnEnd } from './gate.js'

const fourIn10s = { pace: { calls: 4, seconds: 10 } }
const throttled = (retryAfterInSeconds?: number): TurnEnd => ({ _tag: 'Throttled', retryAfterInSeconds })
const turnsOf = (asked: ReadonlyArray<Asked>): number => asked.filter(hasTurn).length

describe('a call that comes to a gate where nobody waits', () => {
  it('goes at once', async () => {
    const { ask, pass, time } = callersAtTheGate()
    const asked = ask('ada')
    await pass()

    expect(hasTurn(asked)).toBe(true)
    expect(time.waiting()).toBe(0)
  })

  it('goes at once while a flood of another caller waits', async () => {
    const { ask, askMany, pass } = callersAtTheGate()
    askMany(100, 'flood')
    await pass(1_000)
    const asked = ask('ada')
    await pass()

    expect(hasTurn(asked)).toBe(true)
  })
})

describe('a window', () => {
  it('takes so many calls, and the next when one has been answered a window ago', async () => {
    const { askMany, pass } = callersAtTheGate(fourIn10s)
    const asked = askMany(6, 'ada')
    await pass(8_000)
    expect(turnsOf(asked)).toBe(4)
    asked.forEach((one) => endTurn(one))
    await pass(9_999)
    expect(turnsOf(asked)).toBe(4)
    await pass(3_000)
    expect(turnsOf(asked)).toBe(6)
  })

  it.each(['Unused', 'NotConnected'] as const)('has its slot back from a turn that ended %s', async (_tag) => {
    const { askMany, pass } = callersAtTheGate({ pace: { calls: 1, seconds: 10 } })
    const asked = askMany(2, 'ada')
    await pass(1_000)
    expect(turnsOf(asked)).toBe(1)
    asked.slice(0, 1).forEach((one) => endTurn(one, { _tag }))
    await pass(8_000)
    expect(turnsOf(asked)).toBe(2)
  })

  it('counts a turn once, however often its end is told', async () => {
    const { ask, askMany, pass } = callersAtTheGate(fourIn10s)
    const first = ask('ada')
    await pass()
    endTurn(first, { _tag: 'Unused' })
    endTurn(first, { _tag: 'Unused' })
    const asked = askMany(6, 'ada')
    await pass(9_000)

    expect(turnsOf(asked)).toBe(4)
  })

  it('is not used up at once by one caller', async () => {
    const { askMany, pass } = callersAtTheGate()
    const asked = askMany(100, 'flood')
    await pass(1_000)
    expect(turnsOf(asked)).toBeLessThan(20)
    asked.forEach((one) => endTurn(one))
  })
})

describe('callers that wait', () => {
  it('take turns', async () => {
    const { askMany, pass } = callersAtTheGate({ pace: { calls: 10, seconds: 10 } })
    const [flood, ada, bob] = [askMany(12, 'flood'), askMany(2, 'ada'), askMany(2, 'bob')]
    await pass(9_900)

    expect([turnsOf(ada), turnsOf(bob)]).toEqual([2, 2])
    expect(turnsOf(flood)).toBeGreaterThanOrEqual(5)
  })

  it('have a call that had a turn before go in front of their own others', async () => {
    const { ask, askMany, pass } = callersAtTheGate({ concurrency: 1 })
    const [first, ...others] = askMany(3, 'ada')
    await pass()
    const again = ask('ada', { isAgain: true })
    if (first !== undefined) endTurn(first)
    await pass(1_000)

    expect([hasTurn(again), turnsOf(others)]).toEqual([true, 0])
  })
})

describe('when Graph throttles one call', () => {
  it('none is sent for so long, then one, and others when that one was answered otherwise', async () => {
    const { ask, askMany, changes, pass } = callersAtTheGate()
    const first = ask('ada')
    await pass()
    endTurn(first, throttled(7))
    const others = [...askMany(2, 'ada'), ...askMany(2, 'bob')]
    await pass(6_999)
    expect(turnsOf(others)).toBe(0)
    await pass(5_000)
    expect(turnsOf(others)).toBe(1)
    others.filter(hasTurn).forEach((one) => endTurn(one))
    await pass()
    expect(turnsOf(others)).toBe(4)
    expect(changes).toEqual([
      { _tag: 'GraphThrottles', inSeconds: 7, budget: 37 },
      { _tag: 'GraphThrottlesNoMore', budget: 37 },
    ])
  })

  it('and the next in its stead too, all wait on, and it is told once', async () => {
    const { askMany, changes, pass } = callersAtTheGate()
    const asked = askMany(3, 'ada', { inMs: 120_000 })
    await pass()
    asked.slice(0, 1).forEach((one) => endTurn(one, throttled(5)))
    asked.slice(1, 3).forEach((one) => endTurn(one, throttled(5)))
    const others = askMany(3, 'bob', { inMs: 120_000 })
    await pass(5_000)
    others.filter(hasTurn).forEach((one) => endTurn(one, throttled()))
    await pass(19_999)
    expect(turnsOf(others)).toBe(1)
    await pass(1)
    expect(turnsOf(others)).toBe(2)
    expect(changes).toHaveLength(1)
  })

  it.each(['Unused', 'NotConnected', 'Unanswered'] as const)(
    'another finds out when the first that may go tells nothing of it (%s)',
    async (_tag) => {
      const { ask, askMany, pass } = callersAtTheGate()
      const first = ask('ada')
      await pass()
      endTurn(first, throttled(5))
      const others = askMany(2, 'bob')
      await pass(5_000)
      expect(turnsOf(others)).toBe(1)
      others.filter(hasTurn).forEach((one) => endTurn(one, { _tag }))
      await pass()
      expect(turnsOf(others)).toBe(2)
    },
  )

  it('the first that may go is one that was refused, and goes as soon as Graph has said, whatever is known of the limit', async () => {
    const { ask, askMany, pass } = callersAtTheGate({ pace: { calls: 10, seconds: 10 } })
    const flood = askMany(8, 'flood', { onTurn: (asked) => endTurn(asked) })
    await pass(6_000)
    expect(turnsOf(flood)).toBe(8)
    // With this one nine are in the window, and the budget is cut to six.
    const last = ask('ada')
    await pass()
    endTurn(last, throttled(1))
    const [again, other] = [ask('flood', { isAgain: true, inMs: 2_000 }), ask('bob')]
    await pass(999)
    expect([hasTurn(again), hasTurn(other)]).toEqual([false, false])
    await pass(1)

    expect([hasTurn(again), hasTurn(other)]).toEqual([true, false])
  })
})

describe('the call that finds out whether Graph throttles no more', () => {
  it('does not wait for those that are still under way', async () => {
    const { ask, askMany, pass } = callersAtTheGate()
    const [first] = askMany(3, 'ada')
    await pass()
    if (first !== undefined) endTurn(first, throttled(1))
    const again = ask('ada', { isAgain: true })
    await pass(1_000)

    expect(hasTurn(again)).toBe(true)
  })
})

describe('a turn that would come too late', () => {
  it('is refused at once, for the pace, and later ones are told later times, of which 5 a second have room', async () => {
    const { askMany, pass } = callersAtTheGate()
    const asked = askMany(1_000, 'ada')
    await pass()
    const times = asked.map(refusalOf).flatMap((one) => (one?._tag === 'TurnTooLate' ? [one.retryAfterInSeconds] : []))

    expect(times.length).toBeGreaterThan(700)
    expect(asked.map(refusalOf).filter((one) => one !== undefined && !('why' in one && one.why === 'pace'))).toEqual([])
    expect([...times].sort((a, b) => a - b)).toEqual(times)
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeCloseTo(times.length / 5, -1)
  })

  it('does not tell other callers to come so much later', async () => {
    const { ask, askMany, pass } = callersAtTheGate()
    askMany(5_000, 'hammer')
    await pass()
    const [hammer, ada] = [ask('hammer'), ask('ada', { inMs: 1 })]
    await pass()

    expect(refusalOf(hammer)).toMatchObject({ why: 'pace' })
    expect(refusalOf(hammer)).toHaveProperty('retryAfterInSeconds', 289)
    expect(ada.result).toMatchObject({ _tag: 'Right' })
  })

  it('is refused at once while Graph throttles for longer', async () => {
    const { ask, pass } = callersAtTheGate()
    const first = ask('ada')
    await pass()
    endTurn(first, throttled(60))
    const asked = ask('bob')
    await pass()

    expect(refusalOf(asked)).toEqual({ _tag: 'TurnTooLate', why: 'throttled', retryAfterInSeconds: 49 })
  })

  it('is not that of a call which was refused, and goes as soon as Graph has said', async () => {
    const { ask, pass } = callersAtTheGate()
    const first = ask('ada')
    await pass()
    endTurn(first, throttled(7))
    const [again, other] = [ask('ada', { isAgain: true, inMs: 8_800 }), ask('bob', { inMs: 8_800 })]
    await pass(7_000)

    expect(hasTurn(again)).toBe(true)
    expect(other).toMatchObject({ settledAtInMs: 0, result: { left: { why: 'throttled' } } })
  })

  it('is refused at once where more are in the window than there are to be', async () => {
    const { ask, askMany, pass } = callersAtTheGate({ pace: { calls: 10, seconds: 10 } })
    askMany(8, 'flood', { onTurn: (asked) => endTurn(asked) })
    await pass(6_000)
    const last = ask('ada')
    await pass()
    endTurn(last, throttled(1))
    ask('ada', { isAgain: true, onTurn: (asked) => endTurn(asked) })
    await pass(1_000)
    // Ten are in the window. The slots of four come free in five seconds, and are those by which the budget was cut.
    const asked = ask('bob', { inMs: 5_000 })
    await pass()

    expect(refusalOf(asked)).toMatchObject({ _tag: 'TurnTooLate', why: 'pace' })
  })

  it('has a time told by how long its caller may wait the next time, not by what was left for a further try', async () => {
    const { ask, pass } = callersAtTheGate({ pace: { calls: 1, seconds: 60 } })
    ask('ada', { onTurn: (asked) => endTurn(asked) })
    await pass()
    const [fresh, again] = [ask('ada'), ask('ada', { isAgain: true, inMs: 5_000 })]
    await pass()
    const timeOf = (one: Asked): number => Number(Object(refusalOf(one)).retryAfterInSeconds)

    expect(timeOf(again) - timeOf(fresh)).toBe(60)
  })

  it('is refused at once when too many are with Graph for too long', async () => {
    const { ask, askMany, pass } = callersAtTheGate({ concurrency: 2, pace: { calls: 1_000, seconds: 20 } })
    const [first] = askMany(2, 'ada')
    await pass(20_000)
    if (first !== undefined) endTurn(first)
    askMany(8, 'ada')
    const asked = ask('ada', { inMs: 5_000 })
    await pass()

    expect(refusalOf(asked)).toMatchObject({ _tag: 'TurnTooLate', why: 'concurrency' })
  })

  it('is let go when it waits already, while there would be time for the call itself', async () => {
    const { ask, askMany, pass, time } = callersAtTheGate({ concurrency: 1 })
    askMany(1, 'ada')
    const asked = ask('bob', { inMs: 10_000 })
    await pass(20_000)

    expect(refusalOf(asked)).toMatchObject({ _tag: 'TurnTooLate', why: 'concurrency' })
    expect(asked.settledAtInMs).toBe(8_500)
    expect(time.waiting()).toBe(0)
  })

  it('is refused when more wait than can be held, however much time it has', async () => {
    const { askMany, pass } = callersAtTheGate({ pace: { calls: 1_000_000, seconds: 1 } })
    const asked = askMany(10_065, 'ada', { inMs: 1e9 })
    await pass()

    expect(asked.filter((one) => refusalOf(one) !== undefined)).toHaveLength(1)
  })
})

describe('once Graph has throttled', () => {
  it('few are under way at once, but those that it does not answer hold up nobody for long', async () => {
    const { ask, askMany, pass } = callersAtTheGate()
    const first = ask('ada')
    await pass()
    endTurn(first, throttled(1))
    const probe = ask('ada')
    await pass(1_000)
    endTurn(probe)
    const asked = ['bob', 'eve', 'joe', 'kim', 'lee'].flatMap((caller) => askMany(1, caller))
    await pass()
    expect(turnsOf(asked)).toBe(2)
    await pass(1_500)
    expect(turnsOf(asked)).toBe(4)
  })
})

describe('when Graph fails so often in a row', () => {
  const breakerFailures = 3
  const failing: ReadonlyArray<TurnEnd> = [
    { _tag: 'NotConnected' },
    { _tag: 'Unanswered' },
    { _tag: 'Answered', status: 500 },
  ]

  /** A gate that has just left Graph alone, for 2.5 seconds. */
  const leftAlone = async (change = {}) => {
    const world = callersAtTheGate({ breakerFailures, ...change })
    for (const [index, how] of failing.entries()) {
      const asked = world.ask(index === 0 ? 'eve' : 'ada')
      await world.pass()
      endTurn(asked, how)
    }
    return world
  }

  it('those that come are told that it is left alone, at once', async () => {
    const { ask, askMany, changes, pass } = callersAtTheGate({ breakerFailures, concurrency: 3 })
    const asked = [ask('eve'), ...askMany(4, 'ada')]
    await pass()
    failing.forEach((how, index) => asked.slice(index, index + 1).forEach((one) => endTurn(one, how)))
    await pass()
    const late = ask('bob')
    await pass()

    // The first two ends let the two that waited go.
    expect(asked.map(hasTurn)).toEqual([true, true, true, true, true])
    expect(refusalOf(late)).toEqual({ _tag: 'GraphLeftAlone', retryAfterInSeconds: 3 })
    expect(changes).toEqual([{ _tag: 'GraphIsLeftAlone', failures: 3, byAll: true }])
  })

  it('and all of that for one caller, it is left alone by that one: what others want is sent', async () => {
    const { ask, askMany, changes, pass } = callersAtTheGate({ breakerFailures, concurrency: 3 })
    const asked = askMany(3, 'ada')
    const [waiting, ofBob] = [askMany(3, 'ada'), ask('bob')]
    await pass()
    asked.forEach((one) => endTurn(one, { _tag: 'Answered', status: 500 }))
    await pass()
    const [more, ofEve] = [ask('ada'), ask('eve')]
    await pass()

    expect(changes).toEqual([{ _tag: 'GraphIsLeftAlone', failures: 3, byAll: false }])
    expect([...waiting, more].map(refusalOf)).toContainEqual({ _tag: 'GraphLeftAlone', retryAfterInSeconds: 3 })
    expect(refusalOf(more)).toEqual({ _tag: 'GraphLeftAlone', retryAfterInSeconds: 3 })
    expect([ofBob, ofEve].map(hasTurn)).toEqual([true, true])
  })

  it('those that wait for a slot are told at once', async () => {
    const { askMany, pass } = callersAtTheGate({ breakerFailures: 1, concurrency: 1 })
    const asked = askMany(3, 'ada')
    await pass()
    asked.slice(0, 1).forEach((one) => endTurn(one, { _tag: 'Unanswered' }))
    await pass()

    const told = { _tag: 'GraphLeftAlone', retryAfterInSeconds: 3 }
    expect(asked.slice(1).map(refusalOf)).toEqual([told, told])
  })

  it('then one call finds out whether it is well again, and the others are refused till then', async () => {
    const { ask, changes, pass } = await leftAlone()
    await pass(2_500)
    const [probe, other] = [ask('ada'), ask('bob')]
    await pass()
    expect(hasTurn(probe)).toBe(true)
    expect(refusalOf(other)).toEqual({ _tag: 'GraphLeftAlone', retryAfterInSeconds: 1 })
    endTurn(probe)
    const after = ask('bob')
    await pass()
    expect(hasTurn(after)).toBe(true)
    expect(changes).toEqual([{ _tag: 'GraphIsLeftAlone', failures: 3, byAll: true }, { _tag: 'GraphIsWellAgain' }])
  })

  it.each<[string, TurnEnd]>([
    ['throttled', throttled(1)],
    ['refused', { _tag: 'Answered', status: 400 }],
  ])('then it is well again when it has %s the one', async (_, how) => {
    const { ask, changes, pass } = await leftAlone()
    await pass(2_500)
    const probe = ask('ada')
    await pass()
    endTurn(probe, how)

    expect(changes.at(-1)).toEqual({ _tag: 'GraphIsWellAgain' })
  })

  it('the next call finds out when the one was not sent', async () => {
    const { ask, pass } = await leftAlone()
    await pass(2_500)
    const probe = ask('ada')
    await pass()
    endTurn(probe, { _tag: 'Unused' })
    const next = ask('bob')
    await pass()

    expect(hasTurn(next)).toBe(true)
  })

  it('the next call finds out when the one had no time', async () => {
    const { ask, pass } = await leftAlone()
    await pass(2_500)
    const hadNoTime = ask('ada', { inMs: 0 })
    const next = ask('bob')
    await pass()

    expect([refusalOf(hadNoTime)?._tag, hasTurn(next)]).toEqual(['TurnTooLate', true])
  })

  it('the next call finds out when the one waited in vain, since Graph throttles too', async () => {
    const { ask, askMany, pass } = callersAtTheGate({ breakerFailures: 1 })
    const asked = askMany(3, 'ada')
    await pass()
    asked.slice(0, 1).forEach((one) => endTurn(one, throttled(5)))
    asked.slice(1, 2).forEach((one) => endTurn(one, { _tag: 'Unanswered' }))
    await pass(2_500)
    const probe = ask('ada')
    asked.slice(2).forEach((one) => endTurn(one, throttled(60)))
    await pass()
    expect(refusalOf(probe)).toMatchObject({ _tag: 'TurnTooLate', why: 'throttled' })
    await pass(60_000)
    const next = ask('ada')
    await pass()
    expect(hasTurn(next)).toBe(true)
  })
})

describe('when the process ends', () => {
  it('those that wait are told at once, and those that come', async () => {
    const { ask, askMany, end, pass, time } = callersAtTheGate({ concurrency: 1 })
    const asked = askMany(3, 'ada')
    await pass()
    end()
    const late = ask('bob')
    await pass()

    const told = { _tag: 'Draining' }
    expect([...asked.slice(1), late].map(refusalOf)).toEqual([told, told, told])
    expect(time.waiting()).toBe(0)
  })
})

describe('whatever callers ask for and Graph answers', () => {
  const windowInMs = 2_000
  const ends: ReadonlyArray<TurnEnd> = [
    { _tag: 'Unused' },
    { _tag: 'NotConnected' },
    { _tag: 'Unanswered' },
    { _tag: 'Answered', status: 201 },
    { _tag: 'Answered', status: 201 },
    { _tag: 'Answered', status: 201 },
    { _tag: 'Answered', status: 500 },
    throttled(),
    throttled(1),
  ]
  const steps = fc.array(
    fc.record({
      gapInMs: fc.oneof(fc.constant(0), fc.nat(300)),
      caller: fc.constantFrom('ada', 'bob', 'eve'),
      inMs: fc.integer({ min: -10, max: 20_000 }),
      isAgain: fc.boolean(),
      latencyInMs: fc.nat(1_500),
      how: fc.constantFrom(...ends),
    }),
    { minLength: 1, maxLength: 60 },
  )
  const limits = fc.record({
    calls: fc.integer({ min: 1, max: 8 }),
    concurrency: fc.integer({ min: 1, max: 4 }),
    breakerFailures: fc.constantFrom(0, 2),
    random: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  })

  it('no window has too many, no turn comes after its deadline, all are answered, and nothing is left', async () => {
    await fc.assert(
      fc.asyncProperty(steps, limits, async (taken, { breakerFailures, calls, concurrency, random }) => {
        const world = callersAtTheGate({
          pace: { calls, seconds: windowInMs / 1000 },
          concurrency,
          breakerFailures,
          random: () => random,
        })
        const { ask, pass, time } = world
        const all: Array<{ asked: Asked; deadlineAtInMs: number }> = []
        const sent: Array<{ from: number; to: number; how: TurnEnd }> = []
        let [underWay, mostUnderWay] = [0, 0]
        for (const { caller, gapInMs, how, inMs, isAgain, latencyInMs } of taken) {
          await pass(gapInMs)
          const onTurn = (asked: Asked): void => {
            underWay++
            mostUnderWay = Math.max(mostUnderWay, underWay)
            time.after(latencyInMs, () => {
              underWay--
              endTurn(asked, how)
              sent.push({ from: asked.settledAtInMs ?? 0, to: time.nowInMs(), how })
            })
          }
          all.push({ asked: ask(caller, { inMs, isAgain, onTurn }), deadlineAtInMs: time.nowInMs() + inMs })
        }
        await time.run()

        expect(mostUnderWay).toBeLessThanOrEqual(concurrency)
        for (const { asked, deadlineAtInMs } of all) {
          expect(asked.result).toBeDefined()
          if (hasTurn(asked)) expect(asked.settledAtInMs).toBeLessThan(deadlineAtInMs)
          const refusal = refusalOf(asked)
          if (refusal !== undefined && 'retryAfterInSeconds' in refusal) {
            expect(refusal.retryAfterInSeconds).toBeGreaterThanOrEqual(1)
            expect(refusal.retryAfterInSeconds).toBeLessThanOrEqual(300)
          }
        }
        const counted = sent.filter(({ how }) => how._tag !== 'Unused' && how._tag !== 'NotConnected')
        for (const { to } of counted)
          expect(counted.filter((other) => other.to >= to && other.from < to + windowInMs).length).toBeLessThanOrEqual(
            calls,
          )
        expect(time.waiting()).toBe(0)
      }),
      { numRuns: 60 },
    )
  })
})
