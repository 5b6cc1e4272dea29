import { deviceInstallStateType } from '../device-install-state.js'
import type { AnyType } from '../describe-type.js'
import { entityIdPattern, longestEntityId } from '../entity-id.js'
import {
  deviceInstallStateCollectionFields,
  deviceInstallStateFields,
  type Field,
  graphErrorFields,
} from '../fields/index.js'
import { installStates } from '../install-state.js'
import { dateTimeOffsetPattern, odataDateTimeOffsetPattern } from './date-time-offset-pattern.js'

/** A JSON Schema. What is made here means the same in draft-07, in 2020-12 and in OpenAPI 3.1. */
export type JsonSchema = Readonly<Record<string, unknown>>

// Made anew each time: who gets a schema may change it.
const string = (more: JsonSchema = {}): JsonSchema => ({ type: 'string', ...more })
const state = (): JsonSchema => string({ enum: [...installStates] })
const id = (): JsonSchema => string({ maxLength: longestEntityId, pattern: entityIdPattern })

/** Our codecs that look at a value as a whole, by name. */
const leaves: ReadonlyMap<string, () => JsonSchema> = new Map([
  ['string', () => string()],
  ['UnicodeString', () => string()],
  ['Key', () => string({ minLength: 1 })],
  ['ODataType', () => string({ const: deviceInstallStateType })],
  ['DateTimeOffset', () => string({ format: 'date-time', pattern: dateTimeOffsetPattern })],
  ['ODataDateTimeOffset', () => string({ pattern: odataDateTimeOffsetPattern })],
  ['InstallState', state],
  ['OpenInstallState', () => ({ anyOf: [state(), string()] })],
  ['ManagedEBookId', id],
  ['UserInstallStateSummaryId', id],
  ['Count', () => ({ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER })],
  ['array', () => ({ type: 'array' })],
  ['object', () => ({ type: 'object' })],
])

/** What there is to say of the properties of our object codecs, by the codec's name. */
const tables: ReadonlyMap<string, Readonly<Record<string, Field>>> = new Map<string, Readonly<Record<string, Field>>>([
  ['DeviceInstallState', deviceInstallStateFields],
  ['DeviceInstallStateCreate', deviceInstallStateFields],
  ['DeviceInstallStateCollection', deviceInstallStateCollectionFields],
  ['GraphErrorBody', graphErrorFields],
])

const nullable = (schema: JsonSchema): JsonSchema =>
  typeof schema['type'] === 'string' && schema['enum'] === undefined && schema['const'] === undefined
    ? { ...schema, type: [schema['type'], 'null'] }
    : { anyOf: [schema, { type: 'null' }] }

const objectSchema = (
  properties: Readonly<Record<string, JsonSchema>>,
  required: ReadonlyArray<string>,
): JsonSchema => ({ type: 'object', properties, ...(required.length === 0 ? {} : { required }) })

const copyOf = (json: unknown): unknown => JSON.parse(JSON.stringify(json))

const schemaOfFields = ({ fields = {}, name, otherProperties }: AnyType): JsonSchema => {
  const table = tables.get(name)
  const properties = Object.entries(fields).map(([property, { codec }]): [string, JsonSchema] => {
    const field = table?.[property]
    const about = field === undefined ? {} : { description: field.documentation, examples: [copyOf(field.example)] }
    return [property, { ...jsonSchemaOf(codec), ...about }]
  })
  const required = Object.entries(fields).flatMap(([property, { isRequired }]) => (isRequired ? [property] : []))
  return {
    ...objectSchema(Object.fromEntries(properties), required),
    ...(otherProperties === 'closed' ? { additionalProperties: false } : {}),
  }
}

const schemaOfProps = ({ _tag: tag, props = {} }: AnyType): JsonSchema => {
  const properties = Object.entries(props).map(([name, codec]): [string, JsonSchema] => [name, jsonSchemaOf(codec)])
  // What takes `undefined` may be left out: `t.unknown` does.
  const required = Object.entries(props).flatMap(([name, codec]) => (codec.is?.(undefined) === true ? [] : [name]))
  return objectSchema(Object.fromEntries(properties), tag === 'PartialType' ? [] : required)
}

// An enum must have a member, so one without takes nothing.
const membersSchema = (members: ReadonlyArray<string>): JsonSchema =>
  members.length === 0 ? { not: {} } : { enum: members }

const noSchemaOf = ({ name }: AnyType): TypeError =>
  new TypeError(`There is no JSON Schema for the codec ${name}: it is neither ours nor a plain one of io-ts.`)

const schemaOfRecord = (codec: AnyType): JsonSchema => {
  const { codomain, domain } = codec
  // With other keys than strings, io-ts may want each of them to be there.
  if (codomain === undefined || domain?._tag !== 'StringType') throw noSchemaOf(codec)
  return { type: 'object', additionalProperties: jsonSchemaOf(codomain) }
}

const below = (codec: AnyType): JsonSchema => {
  if (codec.type === undefined) throw noSchemaOf(codec)
  return jsonSchemaOf(codec.type)
}

/** The codecs of io-ts that JSON Schema can follow. A predicate (`t.refinement`, `t.brand`) it cannot. */
const schemaOfIoTs = (codec: AnyType): JsonSchema => {
  switch (codec._tag) {
    case 'StringType':
      return string()
    case 'NumberType':
      return { type: 'number' }
    case 'BooleanType':
      return { type: 'boolean' }
    case 'NullType':
      return { type: 'null' }
    case 'UnknownType':
    case 'AnyType':
      return {}
    case 'LiteralType':
      return { const: codec.value }
    case 'KeyofType':
      return membersSchema(Object.keys(codec.keys ?? {}))
    case 'AnyArrayType':
      return { type: 'array' }
    case 'AnyDictionaryType':
      return { type: 'object' }
    case 'ArrayType':
    case 'ReadonlyArrayType':
      return { type: 'array', items: below(codec) }
    case 'DictionaryType':
      return schemaOfRecord(codec)
    case 'InterfaceType':
    case 'PartialType':
    case 'StrictType':
      return schemaOfProps(codec)
    case 'ExactType':
    case 'ReadonlyType':
      return below(codec)
    case 'IntersectionType':
      return { allOf: (codec.types ?? []).map(jsonSchemaOf) }
    case 'UnionType':
      return { anyOf: (codec.types ?? []).map(jsonSchemaOf) }
    default:
      throw noSchemaOf(codec)
  }
}

/**
 * The JSON Schema of one of our codecs, or of what io-ts's own combinators make of them. Without `$schema` and `$id`, for
 * use inside of another schema, and yours to change. It takes what the codec takes, but for two things that a schema cannot
 * say: half a surrogate pair in a string, and an offset that pushes the first or last day out of .NET's years. Described
 * codecs are known by their names, so give those of your own other names. Throws a `TypeError` for a codec that it does
 * not know, such as one that transforms.
 */
export const jsonSchemaOf = (codec: AnyType): JsonSchema => {
  const { description, fields, name } = codec
  if (description?.notNull !== undefined) return nullable(jsonSchemaOf(description.notNull))
  if (fields !== undefined) return schemaOfFields(codec)
  return (description === undefined ? undefined : leaves.get(name))?.() ?? schemaOfIoTs(codec)
}
