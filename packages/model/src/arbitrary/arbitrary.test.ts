import * as fc from 'fast-check'
import type * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import {
  DateTimeOffset,
  DeviceInstallState,
  DeviceInstallStateCollection,
  DeviceInstallStateCreate,
  GraphError,
  InstallState,
  installStates,
  ManagedEBookId,
  ODataDateTimeOffset,
  OpenInstallState,
  UserInstallStateSummaryId,
} from '../index.js'
import { createManagedEBookDeviceState, createUserStateSummaryDeviceState } from '../operations/index.js'
import * as arbitrary from './index.js'

const cases: ReadonlyArray<[string, t.Mixed, fc.Arbitrary<unknown>]> = [
  ['DateTimeOffset', DateTimeOffset, arbitrary.dateTimeOffset()],
  ['ODataDateTimeOffset', ODataDateTimeOffset, arbitrary.odataDateTimeOffset()],
  ['InstallState', InstallState, arbitrary.installState()],
  ['OpenInstallState', OpenInstallState, arbitrary.openInstallState()],
  ['ManagedEBookId', ManagedEBookId, arbitrary.managedEBookId()],
  ['UserInstallStateSummaryId', UserInstallStateSummaryId, arbitrary.userInstallStateSummaryId()],
  ['DeviceInstallStateCreate', DeviceInstallStateCreate, arbitrary.deviceInstallStateCreate()],
  ['DeviceInstallState', DeviceInstallState, arbitrary.deviceInstallState()],
  ['DeviceInstallStateCollection', DeviceInstallStateCollection, arbitrary.deviceInstallStateCollection()],
  ['GraphError', GraphError, arbitrary.graphError()],
]

/** Every value that is drawn, as it goes over the wire. */
const sample = <A>(values: fc.Arbitrary<A>): ReadonlyArray<A> => fc.sample(values, 2000)

describe('values that are drawn', () => {
  it.each(cases)('for %s are taken by it, come back from JSON, and are the same again', (_, codec, values) => {
    fc.assert(
      fc.property(values, (value) => {
        expect(codec.decode(value)).toEqual({ _tag: 'Right', right: value })
        expect(codec.is(JSON.parse(JSON.stringify(codec.encode(value))))).toBe(true)
      }),
    )
  })

  it('cover what there is: nulls, every state, optional properties there and not, every order', () => {
    const bodies = sample(arbitrary.deviceInstallStateCreate())

    expect(new Set(bodies.map(({ installState }) => installState))).toEqual(new Set(installStates))
    expect(new Set(bodies.map(({ deviceName }) => deviceName === null)).size).toBe(2)
    expect(new Set(bodies.map((body) => 'id' in body)).size).toBe(2)
    expect(new Set(bodies.map((body) => Object.keys(body)[0]))).toEqual(
      new Set(Object.keys(DeviceInstallStateCreate.fields)),
    )
  })

  it('cover the dates: every length of fraction, Z and offsets, leap days, both ends', () => {
    const dates = fc.sample(arbitrary.dateTimeOffset(), 20_000)

    expect(new Set(dates.map((date) => /\.(\d+)/.exec(date)?.[1]?.length ?? 0)).size).toBe(8)
    expect(dates.some((date) => date.endsWith('Z'))).toBe(true)
    expect(dates.some((date) => date.endsWith('-14:00'))).toBe(true)
    expect(dates.some((date) => date.includes('-02-29T'))).toBe(true)
    expect(dates.some((date) => date.startsWith('0001-01-01'))).toBe(true)
    expect(dates.some((date) => date.startsWith('9999-12-31'))).toBe(true)
  })

  it('for answers have properties and states that were added since', () => {
    const answers = sample(arbitrary.deviceInstallState())

    expect(answers.some((answer) => Object.keys(answer).some((name) => !(name in DeviceInstallState.fields)))).toBe(
      true,
    )
    expect(answers.some(({ installState }) => !InstallState.is(installState))).toBe(true)
    expect(answers.some(({ lastSyncDateTime }) => !DateTimeOffset.is(lastSyncDateTime))).toBe(true)
  })

  it.each<[string, t.Mixed, fc.Arbitrary<unknown>]>([
    [
      createManagedEBookDeviceState.name,
      createManagedEBookDeviceState.path,
      arbitrary.createPath(createManagedEBookDeviceState),
    ],
    [
      createUserStateSummaryDeviceState.name,
      createUserStateSummaryDeviceState.path,
      arbitrary.createPath(createUserStateSummaryDeviceState),
    ],
  ])('for the paths of %s are printed and read again', (_, path, values) => {
    fc.assert(
      fc.property(values, (value) => {
        expect(path.decode(path.encode(value))).toEqual({ _tag: 'Right', right: value })
      }),
    )
  })
})

describe('near misses', () => {
  it.each([
    ['bodies', DeviceInstallStateCreate, arbitrary.nearMissCreate()],
    ['answers', DeviceInstallState, arbitrary.nearMissAnswer()],
  ] as const)('of %s miss when they come as JSON, too', (_, codec, misses) => {
    fc.assert(
      fc.property(misses, ({ value }) => {
        expect(codec.is(JSON.parse(JSON.stringify(value)))).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['bodies', arbitrary.nearMissCreate(), ['missing', 'type', 'enum', 'format', 'extra']],
    ['answers', arbitrary.nearMissAnswer(), ['missing', 'type', 'format']],
  ] as const)('of %s miss in every way and in every property', (_, misses, codes) => {
    const drawn = sample(misses)

    expect(new Set(drawn.map(({ code }) => code))).toEqual(new Set(codes))
    expect(drawn.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(['/id', '/deviceName', '/lastSyncDateTime', '/installState', '/userName', '/@odata.type']),
    )
  })
})

/** How deep one gets by the last member of each. */
const depthOf = (value: unknown): number => {
  let depth = 0
  let place = value
  while (typeof place === 'object' && place !== null && depth < 20_000) {
    place = Object.values(place).at(-1)
    if (place !== undefined) depth++
  }
  return depth
}

describe('hostile values', () => {
  it('are of every kind', () => {
    const drawn = sample(arbitrary.hostile())
    const objects = drawn.filter((value): value is object => typeof value === 'object' && value !== null)

    expect(objects.some((value) => Object.hasOwn(value, '__proto__'))).toBe(true)
    expect(objects.some((value) => Array.isArray(value) && Object.keys(value).includes('deviceName'))).toBe(true)
    expect(objects.some((value) => 'deviceName' in value && !Object.hasOwn(value, 'deviceName'))).toBe(true)
    expect(objects.some((value) => Object.keys(value).length > 1000)).toBe(true)
    expect(drawn.some((value) => typeof value === 'bigint')).toBe(true)
    expect(Math.max(...drawn.map(depthOf))).toBeGreaterThanOrEqual(10_000)
    expect(objects.some((value) => 'value' in value && Array.isArray(value.value) && value.value.length > 10_000)).toBe(
      true,
    )
  })
})
