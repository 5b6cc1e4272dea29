import * as fc from 'fast-check'
import * as t from 'io-ts'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { deviceInstallState, deviceInstallStateCreate, hostile } from './arbitrary/index.js'
import { documentedExample } from './fields/index.js'
import {
  closed,
  DeviceInstallState,
  DeviceInstallStateCollection,
  DeviceInstallStateCreate,
  exact,
  GraphError,
  type ObjectCodec,
  open,
  problemsOf,
} from './index.js'

const entity = (): Record<string, unknown> => JSON.parse(documentedExample.response)
const body = (): Record<string, unknown> => JSON.parse(documentedExample.request)

const pointersOf = (result: t.Validation<unknown>): ReadonlyArray<string> =>
  result._tag === 'Left' ? problemsOf(result.left).map(({ pointer }) => pointer) : []

describe('other properties', () => {
  const added = { ...entity(), foo: 1, bar: { baz: 2 } }

  it('are kept by an open codec, in the very object that came', () => {
    const decoded = open(DeviceInstallState).decode(added)

    expect(decoded._tag === 'Right' && decoded.right).toBe(added)
    expect(DeviceInstallState.is(added)).toBe(true)
  })

  it('are left out by an exact codec, in what it decodes and in what it encodes', () => {
    const codec = exact(DeviceInstallState)
    const decoded = codec.decode(added)

    expect(decoded).toStrictEqual({ _tag: 'Right', right: entity() })
    expect(added).toHaveProperty('foo')
    expect(codec.is(added) && codec.encode(added)).toEqual(entity())
    // Not even where what is to be encoded is wrong besides.
    const wrong: unknown = { ...added, deviceName: 5 }
    expect(codec.encode(wrong as DeviceInstallState)).not.toHaveProperty('foo')
  })

  it('cost no copy where there are none to leave out', () => {
    const whole = entity()
    const decoded = exact(DeviceInstallState).decode(whole)

    expect(decoded._tag === 'Right' && decoded.right).toBe(whole)
  })

  it('are refused by a closed codec, each by its pointer', () => {
    expect(pointersOf(closed(DeviceInstallState).decode(added))).toEqual(['/foo', '/bar'])
    expect(closed(DeviceInstallState).is(added)).toBe(false)
    expect(closed(DeviceInstallState).is(entity())).toBe(true)
  })

  it('may be kept or left out of a body, too, which is closed unless one says otherwise', () => {
    const withFoo = { ...body(), foo: 1 }

    expect(DeviceInstallStateCreate.is(withFoo)).toBe(false)
    expect(open(DeviceInstallStateCreate).is(withFoo)).toBe(true)
    expect(exact(DeviceInstallStateCreate).decode(withFoo)).toEqual({ _tag: 'Right', right: body() })
  })

  it('are left out whether or not the named ones can be enumerated', () => {
    const value = Object.defineProperty({ ...entity(), foo: 1 }, 'deviceName', { enumerable: false })
    const decoded = exact(DeviceInstallState).decode(value)

    expect(decoded).toEqual({ _tag: 'Right', right: entity() })
  })

  it('that are wrong besides are named once', () => {
    expect(pointersOf(exact(DeviceInstallState).decode({ ...added, id: 1 }))).toEqual(['/id'])
  })
})

describe('the shortcut of a codec', () => {
  it.each([DeviceInstallState, DeviceInstallStateCreate])('knows the names of its fields, and no others', (codec) => {
    const known = (name: string): boolean | undefined => codec.shortcut?.knows(name)

    expect(Object.keys(codec.fields).filter((name) => known(name) !== true)).toEqual([])
    const near = Object.keys(codec.fields).flatMap((name) => [
      `${name}s`,
      name.slice(1),
      name.toUpperCase(),
      `@${name}`,
    ])
    const foreign = [...near.filter((name) => name !== 'ID'), 'extra', 'foo', '__proto__', 'constructor', '']
    expect(foreign.filter((name) => known(name) !== false)).toEqual([])
    fc.assert(fc.property(fc.string(), (name) => known(name) === Object.hasOwn(codec.fields, name)))
    expect(DeviceInstallStateCreate.shortcut?.knows('@odata.context')).toBe(false)
  })

  it('says yes to what is usual, so that it is taken at all', () => {
    expect(DeviceInstallState.shortcut?.fits(entity())).toBe(true)
    expect(DeviceInstallStateCreate.shortcut?.fits(body())).toBe(true)
    expect(DeviceInstallStateCreate.shortcut?.fits(Object.assign(Object.create(null), body()))).toBe(false)
  })
})

