import type * as t from 'io-ts'
import { ODataDateTimeOffset } from './date-time-offset.js'
import { DescribedType, text } from './described-type.js'
import { nullable } from './nullable.js'
import { type Fields, optional, record, required } from './record.js'

/**
 * How one device stands with one eBook, as Graph answers it. Every property of the page is there; others may be, since
 * Graph may add some at any time. `installState` and `lastSyncDateTime` are plain strings for the same reason: a new
 * member or another form of date must not hide that the entity exists. `InstallState.is` and `DateTimeOffset.is` tell.
 * Source: Graph page "Create deviceInstallState", its table, its example and the published metadata.
 */
export interface DeviceInstallState {
  readonly '@odata.type'?: string
  readonly '@odata.context'?: string
  /** Key of the entity. Opaque, never empty. */
  readonly id: string
  readonly deviceName: string | null
  readonly deviceId: string | null
  readonly lastSyncDateTime: string
  readonly installState: string
  readonly errorCode: string | null
  readonly osVersion: string | null
  readonly osDescription: string | null
  readonly userName: string | null
}

const key: DescribedType<string> = new DescribedType('Key', (u): u is string => typeof u === 'string' && u !== '', {
  mismatch: 'format',
  expected: 'a string that is not empty',
})

const fields: Fields<DeviceInstallState> = {
  '@odata.type': optional(text),
  '@odata.context': optional(text),
  id: required(key),
  deviceName: required(nullable(text)),
  deviceId: required(nullable(text)),
  lastSyncDateTime: required(ODataDateTimeOffset),
  installState: required(text),
  errorCode: required(nullable(text)),
  osVersion: required(nullable(text)),
  osDescription: required(nullable(text)),
  userName: required(nullable(text)),
}

/** The names that the page and OData give to what is in an answer; any other has been added since. */
export const documentedProperties: ReadonlySet<string> = new Set(Object.keys(fields))

/** Other properties are kept. Values are not compared with what was sent. */
export const DeviceInstallState: t.Type<DeviceInstallState> = record('DeviceInstallState', fields, 'keep')

/** The least that a 201 must hold so that we know what was created: the key. */
export const CreatedEntity: t.Type<{ readonly id: string }> = record<{ readonly id: string }>(
  'CreatedEntity',
  { id: required(key) },
  'keep',
)
