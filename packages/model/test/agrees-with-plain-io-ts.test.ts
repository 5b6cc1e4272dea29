import * as fc from 'fast-check'
import type * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { deviceInstallState, deviceInstallStateCreate, nearMissAnswer, nearMissCreate } from '../src/arbitrary/index.js'
import {
  closed,
  DateTimeOffset,
  DeviceInstallState,
  DeviceInstallStateCreate,
  type AnyObjectCodec,
  ODataDateTimeOffset,
  open,
  pointerOf,
  problemsOf,
} from '../src/index.js'
import { plainIoTs } from './support/plain-io-ts.js'

const { PlainAnswer, PlainCreate } = plainIoTs(DateTimeOffset.is, ODataDateTimeOffset.is)

const runs = 100_000

const pointersOf = (result: t.Validation<unknown>): ReadonlyArray<string> =>
  result._tag === 'Left' ? problemsOf(result.left).map(({ pointer }) => pointer) : []

const extraIn = (codec: AnyObjectCodec, value: unknown): ReadonlyArray<string> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.keys(value)
        .filter((name) => !Object.hasOwn(codec.fields, name))
        .map((name) => pointerOf([name]))
    : []

/** Several near misses in one value: each place that is wrong must be named, and no other. */
const manyMisses = (one: fc.Arbitrary<{ readonly value: object }>): fc.Arbitrary<unknown> =>
  fc.array(one, { minLength: 2, maxLength: 4 }).map((misses) => Object.assign({}, ...misses.map(({ value }) => value)))

const json = (): fc.Arbitrary<unknown> => fc.jsonValue({ maxDepth: 2 })

const expectAgreement = (codec: AnyObjectCodec, plain: t.Mixed, value: unknown, isClosed: boolean): void => {
  const ours = codec.decode(value)
  const theirs = plain.decode(value)
  const extra = isClosed ? extraIn(codec, value) : []

  const isTaken = theirs._tag === 'Right' && extra.length === 0
  const found = pointersOf(ours)
  const expected = new Set([...pointersOf(theirs), ...extra])
  const agree =
    isTaken === (ours._tag === 'Right') &&
    isTaken === codec.is(value) &&
    (ours._tag === 'Left' || ours.right === value) &&
    found.length === expected.size &&
    found.every((at) => expected.has(at))

  // A failing `expect` says more, and a passing one takes most of the time.
  if (!agree && expected.size <= mostProblems) {
    expect(new Set(found)).toEqual(expected)
    expect.fail('they agree on the places, but not on the verdict or the value')
  }
}

const mostProblems = 32

describe('the fast codecs, held against plain io-ts', () => {
  it(`agree on verdict, value and places of a body, ${String(runs)} times`, () => {
    const bodies = fc.oneof(
      deviceInstallStateCreate(),
      nearMissCreate().map(({ value }) => value),
      manyMisses(nearMissCreate()),
      deviceInstallState(),
      json(),
    )
    fc.assert(
      fc.property(bodies, (body) => {
        expectAgreement(DeviceInstallStateCreate, PlainCreate, body, true)
        expectAgreement(open(DeviceInstallStateCreate), PlainCreate, body, false)
      }),
      { numRuns: runs },
    )
  })

  it(`agree on verdict, value and places of an answer, ${String(runs)} times`, () => {
    const answers = fc.oneof(
      deviceInstallState(),
      nearMissAnswer().map(({ value }) => value),
      manyMisses(nearMissAnswer()),
      deviceInstallStateCreate(),
      json(),
    )
    fc.assert(
      fc.property(answers, (answer) => {
        expectAgreement(DeviceInstallState, PlainAnswer, answer, false)
        expectAgreement(closed(DeviceInstallState), PlainAnswer, answer, true)
      }),
      { numRuns: runs },
    )
  })
})
