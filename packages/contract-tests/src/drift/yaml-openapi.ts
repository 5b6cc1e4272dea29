import { deviceInstallStateType } from '@device-install-state/model'
import { operations } from '@device-install-state/model/operations'
import { load, YAMLException } from 'js-yaml'
import { CouldNotRun } from '../could-not-run.js'
import {
  type PublishedContract,
  type PublishedMember,
  type PublishedProperty,
  type PublishedRoute,
  withoutNames,
} from './published-contract.js'
import { at, entriesAt, lineOf, listAt, textAt } from './tree.js'

const typeName = deviceInstallStateType.slice(1)

const parsed = (file: string, text: string): unknown => {
  try {
    return load(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    const line = error instanceof YAMLException && error.mark !== undefined ? `:${String(error.mark.line + 1)}` : ''
    const why = error instanceof YAMLException ? error.reason : error instanceof Error ? error.message : String(error)
    throw new CouldNotRun(`${file}${line} is neither YAML nor JSON: ${why}.`)
  }
}

const mostReferences = 32

/** Follows `$ref` within the document. */
const resolved = (document: unknown, node: unknown): unknown => {
  let found = node
  for (let followed = 0; followed < mostReferences; followed++) {
    const reference = textAt(found, '$ref')
    if (reference === undefined || !reference.startsWith('#/')) return found
    const names = reference
      .slice(2)
      .split('/')
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    found = at(document, ...names)
  }
  return undefined
}

/** A schema, and all that it is made of by `allOf`. */
const partsOf = (document: unknown, node: unknown, seen = new Set<unknown>()): ReadonlyArray<unknown> => {
  const schema = resolved(document, node)
  // One that is made of itself, or of another twice, says nothing more the second time.
  if (seen.has(schema)) return []
  seen.add(schema)
  return [schema, ...listAt(schema, 'allOf').flatMap((part) => partsOf(document, part, seen))]
}

const referenceOf = (node: unknown): string | undefined => textAt(node, '$ref')?.split('/').at(-1)

/** The type in the spelling of Graph's metadata, as far as OpenAPI tells it. */
const typeOf = (schema: unknown): string | undefined => {
  const reference = referenceOf(schema)
  if (reference !== undefined) return reference
  const type = listAt(schema, 'type').find((one) => one !== 'null')
  if (type === 'string') return textAt(schema, 'format') === 'date-time' ? 'Edm.DateTimeOffset' : 'Edm.String'
  return typeof type === 'string' ? type : undefined
}

const isNullable = (schema: unknown, seen = new Set<unknown>()): boolean => {
  if (seen.has(schema)) return false
  seen.add(schema)
  return (
    at(schema, 'nullable') === true ||
    listAt(schema, 'type').includes('null') ||
    [...listAt(schema, 'anyOf'), ...listAt(schema, 'oneOf')].some((one) => isNullable(one, seen))
  )
}

const propertiesOf = (document: unknown, text: string): ReadonlyArray<PublishedProperty> => {
  const parts = partsOf(document, at(document, 'components', 'schemas', typeName))
  const required = new Set(parts.flatMap((part) => listAt(part, 'required')))
  const from = Math.max(0, text.indexOf(`${typeName}:`))
  const found = parts.flatMap((part) => entriesAt(part, 'properties'))
  return [...new Map(found)].map(([name, schema]) => {
    const type = typeOf(schema)
    const pattern = textAt(schema, 'pattern')
    const maxLength = at(schema, 'maxLength')
    const line = lineOf(text, new RegExp(`^\\s*["']?${name.replaceAll(/[^\w]/g, '.')}["']?:`, 'm'), from)
    return {
      name,
      ...(type === undefined ? {} : { type }),
      // The key is not nullable, and says so nowhere.
      ...(name === 'id' ? {} : { nullable: isNullable(schema) }),
      required: required.has(name),
      readOnly: at(schema, 'readOnly') === true,
      deprecated: at(schema, 'deprecated') === true,
      ...(pattern === undefined ? {} : { pattern }),
      ...(typeof maxLength === 'number' ? { maxLength } : {}),
      ...(line === undefined ? {} : { line: line + 1 }),
    }
  })
}

const membersOf = (document: unknown, text: string): ReadonlyArray<PublishedMember> => {
  const schema = resolved(document, at(document, 'components', 'schemas', 'microsoft.graph.installState'))
  const from = Math.max(0, text.indexOf('microsoft.graph.installState:'))
  return listAt(schema, 'enum').flatMap((name) => {
    const line = lineOf(text, `- ${String(name)}`, from)
    return typeof name === 'string' ? [{ name, ...(line === undefined ? {} : { line }) }] : []
  })
}

const postAt = (document: unknown, template: string): { readonly path: string; readonly post: unknown } | undefined => {
  const found = entriesAt(document, 'paths').find(([path]) => withoutNames(path) === withoutNames(template))
  const post = found === undefined ? undefined : at(found[1], 'post')
  return found === undefined || post === undefined ? undefined : { path: found[0], post }
}

const routeOf =
  (document: unknown, text: string) =>
  (template: string): ReadonlyArray<PublishedRoute> => {
    const found = postAt(document, template)
    if (found === undefined) return []
    const line = lineOf(text, found.path)
    return [{ method: 'POST', template: withoutNames(template), ...(line === undefined ? {} : { line }) }]
  }

/** Reads OpenAPI 3.0 or 3.1, in YAML or JSON: what it says of the two creates. Throws `CouldNotRun`. */
export const readOpenApi = (file: string, text: string): PublishedContract => {
  const document = parsed(file, text)
  if (textAt(document, 'openapi') === undefined) {
    throw new CouldNotRun(`${file} is no OpenAPI 3 document: it has no "openapi" at its top. Is it the right file?`)
  }
  const templates = operations.map(({ template }) => template)
  const posts = templates.flatMap((template) => postAt(document, template) ?? [])
  const properties = propertiesOf(document, text)
  if (posts.length === 0 && properties.length === 0) {
    throw new CouldNotRun(
      `${file} is OpenAPI without the schema ${typeName}, and without its two routes. Of the PowerShell documents it is Devices.CorporateManagement.yml.`,
    )
  }
  const statuses = posts.flatMap(({ post }) => entriesAt(post, 'responses').map(([status]) => status))
  return {
    properties,
    members: membersOf(document, text),
    routes: templates.flatMap(routeOf(document, text)),
    ...(posts.length === 0 ? {} : { statuses: [...new Set(statuses.filter((status) => /^[23]/.test(status)))] }),
  }
}
