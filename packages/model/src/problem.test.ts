import * as fc from 'fast-check'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { nearMissAnswer, nearMissCreate } from './arbitrary/index.js'
import { documentedExample } from './fields/index.js'
import { CreatedEntity, operations } from './operations/index.js'
import {
  closed,
  DateTimeOffset,
  DeviceInstallState,
  DeviceInstallStateCreate,
  exact,
  InstallState,
  type JsonKind,
  messageOfProblem,
  pointerOf,
  type Problem,
  problemsOf,
} from './index.js'

const problemsIn = (codec: t.Mixed, value: unknown): ReadonlyArray<Problem> => {
  const decoded = codec.decode(value)
  return decoded._tag === 'Left' ? problemsOf(decoded.left) : []
}

const entity = (): Record<string, unknown> => JSON.parse(documentedExample.response)
const body = (): Record<string, unknown> => JSON.parse(documentedExample.request)

describe('a value that is wrong in one place', () => {
  it('has one problem, with that pointer and that code (bodies)', () => {
    fc.assert(
      fc.property(nearMissCreate(), ({ code, pointer, value }) => {
        expect(problemsIn(DeviceInstallStateCreate, value)).toMatchObject([{ pointer, code }])
      }),
      { numRuns: 2000 },
    )
  })

  it('has one problem, with that pointer and that code (answers)', () => {
    fc.assert(
      fc.property(nearMissAnswer(), ({ code, pointer, value }) => {
        expect(problemsIn(DeviceInstallState, value)).toMatchObject([{ pointer, code }])
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a problem', () => {
  it.each<[unknown, JsonKind]>([
    [undefined, 'nothing'],
    [1, 'number'],
    [true, 'boolean'],
    [[], 'array'],
    [{}, 'object'],
    [1n, 'other'],
    [Symbol('x'), 'other'],
  ])('tells the kind of what came (%s: %s), never what came', (deviceName, received) => {
    expect(problemsIn(DeviceInstallStateCreate, { ...body(), deviceName })).toEqual([
      {
        pointer: '/deviceName',
        code: deviceName === undefined ? 'missing' : 'type',
        expected: 'a string or null',
        received,
      },
    ])
  })

  it('never holds a value, whatever it is', () => {
    const secret = 'Grace Hopper'
    const values = [secret, [secret], { [secret]: secret }]
    const bodies = Object.keys(body()).flatMap((name) => values.map((value) => ({ ...body(), [name]: value })))
    const told = JSON.stringify(bodies.map((wrong) => problemsIn(DeviceInstallStateCreate, wrong)))

    expect(told).not.toContain(secret)
  })

  it.each<[Problem, string]>([
    [
      { pointer: '/a', code: 'missing', expected: 'a string or null', received: 'nothing' },
      'Expected a string or null, got nothing.',
    ],
    [{ pointer: '/a', code: 'type', expected: 'a string', received: 'number' }, 'Expected a string, got number.'],
    [
      { pointer: '/a', code: 'enum', expected: 'one of: x, y', received: 'string', didYouMean: 'x' },
      'Expected one of: x, y. Did you mean x?',
    ],
    [
      { pointer: '/a', code: 'extra', expected: 'no property of this name', received: 'null', didYouMean: 'b' },
      'Expected no property of this name. Did you mean b?',
    ],
  ])('in words is a sentence', (problem, sentence) => {
    expect(messageOfProblem(problem)).toBe(sentence)
  })
})

describe('a pointer', () => {
  it.each([
    [[], ''],
    [['a', '0'], '/a/0'],
    [['a/b', 'm~n'], '/a~1b/m~0n'],
    [[''], '/'],
    [['x'.repeat(100)], `/${'x'.repeat(64)}`],
    [['\uD83D'], '/\uFFFD'],
  ])('of %j is %j (RFC 6901)', (keys, pointer) => {
    expect(pointerOf(keys)).toBe(pointer)
  })
})

describe('errors of io-ts’s own codecs', () => {
  const both = t.keyof({ installed: null, failed: null })

  it.each<[string, t.Mixed, unknown, object]>([
    ['a string', t.string, 1, { code: 'type', expected: 'string', received: 'number' }],
    ['an object', t.type({}), [], { code: 'type', received: 'array' }],
    ['a keyof', both, 'instaled', { code: 'enum', expected: '"installed" | "failed"', didYouMean: 'installed' }],
    ['a keyof that got a number', both, 1, { code: 'type', received: 'number' }],
    ['a literal', t.literal('x'), 'y', { code: 'enum', expected: '"x"' }],
    ['a literal that got null', t.literal(1), null, { code: 'type', received: 'null' }],
    ['a refinement', t.Int, 1.5, { code: 'format', expected: 'Int' }],
    ['a refinement of a type that it is not', t.Int, 'x', { code: 'type', expected: 'number', received: 'string' }],
  ])('are read: %s', (_, codec, value, problem) => {
    expect(problemsIn(codec, value)).toMatchObject([{ pointer: '', ...problem }])
  })

  it('are one a place where two codecs hoped for something', () => {
    expect(problemsIn(t.type({ a: t.union([t.string, t.null]) }), { a: 1 })).toEqual([
      { pointer: '/a', code: 'type', expected: 'string or null', received: 'number' },
    ])
    expect(problemsIn(t.union([t.null, both]), 'x')).toMatchObject([
      { pointer: '', code: 'enum', expected: 'null or "installed" | "failed"' },
    ])
  })

  // Found by a property: NaN is not equal to itself, so the members of the union became places.
  it('are one a place for NaN, too', () => {
    expect(problemsIn(t.type({ a: t.union([t.string, t.null]) }), { a: Number.NaN })).toMatchObject([
      { pointer: '/a', received: 'number' },
    ])
  })

  // An attack found places where a union or an intersection was behind a recursion or a pipe.
  it('are one a place behind a recursion and a pipe, too', () => {
    const Owned: t.Type<DeviceInstallState & { owner: string }> = t.recursion('Owned', () =>
      t.intersection([DeviceInstallState, t.type({ owner: t.string })]),
    )
    const piped = t.type({ a: t.union([t.string, t.null]).pipe(t.string) })

    expect(problemsIn(t.array(Owned), [{ ...entity(), id: '' }]).map(({ pointer }) => pointer)).toEqual([
      '/0/id',
      '/0/owner',
    ])
    expect(problemsIn(piped, { a: 1 }).map(({ pointer }) => pointer)).toEqual(['/a'])
  })

  it.each<[string, t.Mixed, unknown, object]>([
    ['readonly', t.readonly(InstallState), 'Installed', { code: 'enum', didYouMean: 'installed' }],
    ['a brand that is content', t.refinement(DateTimeOffset, () => true), '2026-02-30T00:00:00Z', { code: 'format' }],
    // Not of ours itself: io-ts would rename it.
    [
      'recursion',
      t.recursion('R', () => t.readonly(InstallState)),
      'Installed',
      { code: 'enum', didYouMean: 'installed' },
    ],
    ['exact', exact(DeviceInstallState), 1, { code: 'type', expected: 'a JSON object' }],
    ['a refinement of a refinement', t.refinement(t.Int, () => true, 'Mine'), 1.5, { code: 'format', expected: 'Int' }],
    ['a predicate of its own', t.refinement(t.Int, () => false, 'Mine'), 1, { code: 'format', expected: 'Mine' }],
  ])('say of what is wrapped what they say of it bare: %s', (_, codec, value, problem) => {
    expect(problemsIn(codec, value)).toMatchObject([problem])
  })

  it('tell every alternative, also one whose name is part of another', () => {
    expect(problemsIn(t.union([t.array(t.string), t.string]), 1)).toMatchObject([
      { expected: 'Array<string> or string' },
    ])
    expect(problemsIn(t.union([t.literal(10), t.literal(1)]), 'x')).toMatchObject([{ expected: '10 or 1' }])
  })

  it('keep places apart whose long names begin alike', () => {
    const name = 'a'.repeat(70)
    const problems = problemsIn(t.type({ [`${name}1`]: t.string, [`${name}2`]: t.number }), {})

    expect(problems).toHaveLength(2)
    expect(problems.every(({ pointer }) => pointer === `/${'a'.repeat(64)}`)).toBe(true)
  })

  it('keep the places in what a codec has made of a text', () => {
    const Json = new t.Type<unknown, string, string>(
      'Json',
      t.unknown.is,
      (text) => t.success(JSON.parse(text)),
      String,
    )
    const Sent = t.string.pipe(Json).pipe(t.type({ a: t.string, state: InstallState }))

    expect(problemsIn(Sent, '{"a":1,"state":"Installed"}')).toMatchObject([
      { pointer: '/a', expected: 'string' },
      { pointer: '/state', didYouMean: 'installed' },
    ])
  })

  it('blame the predicate where what is within decodes, though it would not say yes', () => {
    const NonEmpty = t.refinement(
      t.type({ a: t.string, b: t.union([t.string, t.undefined]) }),
      ({ a }) => a !== '',
      'NonEmpty',
    )

    expect(problemsIn(NonEmpty, { a: '' })).toMatchObject([{ code: 'format', expected: 'NonEmpty' }])
  })

  it('say a thing once, even one that holds an "or"', () => {
    const codec = t.union([DeviceInstallState, DeviceInstallStateCreate])
    const problems = problemsIn(codec, { ...entity(), deviceName: 5 })

    expect(problems).toMatchObject([{ pointer: '/deviceName', expected: 'a string or null' }])
  })

  it('keep the guess of either alternative', () => {
    const other = t.keyof({ alpha: null, beta: null })

    for (const codec of [t.union([other, InstallState]), t.union([InstallState, other])]) {
      expect(problemsIn(codec, 'Installed')).toMatchObject([{ code: 'enum', didYouMean: 'installed' }])
    }
  })

  it('say of 32 places all that there is to say', () => {
    const codec = t.union([t.array(t.string), t.array(t.boolean)])
    const problems = problemsIn(
      codec,
      Array.from({ length: 33 }, () => 1),
    )

    expect(problems).toHaveLength(32)
    expect(problems[0]).toMatchObject({ pointer: '/0', expected: 'string or boolean' })
  })

  it('say of an array what it is, not what its items are', () => {
    expect(problemsIn(t.readonlyArray(InstallState), 5)).toMatchObject([
      { pointer: '', code: 'type', expected: 'ReadonlyArray<InstallState>' },
    ])
  })

  it('list nothing where there is nothing to list', () => {
    expect(problemsIn(closed(CreatedEntity), { id: 'x', y: 1 })[0]?.expected).toBe(
      'no property of this name; there are id',
    )
    expect(problemsIn(operations[0].query, { $select: 'id' })[0]?.expected).toBe('no property of this name')
  })

  it('keep a place in a place apart from one whose name has a slash', () => {
    const codec = t.type({ a: t.type({ b: t.string }), 'a/b': t.string })

    expect(problemsIn(codec, { a: { b: 1 }, 'a/b': 1 }).map(({ pointer }) => pointer)).toEqual(['/a/b', '/a~1b'])
  })

  it('keep the places of tuples and records', () => {
    const codec = t.type({ pair: t.tuple([t.string, t.number]), map: t.record(t.string, t.number) })

    expect(problemsIn(codec, { pair: ['x', 'y'], map: { k: 'v' } }).map(({ pointer }) => pointer)).toEqual([
      '/pair/1',
      '/map/k',
    ])
  })

  it('say no more than 512 characters of one place, and no more than 32 places', () => {
    const manyNames = t.union([
      t.literal('x'),
      t.literal('y'),
      ...Array.from({ length: 200 }, (_, i) => t.literal(`value ${String(i)}`)),
    ])
    const manyPlaces = t.array(t.string)

    const manyMembers = t.keyof(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`😀${String(i)}`, null])))
    const told = [
      ...problemsIn(manyNames, 'z'),
      ...problemsIn(manyMembers, 1),
      ...problemsIn(t.union([manyMembers, t.null]), 1),
    ]

    expect(told).toHaveLength(3)
    expect(told.every(({ expected }) => expected.length <= 512 && expected.isWellFormed())).toBe(true)
    expect(
      problemsIn(
        manyPlaces,
        Array.from({ length: 1000 }, () => 1),
      ),
    ).toHaveLength(32)
  })

  it('without a place are told as such', () => {
    expect(problemsOf([{ value: 1, context: [] }])).toEqual([
      { pointer: '', code: 'type', expected: '', received: 'nothing' },
    ])
  })
})
