export { type JsonSchema, jsonSchemaOf } from './json-schema-of.js'
export {
  jsonSchemaDocument,
  type JsonSchemaName,
  jsonSchemaNames,
  type JsonSchemaTarget,
  jsonSchemaTargets,
} from './json-schemas.js'
