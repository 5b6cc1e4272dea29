import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as fc from 'fast-check'
import { load as loadYaml } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CouldNotRun } from '../src/could-not-run.js'
import { aspectsOfKind, compareWithModel, type FileKind, pinnedFiles, readPublished } from '../src/drift/index.js'
import { readPage } from '../src/drift/markdown-page.js'
import { readCsdl } from '../src/drift/xml-csdl.js'
import { readOpenApi } from '../src/drift/yaml-openapi.js'
import { contractTests } from './support/run-command.js'

const readers = { csdl: readCsdl, openapi: readOpenApi, page: readPage } as const

const names: Readonly<Record<FileKind, string>> = {
  csdl: 'csdl-v1.0.xml',
  openapi: 'openapi-v1.0.yaml',
  page: 'create-deviceinstallstate-2017.md',
}

const texts = new Map<FileKind, string>()
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drift-'))
  for (const { kind, path } of pinnedFiles) {
    if (basename(path) === names[kind]) texts.set(kind, await readFile(path, 'utf8'))
  }
})
afterAll(() => rm(folder, { recursive: true }))

type Change = (text: string) => string

/** The findings of a pinned file that was changed. */
const drift = (kind: FileKind, change: Change): ReadonlyArray<string> => {
  const before = texts.get(kind) ?? ''
  const after = change(before)
  // A change that misses its place would prove nothing.
  expect(after).not.toBe(before)
  return compareWithModel(readers[kind](names[kind], after), aspectsOfKind[kind]).flatMap(({ findings = [] }) =>
    findings.map(({ pointer, severity }) => `${severity} ${pointer}`),
  )
}

const replaced =
  (from: string | RegExp, to: string): Change =>
  (text) =>
    text.replace(from, () => to)

/** Within the type, since other types have properties of the same names. */
const inType =
  (from: string, to: string): Change =>
  (text) => {
    const start = text.indexOf('<EntityType Name="deviceInstallState"')
    return text.slice(0, start) + text.slice(start).replace(from, () => to)
  }

const inSchema =
  (from: string | RegExp, to: string): Change =>
  (text) => {
    const start = text.indexOf('    microsoft.graph.deviceInstallState:')
    return text.slice(0, start) + text.slice(start).replace(from, () => to)
  }

const both =
  (one: Change, other: Change): Change =>
  (text) =>
    other(one(text))

const bothRoutes = [
  'breaking /routes/createManagedEBookDeviceState',
  'breaking /routes/createUserStateSummaryDeviceState',
]

const annotation = (target: string, inner: string): Change =>
  replaced(
    '<Annotations Target="microsoft.graph.deviceInstallState">',
    `<Annotations Target="microsoft.graph.${target}">${inner}</Annotations><Annotations Target="microsoft.graph.deviceInstallState">`,
  )

const insertable =
  '<Annotation Term="Org.OData.Capabilities.V1.InsertRestrictions"><Record><PropertyValue Property="Insertable" Bool="false"/></Record></Annotation>'

describe('the excerpts in this package', () => {
  it.each(pinnedFiles)('agree with the model: $path', async (file) => {
    const aspects = compareWithModel(await readPublished(file), aspectsOfKind[file.kind])

    expect(aspects.filter(({ findings }) => findings?.length !== 0)).toEqual([])
    expect(aspects.length).toBeGreaterThanOrEqual(4)
  })

  it('are of both versions, in every format', () => {
    expect(pinnedFiles.map(({ path }) => basename(path))).toEqual([
      'csdl-v1.0.xml',
      'csdl-beta.xml',
      'openapi-v1.0.yaml',
      'openapi-beta.yaml',
      'create-deviceinstallstate-2017.md',
    ])
  })
})

