import { fileURLToPath } from 'node:url'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { operations } from '../operations/index.js'
import { openApiDocument } from './index.js'

const file = fileURLToPath(new URL('../../openapi/openapi.json', import.meta.url))

describe('the OpenAPI document', () => {
  it('is the file in the package (after a change: vitest run -u, and look at the difference)', async () => {
    await expect(`${JSON.stringify(openApiDocument(), null, 2)}\n`).toMatchFileSnapshot(file)
  })

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    const { errors, valid } = await validator.validate({ ...openApiDocument() })

    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
    expect(validator.version).toBe('3.1')
  })

  it('has one path for each operation, with its ids, body and answers', () => {
    const { paths } = openApiDocument()

    expect(Object.keys(paths as object)).toEqual(operations.map(({ template }) => template))
    for (const { answers, name, template } of operations) {
      expect(paths).toHaveProperty([template, 'post', 'operationId'], name)
      expect(paths).toHaveProperty(
        [template, 'post', 'parameters'],
        [...template.matchAll(/\{(\w+)\}/g)].map(([, id]) =>
          expect.objectContaining({ name: id, in: 'path', required: true }),
        ),
      )
      expect(paths).toHaveProperty([template, 'post', 'responses'])
      for (const status of Object.keys(answers)) {
        expect(paths).toHaveProperty([template, 'post', 'responses', status])
      }
    }
  })

  it('names the servers that it is told', () => {
    expect(openApiDocument([{ url: 'https://gateway.example/v1.0' }])).toHaveProperty('servers', [
      { url: 'https://gateway.example/v1.0' },
    ])
  })
})
