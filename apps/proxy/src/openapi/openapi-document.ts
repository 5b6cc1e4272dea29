import { documentedExample } from '@device-install-state/model/fields'
import { type JsonSchema, jsonSchemaOf } from '@device-install-state/model/json-schema'
import { type AnyOperation, type GraphVersion, operations } from '@device-install-state/model/operations'
import { headersOf } from '../domain/reply.js'
import { type ErrorReply, errorReplies, sampleContext } from './error-replies.js'
import { referToHeaders, replyHeaders, requestHeaders } from './headers.js'
import { referTo, schemas } from './schemas.js'

/** As much of a gateway as its callers may know. */
export interface DescribedGateway {
  readonly version: string
  readonly graphVersions: ReadonlyArray<GraphVersion>
  readonly graphUrl: string
  /** Whose tokens are taken; `discovery` has the metadata of an OpenID provider at `/.well-known/openid-configuration`. */
  readonly issuers: ReadonlyArray<{ readonly issuer: string; readonly discovery: string }>
  readonly audiences: ReadonlyArray<string>
  /** What users must have, and applications. */
  readonly scope: string
  readonly role: string
  /** Are calls counted by caller? */
  readonly countsCalls: boolean
  /** What is published of whose tokens are taken, RFC 9728; undefined where the gateway does not know its own URL. */
  readonly published: { readonly resource: string; readonly scopes: ReadonlyArray<string> } | undefined
  /** The reply to a question for that. */
  readonly metadata: unknown
}

const code = (text: string): string => `\`${text}\``

const parse = (text: string): unknown => JSON.parse(text)

const json = (schema: JsonSchema, more: JsonSchema = {}): JsonSchema => ({ 'application/json': { schema, ...more } })

const server = ({ published }: DescribedGateway): JsonSchema =>
  published === undefined
    ? {
        url: 'https://{gateway}',
        description: 'The gateway does not know by which name its callers reach it (CALLER_GATEWAY_URL is not set).',
        variables: { gateway: { default: 'gateway.example', description: 'Ask its operator.' } },
      }
    : { url: published.resource, description: 'The gateway, as its callers reach it.' }

/** What it is a token of, and what it must hold. */
const tokenAsked = ({ audiences, issuers, role, scope }: DescribedGateway): string =>
  `access token of ${issuers.map(({ issuer }) => code(issuer)).join(' or ')}, for the audience ${audiences.map(code).join(' or ')}, with the scope ${code(scope)} (users) or the role ${code(role)} (applications).`

const description = (gateway: DescribedGateway): string =>
  [
    'Creates a deviceInstallState in Microsoft Graph (Intune) for callers that Graph does not know: each is authenticated, its call is checked, and written down before anything is sent.',
    `**Where:** ${gateway.published === undefined ? 'its operator knows by which name callers reach it' : code(gateway.published.resource)}. **Who:** whoever has an ${tokenAsked(gateway)}`,
    '**When it fails:** every error says in `innerError` what became of the call (`outcome`) and whether to send it again (`retry`). A call with an `Idempotency-Key` can be sent again without being done twice.',
  ].join('\n\n')

/** One for each issuer, beside the plain bearer token that all of them issue. */
const openIdConnects = ({ issuers }: DescribedGateway): ReadonlyArray<readonly [name: string, scheme: JsonSchema]> =>
  issuers.map(({ discovery, issuer }, index) => [
    issuers.length === 1 ? 'openIdConnect' : `openIdConnect${String(index + 1)}`,
    {
      type: 'openIdConnect',
      openIdConnectUrl: `${discovery.replace(/\/$/, '')}/.well-known/openid-configuration`,
      description: `Tokens of ${issuer}.`,
    },
  ])

const counted = ({ countsCalls }: DescribedGateway): ReadonlyArray<string> =>
  countsCalls ? ['RateLimit-Policy', 'RateLimit'] : []

const ofEveryReply = Object.keys(headersOf(sampleContext))

const lineOf = ({ code: name, message, outcome, retry }: ErrorReply): string =>
  `- ${code(name)} (outcome ${code(outcome)}, retry ${code(retry)}): ${message}`

const exampleName = ({ code: name, outcome }: ErrorReply, among: ReadonlyArray<ErrorReply>): string =>
  among.filter((other) => other.code === name).length === 1 ? name : `${name}-${outcome}`

/** All errors of one status. */
const errorResponse = (gateway: DescribedGateway, replies: ReadonlyArray<ErrorReply>): JsonSchema => ({
  description: replies.map(lineOf).join('\n'),
  headers: referToHeaders([
    ...replies.flatMap(({ headers }) => headers),
    ...counted(gateway),
    ...(replies.some(({ isKept }) => isKept) ? ['Idempotent-Replayed'] : []),
  ]),
  content: json(referTo('GatewayError'), {
    examples: Object.fromEntries(
      replies.map((reply) => [exampleName(reply, replies), { summary: reply.code, value: reply.body }]),
    ),
  }),
})

