import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { default as addFormats } from 'ajv-formats'

type Json = Readonly<Record<string, unknown>>

/** The same schema, which takes no property that it does not name. */
const closed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inside = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return 'properties' in schema && !('additionalProperties' in schema)
    ? { ...inside, additionalProperties: false }
    : inside
}

interface ResponseObject {
  readonly description: string
  readonly headers: Json
  readonly content: { readonly 'application/json': { readonly schema: Json; readonly examples?: Json } }
}

interface SeenReply {
  readonly status: number
  readonly headers: Iterable<string>
  readonly body: string
}

// Of Node and of HTTP, or with a place of their own in OpenAPI.
const ofTheTransport = new Set(['connection', 'content-length', 'content-type', 'date', 'keep-alive'])

/** Reads an OpenAPI document as one who wants to hold replies against it. */
export const readDocument = (document: Json) => {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  const { components, paths } = document as {
    readonly components: { readonly responses: Readonly<Record<string, ResponseObject>>; readonly schemas: Json }
    readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Json }>>>>
  }
  ajv.addSchema({ $id: 'document', components: closed(components) })
  const responseTo = (status: number): ResponseObject | undefined => components.responses[String(status)]
  const within = (schema: Json): Json => JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/'))
  const compiled = new Map<string, ValidateFunction>()
  const bodyOf = ({ content }: ResponseObject): ValidateFunction => {
    const { schema } = content['application/json']
    const name = JSON.stringify(schema)
    const validate = compiled.get(name) ?? ajv.compile(within(schema))
    compiled.set(name, validate)
    return validate
  }

  /** What of a reply is not as the document says; nothing if all is. */
  const differences = ({ body, headers, status }: SeenReply): ReadonlyArray<string> => {
    const response = responseTo(status)
    if (response === undefined) return [`no response ${String(status)}`]
    const documented = new Set(Object.keys(response.headers).map((name) => name.toLowerCase()))
    const isValid = bodyOf(response)
    isValid(JSON.parse(body))
    return [
      ...(isValid.errors ?? []).map(
        (error) => `${error.instancePath} ${error.message ?? ''} ${JSON.stringify(error.params)}`,
      ),
      ...[...headers]
        .map((name) => name.toLowerCase())
        .filter((name) => !ofTheTransport.has(name) && !documented.has(name))
        .map((name) => `a header ${name}`),
    ]
  }

  return { paths, responses: components.responses, responseTo, differences }
}