describe('io-ts’s own combinators', () => {
  it('say at which index our own array is wrong', () => {
    expect(pointersOf(DeviceInstallStateCollection.decode({ value: [entity(), { ...entity(), id: 1 }] }))).toEqual([
      '/value/1/id',
    ])
  })

  it('take our codecs as items of an array', () => {
    const codec = t.array(DeviceInstallState)

    expect(codec.is([entity()])).toBe(true)
    expect(pointersOf(codec.decode([entity(), { ...entity(), id: '' }]))).toEqual(['/1/id'])
  })

  it('strip what our codecs do not name, by t.exact', () => {
    expect(t.exact(DeviceInstallState).decode({ ...entity(), foo: 1 })).toEqual({ _tag: 'Right', right: entity() })
    expect(pointersOf(t.exact(DeviceInstallState).decode({ id: 1 }))).toContain('/id')
  })

  it('intersect our codecs with others, and the places stay places', () => {
    const codec = t.intersection([DeviceInstallState, t.type({ enrolledBy: t.type({ id: t.number }) })])

    expect(codec.is({ ...entity(), enrolledBy: { id: 1 } })).toBe(true)
    expect(pointersOf(codec.decode({ ...entity(), installState: null, enrolledBy: { id: 'x' } }))).toEqual([
      '/installState',
      '/enrolledBy/id',
    ])
  })

  it('unite, wrap and nest our codecs', () => {
    const codec = t.type({ states: t.readonlyArray(t.union([t.readonly(DeviceInstallState), t.null])) })

    expect(codec.is({ states: [entity(), null] })).toBe(true)
    expect(pointersOf(codec.decode({ states: [entity(), { ...entity(), deviceName: 1 }] }))).toContain(
      '/states/1/deviceName',
    )
  })

  it('brand our codecs', () => {
    interface InstalledBrand {
      readonly Installed: unique symbol
    }
    const Installed = t.brand(
      DeviceInstallState,
      (state): state is t.Branded<DeviceInstallState, InstalledBrand> => state.installState === 'installed',
      'Installed',
    )

    expect(Installed.is(entity())).toBe(true)
    expect(Installed.is({ ...entity(), installState: 'failed' })).toBe(false)
  })

  it('find genuine types of io-ts within', () => {
    const [required, optional] = DeviceInstallState.types

    expect(DeviceInstallState).toBeInstanceOf(t.IntersectionType)
    expect(required).toBeInstanceOf(t.InterfaceType)
    expect(optional).toBeInstanceOf(t.PartialType)
    expect(Object.keys(required.props)).toEqual(Object.keys(entity()).filter((name) => name !== '@odata.type'))
    expect(Object.keys(optional.props)).toEqual(['@odata.context', '@odata.type'])
    expect(required.is({ id: 'x' })).toBe(false)
    expect(required.is(entity())).toBe(true)
    expect(pointersOf(optional.decode({ '@odata.type': 1 }))).toEqual(['/@odata.type'])
  })

  it('report by PathReporter as ever', () => {
    const [line, ...others] = PathReporter.report(DeviceInstallStateCreate.decode({ ...body(), deviceName: 1 }))

    expect(line).toMatch(/^Invalid value 1 supplied to : DeviceInstallStateCreate\/deviceName: /)
    expect(others).toEqual([])
  })

  it('see the named interfaces as what is decoded', () => {
    expectTypeOf<t.TypeOf<typeof DeviceInstallState>>().toEqualTypeOf<DeviceInstallState>()
    expectTypeOf<t.OutputOf<typeof DeviceInstallStateCreate>>().toEqualTypeOf<DeviceInstallStateCreate>()
    expectTypeOf(t.exact(DeviceInstallState)._A).toEqualTypeOf<DeviceInstallState>()
  })
})