const successes = (gateway: DescribedGateway): JsonSchema => ({
  '200': {
    description:
      'With `Preference-Applied`: the call is good, nothing was sent, and this would have been. Without: as 201, should Graph say so.',
    headers: referToHeaders([...ofEveryReply, 'Preference-Applied', 'Idempotent-Replayed', ...counted(gateway)]),
    content: json(
      { anyOf: [referTo('WouldBeSent'), referTo('DeviceInstallState')] },
      {
        examples: {
          validateOnly: {
            summary: 'Only validated',
            value: {
              method: 'POST',
              url: `${gateway.graphUrl}/${gateway.graphVersions[0] ?? ''}/deviceAppManagement/managedEBooks/B1/deviceStates`,
              headers: { 'content-type': 'application/json', 'client-request-id': sampleContext.auditId },
              body: JSON.stringify(parse(documentedExample.request)),
            },
          },
        },
      },
    ),
  },
  '201': {
    description: 'Created. The entity as Graph sent it.',
    headers: referToHeaders([...ofEveryReply, 'Idempotent-Replayed', ...counted(gateway)]),
    content: json(referTo('DeviceInstallState'), { example: parse(documentedExample.response) }),
  },
})

const byStatus = (): ReadonlyMap<string, ReadonlyArray<ErrorReply>> =>
  Map.groupBy(errorReplies, ({ status }) => String(status))

/** Names of responses in `components`: all operations share them. */
const responses = (gateway: DescribedGateway): JsonSchema => ({
  ...successes(gateway),
  ...Object.fromEntries([...byStatus()].map(([status, replies]) => [status, errorResponse(gateway, replies)])),
})

const idDocumentation: Readonly<Record<string, string>> = {
  managedEBookId: 'Key of the managedEBook, as Graph gave it.',
  userInstallStateSummaryId: 'Key of the userInstallStateSummary, as Graph gave it.',
}

const operationObject = (
  { documentation, ids, name, summary }: AnyOperation,
  gateway: DescribedGateway,
): JsonSchema => ({
  operationId: name,
  summary,
  tags: ['deviceStates'],
  externalDocs: { url: documentation, description: 'What Microsoft says of it' },
  parameters: [
    {
      name: 'version',
      in: 'path',
      required: true,
      description: 'The version of Graph that the call goes to.',
      schema: { type: 'string', enum: [...gateway.graphVersions] },
    },
    ...Object.entries(ids.fields).map(([id, { codec }]) => ({
      name: id,
      in: 'path',
      required: true,
      description: idDocumentation[id],
      schema: jsonSchemaOf(codec),
    })),
    ...requestHeaders.map(({ name: header }) => ({ $ref: `#/components/parameters/${header}` })),
  ],
  requestBody: {
    required: true,
    description: 'At most 32 KiB of strict JSON (RFC 7493), in UTF-8, uncompressed. Other properties are refused.',
    content: json(referTo('DeviceInstallStateCreate'), { example: parse(documentedExample.request) }),
  },
  responses: Object.fromEntries(
    ['200', '201', ...byStatus().keys()].map((status) => [status, { $ref: `#/components/responses/${status}` }]),
  ),
})

const metadataPath = (gateway: DescribedGateway): JsonSchema =>
  gateway.published === undefined
    ? {}
    : {
        '/.well-known/oauth-protected-resource': {
          get: {
            operationId: 'getProtectedResourceMetadata',
            summary: 'Whose tokens are taken',
            description: 'Needs no token, is no call, and is not on record.',
            tags: ['metadata'],
            security: [],
            responses: {
              '200': {
                description: 'From whom to get a token, and with which scope.',
                headers: { 'Cache-Control': { schema: { const: 'public, max-age=3600' } } },
                content: json(referTo('ProtectedResource'), { example: gateway.metadata }),
              },
            },
          },
        },
      }

/**
 * What a gateway offers to its callers, as an OpenAPI 3.1 document: routes, bodies and ids are the model's, errors are those of
 * `domain/`, and who may call is as configured. Holds nothing that a caller may not know.
 */
export const openApiDocument = (gateway: DescribedGateway): JsonSchema => ({
  openapi: '3.1.0',
  info: {
    title: 'Gateway for device install states',
    version: gateway.version,
    description: description(gateway),
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [server(gateway)],
  security: [
    { bearer: [] },
    ...openIdConnects(gateway).map(([name]) => ({ [name]: gateway.published?.scopes ?? [gateway.scope] })),
  ],
  tags: [
    { name: 'deviceStates', description: 'How a managed eBook stands on a device' },
    ...(gateway.published === undefined ? [] : [{ name: 'metadata', description: 'What the gateway says of itself' }]),
  ],
  paths: {
    ...Object.fromEntries(
      operations.map((operation) => [
        `/{version}${operation.template}`,
        { [operation.method.toLowerCase()]: operationObject(operation, gateway) },
      ]),
    ),
    ...metadataPath(gateway),
  },
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: `An ${tokenAsked(gateway)}` },
      ...Object.fromEntries(openIdConnects(gateway)),
    },
    parameters: Object.fromEntries(requestHeaders.map((header) => [header.name, { in: 'header', ...header }])),
    headers: replyHeaders,
    responses: responses(gateway),
    schemas,
  },
})