describe('a published file in which', () => {
  it.each<[string, FileKind, ReadonlyArray<string>, Change]>([
    [
      'a property is renamed',
      'csdl',
      ['compatible /properties/displayName', 'breaking /properties/deviceName'],
      inType('Name="deviceName"', 'Name="displayName"'),
    ],
    [
      'a property is gone',
      'csdl',
      ['breaking /properties/osVersion'],
      inType('<Property Name="osVersion" Type="Edm.String" />', ''),
    ],
    [
      'a property is added',
      'csdl',
      ['compatible /properties/serialNumber'],
      inType(
        '<Property Name="osVersion"',
        '<Property Name="serialNumber" Type="Edm.String" /><Property Name="osVersion"',
      ),
    ],
    [
      'a property is added that may not be null',
      'csdl',
      ['breaking /properties/serialNumber'],
      inType(
        '<Property Name="osVersion"',
        '<Property Name="serialNumber" Type="Edm.String" Nullable="false" /><Property Name="osVersion"',
      ),
    ],
    [
      'a property is added to what all inherit from',
      'csdl',
      ['compatible /properties/eTag'],
      replaced(
        '<Property Name="id" Type="Edm.String" Nullable="false" />',
        '<Property Name="id" Type="Edm.String" Nullable="false" /><Property Name="eTag" Type="Edm.String" />',
      ),
    ],
    [
      'a type is changed',
      'csdl',
      ['breaking /properties/errorCode/type'],
      inType('Name="errorCode" Type="Edm.String"', 'Name="errorCode" Type="Edm.Int32"'),
    ],
    [
      'the type of the date is changed',
      'csdl',
      ['breaking /properties/lastSyncDateTime/type'],
      inType('Type="Edm.DateTimeOffset"', 'Type="Edm.Date"'),
    ],
    [
      'what may be null may not any more',
      'csdl',
      ['breaking /properties/userName/nullable'],
      inType('Name="userName" Type="Edm.String"', 'Name="userName" Type="Edm.String" Nullable="false"'),
    ],
    [
      'what may not be null may',
      'csdl',
      ['breaking /properties/installState/nullable'],
      inType('Type="graph.installState" Nullable="false"', 'Type="graph.installState"'),
    ],
    [
      'a text has a longest length',
      'csdl',
      ['breaking /properties/deviceName/maxLength'],
      inType('Name="deviceName" Type="Edm.String"', 'Name="deviceName" Type="Edm.String" MaxLength="64"'),
    ],
    [
      'a property is computed',
      'csdl',
      ['breaking /properties/deviceId/readOnly'],
      annotation('deviceInstallState/deviceId', '<Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/>'),
    ],
    [
      'a property is deprecated',
      'csdl',
      ['compatible /properties/osVersion/deprecated'],
      annotation('deviceInstallState/osVersion', '<Annotation Term="Org.OData.Core.V1.Revisions"/>'),
    ],
    [
      'a member is added',
      'csdl',
      ['compatible /enum/pendingInstall'],
      replaced(
        '<Member Name="uninstallFailed"',
        '<Member Name="pendingInstall" Value="6" /><Member Name="uninstallFailed"',
      ),
    ],
    [
      'a member is gone',
      'csdl',
      ['breaking /enum/uninstallFailed'],
      replaced('<Member Name="uninstallFailed" Value="4" />', ''),
    ],
    [
      'a member is renamed',
      'csdl',
      ['compatible /enum/notPresent', 'breaking /enum/notInstalled'],
      replaced('<Member Name="notInstalled"', '<Member Name="notPresent"'),
    ],
    [
      'the number of a member is changed',
      'csdl',
      ['compatible /enum/unknown/value'],
      replaced('<Member Name="unknown" Value="5" />', '<Member Name="unknown" Value="99" />'),
    ],
    [
      'the key is changed',
      'csdl',
      ['breaking /key'],
      replaced('<PropertyRef Name="id" />', '<PropertyRef Name="key" />'),
    ],
    [
      'one route is gone',
      'csdl',
      ['breaking /routes/createManagedEBookDeviceState'],
      replaced(
        '<NavigationProperty Name="deviceStates" Type="Collection(graph.deviceInstallState)" ContainsTarget="true" />',
        '',
      ),
    ],
    [
      'the books are gone',
      'csdl',
      bothRoutes,
      replaced('<NavigationProperty Name="managedEBooks"', '<NavigationProperty Name="eBooks"'),
    ],
    [
      'the singleton is gone',
      'csdl',
      bothRoutes,
      replaced('<Singleton Name="deviceAppManagement"', '<Singleton Name="deviceManagement"'),
    ],
    [
      'nothing may be created',
      'csdl',
      ['breaking /routes/createManagedEBookDeviceState'],
      annotation('managedEBook/deviceStates', insertable),
    ],
    [
      'the route leads to another type',
      'csdl',
      ['breaking /routes/createUserStateSummaryDeviceState'],
      inType('Type="Collection(graph.deviceInstallState)"', 'Type="Collection(graph.entity)"'),
    ],
    [
      'a type is changed',
      'openapi',
      ['breaking /properties/osVersion/type'],
      inSchema('osVersion:\n            type: string', 'osVersion:\n            type: integer'),
    ],
    [
      'a property is gone',
      'openapi',
      ['breaking /properties/userName'],
      inSchema(/ {10}userName:\n(?: {12}.*\n)+/, ''),
    ],
    [
      'what may be null may not any more',
      'openapi',
      ['breaking /properties/deviceId/nullable'],
      inSchema('description: Device Id.\n            nullable: true', 'description: Device Id.'),
    ],
    [
      'the date fits another pattern',
      'openapi',
      ['breaking /properties/lastSyncDateTime/pattern'],
      inSchema('([.][0-9]{1,12})?', '([.][0-9]{1,6})?'),
    ],
    [
      'the id is required',
      'openapi',
      ['breaking /properties/id/required'],
      inSchema("required:\n        - '@odata.type'", "required:\n        - '@odata.type'\n        - id"),
    ],
    ['a member is gone', 'openapi', ['breaking /enum/failed'], replaced('      - failed\n', '')],
    [
      'a member is added',
      'openapi',
      ['compatible /enum/paused'],
      replaced('      - failed\n', '      - failed\n      - paused\n'),
    ],
    [
      'a route is gone',
      'openapi',
      ['breaking /routes/createManagedEBookDeviceState'],
      replaced(
        '/deviceAppManagement/managedEBooks/{managedEBook-id}/deviceStates:',
        '/deviceAppManagement/managedEBooks/{managedEBook-id}/states:',
      ),
    ],
    [
      'a route takes PUT',
      'openapi',
      ['breaking /routes/createManagedEBookDeviceState'],
      replaced('    post:\n', '    put:\n'),
    ],
    [
      'another status is answered',
      'openapi',
      ['breaking /statuses/201'],
      (text) => text.replaceAll('        2XX:', "        '200':"),
    ],
    ['a property is gone', 'page', ['breaking /properties/osDescription'], replaced(/\|osDescription\|.*\n/, '')],
    [
      'a type is changed',
      'page',
      ['breaking /properties/errorCode/type'],
      replaced('|errorCode|String|', '|errorCode|Int32|'),
    ],
    ['a member is gone', 'page', ['breaking /enum/unknown'], replaced(', `unknown`', '')],
    [
      'a route is changed',
      'page',
      ['breaking /routes/createManagedEBookDeviceState'],
      replaced('managedEBooks/{managedEBookId}/deviceStates/\n', 'managedEBooks/{managedEBookId}/deviceState/\n'),
    ],
    ['the status is another', 'page', ['breaking /statuses/201'], replaced('`201 Created`', '`200 OK`')],
    [
      'the permission is another',
      'page',
      ['breaking /permission'],
      replaced('*DeviceManagementApps.ReadWrite.All*', '*DeviceManagementConfiguration.ReadWrite.All*'),
    ],
    [
      'it is no longer supported for anyone',
      'page',
      ['breaking /permission'],
      replaced(
        /\*DeviceManagementApps[^\n]*/,
        '|Permission type|Permissions|\n|---|---|\n|Delegated (work or school account)|Not supported.|\n|Application|Not supported.|\n',
      ),
    ],
    [
      'another permission would do',
      'page',
      ['compatible /permission'],
      replaced(
        '*DeviceManagementApps.ReadWrite.All*',
        '*DeviceManagementApps.ReadWrite.All, DeviceManagementApps.Manage.All*',
      ),
    ],
    [
      'the example has another state',
      'page',
      ['breaking /examples/request/installState'],
      replaced('"installState": "installed"', '"installState": "present"'),
    ],
  ])('%s (%s) is told: %j', (_, kind, findings, change) => {
    expect([...drift(kind, change)].toSorted()).toEqual([...findings].toSorted())
  })

  it.each<[string, FileKind, Change]>([
    [
      'the properties stand in another order',
      'csdl',
      both(
        inType('<Property Name="userName" Type="Edm.String" />', ''),
        inType('<Property Name="deviceId"', '<Property Name="userName" Type="Edm.String" /><Property Name="deviceId"'),
      ),
    ],
    ['the white space is another', 'csdl', (text) => text.replaceAll('\n', '\r\n').replaceAll('  ', '\t')],
    ['there is a comment', 'csdl', inType('<Property', '<!-- x --><Property')],
    ['there is a byte order mark', 'csdl', (text) => `\uFEFF${text}`],
    ['a namespace is written out', 'csdl', inType('Type="graph.installState"', 'Type="microsoft.graph.installState"')],
    [
      'another type has one more property',
      'csdl',
      replaced(
        '<Property Name="appleId"',
        '<Property Name="serial" Type="Edm.Int32" Nullable="false" /><Property Name="appleId"',
      ),
    ],
    ['a description is another', 'openapi', inSchema('Device Id.', 'The id.')],
    ['the ids have other names', 'openapi', (text) => text.replaceAll('managedEBook-id', 'id1')],
    ['it is JSON', 'openapi', (text) => JSON.stringify(loadYaml(text))],
    ['the status is written out', 'openapi', (text) => text.replaceAll('        2XX:', "        '201':")],
    ['the lines end otherwise', 'page', (text) => text.replaceAll('\n', '\r\n')],
    ['the paths end without a slash', 'page', (text) => text.replaceAll('/deviceStates/\n', '/deviceStates\n')],
    [
      'the permissions stand in a table, as they do today',
      'page',
      replaced(
        /\*DeviceManagementApps[^\n]*/,
        '|Permission type|Permissions (from least to most privileged)|\n|---|---|\n|Delegated (work or school account)|DeviceManagementApps.ReadWrite.All|\n|Delegated (personal Microsoft account)|Not supported.|\n|Application|DeviceManagementApps.ReadWrite.All|\n',
      ),
    ],
    [
      'the state has a type of its own, as it does today',
      'page',
      replaced('|installState|String|', '|installState|[installState](../resources/intune-books-installstate.md)|'),
    ],
  ])('%s (%s) is left alone', (_, kind, change) => {
    expect(drift(kind, change)).toEqual([])
  })
})

