import * as fc from 'fast-check'
import type * as t from 'io-ts'
import { DateTimeOffset, ODataDateTimeOffset } from '../date-time-offset.js'
import type { AnyType } from '../describe-type.js'
import { DeviceInstallState, DeviceInstallStateCreate, deviceInstallStateType } from '../device-install-state.js'
import { DeviceInstallStateCollection } from '../device-install-state-collection.js'
import { ManagedEBookId, UserInstallStateSummaryId } from '../entity-id.js'
import { GraphError } from '../graph-error.js'
import { type InstallState, installStates, OpenInstallState } from '../install-state.js'
import type { ObjectCodec, ObjectField } from '../object-codec.js'
import { graphVersions, type Operation, type PathValue, type RouteIds } from '../operations/index.js'

// The types say what the codec says: nothing that is drawn is ever filtered out by it.
const of = <A>(codec: { readonly is: t.Is<A> }, drawn: fc.Arbitrary<unknown>): fc.Arbitrary<A> => drawn.filter(codec.is)

const text = (): fc.Arbitrary<string> =>
  fc.oneof({ weight: 3, arbitrary: fc.string({ unit: 'grapheme' }) }, fc.string({ unit: 'binary' }), fc.constant(''))

const twoDigits = (value: number): string => String(value).padStart(2, '0')

const offset = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant('Z'),
    fc
      .tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 14 * 60 }))
      .map(([sign, minutes]) => `${sign}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`),
  )

const fraction = (): fc.Arbitrary<string> =>
  fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{1,7}$/), fc.stringMatching(/^\.[0-9]{7}$/))

// Day 0 to 3,652,058 after 0001-01-01, that is 9999-12-31.
const day = (): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.integer({ min: 0, max: 3_652_058 }),
      fc.integer({ min: 735_000, max: 742_000 }),
      fc.constantFrom(0, 3_652_058, 730_178, 719_220),
    )
    .map((days) =>
      new Date(Date.UTC(1, 0, 1 + days) - Date.UTC(1, 0, 1) - 62_135_596_800_000).toISOString().slice(0, 10),
    )

const timeOfDay = (): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max: 86_399 }).map((second) => new Date(second * 1000).toISOString().slice(11, 19))

/** Dates that `DateTimeOffset` takes: every form, every century, leap days, both ends of .NET's years. */
export const dateTimeOffset = (): fc.Arbitrary<DateTimeOffset> =>
  fc
    .tuple(day(), timeOfDay(), fraction(), offset())
    .map(([date, time, digits, zone]) => {
      const drawn = `${date}T${time}${digits}${zone}`
      // Only an offset can push a day that exists out of .NET's years.
      return DateTimeOffset.is(drawn) ? drawn : `${date}T${time}${digits}Z`
    })
    .filter(DateTimeOffset.is)

/** Dates that Graph may answer: also without seconds, with a leap second, 12 digits, far offsets, other years. */
export const odataDateTimeOffset = (): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: dateTimeOffset() },
    of(
      ODataDateTimeOffset,
      fc.oneof(
        dateTimeOffset().map((value) => value.toLowerCase()),
        fc.stringMatching(
          /^20[0-9]{2}-06-(0[1-9]|30)T(2[0-3]|0[0-9]):[0-5][0-9](:60|:[0-5][0-9]\.[0-9]{8,12})?(Z|[+-]23:59)$/,
        ),
        fc.constantFrom('0000-01-01T00:00Z', '-10000-04-01T00:00Z', '12345-01-01T00:00:00Z', '2024-02-31T00:00:00Z'),
      ),
    ),
  )

/** The six documented members. */
export const installState = (): fc.Arbitrary<InstallState> => fc.constantFrom(...installStates)

/** Documented members, and others. */
export const openInstallState = (): fc.Arbitrary<OpenInstallState> =>
  of(
    OpenInstallState,
    fc.oneof({ weight: 3, arbitrary: installState() }, fc.constantFrom('pendingInstall', 'unknownFutureValue'), text()),
  )

const entityId = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.uuid(),
    fc.tuple(fc.uuid(), fc.uuid()).map(([first, second]) => `${first}_${second}`),
    fc.stringMatching(/^[A-Za-z0-9](?:\.?[A-Za-z0-9_-]){0,40}\.?$/),
    fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{127}$/),
  )

