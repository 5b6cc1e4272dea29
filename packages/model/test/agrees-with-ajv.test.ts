import { Ajv2020 } from 'ajv/dist/2020.js'
import { Ajv } from 'ajv'
import addFormatsModule from 'ajv-formats'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  deviceInstallState,
  deviceInstallStateCollection,
  deviceInstallStateCreate,
  graphError,
  nearMissAnswer,
  nearMissCreate,
} from '../src/arbitrary/index.js'
import {
  DateTimeOffset,
  DeviceInstallState,
  DeviceInstallStateCollection,
  DeviceInstallStateCreate,
  GraphError,
  type AnyObjectCodec,
  problemsOf,
} from '../src/index.js'
import {
  jsonSchemaDocument,
  type JsonSchemaName,
  jsonSchemaNames,
  jsonSchemaTargets,
} from '../src/json-schema/index.js'
import { vectors } from './support/date-time-offset-vectors.js'

const addFormats = addFormatsModule.default

const validatorOf = (name: JsonSchemaName, target: (typeof jsonSchemaTargets)[number]) => {
  const options = { allErrors: true, allowUnionTypes: true, strict: true, ownProperties: true }
  const ajv = target === 'draft-07' ? new Ajv(options) : new Ajv2020(options)
  addFormats(ajv)
  return ajv.compile(jsonSchemaDocument(name, target))
}

type Validator = ReturnType<typeof validatorOf>

const placesOf = (validate: Validator): ReadonlySet<string> =>
  new Set(
    (validate.errors ?? []).flatMap(({ instancePath, keyword, params }) => {
      // Of these two the place is one level below.
      const name: unknown = params['missingProperty'] ?? params['additionalProperty']
      if (typeof name === 'string') return [`${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`]
      return keyword === 'anyOf' ? [] : [instancePath]
    }),
  )

// A schema sees JSON texts, which these are not, or says less of them than the codec: see jsonSchemaOf.
const isBeyondSchemas = (value: unknown): boolean => {
  const text = JSON.stringify(value)
  return /\\ud[89a-f]/i.test(text) || /"(?:0001-01-01|9999-12-31)T/.test(text)
}

const runs = 100_000

const cases: ReadonlyArray<[JsonSchemaName, AnyObjectCodec, fc.Arbitrary<unknown>]> = [
  [
    'DeviceInstallStateCreate',
    DeviceInstallStateCreate,
    fc.oneof(
      deviceInstallStateCreate(),
      { weight: 2, arbitrary: nearMissCreate().map(({ value }) => value) },
      deviceInstallState(),
    ),
  ],
  [
    'DeviceInstallState',
    DeviceInstallState,
    fc.oneof(
      deviceInstallState(),
      { weight: 2, arbitrary: nearMissAnswer().map(({ value }) => value) },
      deviceInstallStateCreate(),
    ),
  ],
]

describe('our JSON Schema, in the hands of ajv', () => {
  it.each(cases)(`says of a %s what the codec says, and where, ${String(runs)} times`, (name, codec, values) => {
    const validate = validatorOf(name, 'draft-2020-12')

    fc.assert(
      fc.property(values, (value) => {
        fc.pre(!isBeyondSchemas(value))
        const isValid = validate(value)
        const decoded = codec.decode(value)
        const ours = decoded._tag === 'Left' ? problemsOf(decoded.left).map(({ pointer }) => pointer) : []
        const theirs = placesOf(validate)

        // A failing `expect` says more, and a passing one takes most of the time.
        if (
          isValid !== (decoded._tag === 'Right') ||
          ours.length !== theirs.size ||
          !ours.every((at) => theirs.has(at))
        ) {
          expect(new Set(ours)).toEqual(theirs)
          expect.fail('they agree on the places, but not on the verdict')
        }
      }),
      { numRuns: runs, maxSkipsPerRun: 10 },
    )
  })

  it.each(jsonSchemaNames.flatMap((name) => jsonSchemaTargets.map((target) => [name, target] as const)))(
    '(%s, %s) is taken in strict mode, and takes what the codec takes',
    (name, target) => {
      const validate = validatorOf(name, target)
      const valid = {
        DeviceInstallState: deviceInstallState(),
        DeviceInstallStateCreate: deviceInstallStateCreate(),
        DeviceInstallStateCollection: deviceInstallStateCollection(),
        GraphError: graphError(),
      }[name]

      fc.assert(fc.property(valid, (value) => isBeyondSchemas(value) || validate(value)))
      expect([null, [], 'x', { value: 1 }, { error: 'x' }].filter((wrong) => validate(wrong))).toEqual([])
    },
  )

  it.each(vectors)('knows the calendar: $input', ({ input }) => {
    const body = { ...JSON.parse('{}'), lastSyncDateTime: input }
    const validate = validatorOf('DeviceInstallStateCreate', 'draft-2020-12')
    validate(body)

    expect(placesOf(validate).has('/lastSyncDateTime')).toBe(!DateTimeOffset.is(input))
  })

  it.each([
    ['half a surrogate pair', { deviceName: '\uD83D' }],
    ['an offset that leads out of the years of .NET', { lastSyncDateTime: '9999-12-31T23:59:59-00:01' }],
  ])('says nothing of %s, as its documentation states', (_, change) => {
    const body = { ...fc.sample(deviceInstallStateCreate(), 1)[0], ...change }

    expect(validatorOf('DeviceInstallStateCreate', 'draft-2020-12')(body)).toBe(true)
    expect(DeviceInstallStateCreate.is(body)).toBe(false)
  })
})

describe('the decoders of collections and errors', () => {
  it.each([
    ['DeviceInstallStateCollection', DeviceInstallStateCollection, deviceInstallStateCollection()],
    ['GraphError', GraphError, graphError()],
  ] as const)('%s gives back what it took', (_, codec, values) => {
    fc.assert(
      fc.property<[unknown]>(values, (value) => {
        expect(codec.decode(value)).toEqual({ _tag: 'Right', right: value })
      }),
    )
  })
})