describe('what a published file does not say where others do', () => {
  it.each<[string, FileKind, Change]>([
    ['the key', 'csdl', replaced(/<Key>[^]*?<\/Key>/, '')],
    ['the status of a create', 'page', replaced('returns a `201 Created` response code', 'answers that it is created')],
    ['members of installState', 'page', replaced('Possible values are:', 'It is one of')],
    ['the permission', 'page', replaced(/One of the following[^]*?\*DeviceManagementApps[^\n]*/, '')],
    ['the examples', 'page', (text) => text.replaceAll(/```(?:http|json)?\n(?:POST https|HTTP\/)[^]*?```/g, '')],
  ])('is told as not looked at: %s (%s)', (name, kind, change) => {
    const before = texts.get(kind) ?? ''
    const after = change(before)
    expect(after).not.toBe(before)
    const aspects = compareWithModel(readers[kind](names[kind], after), aspectsOfKind[kind])

    expect(aspects.filter(({ findings }) => findings === undefined).map((aspect) => aspect.name)).toEqual([name])
    expect(aspects.flatMap(({ findings = [] }) => findings)).toEqual([])
  })

  it('is skipped in the report, which says why, and is no broken contract', async () => {
    const file = join(folder, 'without-status.md')
    await writeFile(file, (texts.get('page') ?? '').replace('returns a `201 Created` response code', 'creates it'))
    const { code, stdout } = await contractTests(['drift', '--page', file])

    expect(stdout).toContain('Not looked at in without-status.md: the status of a create.')
    expect(stdout).toContain('1 skipped')
    expect(code).toBe(0)
  })
})

