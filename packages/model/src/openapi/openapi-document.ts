import { type JsonSchema, jsonSchemaOf } from '../json-schema/json-schema-of.js'
import { documentedSchemaOf, type JsonSchemaName } from '../json-schema/json-schemas.js'
import { documentedExample } from '../fields/index.js'
import { graphVersions, type Operation, operations } from '../operations/index.js'

/** Where the operations are offered. OpenAPI 3.1, Server Object. */
export interface OpenApiServer {
  readonly url: string
  readonly description?: string
  readonly variables?: Readonly<Record<string, { readonly default: string; readonly enum?: ReadonlyArray<string> }>>
}

const graph = (): OpenApiServer => ({
  url: 'https://graph.microsoft.com/{version}',
  description: 'Microsoft Graph, global service.',
  variables: { version: { default: 'v1.0', enum: [...graphVersions] } },
})

const idDocumentation: Readonly<Record<string, string>> = {
  managedEBookId: 'Key of the managedEBook.',
  userInstallStateSummaryId: 'Key of the userInstallStateSummary.',
}

const reference = (name: JsonSchemaName): JsonSchema => ({ $ref: `#/components/schemas/${name}` })

const parse = (text: string): unknown => JSON.parse(text)

const json = (name: JsonSchemaName, example?: string): JsonSchema => ({
  'application/json': { schema: reference(name), ...(example === undefined ? {} : { example: parse(example) }) },
})

const operationObject = ({
  answers,
  documentation,
  ids,
  name,
  summary,
}: Pick<Operation, 'answers' | 'documentation' | 'name' | 'summary'> & {
  readonly ids: { readonly fields: Operation['ids']['fields'] }
}): JsonSchema => ({
  operationId: name,
  summary,
  externalDocs: { url: documentation },
  parameters: Object.entries(ids.fields).map(([id, { codec }]) => ({
    name: id,
    in: 'path',
    required: true,
    description: idDocumentation[id],
    schema: jsonSchemaOf(codec),
  })),
  requestBody: { required: true, content: json('DeviceInstallStateCreate', documentedExample.request) },
  responses: {
    '201': {
      description: answers['201'].documentation,
      content: json('DeviceInstallState', documentedExample.response),
    },
    '4XX': { description: answers['4XX'].documentation, content: json('GraphError') },
    '5XX': { description: answers['5XX'].documentation, content: json('GraphError') },
  },
})

const [{ permission }] = operations

/**
 * Both routes, as an OpenAPI 3.1 document. Its servers are Graph's, unless others are given: a gateway that offers the
 * same paths gives its own. The package has the document for Graph as a file, too.
 */
export const openApiDocument = (servers: ReadonlyArray<OpenApiServer> = [graph()]): JsonSchema => ({
  openapi: '3.1.0',
  info: {
    title: 'Create deviceInstallState',
    version: '1.0.0',
    description: 'How a managed eBook stands on a device: the two routes of Microsoft Graph (Intune) that create it.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers,
  security: [{ bearer: [] }],
  paths: Object.fromEntries(
    operations.map((operation) => [
      operation.template,
      { [operation.method.toLowerCase()]: operationObject(operation) },
    ]),
  ),
  components: {
    securitySchemes: {
      bearer: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: `An access token with the permission ${permission}, delegated or application.`,
      },
    },
    schemas: Object.fromEntries(
      (['DeviceInstallState', 'DeviceInstallStateCreate', 'GraphError'] as const).map((name) => [
        name,
        documentedSchemaOf(name),
      ]),
    ),
  },
})
