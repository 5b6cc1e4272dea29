import { type JsonSchema, jsonSchemaDocument, type JsonSchemaName } from '@device-install-state/model/json-schema'
import { errorReplies } from './error-replies.js'

const oneOfThose = (values: ReadonlyArray<string>): JsonSchema => ({
  type: 'string',
  enum: [...new Set(values)].sort(),
})

/** The dialect is OpenAPI's own, and the name is its place in the document. */
const schemaOf = (name: JsonSchemaName): JsonSchema => {
  const { $id: _id, $schema: _schema, ...schema } = jsonSchemaDocument(name, 'draft-2020-12')
  return schema
}

const uuid = { type: 'string', format: 'uuid' }

/** Every error, be it the gateway's own or Graph's. `replyToError` writes it. */
const gatewayError: JsonSchema = {
  title: 'GatewayError',
  description: 'An error in Graph’s own shape, so that Graph’s SDKs read it.',
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        code: {
          type: 'string',
          description: 'As `innerError.code`, but where Graph’s refusal is relayed: then it is Graph’s code.',
        },
        message: { type: 'string', description: 'What went wrong, in words, for developers.' },
        details: {
          type: 'array',
          description: 'Each place that is not as expected.',
          items: {
            type: 'object',
            properties: {
              code: { type: 'string', description: 'What kind of problem it is.' },
              message: { type: 'string', description: 'What is expected.' },
              target: {
                type: 'string',
                description: 'Where: a JSON pointer into the body, or the name of an id of the path.',
              },
            },
            required: ['code', 'message'],
          },
        },
        innerError: {
          type: 'object',
          properties: {
            code: {
              ...oneOfThose(errorReplies.map(({ code }) => code)),
              description: 'The gateway’s name for the error.',
            },
            outcome: {
              ...oneOfThose(errorReplies.map(({ outcome }) => outcome)),
              description:
                'What became of the call. `notSent`: Graph saw no byte of it. `refused`: Graph said that it did not do it. `applied`: Graph did it. `indeterminate`: nobody can know.',
            },
            retry: {
              ...oneOfThose(errorReplies.map(({ retry }) => retry)),
              description:
                'Whether to send the same call again. `safe`: now. `after`: after the seconds in `Retry-After`. `check-first`: it may have been done; look in Graph before. `never`: not without changing it.',
            },
            source: { type: 'string', enum: ['gateway', 'graph'], description: 'Whose `error.code` is.' },
            auditId: { ...uuid, description: 'As the header `Audit-Id`.' },
            date: { type: 'string', description: 'When, in UTC, to the second.', examples: ['2026-11-23T12:00:00'] },
            'request-id': { type: 'string', description: 'As the header.' },
            'client-request-id': { ...uuid, description: 'As the header.' },
            upstreamStatus: {
              type: 'integer',
              description:
                'The status that Graph answered with, where it did. It proves nothing where the outcome is `indeterminate`.',
            },
            createdId: {
              type: 'string',
              description: 'The entity that was created, although its answer cannot be read.',
            },
            earlierAuditId: { ...uuid, description: 'The call that holds the `Idempotency-Key`.' },
          },
          required: ['code', 'outcome', 'retry', 'source', 'auditId', 'date', 'request-id', 'client-request-id'],
        },
      },
      required: ['code', 'message', 'innerError'],
    },
  },
  required: ['error'],
}

/** What `wouldBeSent` gives. */
const wouldBeSent: JsonSchema = {
  title: 'WouldBeSent',
  description: 'The request to Graph that a call would have made, without its token.',
  type: 'object',
  properties: {
    method: { const: 'POST' },
    url: { type: 'string', format: 'uri' },
    headers: { type: 'object', additionalProperties: { type: 'string' }, description: 'Names in lower case.' },
    body: { type: 'string', description: 'The text of the body, character for character.' },
  },
  required: ['method', 'url', 'headers', 'body'],
}

/** OAuth 2.0 Protected Resource Metadata, RFC 9728. */
const protectedResource: JsonSchema = {
  title: 'ProtectedResource',
  description: 'From whom to get a token, and with which scope (RFC 9728).',
  type: 'object',
  properties: {
    resource: { type: 'string', format: 'uri' },
    resource_name: { type: 'string' },
    authorization_servers: { type: 'array', items: { type: 'string', format: 'uri' } },
    scopes_supported: { type: 'array', items: { type: 'string' } },
    bearer_methods_supported: { type: 'array', items: { type: 'string' } },
  },
  required: ['resource'],
}

/** Those that are the model's are Graph's; the others are the gateway's own. */
export const schemas = {
  DeviceInstallStateCreate: schemaOf('DeviceInstallStateCreate'),
  DeviceInstallState: schemaOf('DeviceInstallState'),
  GatewayError: gatewayError,
  WouldBeSent: wouldBeSent,
  ProtectedResource: protectedResource,
} as const

export const referTo = (name: keyof typeof schemas): JsonSchema => ({ $ref: `#/components/schemas/${name}` })
