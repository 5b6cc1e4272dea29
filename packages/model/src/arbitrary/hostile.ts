import * as fc from 'fast-check'
import { deviceInstallState, deviceInstallStateCreate } from './valid.js'

const depth = 10_000

const nested = (open: string, close: string): unknown => JSON.parse(`${open.repeat(depth)}1${close.repeat(depth)}`)

const namesOfObjects = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'then',
  'toJSON',
]

const state = (): fc.Arbitrary<object> => fc.oneof(deviceInstallStateCreate(), deviceInstallState())

/** As JSON.parse gives it: `__proto__` is then a property like any other. */
const withOwn = (value: object, name: string, json: string): unknown => {
  const text = JSON.stringify(value)
  return JSON.parse(`{${JSON.stringify(name)}:${json}${text === '{}' ? '' : ','}${text.slice(1)}`)
}

/**
 * What an attacker, or a broken program, may hand over: names that belong to objects, nesting 10,000 deep, half surrogate
 * pairs, inherited properties, arrays with names, thousands of properties or items, long strings, and what JSON cannot hold. Any
 * codec takes it or refuses it; none may throw, change a prototype, or take long. (Getters and proxies that throw are
 * not among them: no JSON text leads to one.)
 */
export const hostile = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc
      .tuple(state(), fc.constantFrom(...namesOfObjects), fc.constantFrom('{"polluted":true}', '"x"', 'null', '[]'))
      .map(([value, name, json]) => withOwn(value, name, json)),
    fc
      .tuple(state(), fc.constantFrom('deviceName', 'installState', 'lastSyncDateTime', 'id', 'other'), fc.boolean())
      .map(([value, name, isArray]) => ({ ...value, [name]: isArray ? nested('[', ']') : nested('{"a":', '}') })),
    fc.boolean().map((isArray) => (isArray ? nested('[', ']') : nested('{"a":', '}'))),
    fc
      .tuple(state(), fc.constantFrom('deviceName', 'userName', 'installState', 'lastSyncDateTime', 'id'))
      .map(([value, name]) => ({ ...value, [name]: '\uD83D' })),
    state().map((value) => ({ ...value, ['\uDE00']: 1 })),
    state().map((value): unknown => Object.create(value)),
    state().map((value): unknown => Object.assign(Object.create(null), value)),
    // A state may have any name, and the length of an array may not be any value.
    state().map((value) => Object.assign([], { ...value, length: 0 })),
    state().map((value) => [value]),
    fc.constantFrom<unknown>({}, 1, null).map((item) => ({ value: Array.from({ length: 20_000 }, () => item) })),
    state().map((value) => ({
      ...value,
      ...Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`p${String(index)}`, index])),
    })),
    state().map((value) => ({ ...value, deviceName: 'x'.repeat(100_000), installState: 'y'.repeat(100_000) })),
    fc.constantFrom<unknown>(
      undefined,
      null,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -0,
      1n,
      Symbol('s'),
      () => 1,
      new Date(0),
      new Map(),
      new Proxy({}, {}),
      /x/,
      '',
      '{}',
    ),
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true }),
  )
