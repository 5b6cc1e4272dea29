import { deviceInstallStateType } from '@device-install-state/model'
import { operations } from '@device-install-state/model/operations'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { CouldNotRun } from '../could-not-run.js'
import {
  type PublishedContract,
  type PublishedMember,
  type PublishedProperty,
  type PublishedRoute,
  withoutNames,
} from './published-contract.js'
import { at, lineOf, listAt, textAt } from './tree.js'

const typeName = deviceInstallStateType.replace(/^#microsoft\.graph\./, '')

// Entities are not replaced, so that none can grow; nothing that is read has one.
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseAttributeValue: false,
  parseTagValue: false,
  processEntities: false,
  removeNSPrefix: true,
})

/** The metadata of one namespace. */
interface Schema {
  readonly node: unknown
  readonly names: ReadonlyArray<string>
}

const parsed = (file: string, text: string): unknown => {
  const validity = XMLValidator.validate(text.replace(/^\uFEFF/, ''), { allowBooleanAttributes: true })
  if (validity !== true) {
    const { line, msg } = validity.err
    throw new CouldNotRun(
      `${file}:${String(line)} is no XML: ${msg} A CSDL file is what $metadata gives, or one of microsoftgraph/msgraph-metadata.`,
    )
  }
  try {
    return parser.parse(text)
  } catch (error) {
    throw new CouldNotRun(`${file} cannot be read as XML: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const schemasOf = (document: unknown): ReadonlyArray<Schema> =>
  listAt(document, 'Edmx', 'DataServices', 'Schema').map((node) => ({
    node,
    names: [textAt(node, '@Namespace'), textAt(node, '@Alias')].filter((name) => name !== undefined),
  }))

/** `graph.entity` and `microsoft.graph.entity` are one name: without its namespace. */
const local = (name: string): string => name.replace(/^(?:microsoft\.graph|graph)\./, '')

const typeOf = (type: string): string => (type.startsWith('graph.') ? `microsoft.${type}` : type)

const named = (schemas: ReadonlyArray<Schema>, kind: string, name: string): unknown =>
  schemas.flatMap(({ node }) => listAt(node, kind)).find((one) => textAt(one, '@Name') === name)

/** From the type itself to the one that everything inherits from. */
const lineage = (schemas: ReadonlyArray<Schema>, name: string): ReadonlyArray<unknown> => {
  const types: Array<unknown> = []
  for (let next: string | undefined = name; next !== undefined && types.length < 16; ) {
    const type = named(schemas, 'EntityType', next)
    if (type === undefined) break
    types.push(type)
    const base = textAt(type, '@BaseType')
    next = base === undefined ? undefined : local(base)
  }
  return types
}

const annotationsOf = (schemas: ReadonlyArray<Schema>, target: string, node: unknown): ReadonlyArray<unknown> => [
  ...listAt(node, 'Annotation'),
  ...schemas
    .flatMap((schema) => listAt(schema.node, 'Annotations'))
    .filter((one) => local(textAt(one, '@Target') ?? '') === target)
    .flatMap((one) => listAt(one, 'Annotation')),
]

const hasTerm = (annotations: ReadonlyArray<unknown>, term: string): unknown =>
  annotations.find((one) => (textAt(one, '@Term') ?? '').endsWith(term) && textAt(one, '@Bool') !== 'false')

const propertyOf =
  (schemas: ReadonlyArray<Schema>, owner: string, text: string, from: number) =>
  (node: unknown): ReadonlyArray<PublishedProperty> => {
    const [name, type] = [textAt(node, '@Name'), textAt(node, '@Type')]
    if (name === undefined || type === undefined) return []
    const annotations = annotationsOf(schemas, `${owner}/${name}`, node)
    const maxLength = Number(textAt(node, '@MaxLength') ?? textAt(hasTerm(annotations, '.MaxLength'), '@Int'))
    const line = lineOf(text, `Name="${name}"`, from)
    return [
      {
        name,
        type: typeOf(type),
        nullable: textAt(node, '@Nullable') !== 'false',
        readOnly: hasTerm(annotations, 'Core.V1.Computed') !== undefined,
        deprecated: hasTerm(annotations, 'Core.V1.Revisions') !== undefined,
        ...(Number.isSafeInteger(maxLength) ? { maxLength } : {}),
        ...(line === undefined ? {} : { line }),
      },
    ]
  }

const membersOf = (schemas: ReadonlyArray<Schema>, text: string): ReadonlyArray<PublishedMember> => {
  const from = Math.max(0, text.indexOf('EnumType Name="installState"'))
  return listAt(named(schemas, 'EnumType', 'installState'), 'Member').flatMap((node) => {
    const [name, value] = [textAt(node, '@Name'), textAt(node, '@Value')]
    const line = lineOf(text, `Member Name="${String(name)}"`, from)
    return name === undefined
      ? []
      : [{ name, ...(value === undefined ? {} : { value }), ...(line === undefined ? {} : { line }) }]
  })
}

const isInsertable = (annotations: ReadonlyArray<unknown>): boolean =>
  !annotations.some(
    (one) =>
      (textAt(one, '@Term') ?? '').endsWith('Capabilities.V1.InsertRestrictions') &&
      listAt(one, 'Record').some((record) =>
        listAt(record, 'PropertyValue').some(
          (value) => textAt(value, '@Property') === 'Insertable' && textAt(value, '@Bool') === 'false',
        ),
      ),
  )

/** Walks a template from the singleton along navigation properties: `/deviceAppManagement/managedEBooks/{id}/deviceStates`. */
const routeOf =
  (schemas: ReadonlyArray<Schema>) =>
  (template: string): ReadonlyArray<PublishedRoute> => {
    const [singleton = '', ...segments] = template
      .slice(1)
      .split('/')
      .filter((segment) => !segment.startsWith('{'))
    const container = schemas.flatMap(({ node }) => listAt(node, 'EntityContainer', 'Singleton'))
    const root = textAt(
      container.find((one) => textAt(one, '@Name') === singleton),
      '@Type',
    )
    let type = root === undefined ? undefined : local(root)
    let insertable = true
    for (const segment of segments) {
      if (type === undefined) return []
      const owner: string = type
      const navigation = lineage(schemas, owner)
        .flatMap((node) => listAt(node, 'NavigationProperty'))
        .find((one) => textAt(one, '@Name') === segment)
      const target = textAt(navigation, '@Type')
      if (target === undefined) return []
      insertable = isInsertable(annotationsOf(schemas, `${owner}/${segment}`, navigation))
      type = local(target.replace(/^Collection\((.*)\)$/, '$1'))
    }
    return type === typeName ? [{ method: 'POST', template: withoutNames(template), insertable }] : []
  }

/** Reads OData metadata, whole or an excerpt: what it says of a deviceInstallState. Throws `CouldNotRun`. */
export const readCsdl = (file: string, text: string): PublishedContract => {
  const schemas = schemasOf(parsed(file, text))
  if (schemas.length === 0) {
    throw new CouldNotRun(
      `${file} is XML, but no CSDL: there is no edmx:Edmx/edmx:DataServices/Schema in it. Is it the right file?`,
    )
  }
  const types = lineage(schemas, typeName)
  const [own] = types
  if (own === undefined) {
    throw new CouldNotRun(
      `${file} is CSDL without the EntityType ${typeName}. Is it the metadata of a cloud that has no Intune eBooks?`,
    )
  }
  const key = types.map((type) => textAt(at(type, 'Key', 'PropertyRef'), '@Name')).find((name) => name !== undefined)
  return {
    properties: types.flatMap((type) => {
      const owner = textAt(type, '@Name') ?? ''
      const from = Math.max(0, text.indexOf(`EntityType Name="${owner}"`))
      return listAt(type, 'Property').flatMap(propertyOf(schemas, owner, text, from))
    }),
    members: membersOf(schemas, text),
    ...(key === undefined ? {} : { key }),
    routes: operations.map(({ template }) => template).flatMap(routeOf(schemas)),
  }
}
