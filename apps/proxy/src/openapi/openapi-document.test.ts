import { fileURLToPath } from 'node:url'
import { Validator } from '@seriousme/openapi-schema-validator'
import { documentedExample } from '@device-install-state/model/fields'
import { operations } from '@device-install-state/model/operations'
import { describe, expect, it } from 'vitest'
import { readDocument } from '../../test/an-openapi-document.js'
import type { ProxyError } from '../domain/proxy-error.js'
import { codeOfError, replyToError } from '../domain/reply-to-error.js'
import { sampleErrors } from '../domain/sample-errors.js'
import { sampleContext } from './error-replies.js'
import { type DescribedGateway, openApiDocument } from './openapi-document.js'

const issuer = (tenant: string) => {
  const url = `https://login.microsoftonline.com/${tenant}/v2.0`
  return { issuer: url, discovery: url }
}

const gateway: DescribedGateway = {
  version: 'the version of the gateway',
  graphVersions: ['v1.0', 'beta'],
  graphUrl: 'https://graph.microsoft.com',
  issuers: [issuer('00000000-0000-4000-8000-000000000001')],
  audiences: ['00000000-0000-4000-8000-000000000002'],
  scope: 'DeviceInstallStates.Create',
  role: 'DeviceInstallStates.Create.All',
  countsCalls: true,
  published: {
    resource: 'https://install-states.example.com',
    scopes: ['00000000-0000-4000-8000-000000000002/DeviceInstallStates.Create'],
  },
  metadata: { resource: 'https://install-states.example.com' },
}

const toldErrors = Object.values<ReadonlyArray<ProxyError>>(sampleErrors)
  .flat()
  // The connection is closed as it comes.
  .filter(({ _tag }) => _tag !== 'TooManyConnections')

const { differences, responses, responseTo } = readDocument(openApiDocument(gateway))

describe('the OpenAPI document', () => {
  it('is, of an example, the file among the docs (after a change: vitest run -u, and look at the difference)', async () => {
    const file = fileURLToPath(new URL('../../../../docs/openapi.json', import.meta.url))

    await expect(`${JSON.stringify(openApiDocument(gateway), null, 2)}\n`).toMatchFileSnapshot(file)
  })

  it.each([
    gateway,
    { ...gateway, published: undefined, metadata: undefined, countsCalls: false },
    { ...gateway, graphVersions: ['beta' as const], issuers: ['a', 'b', 'c'].map(issuer) },
  ])('is valid OpenAPI 3.1, whatever is configured', async (described) => {
    const validator = new Validator()
    const { errors, valid } = await validator.validate({ ...openApiDocument(described) })

    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
    expect(validator.version).toBe('3.1')
  })

  it('has each operation of the model, in the versions that are on', () => {
    const { paths } = readDocument(openApiDocument({ ...gateway, graphVersions: ['beta'] }))

    expect(Object.keys(paths)).toEqual([
      ...operations.map(({ template }) => `/{version}${template}`),
      '/.well-known/oauth-protected-resource',
    ])
    for (const { name, template } of operations) {
      expect(paths[`/{version}${template}`]).toMatchObject({
        post: {
          operationId: name,
          parameters: expect.arrayContaining([
            expect.objectContaining({ name: 'version', in: 'path', schema: { type: 'string', enum: ['beta'] } }),
            { $ref: '#/components/parameters/Idempotency-Key' },
          ]),
        },
      })
    }
  })

  it('says where callers reach it as far as it knows that, and else leaves it open', () => {
    expect(openApiDocument(gateway)).toMatchObject({ servers: [{ url: 'https://install-states.example.com' }] })
    expect(openApiDocument({ ...gateway, published: undefined })).toMatchObject({
      servers: [{ url: 'https://{gateway}', variables: { gateway: { default: 'gateway.example' } } }],
    })
  })

  it('names every issuer, and what a token must be', () => {
    const described = { ...gateway, issuers: ['a', 'b'].map(issuer), published: undefined }
    const document = openApiDocument(described)

    expect(document).toMatchObject({
      security: [{ bearer: [] }, { openIdConnect1: [gateway.scope] }, { openIdConnect2: [gateway.scope] }],
      components: {
        securitySchemes: {
          openIdConnect1: {
            openIdConnectUrl: 'https://login.microsoftonline.com/a/v2.0/.well-known/openid-configuration',
          },
        },
      },
    })
    for (const said of [
      gateway.scope,
      gateway.role,
      ...gateway.audiences,
      ...described.issuers.map((one) => one.issuer),
    ])
      expect(JSON.stringify(document['info'])).toContain(said)
  })

  it.each(toldErrors)('has the reply to %j: status, code, headers, and no other property than it says', (error) => {
    const reply = replyToError(sampleContext, error)

    expect(differences({ ...reply, headers: Object.keys(reply.headers) })).toEqual([])
    expect(responseTo(reply.status)?.description).toContain(`\`${codeOfError(error)}\` (outcome`)
  })

  it('has no status, code or outcome that no error has, and examples that its schemas take', () => {
    const statuses = new Set([
      '200',
      '201',
      ...toldErrors.map((error) => String(replyToError(sampleContext, error).status)),
    ])

    expect(new Set(Object.keys(responses))).toEqual(statuses)
    for (const [status, { content }] of Object.entries(responses)) {
      const { examples = {} } = content['application/json']
      for (const example of Object.values(examples) as ReadonlyArray<{ readonly value: unknown }>)
        expect(differences({ status: Number(status), headers: [], body: JSON.stringify(example.value) })).toEqual([])
    }
    expect(differences({ status: 201, headers: [], body: documentedExample.response })).toEqual([])
  })

  it('would not have what it does not say', () => {
    const { body, status } = replyToError(sampleContext, { _tag: 'TokenMissing' })

    expect(differences({ status: 418, headers: [], body })).toEqual(['no response 418'])
    expect(differences({ status, headers: ['X-Other', 'Date'], body })).toEqual(['a header x-other'])
    expect(differences({ status, headers: [], body: body.replace('notSent', 'lost') })).toHaveLength(1)
    expect(differences({ status, headers: [], body: body.replace('"code"', '"kode"') }).length).toBeGreaterThan(0)
  })
})
