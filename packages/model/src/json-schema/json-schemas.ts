import { DeviceInstallState, DeviceInstallStateCreate } from '../device-install-state.js'
import { DeviceInstallStateCollection } from '../device-install-state-collection.js'
import type { AnyType } from '../describe-type.js'
import { GraphError } from '../graph-error.js'
import { type JsonSchema, jsonSchemaOf } from './json-schema-of.js'

/** The dialects there are, by the names that Standard JSON Schema gives them. */
export type JsonSchemaTarget = keyof typeof dialects

const dialects = {
  'draft-2020-12': 'https://json-schema.org/draft/2020-12/schema',
  'draft-07': 'http://json-schema.org/draft-07/schema#',
} as const

/** All dialects. */
export const jsonSchemaTargets = ['draft-2020-12', 'draft-07'] as const satisfies ReadonlyArray<JsonSchemaTarget>

/** The codecs that have a schema of their own. */
export type JsonSchemaName =
  | 'DeviceInstallState'
  | 'DeviceInstallStateCreate'
  | 'DeviceInstallStateCollection'
  | 'GraphError'

const documented: Readonly<Record<JsonSchemaName, { readonly codec: AnyType; readonly description: string }>> = {
  DeviceInstallState: {
    codec: DeviceInstallState,
    description: 'How one device stands with one eBook, as Microsoft Graph answers it. Graph may add properties.',
  },
  DeviceInstallStateCreate: {
    codec: DeviceInstallStateCreate,
    description: 'The body of a create. Graph refuses other properties.',
  },
  DeviceInstallStateCollection: {
    codec: DeviceInstallStateCollection,
    description: 'A page of deviceInstallStates, as Microsoft Graph lists them.',
  },
  GraphError: { codec: GraphError, description: 'The body of an error of Microsoft Graph.' },
}

/** What a schema is called and what it is, for people. */
export const documentedSchemaOf = (name: JsonSchemaName): JsonSchema => {
  const { codec, description } = documented[name]
  return { title: name, description, ...jsonSchemaOf(codec) }
}

/** A schema that stands alone, in a dialect. The package has the same as files. */
export const jsonSchemaDocument = (name: JsonSchemaName, target: JsonSchemaTarget): JsonSchema => ({
  $schema: dialects[target],
  $id: `urn:device-install-state:${name}:${target}`,
  ...documentedSchemaOf(name),
})

/** The JSON Schema of a codec, in a dialect. Throws as `jsonSchemaOf` does. */
export const jsonSchemaIn = (target: JsonSchemaTarget, codec: AnyType): JsonSchema => ({
  $schema: dialects[target],
  ...jsonSchemaOf(codec),
})

/** All of them. */
export const jsonSchemaNames = [
  'DeviceInstallState',
  'DeviceInstallStateCreate',
  'DeviceInstallStateCollection',
  'GraphError',
] as const satisfies ReadonlyArray<JsonSchemaName>