describe('whatever is handed over', () => {
  const variantsOf = <A>(codec: ObjectCodec<A>): ReadonlyArray<t.Mixed> => [open(codec), closed(codec), exact(codec)]
  const codecs = [
    ...variantsOf(DeviceInstallState),
    ...variantsOf(DeviceInstallStateCreate),
    ...variantsOf(DeviceInstallStateCollection),
    ...variantsOf(GraphError),
  ]

  it('is taken or refused, without an exception, and changes no prototype', () => {
    const namesBefore = Object.getOwnPropertyNames(Object.prototype)

    fc.assert(
      fc.property(hostile(), (value) => {
        for (const codec of codecs) {
          const decoded = codec.decode(value)

          expect(codec.is(value)).toBe(decoded._tag === 'Right')
          if (decoded._tag === 'Left') {
            const problems = problemsOf(decoded.left)
            expect(problems.length).toBeGreaterThan(0)
            expect(problems.length).toBeLessThanOrEqual(32)
            expect(JSON.stringify(problems).length).toBeLessThan(32_768)
          }
        }
      }),
      { numRuns: 500 },
    )
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(namesBefore)
    expect({}).not.toHaveProperty('polluted')
  })

  it('keeps an own __proto__ where other properties are kept, and drops it where they are not', () => {
    const text = `{"__proto__":{"polluted":true},${documentedExample.response.slice(1)}`
    const value: unknown = JSON.parse(text)
    const kept = DeviceInstallState.decode(value)
    const dropped = exact(DeviceInstallState).decode(value)

    expect(kept._tag === 'Right' && Object.hasOwn(kept.right, '__proto__')).toBe(true)
    expect(dropped._tag === 'Right' && Object.getPrototypeOf(dropped.right)).toBe(Object.prototype)
    expect(dropped).toEqual({ _tag: 'Right', right: entity() })
  })

  it('is not read from a prototype, not even from a polluted Object.prototype', () => {
    const { deviceName: _, ...nameless } = body()
    try {
      Object.assign(Object.prototype, { deviceName: 'polluted' })
      expect(pointersOf(DeviceInstallStateCreate.decode(nameless))).toEqual(['/deviceName'])
      expect(pointersOf(DeviceInstallStateCreate.decode({ ...nameless, foo: 1 }))).toEqual(['/deviceName', '/foo'])
      expect(DeviceInstallStateCreate.is(body())).toBe(true)
    } finally {
      Reflect.deleteProperty(Object.prototype, 'deviceName')
    }
  })

  it('is not read from an object that it inherits from', () => {
    expect(DeviceInstallState.is(Object.create(entity()))).toBe(false)
    expect(pointersOf(DeviceInstallState.decode(Object.create(entity())))).toEqual(
      Object.keys(DeviceInstallState.types[0].props).map((property) => `/${property}`),
    )
  })

  it('may have no prototype at all', () => {
    expect(DeviceInstallStateCreate.is(Object.assign(Object.create(null), body()))).toBe(true)
  })

  // An attack found 42 KB of JSON that overflowed the stack, and 900 KB that took a second.
  it('may be long and wrong in every item, and costs no more errors than are told', () => {
    const many = JSON.parse(`{"value":[${Array.from({ length: 200_000 }, () => '{}').join()}]}`)
    const decoded = DeviceInstallStateCollection.decode(many)
    const numbers = DeviceInstallStateCollection.decode({ value: Array.from({ length: 200_000 }, () => 1) })

    expect(decoded._tag === 'Left' && decoded.left.length).toBeLessThan(64)
    expect(numbers._tag === 'Left' && numbers.left.length).toBe(32)
    expect(pointersOf(decoded)[0]).toBe('/value/0/id')
    expect(DeviceInstallStateCollection.is(many)).toBe(false)
  })

  it('may have any number of properties that nobody knows, of which no more are told than are shown', () => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`p${String(index)}`, 1]))
    const decoded = DeviceInstallStateCreate.decode({ ...body(), ...many })

    expect(decoded._tag === 'Left' && decoded.left.length).toBe(32)
  })

  it('may be an array with holes, which are no items', () => {
    expect(DeviceInstallStateCollection.is({ value: Object.assign([], { length: 2 }) })).toBe(false)
  })

  it('that is frozen is taken, as nothing is written to it', () => {
    fc.assert(
      fc.property(deviceInstallState(), deviceInstallStateCreate(), (answer, create) => {
        expect(DeviceInstallState.is(Object.freeze(answer))).toBe(true)
        expect(DeviceInstallStateCreate.is(Object.freeze(create))).toBe(true)
      }),
    )
  })
})