/** Ids of every length that is allowed. */
export const managedEBookId = (): fc.Arbitrary<ManagedEBookId> => of(ManagedEBookId, entityId())

/** Ids of every length that is allowed. */
export const userInstallStateSummaryId = (): fc.Arbitrary<UserInstallStateSummaryId> =>
  of(UserInstallStateSummaryId, entityId())

const jsonObject = (): fc.Arbitrary<unknown> => fc.dictionary(text(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 })

/** Values of the codecs that look at a value as a whole, by the codec's name. */
const leaves: ReadonlyMap<string, fc.Arbitrary<unknown>> = new Map<string, fc.Arbitrary<unknown>>([
  ['string', text()],
  ['UnicodeString', text()],
  [
    'Key',
    fc.oneof(
      fc.uuid(),
      text().filter((value) => value !== ''),
    ),
  ],
  ['ODataType', fc.constant(deviceInstallStateType)],
  ['DateTimeOffset', dateTimeOffset()],
  ['ODataDateTimeOffset', odataDateTimeOffset()],
  ['InstallState', installState()],
  ['OpenInstallState', openInstallState()],
  ['ManagedEBookId', managedEBookId()],
  ['UserInstallStateSummaryId', userInstallStateSummaryId()],
  ['Count', fc.maxSafeNat()],
  ['array', fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 2 })],
  ['object', jsonObject()],
])

/** Values of one of our codecs. */
const drawn = (codec: AnyType): fc.Arbitrary<unknown> => {
  const { description, fields, name, otherProperties, type } = codec
  if (description?.notNull !== undefined) return fc.option(drawn(description.notNull))
  if (fields !== undefined) return drawnObject(fields, otherProperties === 'open')
  if (type !== undefined) return fc.array(drawn(type), { maxLength: 3 })
  const leaf = leaves.get(name)
  if (leaf === undefined) throw new TypeError(`There is no test data for the codec ${name}.`)
  return leaf
}

/** In any order, optional properties there or not, and, where they are kept, with properties that were added since. */
const drawnObject = (fields: Readonly<Record<string, ObjectField>>, isOpen: boolean): fc.Arbitrary<unknown> => {
  const known = Object.entries(fields)
  const values = fc.record(Object.fromEntries(known.map(([name, { codec }]) => [name, drawn(codec)])), {
    requiredKeys: known.flatMap(([name, { isRequired }]) => (isRequired ? [name] : [])),
  })
  const added = isOpen
    ? fc.dictionary(
        text().filter((name) => !Object.hasOwn(fields, name)),
        fc.jsonValue({ maxDepth: 1 }),
        { maxKeys: 2 },
      )
    : fc.constant({})
  return fc.tuple(values, added).chain(([value, others]) => {
    const entries = Object.entries({ ...value, ...others })
    return fc
      .shuffledSubarray(entries, { minLength: entries.length })
      .map((shuffled): unknown => Object.fromEntries(shuffled))
  })
}

const objects = <A>(codec: ObjectCodec<A>): fc.Arbitrary<A> => of(codec, drawn(codec))

/** Bodies that `DeviceInstallStateCreate` takes. */
export const deviceInstallStateCreate = (): fc.Arbitrary<DeviceInstallStateCreate> => objects(DeviceInstallStateCreate)

/** Entities that Graph may answer, with what it may have added. */
export const deviceInstallState = (): fc.Arbitrary<DeviceInstallState> => objects(DeviceInstallState)

/** Pages of up to three entities. */
export const deviceInstallStateCollection = (): fc.Arbitrary<DeviceInstallStateCollection> =>
  objects(DeviceInstallStateCollection)

/** Errors that Graph may answer. */
export const graphError = (): fc.Arbitrary<GraphError> => objects(GraphError)

/** Versions and ids of an operation; `operation.path.encode` prints them. */
export const createPath = <Ids extends RouteIds>(operation: Operation<Ids>): fc.Arbitrary<PathValue<Ids>> =>
  of(operation.path, fc.record({ version: fc.constantFrom(...graphVersions), ids: drawn(operation.ids) }))