describe('what is no published file', () => {
  it.each<[string, FileKind, string, RegExp]>([
    ['no XML', 'csdl', 'nothing', /^f:1 is no XML/],
    ['HTML', 'csdl', '<!doctype html>\n<html><p>x</html>', /^f:1 is no XML/],
    ['cut off', 'csdl', '<?xml version="1.0"?>\n<a>\n<b', /^f:\d is no XML/],
    ['other XML', 'csdl', '<feed/>', /is XML, but no CSDL/],
    [
      'CSDL without the type',
      'csdl',
      '<Edmx><DataServices><Schema Namespace="microsoft.graph"/></DataServices></Edmx>',
      /without the EntityType deviceInstallState/,
    ],
    ['no YAML', 'openapi', 'openapi: 3\n\tx: y', /^f:2 is neither YAML nor JSON/],
    ['said twice', 'openapi', 'openapi: 3\nopenapi: 4\n', /^f:2 is neither/],
    ['other YAML', 'openapi', 'swagger: "2.0"', /is no OpenAPI 3 document/],
    ['HTML', 'openapi', '<html>\n<p>x: y: z</p></html>', /f.* is (?:neither|no)/],
    ['OpenAPI of something else', 'openapi', 'openapi: 3.0.4\npaths: {}', /Devices\.CorporateManagement/],
    ['no page', 'page', 'Just words.', /a table "Property \| Type \| Description", and a code block/],
    ['HTML', 'page', '<!DOCTYPE html>\n<p>x</p>', /^f:1 is HTML/],
  ])('because it is %s (%s) is told so, and where', (_, kind, text, why) => {
    expect(() => readers[kind]('f', text)).toThrow(CouldNotRun)
    expect(() => readers[kind]('f', text)).toThrow(why)
  })

  it.each(['csdl', 'openapi', 'page'] as const)('can be any text at all, or half a file (%s)', (kind) => {
    const text = texts.get(kind) ?? ''
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.nat({ max: text.length }).map((length) => text.slice(0, length)),
      fc
        .tuple(fc.nat({ max: text.length }), fc.string())
        .map(([at, junk]) => text.slice(0, at) + junk + text.slice(at)),
    )
    fc.assert(
      fc.property(anything, (one) => {
        try {
          compareWithModel(readers[kind]('f', one), aspectsOfKind[kind])
        } catch (error) {
          expect(error).toBeInstanceOf(CouldNotRun)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('can be hostile: aliases that grow, entities, names of prototypes', () => {
    const bomb = [
      'a0: &a0 [x, x]',
      ...Array.from({ length: 30 }, (_, n) => `a${String(n + 1)}: &a${String(n + 1)} [*a${String(n)}, *a${String(n)}]`),
    ].join('\n')

    expect(() => readOpenApi('f', `openapi: 3.0.4\n${bomb}`)).toThrow(CouldNotRun)
    expect(() => readOpenApi('f', 'openapi: 3.0.4\n__proto__: {polluted: true}')).toThrow(CouldNotRun)
    expect(() => readCsdl('f', '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]><x>&c;</x>')).toThrow(CouldNotRun)
    expect(Object(/x/)['polluted']).toBeUndefined()
  })
})

describe('contract-tests drift', () => {
  it('looks at the excerpts when it is given nothing, and ends with 0', async () => {
    const { code, stdout } = await contractTests(['drift'])

    expect(stdout).toContain('not what is published today')
    expect(stdout).toContain('Contract kept')
    expect(code).toBe(0)
  })

  it('ends with 1 when something breaks, and says which property, on which line', async () => {
    const file = join(folder, 'v1.0-Prod.csdl')
    await writeFile(
      file,
      inType('Name="errorCode" Type="Edm.String"', 'Name="errorCode" Type="Edm.Int32"')(texts.get('csdl') ?? ''),
    )

    const { code, stdout } = await contractTests(['drift', '--csdl', file])

    expect(stdout).toMatch(/\/properties\/errorCode\/type\n +expected Edm\.String\n +found +Edm\.Int32, on line \d+\n/)
    expect(stdout).toContain('CONTRACT BROKEN')
    expect(code).toBe(1)
  })

  it.each([
    [['drift', '--csdl', 'no-such-file.xml'], /no-such-file\.xml cannot be read: there is no such file/],
    [['drift', '--openapi', '.'], /cannot be read: it is a folder/],
    [['drift', 'file.xml'], /--csdl, --openapi or --page/],
  ])('ends with 2 for %j', async (args, why) => {
    const { code, stderr } = await contractTests(args)

    expect(stderr).toMatch(why)
    expect(code).toBe(2)
  })
})

describe('what is published in another way', () => {
  it('is read to its end where a schema is made of itself, twice', () => {
    const itself = "      - $ref: '#/components/schemas/microsoft.graph.deviceInstallState'\n"

    expect(drift('openapi', inSchema('allOf:\n', `allOf:\n${itself}${itself}`))).toEqual([])
    expect(drift('openapi', inSchema('allOf:\n', 'x-cycle: &x { anyOf: [*x, *x] }\n      allOf:\n'))).toEqual([])
  })

  it('has its members found whichever word the sentence begins with', () => {
    const reworded = replaced('Possible values are:', 'The possible values are:')

    expect(drift('page', both(reworded, replaced('`failed`', '`broke`')))).toEqual(
      drift('page', replaced('`failed`', '`broke`')),
    )
    expect(drift('page', reworded)).toEqual([])
  })
})
