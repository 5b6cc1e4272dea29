import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import * as t from 'io-ts'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { documentedExample } from '../fields/index.js'
import * as model from '../index.js'
import { jsonSchemaOf } from '../json-schema/index.js'
import * as standard from './index.js'

const { DeviceInstallState, DeviceInstallStateCreate, toStandardSchema } = standard

/** As a library would that knows Standard Schema and nothing of us. */
const validate = <S extends StandardSchemaV1>(schema: S, value: unknown): StandardSchemaV1.InferOutput<S> => {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) throw new TypeError('it is to be synchronous')
  if (result.issues !== undefined) throw new Error(JSON.stringify(result.issues))
  return result.value
}

const body = (): Record<string, unknown> => JSON.parse(documentedExample.request)

describe('a codec as Standard Schema', () => {
  it('validates what it decodes', () => {
    const created = validate(DeviceInstallState, JSON.parse(documentedExample.response))

    expectTypeOf(created).toEqualTypeOf<model.DeviceInstallState>()
    expect(created.id).toBe('b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9')
  })

  it.each([null, undefined, 5, { a: null }, {}, Object.create({ a: [] })])(
    'tells the places that a codec of somebody else names, though they are not there: %j',
    (value: unknown) => {
      const leaf = t.string
      const elsewhere = new t.Type<string, string>(
        'elsewhere',
        t.string.is,
        (u, context) => t.failure(u, t.appendContext(t.appendContext(context, 'a', leaf, 'x'), '0', leaf, 'y')),
        t.identity,
      )

      expect(toStandardSchema(elsewhere)['~standard'].validate(value)).toMatchObject({ issues: [{ path: ['a', '0'] }] })
    },
  )

  it('tells issues with path and message, and never the value', () => {
    const result = DeviceInstallStateCreate['~standard'].validate({
      ...body(),
      deviceName: 5,
      installState: 'Installed',
      'a/b~1c': 'Grace Hopper',
    })

    expect(result).toEqual({
      issues: [
        { path: ['deviceName'], message: 'Expected a string or null, got number.' },
        {
          path: ['installState'],
          message:
            'Expected one of: notApplicable, installed, failed, notInstalled, uninstallFailed, unknown. Did you mean installed?',
        },
        { path: ['a/b~1c'], message: expect.stringContaining('Expected no property of this name; there are ') },
      ],
    })
    expect(JSON.stringify(result)).not.toContain('Grace')
  })

  it('of the whole value has an empty path', () => {
    expect(DeviceInstallStateCreate['~standard'].validate(null)).toMatchObject({ issues: [{ path: [] }] })
  })

  it.each(['draft-2020-12', 'draft-07'])('gives its JSON Schema in %s', (target) => {
    const { jsonSchema } = DeviceInstallStateCreate['~standard']

    expect(jsonSchema.input({ target })).toEqual({
      $schema: expect.stringContaining(target.slice('draft-'.length)),
      ...jsonSchemaOf(model.DeviceInstallStateCreate),
    })
    expect(jsonSchema.output({ target })).toEqual(jsonSchema.input({ target }))
  })

  it('throws for a dialect that is not here, as the specification asks', () => {
    expect(() => DeviceInstallState['~standard'].jsonSchema.input({ target: 'openapi-3.0' })).toThrow(
      'There is no JSON Schema for openapi-3.0 here, but for draft-2020-12 and draft-07.',
    )
  })

  it('is still the codec that it was', () => {
    expect(DeviceInstallStateCreate.decode(body())).toEqual({ _tag: 'Right', right: body() })
    expect(t.array(DeviceInstallStateCreate).is([body()])).toBe(true)
    expect(t.exact(DeviceInstallState).is(JSON.parse(documentedExample.response))).toBe(true)
    expect(model.DeviceInstallStateCreate).not.toHaveProperty('~standard')
  })

  it('is there for every codec of the main entry', () => {
    const codecs = Object.entries(model).flatMap(([name, value]) => (value instanceof t.Type ? [name] : []))

    expect(codecs.length).toBeGreaterThan(8)
    for (const name of codecs) {
      expect(standard).toHaveProperty([name, '~standard', 'version'], 1)
      expect(standard).toHaveProperty([name, '~standard', 'vendor'], 'device-install-state')
    }
  })

  it('has the types of the specification', () => {
    expectTypeOf<typeof DeviceInstallStateCreate>().toExtend<
      StandardSchemaV1<model.DeviceInstallStateCreate> & StandardJSONSchemaV1<model.DeviceInstallStateCreate>
    >()
  })
})

describe('somebody else’s codec', () => {
  it('keeps a key that looks like an index, and makes a number of what is one', () => {
    const schema = toStandardSchema(t.record(t.string, t.array(t.string)))

    expect(schema['~standard'].validate({ 0: ['x', 1] })).toMatchObject({ issues: [{ path: ['0', 1] }] })
  })

  it('that fails without saying why fails all the same', () => {
    const silent = new t.Type('Silent', t.string.is, () => t.failures<string>([]), t.identity)

    expect(toStandardSchema(silent)['~standard'].validate('x')).toEqual({ issues: [{ message: 'Expected Silent.' }] })
  })

  const Report = t.type({ book: t.string, states: t.array(model.DeviceInstallState) })

  it('becomes a Standard Schema, too', () => {
    const schema = toStandardSchema(Report)

    expectTypeOf<StandardSchemaV1.InferOutput<typeof schema>>().toEqualTypeOf<t.TypeOf<typeof Report>>()
    expect(validate(schema, { book: 'B1', states: [] })).toEqual({ book: 'B1', states: [] })
    expect(schema['~standard'].validate({ book: 1, states: [{ id: '' }] })).toMatchObject({
      issues: expect.arrayContaining([
        { path: ['book'], message: 'Expected string, got number.' },
        { path: ['states', 0, 'id'], message: 'Expected a string, not empty.' },
      ]),
    })
    expect(schema['~standard'].jsonSchema.output({ target: 'draft-07' })).toHaveProperty('properties.book')
  })
})
