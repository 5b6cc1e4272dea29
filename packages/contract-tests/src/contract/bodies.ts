import { DeviceInstallStateCreate, installStates } from '@device-install-state/model'
import { deviceInstallStateFields, documentedExample, type Field } from '@device-install-state/model/fields'

/** A body, by what is peculiar to it. */
export interface NamedBody {
  /** Words that follow "a body": "without deviceName". */
  readonly name: string
  readonly text: string
}

type Properties = Readonly<Record<string, unknown>>

const parsed = (text: string): Properties => {
  const json: unknown = JSON.parse(text)
  if (!DeviceInstallStateCreate.is(json)) throw new TypeError('the documented example is no create')
  return { ...json }
}

const example: Properties = parsed(documentedExample.request)

const fields: ReadonlyArray<readonly [string, Field]> = Object.entries(deviceInstallStateFields)
const sent = fields.filter(([, { request }]) => request !== 'never')

const body = (name: string, value: unknown): NamedBody => ({ name, text: JSON.stringify(value) })
const exampleWith = (name: string, change: Properties): NamedBody => body(name, { ...example, ...change })
const without = (property: string): Properties =>
  Object.fromEntries(Object.entries(example).filter(([name]) => name !== property))

const forAll = (isMeant: (field: Field) => boolean, value: unknown): Properties =>
  Object.fromEntries(sent.filter(([, field]) => isMeant(field)).map(([name]) => [name, value]))

const isText = ({ kind, nullable }: Field): boolean => kind.edm === 'Edm.String' && nullable

/** At the edges of the model's grammar, which is what the OData ABNF, Graph's own pattern and .NET all take. */
const edgesOfDates = [
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.9999999Z',
  '2024-02-29T12:00:00.1Z',
  '2026-01-15T09:30:00.1234567+14:00',
  '2026-01-15T09:30:00-14:00',
  '2026-01-15T09:30:00.0000000+00:00',
]

const asEscapes = (text: string): string =>
  text.replaceAll('Device', () => String.raw`\u0044\u0065vice`).replaceAll('/', () => String.raw`\/`)

/** Bodies that Graph takes, as the model has it; the documented example, byte for byte, is the first. */
export const bodiesToTake: ReadonlyArray<NamedBody> = [
  { name: 'as documented, byte for byte', text: documentedExample.request },
  ...installStates.map((state) => exampleWith(`with installState ${state}`, { installState: state })),
  ...edgesOfDates.map((date) => exampleWith(`with lastSyncDateTime ${date}`, { lastSyncDateTime: date })),
  exampleWith(
    'with null wherever it may be',
    forAll(({ nullable }) => nullable, null),
  ),
  exampleWith('with empty strings', forAll(isText, '')),
  exampleWith(
    'with letters of many scripts',
    forAll(isText, 'Zoë’s 📱 \u0645\u0631\u062D\u0628\u0627 e\u0301 \u2028 "\\/\u0007'),
  ),
  exampleWith('with what markup, shells and databases read', forAll(isText, `<b>&amp; '"$(x)%s;-- \\ ../ {{x}}`)),
  exampleWith('with white space around texts', forAll(isText, ' \t x \u00A0\n')),
  exampleWith('with texts of 500 characters', forAll(isText, 'x'.repeat(500))),
  exampleWith('with an id', { id: deviceInstallStateFields.id.example }),
  body('without @odata.type', without('@odata.type')),
  body('with its properties in another order', Object.fromEntries(Object.entries(example).toReversed())),
  { name: 'with other white space', text: JSON.stringify(example, null, '\t') },
  { name: 'with escapes for letters', text: asEscapes(JSON.stringify(example)) },
]

const otherKinds: ReadonlyArray<readonly [string, unknown]> = [
  ['null', null],
  ['a boolean', true],
  ['a number', 7],
  ['an array', ['x']],
  ['an object', { x: 'x' }],
]

const otherForms: Partial<Readonly<Record<string, ReadonlyArray<readonly [string, string]>>>> = {
  '@odata.type': [['of another type', '#microsoft.graph.user']],
  lastSyncDateTime: [
    ['on 30 February', '2024-02-30T00:00:00Z'],
    ['without offset', '2024-06-30T00:00:00'],
    ['without seconds', '2024-06-30T00:00Z'],
    ['without time', '2024-06-30'],
    ['with eight digits', '2024-06-30T00:00:00.12345678Z'],
    ['with an offset past 14 hours', '2024-06-30T00:00:00+14:01'],
    ['in milliseconds', '1719705600000'],
    ['that is empty', ''],
  ],
  installState: [
    ['in capitals', 'INSTALLED'],
    ['that nobody knows', 'pendingInstall'],
    ['unknownFutureValue', 'unknownFutureValue'],
    ['that is empty', ''],
  ],
}

const misses: ReadonlyArray<NamedBody> = sent.flatMap(([name, { kind, nullable, request }]) => [
  ...(request === 'required' ? [body(`without ${name}`, without(name))] : []),
  ...otherKinds
    .filter(([, value]) => !(value === null && nullable) && !kind.request.is(value))
    .map(([of, value]) => exampleWith(`with ${of} for ${name}`, { [name]: value })),
  ...(otherForms[name] ?? []).map(([how, value]) => exampleWith(`with ${name} ${how}`, { [name]: value })),
])

/** Bodies that are JSON, and no create: each property gone, of each other kind, of other forms, and what nobody knows. */
export const bodiesToRefuse: ReadonlyArray<NamedBody> = [
  ...misses,
  exampleWith('with devicename, which nobody knows', { devicename: 'x' }),
  exampleWith('with @odata.id, which nobody knows', { '@odata.id': 'x' }),
  exampleWith('with two things wrong', { installState: 'Installed', osVersion: 17 }),
  body('that is empty JSON', {}),
  body('that is an array', [example]),
  body('that is a string', JSON.stringify(example)),
  body('that is null', null),
]

/** Bodies that are no JSON that all read alike (RFC 7493). */
export const bodiesNobodyReads: ReadonlyArray<NamedBody> = [
  { name: 'that is not JSON', text: 'deviceName=Tablet' },
  { name: 'that ends too early', text: documentedExample.request.slice(0, -1) },
  { name: 'with something behind it', text: `${documentedExample.request}x` },
  { name: 'with a comma too many', text: `${JSON.stringify(example).slice(0, -1)},}` },
  { name: 'in single quotes', text: JSON.stringify(example).replaceAll('"', "'") },
]
