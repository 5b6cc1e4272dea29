import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deviceInstallStateCreate } from './arbitrary/index.js'
import { documentedExample } from './fields/index.js'
import { DeviceInstallStateCreate, installStates, problemsOf } from './index.js'

const example = (): Record<string, unknown> => JSON.parse(documentedExample.request)

const without = (body: Record<string, unknown>, name: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(body).filter(([key]) => key !== name))

const problemsWith = (body: unknown) => {
  const result = DeviceInstallStateCreate.decode(body)
  return result._tag === 'Left' ? problemsOf(result.left) : []
}

describe('the body of a create', () => {
  it('is the example of the page, whose length is the stated 374 bytes', () => {
    expect(Buffer.byteLength(documentedExample.request)).toBe(374)
    expect(problemsWith(example())).toEqual([])
  })

  it('comes out as the very object that came in', () => {
    const body = example()
    const decoded = DeviceInstallStateCreate.decode(body)

    expect(decoded._tag === 'Right' && decoded.right).toBe(body)
    expect(decoded._tag === 'Right' && DeviceInstallStateCreate.encode(decoded.right)).toBe(body)
  })

  it.each(['@odata.type', 'id'])('may do without %s', (name) => {
    expect(problemsWith(without({ id: 'x', ...example() }, name))).toEqual([])
  })

  it.each(['deviceName', 'deviceId', 'errorCode', 'osVersion', 'osDescription', 'userName'])(
    'needs %s, which may be null',
    (name) => {
      expect(problemsWith({ ...example(), [name]: null })).toEqual([])
      expect(problemsWith(without(example(), name))).toMatchObject([{ pointer: `/${name}`, code: 'missing' }])
    },
  )

  it.each(['lastSyncDateTime', 'installState'])('needs %s, which may not be null', (name) => {
    expect(problemsWith({ ...example(), [name]: null })).toMatchObject([{ pointer: `/${name}`, code: 'type' }])
    expect(problemsWith(without(example(), name))).toMatchObject([{ pointer: `/${name}`, code: 'missing' }])
  })

  it.each(installStates)('knows the state %s', (installState) => {
    expect(problemsWith({ ...example(), installState })).toEqual([])
  })

  it.each([
    ['Installed', 'installed'],
    [' installed', 'installed'],
    ['INSTALLED', 'installed'],
    ['instaled', 'installed'],
    ['unknownFutureValue', undefined],
    ['installed'.repeat(100), undefined],
    ['', undefined],
  ])('refuses the state %j, lists the six, and guesses which was meant', (installState, meant) => {
    expect(problemsWith({ ...example(), installState })).toEqual([
      {
        pointer: '/installState',
        code: 'enum',
        expected: 'one of: notApplicable, installed, failed, notInstalled, uninstallFailed, unknown',
        received: 'string',
        ...(meant === undefined ? {} : { didYouMean: meant }),
      },
    ])
  })

  const ofOtherTypes = [1, true, {}, []]
  const names = Object.keys({ id: 'x', ...JSON.parse(documentedExample.request) })
  it.each(names.flatMap((name) => ofOtherTypes.map((value) => ({ name, value }))))(
    'refuses $name as $value, by its pointer alone',
    ({ name, value }) => {
      expect(problemsWith({ ...example(), [name]: value })).toMatchObject([{ pointer: `/${name}`, code: 'type' }])
    },
  )

  it.each([
    ['foo', undefined],
    ['DeviceName', 'deviceName'],
    ['installSate', 'installState'],
    ['idd', 'id'],
    ['os', undefined],
    ['', undefined],
    ['@odata.id', undefined],
    ['deviceName@odata.type', undefined],
    ['constructor', undefined],
    ['prototype', undefined],
  ])('refuses the unknown property %s', (name, suggestion) => {
    const [problem, ...others] = problemsWith({ ...example(), [name]: 'x' })

    expect(others).toEqual([])
    expect(problem).toMatchObject({ pointer: `/${name}`, code: 'extra' })
    expect(problem?.didYouMean).toBe(suggestion)
    expect(problem?.expected).toBe(
      suggestion === undefined
        ? `no property of this name; there are ${Object.keys(DeviceInstallStateCreate.fields).join(', ')}`
        : 'no property of this name',
    )
  })

  it('refuses an own __proto__ and leaves every prototype as it was', () => {
    const body: unknown = JSON.parse(`{"__proto__":{"polluted":true},${documentedExample.request.slice(1)}`)

    expect(problemsWith(body)).toMatchObject([{ pointer: '/__proto__', code: 'extra' }])
    expect(Object.getPrototypeOf(body)).toBe(Object.prototype)
    expect({}).not.toHaveProperty('polluted')
  })

  it('does not take an inherited property for an own one', () => {
    expect(problemsWith(Object.create(example())).map(({ pointer }) => pointer.slice(1))).toEqual(
      Object.keys(DeviceInstallStateCreate.types[0].props),
    )
  })

  it.each([
    [null, 'null'],
    ['x', 'string'],
    [1, 'number'],
    [true, 'boolean'],
    [[], 'array'],
    [[example()], 'array'],
    [undefined, 'nothing'],
    [() => 1, 'other'],
  ])('refuses %j as a whole', (body, received) => {
    expect(problemsWith(body)).toEqual([{ pointer: '', code: 'type', expected: 'a JSON object', received }])
  })

  it.each(['id', 'deviceName', 'deviceId', 'errorCode', 'osVersion', 'osDescription', 'userName'])(
    'refuses half a surrogate pair in %s, since it would be another character when it arrives',
    (name) => {
      expect(problemsWith({ ...example(), [name]: 'x\uD83D' })).toMatchObject([
        {
          pointer: `/${name}`,
          code: 'format',
          expected: `a string without lone surrogates${name === 'id' ? '' : ' or null'}`,
          received: 'string',
        },
      ])
      expect(problemsWith({ ...example(), [name]: 'x\uD83D\uDE00' })).toEqual([])
    },
  )

  it('may say of an optional property that it is undefined, as JSON.stringify leaves it out', () => {
    expect(problemsWith({ ...example(), id: undefined, '@odata.type': undefined })).toEqual([])
  })

  it('tells no more than 32 problems, and never a value', () => {
    const secret = 'Grace Hopper'
    const body = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`p${String(index)}`, secret]))
    const problems = problemsWith({ ...body, deviceName: [secret], installState: secret })

    expect(problems).toHaveLength(32)
    expect(JSON.stringify(problems)).not.toContain(secret)
  })
})

describe('whatever comes', () => {
  it('is decided alike by `is` and `decode`, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.anything()), (value) => {
        const result = DeviceInstallStateCreate.decode(value)

        expect(result._tag === 'Right').toBe(DeviceInstallStateCreate.is(value))
        if (result._tag === 'Left') expect(problemsOf(result.left).length).toBeGreaterThan(0)
      }),
    )
  })

  it('decodes again after encoding', () => {
    fc.assert(
      fc.property(deviceInstallStateCreate(), (body) => {
        const text = JSON.stringify(DeviceInstallStateCreate.encode(body))

        expect(DeviceInstallStateCreate.decode(JSON.parse(text))).toEqual({ _tag: 'Right', right: body })
      }),
    )
  })
})
