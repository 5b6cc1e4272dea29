import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  DeviceInstallStateCollection,
  DeviceInstallState,
  DeviceInstallStateCreate,
  type AnyObjectCodec,
} from '../index.js'
import { GraphErrorBody } from '../graph-error.js'
import {
  deviceInstallStateCollectionFields,
  deviceInstallStateFields,
  documentedExample,
  type Field,
  type FieldTable,
  graphErrorFields,
} from './index.js'

type Table = Readonly<Record<string, Field>>
type Direction = 'request' | 'answer'

const cases: ReadonlyArray<[string, AnyObjectCodec, Table, Direction]> = [
  ['DeviceInstallState', DeviceInstallState, deviceInstallStateFields, 'answer'],
  ['DeviceInstallStateCreate', DeviceInstallStateCreate, deviceInstallStateFields, 'request'],
  ['DeviceInstallStateCollection', DeviceInstallStateCollection, deviceInstallStateCollectionFields, 'answer'],
  ['GraphErrorBody', GraphErrorBody, graphErrorFields, 'answer'],
]

describe('the field table', () => {
  it.each(cases)('is what the codec %s is made of', (_, codec, table, direction) => {
    const saidByTable = Object.entries(table)
      .filter(([, field]) => field[direction] !== 'never')
      .map(([name, field]) => [name, field.kind[direction], field.nullable, field[direction] === 'required'])
    const saidByCodec = Object.entries(codec.fields).map(([name, field]) => {
      const { notNull } = field.codec.description
      return [name, notNull ?? field.codec, notNull !== undefined, field.isRequired]
    })

    expect(saidByCodec.map(([property]) => property)).toEqual(saidByTable.map(([property]) => property))
    expect(saidByCodec).toEqual(saidByTable)
  })

  it.each(cases)('has examples that %s takes', (_, codec, table, direction) => {
    const examples = Object.entries(table).flatMap(([name, field]) =>
      field[direction] === 'never' ? [] : [[name, field.example]],
    )

    expect(codec.is(Object.fromEntries(examples))).toBe(true)
  })

  it.each(cases)('says something of every property (%s)', (_, __, table) => {
    for (const field of Object.values(table)) expect(field.documentation).toMatch(/\.$/)
  })

  it('says how sensitive each property is: what names or leads to a person is personal', () => {
    expect(
      Object.fromEntries(Object.entries(deviceInstallStateFields).map(([name, field]) => [name, field.class])),
    ).toEqual({
      '@odata.context': 'identifier',
      '@odata.type': 'enum',
      id: 'identifier',
      deviceName: 'personal',
      deviceId: 'identifier',
      lastSyncDateTime: 'timestamp',
      installState: 'enum',
      errorCode: 'text',
      osVersion: 'text',
      osDescription: 'text',
      userName: 'personal',
    })
    const classesOf = (table: Table) => Object.values(table).map((field) => field.class)
    expect(classesOf(deviceInstallStateCollectionFields)).toEqual(['identifier', 'text', 'identifier', 'personal'])
    // All but the code may quote what was sent.
    expect(classesOf(graphErrorFields)).toEqual(['enum', 'personal', 'text', 'personal', 'personal', 'personal'])
  })

  it('has the names, types and nullability of the published metadata', () => {
    const published = {
      id: ['Edm.String', false],
      deviceId: ['Edm.String', true],
      deviceName: ['Edm.String', true],
      errorCode: ['Edm.String', true],
      installState: ['microsoft.graph.installState', false],
      lastSyncDateTime: ['Edm.DateTimeOffset', false],
      osDescription: ['Edm.String', true],
      osVersion: ['Edm.String', true],
      userName: ['Edm.String', true],
    }
    const ours = Object.entries<Field>(deviceInstallStateFields)
      .filter(([name]) => !name.startsWith('@'))
      .map(([name, { kind, nullable }]) => [name, [kind.edm, nullable]])

    expect(Object.fromEntries(ours)).toEqual(published)
  })

  it('has the types of what stands around the properties, as OData names them', () => {
    const edmOf = (table: Table) => Object.entries(table).map(([name, { kind }]) => [name, kind.edm])

    expect(edmOf(deviceInstallStateCollectionFields)).toEqual([
      ['@odata.context', 'Edm.String'],
      ['@odata.count', 'Edm.Int64'],
      ['@odata.nextLink', 'Edm.String'],
      ['value', 'Collection(microsoft.graph.deviceInstallState)'],
    ])
    expect(edmOf(graphErrorFields)).toEqual([
      ['code', 'Edm.String'],
      ['message', 'Edm.String'],
      ['target', 'Edm.String'],
      ['details', 'Collection(microsoft.graph.ODataErrors.ErrorDetails)'],
      ['innerError', 'microsoft.graph.ODataErrors.InnerError'],
      ['innererror', 'microsoft.graph.ODataErrors.InnerError'],
    ])
  })

  it('says which properties may be left out, in what is sent and in what is answered', () => {
    const leftOut = (table: Table, direction: Direction) =>
      Object.keys(table).filter((name) => table[name]?.[direction] === 'optional')

    expect(leftOut(deviceInstallStateFields, 'request')).toEqual(['@odata.type', 'id'])
    expect(leftOut(deviceInstallStateFields, 'answer')).toEqual(['@odata.context', '@odata.type'])
  })

  it('does not compile with a fact left out, or one that the interfaces deny', () => {
    interface Answered {
      readonly id: string
      readonly name: string | null
    }
    type T = FieldTable<Answered, Pick<Answered, 'name'>>

    expectTypeOf<keyof T>().toEqualTypeOf<keyof Answered>()
    expectTypeOf<keyof T['id']>().toEqualTypeOf<
      'kind' | 'nullable' | 'request' | 'answer' | 'class' | 'documentation' | 'example'
    >()
    expectTypeOf<{ [K in keyof T['id']]: Omit<T['id'], K> extends T['id'] ? K : never }[keyof T['id']]>().toBeNever()
    expectTypeOf<T['id']['nullable']>().toEqualTypeOf<false>()
    expectTypeOf<T['name']['nullable']>().toEqualTypeOf<true>()
    expectTypeOf<T['id']['request']>().toEqualTypeOf<'never'>()
    expectTypeOf<T['name']['request']>().toEqualTypeOf<'required'>()
    expectTypeOf<Omit<T, 'name'>>().not.toExtend<T>()
    expectTypeOf<FieldTable<Answered & { readonly added?: string }, object>>().not.toEqualTypeOf<
      FieldTable<Answered, object>
    >()
  })
})

describe('the documented example', () => {
  it('says where it is from', () => {
    expect(documentedExample.source).toBe(
      'https://learn.microsoft.com/graph/api/intune-books-deviceinstallstate-create',
    )
  })

  it('is the page’s, byte for byte: the stated Content-Length', () => {
    expect(Buffer.byteLength(documentedExample.request)).toBe(374)
    expect(Buffer.byteLength(documentedExample.response)).toBe(423)
    expect(documentedExample.request).toMatch(/^\{\r\n {2}"@odata\.type": "#microsoft\.graph\.deviceInstallState",\r\n/)
    expect(documentedExample.response).toMatch(/"userName": "User Name value"\r\n\}$/)
  })
})
