import { fileURLToPath } from 'node:url'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import {
  DateTimeOffset,
  DeviceInstallState,
  DeviceInstallStateCreate,
  exact,
  InstallState,
  installStates,
  ManagedEBookId,
} from '../index.js'
import { openApiDocument } from '../openapi/index.js'
import { graphVersions, operations, RequestHeaders } from '../operations/index.js'
import { jsonSchemaDocument, jsonSchemaNames, jsonSchemaOf, jsonSchemaTargets } from './index.js'

describe('the JSON Schemas that the package has as files', () => {
  it.each(jsonSchemaNames.flatMap((name) => jsonSchemaTargets.map((target) => [name, target] as const)))(
    'are what is exported: %s in %s (after a change: vitest run -u, and look at the difference)',
    async (name, target) => {
      const file = fileURLToPath(new URL(`../../json-schema/${target}/${name}.json`, import.meta.url))

      await expect(`${JSON.stringify(jsonSchemaDocument(name, target), null, 2)}\n`).toMatchFileSnapshot(file)
    },
  )
})

describe('the JSON Schema of a codec', () => {
  it.each<[string, t.Mixed, object]>([
    ['a string', t.string, { type: 'string' }],
    ['a number', t.number, { type: 'number' }],
    ['a boolean', t.boolean, { type: 'boolean' }],
    ['null', t.null, { type: 'null' }],
    ['anything', t.unknown, {}],
    ['a literal', t.literal(1), { const: 1 }],
    ['a keyof', t.keyof({ a: null, b: null }), { enum: ['a', 'b'] }],
    ['any array', t.UnknownArray, { type: 'array' }],
    ['any object', t.UnknownRecord, { type: 'object' }],
    ['an array', t.readonlyArray(t.string), { type: 'array', items: { type: 'string' } }],
    ['an object', t.type({ a: t.string }), { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }],
    ['a record', t.record(t.string, t.number), { type: 'object', additionalProperties: { type: 'number' } }],
    ['a partial object', t.partial({ a: t.string }), { type: 'object', properties: { a: { type: 'string' } } }],
    ['a union', t.union([t.string, t.null]), { anyOf: [{ type: 'string' }, { type: 'null' }] }],
    [
      'an intersection',
      t.intersection([t.type({}), t.partial({})]),
      {
        allOf: [
          { type: 'object', properties: {} },
          { type: 'object', properties: {} },
        ],
      },
    ],
    ['a property that may be left out', t.type({ a: t.unknown }), { type: 'object', properties: { a: {} } }],
    ['what is read-only', t.readonly(t.type({})), { type: 'object', properties: {} }],
  ])('of io-ts is made: %s', (_, codec, schema) => {
    expect(jsonSchemaOf(codec)).toEqual(schema)
  })

  it.each([
    [InstallState, { type: 'string', enum: [...installStates] }],
    [
      DeviceInstallStateCreate.fields['@odata.type']?.codec,
      { type: 'string', const: '#microsoft.graph.deviceInstallState' },
    ],
  ])('of what may also be null takes null, which is no member of an enum', (codec, schema) => {
    const description = { json: 'string', expected: 'x', mismatch: 'enum', ...(codec && { notNull: codec }) } as const

    expect(jsonSchemaOf({ name: 'X | null', description })).toEqual({ anyOf: [schema, { type: 'null' }] })
  })

  it('of a keyof without members takes nothing', () => {
    expect(jsonSchemaOf(t.keyof({}))).toEqual({ not: {} })
  })

  it('is made of ours within others', () => {
    const page = t.type({ items: t.array(exact(DeviceInstallState)) })

    expect(jsonSchemaOf(page)).toEqual({
      type: 'object',
      properties: { items: { type: 'array', items: jsonSchemaOf(DeviceInstallState) } },
      required: ['items'],
    })
  })

  it('refuses other properties where the codec does', () => {
    expect(jsonSchemaOf(DeviceInstallStateCreate)).toHaveProperty('additionalProperties', false)
    expect(jsonSchemaOf(DeviceInstallState)).not.toHaveProperty('additionalProperties')
  })

  it('of ids and dates has patterns that RE2 knows, too: no look-ahead, no back-reference', () => {
    for (const { codec } of [{ codec: ManagedEBookId }, { codec: DateTimeOffset }]) {
      const { pattern } = jsonSchemaOf(codec)

      expect(pattern).toMatch(/^\^.*\$$/)
      expect(pattern).not.toMatch(/\(\?[=!<]|\\[1-9dws]/)
    }
  })

  it.each<[string, t.Mixed]>([
    ['a predicate', t.Int],
    ['a function', t.Function],
    ['a tuple', t.tuple([t.string])],
    ['one that has a name of ours', new t.Type('Key', t.string.is, t.string.validate, t.identity)],
    ['a record of certain keys', t.record(t.keyof({ a: null }), t.number)],
    ['a codec of somebody else’s', new t.Type('Mine', t.string.is, t.string.validate, t.identity)],
    ['one of ours that nobody has described', RequestHeaders],
  ])('is not made up: %s', (_, codec) => {
    expect(() => jsonSchemaOf(codec)).toThrow(/^There is no JSON Schema for the codec /)
  })

  it('is yours to change: neither the library nor the next one is changed by it', () => {
    const change = (json: unknown): void => {
      if (typeof json !== 'object' || json === null) return
      for (const value of Object.values(json)) change(value)
      if (Array.isArray(json)) json.push('changed')
      else Object.assign(json, { changed: true })
    }
    const before = JSON.stringify(jsonSchemaNames.map((name) => jsonSchemaDocument(name, 'draft-07')))
    for (const name of jsonSchemaNames) change(jsonSchemaDocument(name, 'draft-07'))
    change(openApiDocument())
    const openApiBefore = JSON.stringify(openApiDocument())
    change(openApiDocument())

    expect(JSON.stringify(jsonSchemaNames.map((name) => jsonSchemaDocument(name, 'draft-07')))).toBe(before)
    expect(JSON.stringify(openApiDocument())).toBe(openApiBefore)
    expect(openApiBefore).not.toContain('changed')
    expect(installStates).toHaveLength(6)
    expect(graphVersions).toHaveLength(2)
  })

  it('is there for whatever an operation takes and answers', () => {
    for (const { answers, body, ids, query } of operations) {
      for (const codec of [body, ids, query, answers['201'].codec, answers['4XX'].codec]) {
        expect(jsonSchemaOf(codec)).toHaveProperty('type', 'object')
      }
    }
  })
})
