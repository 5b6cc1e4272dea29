import { DeviceInstallState, DeviceInstallStateCreate, installStates, problemsOf } from '@device-install-state/model'
import { deviceInstallStateFields, type Field } from '@device-install-state/model/fields'
import { operations } from '@device-install-state/model/operations'
import { breaking, compatible, type Finding } from '../report/finding.js'
import { jsonOf } from '../suite/json-of.js'
import { type PublishedContract, type PublishedProperty, withoutNames } from './published-contract.js'

const fields: ReadonlyMap<string, Field> = new Map(Object.entries(deviceInstallStateFields))

const sending = 'For whoever sends: Graph would refuse what the model takes.'
const reading = 'For whoever reads: the model would refuse what Graph answers.'
const both = 'For whoever sends, and whoever reads.'

const onLine = (text: string, line: number | undefined): string =>
  line === undefined ? text : `${text}, on line ${String(line)}`

/** Dates at the edges of the model's grammar: a published pattern must take them all. */
const datesOfTheModel = [
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.9999999Z',
  '2024-02-29T12:00:00.1Z',
  '2017-01-01T00:02:49.3205976-08:00',
  '2026-01-15T09:30:00+14:00',
]

const refusedBy = (pattern: string): string | undefined => {
  try {
    const expression = new RegExp(pattern)
    return datesOfTheModel.find((date) => !expression.test(date))
  } catch {
    return undefined
  }
}

const ofPattern = (place: string, { line, pattern }: PublishedProperty, { kind }: Field): ReadonlyArray<Finding> => {
  const refused = pattern === undefined || kind.edm !== 'Edm.DateTimeOffset' ? undefined : refusedBy(pattern)
  return refused === undefined
    ? []
    : [breaking(`${place}/pattern`, `a pattern that takes ${refused}`, onLine('one that does not', line), sending)]
}

/**
 * Where Microsoft's own files disagree with each other, and neither is followed alone: no difference.
 *
 * - The page types `installState` as String, which its prose makes an enum; OData sends enums as strings.
 */
const isSaidOtherwise = (name: string, type: string): boolean => name === 'installState' && type === 'Edm.String'

const ofNullable = (
  place: string,
  { line, nullable, type }: PublishedProperty,
  field: Field,
): ReadonlyArray<Finding> => {
  // An enum in OpenAPI is a reference, beside which nothing can be said.
  if (nullable === undefined || nullable === field.nullable || type === undefined) return []
  const [expected, found] = field.nullable
    ? ['that may be null', 'one that may not']
    : ['that may not be null', 'one that may']
  return [
    breaking(`${place}/nullable`, `a property ${expected}`, onLine(found, line), field.nullable ? sending : reading),
  ]
}

const ofKnown = (property: PublishedProperty, field: Field): ReadonlyArray<Finding> => {
  const { deprecated, line, maxLength, name, readOnly, required, type } = property
  const place = `/properties/${name}`
  return [
    ...(type === undefined || type === field.kind.edm || isSaidOtherwise(name, type)
      ? []
      : [breaking(`${place}/type`, field.kind.edm, onLine(type, line), both)]),
    ...ofNullable(place, property, field),
    ...ofPattern(place, property, field),
    ...(maxLength === undefined
      ? []
      : [breaking(`${place}/maxLength`, 'texts of any length', onLine(`at most ${String(maxLength)}`, line), sending)]),
    ...(readOnly === true && field.request === 'required'
      ? [
          breaking(
            `${place}/readOnly`,
            'a property that is sent',
            onLine('one that the service sets alone', line),
            sending,
          ),
        ]
      : []),
    // What OpenAPI requires of every entity is an aid for generators of code: OData wants no type where it is the declared one.
    ...(required === true && field.request === 'optional' && !name.startsWith('@')
      ? [
          breaking(
            `${place}/required`,
            'a property that may be left out',
            onLine('one that is required', line),
            sending,
          ),
        ]
      : []),
    ...(deprecated === true
      ? [
          compatible(
            `${place}/deprecated`,
            'a property that stays',
            onLine('one that is deprecated', line),
            'It may go.',
          ),
        ]
      : []),
  ]
}

const ofUnknown = ({
  line,
  name,
  nullable,
  required,
  type = 'of a type that is not told',
}: PublishedProperty): Finding => {
  const found = onLine(`one more, ${type}`, line)
  return required === true || (nullable === false && required !== false)
    ? breaking(
        `/properties/${name}`,
        'no such property',
        found,
        'For whoever sends: it may be wanted, and the model refuses to send it. Whoever reads it keeps it.',
      )
    : compatible(
        `/properties/${name}`,
        'no such property',
        found,
        'Whoever reads it keeps it; the model refuses to send it until it is added.',
      )
}

const ofProperties = (published: ReadonlyArray<PublishedProperty>): ReadonlyArray<Finding> => {
  const found = published.flatMap((property) => {
    const field = fields.get(property.name)
    return field === undefined ? [ofUnknown(property)] : ofKnown(property, field)
  })
  const names = new Set(published.map(({ name }) => name))
  const lost = [...fields.keys()]
    // Annotations are in no metadata.
    .filter((name) => !name.startsWith('@') && !names.has(name))
    .map((name) => breaking(`/properties/${name}`, 'this property', 'none', `${both} It is gone, or has another name.`))
  return [...found, ...lost]
}

