import type * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { count } from './device-install-state-collection.js'
import { ODataType } from './device-install-state.js'
import { type AnyDescribed, nullable } from './described.js'
import {
  closed,
  DateTimeOffset,
  DeviceInstallState,
  DeviceInstallStateCollection,
  DeviceInstallStateCreate,
  exact,
  GraphError,
  InstallState,
  ManagedEBookId,
  messageOfProblem,
  ODataDateTimeOffset,
  OpenInstallState,
  open,
  problemsOf,
  UserInstallStateSummaryId,
} from './index.js'
import { anyArray, anyObject } from './json-codecs.js'
import {
  CreatedEntity,
  createManagedEBookDeviceState,
  createUserStateSummaryDeviceState,
  RequestHeaders,
} from './operations/index.js'
import { key, text, unicodeText } from './text.js'

const { authorization, 'content-type': contentType } = RequestHeaders.fields

// A name is what io-ts's own reporters print, and what is expected is what a caller reads.
describe('what a codec is called, and hopes for', () => {
  it.each<[AnyDescribed, string, string]>([
    [
      DateTimeOffset,
      'DateTimeOffset',
      'an existing YYYY-MM-DDThh:mm:ss, up to 7 digits of fraction, Z or an offset up to ±14:00',
    ],
    [ODataDateTimeOffset, 'ODataDateTimeOffset', 'an Edm.DateTimeOffset'],
    [ManagedEBookId, 'ManagedEBookId', '1 to 128 letters, digits, "_", "." or "-", a letter or digit first, no ".."'],
    [
      UserInstallStateSummaryId,
      'UserInstallStateSummaryId',
      '1 to 128 letters, digits, "_", "." or "-", a letter or digit first, no ".."',
    ],
    [OpenInstallState, 'OpenInstallState', 'a string'],
    [ODataType, 'ODataType', '#microsoft.graph.deviceInstallState'],
    [count, 'Count', 'a whole number from 0'],
    [anyObject, 'object', 'a JSON object'],
    [anyArray, 'array', 'a JSON array'],
    [authorization?.codec ?? text, 'BearerCredentials', 'Bearer, a blank, and an access token'],
    [contentType?.codec ?? text, 'JsonMediaType', 'application/json'],
  ])('%o', ({ description, name }, called, expected) => {
    expect([name, description.expected]).toEqual([called, expected])
  })

  it.each<[t.Mixed, string]>([
    [InstallState, 'InstallState'],
    [DeviceInstallState, 'DeviceInstallState'],
    [DeviceInstallStateCreate, 'DeviceInstallStateCreate'],
    [DeviceInstallStateCollection, 'DeviceInstallStateCollection'],
    [GraphError, 'GraphError'],
    [CreatedEntity, 'CreatedEntity'],
    [RequestHeaders, 'RequestHeaders'],
    [createManagedEBookDeviceState.ids, 'ManagedEBookIds'],
    [createUserStateSummaryDeviceState.ids, 'UserInstallStateSummaryIds'],
    [createManagedEBookDeviceState.query, 'NoQuery'],
    [createManagedEBookDeviceState.path, 'PathOf(createManagedEBookDeviceState)'],
    [exact(DeviceInstallState), 'Exact<DeviceInstallState>'],
    [open(DeviceInstallStateCreate), 'DeviceInstallStateCreate'],
    [nullable(text), `${text.name} | null`],
    [DeviceInstallStateCollection.fields['value']?.codec ?? text, 'ReadonlyArray<DeviceInstallState>'],
  ])('%o is called %s', ({ name }, called) => {
    expect(name).toBe(called)
  })
})

describe('what misses a codec', () => {
  it.each<[AnyDescribed, unknown, string]>([
    [DateTimeOffset, 'x', 'format'],
    [ODataDateTimeOffset, 'x', 'format'],
    [ManagedEBookId, '..', 'format'],
    [ODataType, 'x', 'enum'],
    [authorization?.codec ?? text, 'Basic x', 'format'],
    [contentType?.codec ?? text, 'text/json', 'format'],
    [unicodeText, '\ud800', 'format'],
    [key, '', 'format'],
    [count, -1, 'format'],
    [anyObject, [], 'type'],
    [anyArray, {}, 'type'],
  ])('%o by %j misses it by its %s', (codec, value, code) => {
    const decoded = codec.decode(value)

    expect(decoded._tag === 'Left' && problemsOf(decoded.left).map((problem) => problem.code)).toEqual([code])
  })

  it('may be told which values there are', () => {
    expect(ODataType.description.members).toEqual(['#microsoft.graph.deviceInstallState'])
  })

  it('is told that null would do, too', () => {
    const decoded = nullable(DateTimeOffset).decode('x')

    expect(decoded._tag === 'Left' && problemsOf(decoded.left).map(messageOfProblem)).toEqual([
      `Expected ${DateTimeOffset.description.expected} or null.`,
    ])
  })
})

describe('other properties', () => {
  it.each([
    [DeviceInstallState, 'open'],
    [DeviceInstallStateCreate, 'closed'],
    [DeviceInstallStateCollection, 'open'],
    [RequestHeaders, 'open'],
    [createManagedEBookDeviceState.ids, 'closed'],
    [createUserStateSummaryDeviceState.ids, 'closed'],
    [createManagedEBookDeviceState.query, 'closed'],
    [open(DeviceInstallStateCreate), 'open'],
    [closed(DeviceInstallState), 'closed'],
  ])('%o is %s', ({ otherProperties }, said) => {
    expect(otherProperties).toBe(said)
  })
})

describe('an id', () => {
  it.each([ManagedEBookId, UserInstallStateSummaryId])('has 128 characters at most: %o', (id) => {
    expect([127, 128, 129].map((length) => id.is('a'.repeat(length)))).toEqual([true, true, false])
  })
})
