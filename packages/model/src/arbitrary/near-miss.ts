import * as fc from 'fast-check'
import type { AnyDescribed } from '../described.js'
import { DeviceInstallState, DeviceInstallStateCreate, deviceInstallStateType } from '../device-install-state.js'
import { installStates } from '../install-state.js'
import { jsonKindOf } from '../json-kind.js'
import type { ObjectCodec, ObjectField } from '../object-codec.js'
import { pointerOf, type ProblemCode } from '../problem.js'
import { deviceInstallState, deviceInstallStateCreate } from './valid.js'

/** A value that is wrong in one place, and the problem that must be told of it. */
export interface NearMiss {
  readonly value: Readonly<Record<string, unknown>>
  readonly pointer: string
  readonly code: ProblemCode
}

/** Strings that miss a codec by little, by the codec's name. */
const wrongForms: ReadonlyMap<string, fc.Arbitrary<string>> = new Map([
  [
    'UnicodeString',
    fc.tuple(fc.string(), fc.constantFrom('\uD800', '\uDBFF', '\uDC00')).map((parts) => parts.join('')),
  ],
  ['Key', fc.constant('')],
  [
    'ODataType',
    fc.constantFrom(deviceInstallStateType.slice(1), `${deviceInstallStateType}s`, '#microsoft.graph.user', ''),
  ],
  [
    'InstallState',
    fc.oneof(
      fc.constantFrom(...installStates).map((state) => state.toUpperCase()),
      fc.constantFrom(...installStates).map((state) => ` ${state}`),
      fc.constantFrom(...installStates).map((state) => state.slice(1)),
      fc.constantFrom('unknownFutureValue', 'pendingInstall', '1', ''),
    ),
  ],
  [
    'DateTimeOffset',
    fc.constantFrom(
      '2024-02-30T00:00:00Z',
      '2023-02-29T00:00:00Z',
      '2024-06-31T00:00:00Z',
      '2024-06-30T24:00:00Z',
      '2024-06-30T23:59:60Z',
      '2024-06-30T23:60:00Z',
      '2024-06-30T00:00:00.12345678Z',
      '2024-06-30T00:00:00.Z',
      '2024-06-30T00:00:00',
      '2024-06-30T00:00Z',
      '2024-06-30T00:00:00+14:01',
      '2024-06-30T00:00:00+25:00',
      '2024-06-30t00:00:00z',
      '2024-06-30 00:00:00Z',
      '2024-06-30T00:00:00Z ',
      '0000-06-30T00:00:00Z',
      '10000-06-30T00:00:00Z',
      '1719705600000',
      '',
    ),
  ],
  [
    'ODataDateTimeOffset',
    fc.constantFrom('yesterday', '2024-06-30T24:00Z', '2024-06-30T00:00:00', '2024-6-30T00:00Z', ''),
  ],
])

const ofOtherTypes = (codec: AnyDescribed): fc.Arbitrary<unknown> =>
  fc
    .oneof(
      fc.constant(null),
      fc.boolean(),
      // Others would become null in JSON.
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
      fc.array(fc.string(), { maxLength: 2 }),
      fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
    )
    .filter((value) => jsonKindOf(value) !== codec.description.json && !codec.is(value))

/** A thing that is wrong with one property: nothing there, or something else there. */
type Wrong = { readonly name: string; readonly code: ProblemCode } & (
  | { readonly isGone: true }
  | { readonly isGone: false; readonly wrong: unknown }
)

const wrongsOf = (name: string, { codec, isRequired }: ObjectField): ReadonlyArray<fc.Arbitrary<Wrong>> => {
  const forms = wrongForms.get(codec.description.notNull?.name ?? codec.name)
  const { mismatch } = codec.description
  return [
    ofOtherTypes(codec).map((wrong) => ({ name, code: 'type', isGone: false, wrong })),
    ...(forms === undefined ? [] : [forms.map((wrong): Wrong => ({ name, code: mismatch, isGone: false, wrong }))]),
    ...(isRequired ? [fc.constant<Wrong>({ name, code: 'missing', isGone: true })] : []),
  ]
}

const extra = (fields: Readonly<Record<string, ObjectField>>): fc.Arbitrary<Wrong> => {
  const names = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(...Object.keys(fields)).map((name) => name.toUpperCase()),
    fc.constantFrom('@odata.id', 'deviceName@odata.type', 'constructor', 'prototype', 'toString', 'a/b~c', ''),
  )
  return fc
    .tuple(
      names.filter((name) => !Object.hasOwn(fields, name) && name !== '__proto__'),
      fc.jsonValue({ maxDepth: 1 }),
    )
    .map(([name, wrong]) => ({ name, code: 'extra', isGone: false, wrong }))
}

const spoilt = (value: object, wrong: Wrong): NearMiss => {
  const others = Object.entries(value).filter(([name]) => name !== wrong.name)
  const entries = wrong.isGone ? others : [...others, [wrong.name, wrong.wrong] as const]
  return { value: Object.fromEntries(entries), pointer: pointerOf([wrong.name]), code: wrong.code }
}

const nearMiss = <A extends object>(
  { fields, otherProperties }: ObjectCodec<A>,
  valid: fc.Arbitrary<A>,
): fc.Arbitrary<NearMiss> => {
  const wrongs = Object.entries(fields).flatMap(([name, field]) => wrongsOf(name, field))
  const all = otherProperties === 'closed' ? [...wrongs, { weight: 4, arbitrary: extra(fields) }] : wrongs
  return fc.tuple(valid, fc.oneof(...all)).map(([value, wrong]) => spoilt(value, wrong))
}

/** Bodies that are wrong in one place: a property gone, of another type, of another form, or one that nobody knows. */
export const nearMissCreate = (): fc.Arbitrary<NearMiss> =>
  nearMiss(DeviceInstallStateCreate, deviceInstallStateCreate())

/** Entities that are wrong in one place. Properties that nobody knows are right in an answer. */
export const nearMissAnswer = (): fc.Arbitrary<NearMiss> => nearMiss(DeviceInstallState, deviceInstallState())