const ofMembers = (published: NonNullable<PublishedContract['members']>): ReadonlyArray<Finding> => {
  const known: ReadonlySet<string> = new Set(installStates)
  const names = new Set(published.map(({ name }) => name))
  return [
    ...published
      .filter(({ name }) => !known.has(name))
      .map(({ line, name }) =>
        compatible(
          `/enum/${name}`,
          'no such member',
          onLine('one more', line),
          'The model reads members that were added, and does not send them.',
        ),
      ),
    ...installStates
      .filter((name) => !names.has(name))
      .map((name) => breaking(`/enum/${name}`, 'this member', 'none', sending)),
    ...published
      .filter(({ name, value }) => value !== undefined && known.has(name) && value !== String(numberOf(name)))
      .map(({ line, name, value = '' }) =>
        compatible(
          `/enum/${name}/value`,
          String(numberOf(name)),
          onLine(value, line),
          'Members travel by their names.',
        ),
      ),
  ]
}

const numberOf = (member: string): number => installStates.findIndex((name) => name === member)

const ofRoutes = (published: NonNullable<PublishedContract['routes']>): ReadonlyArray<Finding> =>
  operations.flatMap(({ name, template }) => {
    const route = published.find((one) => one.template === withoutNames(template))
    if (route === undefined) return [breaking(`/routes/${name}`, `POST ${template}`, 'none', both)]
    return route.insertable === false
      ? [
          breaking(
            `/routes/${name}`,
            'that something may be created there',
            onLine('that nothing may', route.line),
            sending,
          ),
        ]
      : []
  })

const ofExample = ({
  line,
  text,
  which,
}: NonNullable<PublishedContract['examples']>[number]): ReadonlyArray<Finding> => {
  const read = jsonOf(text)
  const place = `/examples/${which}`
  if (read === undefined) return [breaking(place, 'JSON', onLine('what is none', line))]
  const decoded = (which === 'request' ? DeviceInstallStateCreate : DeviceInstallState).decode(read.json)
  return decoded._tag === 'Right'
    ? []
    : problemsOf(decoded.left).map(({ expected, pointer, received }) =>
        breaking(
          `${place}${pointer}`,
          expected,
          onLine(`an example with ${received}`, line),
          'The page’s own example is not what the model takes.',
        ),
      )
}

/** `2XX` is how newer documents print 201: no difference. */
const isStatus201 = (status: string): boolean => status === '201' || /^2XX$/i.test(status)

const [{ permission }] = operations

const ofStatuses = (statuses: ReadonlyArray<string>): ReadonlyArray<Finding> =>
  statuses.some(isStatus201)
    ? []
    : [breaking('/statuses/201', '201', statuses.length === 0 ? 'none' : statuses.join(', '), reading)]

const ofPermissions = (permissions: ReadonlyArray<string>): ReadonlyArray<Finding> =>
  permissions.includes(permission)
    ? [...new Set(permissions)]
        .filter((one) => one !== permission)
        .map((one) => compatible('/permission', permission, `${one} as well`, 'Another permission would do.'))
    : [breaking('/permission', permission, permissions.join(', ') || 'none', sending)]

/** One aspect of a published contract. */
export interface Aspect {
  readonly name: string
  /** Absent where the file says nothing of it. */
  readonly findings?: ReadonlyArray<Finding>
}

const names: Readonly<Record<keyof PublishedContract, string>> = {
  properties: 'properties, their types and nullability',
  members: 'members of installState',
  key: 'the key',
  routes: 'both routes',
  statuses: 'the status of a create',
  permissions: 'the permission',
  examples: 'the examples',
}

const findingsIn: Readonly<
  Record<keyof PublishedContract, (published: PublishedContract) => ReadonlyArray<Finding> | undefined>
> = {
  properties: ({ properties }) => properties && ofProperties(properties),
  members: ({ members }) => members && ofMembers(members),
  key: ({ key }) => (key === undefined ? undefined : key === 'id' ? [] : [breaking('/key', 'id', key, both)]),
  routes: ({ routes }) => routes && ofRoutes(routes),
  statuses: ({ statuses }) => statuses && ofStatuses(statuses),
  permissions: ({ permissions }) => permissions && ofPermissions(permissions),
  examples: ({ examples }) => examples?.flatMap(ofExample),
}

/**
 * What a published contract says otherwise than the model, in both directions: `breaking` where whoever sends or reads by
 * the model would be refused or misled, `compatible` where the model bears it. It looks at the aspects that it is asked for.
 */
export const compareWithModel = (
  published: PublishedContract,
  aspects: ReadonlyArray<keyof PublishedContract>,
): ReadonlyArray<Aspect> =>
  aspects.map((aspect) => {
    const findings = findingsIn[aspect](published)
    return { name: names[aspect], ...(findings === undefined ? {} : { findings }) }
  })
